/* For lib/git and lib/repo: objects that are files of their own. */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

/*
 * Has the database read them by us, before libgit2 does: of a file that ends too early, as after a
 * power cut, libgit2 waits for the rest for ever. `objects` is the directory, and stays the
 * caller's. What is there, and no object, is an error, and nothing that is missing.
 */
bool mp_loose_add(git_odb *odb, int objects);
