/* Commands that another command gives, as somebody at the terminal would: they are shown, and what
 * they print is seen as they print it. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Runs `program` (metroplex or notifier, from where we are) with these words, NULL-terminated, to
 * its end; it reads nothing. `to_stderr`: standard output is for something else. Returns its exit
 * status; -1 with *error set if it could not be run, or died.
 */
int mp_step_run(const char *program, const char *const *words, bool to_stderr, GError **error);
