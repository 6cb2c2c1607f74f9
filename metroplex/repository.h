/* The subcommands of `metroplex repository` that only print, and what all share. */
#pragma once

#include "instance/instance.h"

int repository_list(int argc, char **argv);
int repository_show(int argc, char **argv);
int repository_hook(int argc, char **argv);

/* MP_ERROR_INPUT if it is no owner/name. */
bool repository_check_name(const char *name, GError **error);
