/* Git's own programs, for what libgit2 cannot do. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Runs `git` with these words, NULL at their end, in the repository at `path`. It reads `input`,
 * from where that stands (-1: nothing), and has so many seconds (0: as many as it takes). *out (the
 * caller's; or NULL: not wanted) is what it wrote, without white space around it. Where it fails,
 * that is MP_ERROR_TEMPORARY, with what it said.
 */
bool mp_git_run(const char *path, const char *const *words, int input, int seconds, char **out,
                GError **error);
