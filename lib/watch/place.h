/* The lines of a file of a commit that a comment is about. */
#pragma once

#include "instance/instance.h"

/*
 * The lines around `line` of the file at `path`, with their numbers, that one marked: the caller's.
 * *quoted stays NULL where `line` is 0, or the repository is not there to be read. MP_ERROR_INPUT
 * where the commit, the file or the line is not there, or the file is no text.
 */
bool mp_place_quote(const MpInstance *instance, const char *repository, const char *revision,
                    const char *path, guint64 line, char **quoted, GError **error);
