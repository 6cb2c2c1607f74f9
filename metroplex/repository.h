/* The subcommands of `metroplex repository` that only print, and what all share. */
#pragma once

#include "instance/instance.h"

int repository_list(int argc, char **argv);
int repository_show(int argc, char **argv);
int repository_hook(int argc, char **argv);

/* Says on standard error what keeps pushes from being told where the policy wants them to be. */
bool repository_warn_untold(MpInstance *instance, const char *name, GError **error);

/* MP_ERROR_INPUT if it is no owner/name. */
bool repository_check_name(const char *name, GError **error);
