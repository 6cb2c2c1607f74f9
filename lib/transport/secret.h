/*
 * What proves who we are to the server, inside this room: a password or a token from its file, or a
 * token from a command.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"

/*
 * One line, the caller's, to be wiped. MP_ERROR_INSTALLATION where the file is none to read;
 * MP_ERROR_TEMPORARY where the command, which may ask a server of its own, gave nothing in time.
 * No message has anything of what either holds.
 */
char *mp_secret_read(const MpConfig *config, GError **error);
