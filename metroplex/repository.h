/* The subcommands of `metroplex repository` that only print, and what all share. */
#pragma once

#include "cli/json.h"
#include "instance/instance.h"
#include "watch/view.h"

int repository_list(int argc, char **argv);
int repository_show(int argc, char **argv);
int repository_hook(int argc, char **argv);

/* What the next run would find in it, and what stops it. */
void repository_print_watch(const MpInstance *instance, const MpRepository *repository,
                            const MpWatchView *view);
void repository_json_watch(JsonObject *object, const MpInstance *instance, const MpWatchView *view);

/* Says on standard error what keeps pushes from being told where the policy wants them to be. */
bool repository_warn_untold(MpInstance *instance, const char *name, GError **error);

/* MP_ERROR_INPUT if it is no owner/name. */
bool repository_check_name(const char *name, GError **error);
