/* The configuration file that `metroplex init` writes. */
#pragma once

#include <glib.h>

/*
 * Its text: every common key, with a comment, for an installation whose messages go into a Maildir
 * until a server is known. `data` NULL means the default directory. MP_ERROR_INPUT for a host or
 * a path that the file cannot have. The caller's to free.
 */
char *mp_init_config(const char *file, const char *hostname, const char *data, GError **error);
