/*
 * What libgit2 may allocate. It makes whatever an object is said to be made of: a thousand octets
 * that are a difference to a gigabyte take the gigabyte, and a chain of such differences as many.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Once, before libgit2 is used: its memory is counted from then on. */
void mp_git_count_memory(void);

/* From now on, in this thread, no more than `one` at once, and `all` together: what asks for more
 * fails in libgit2. */
void mp_git_limit_memory(gsize one, gsize all);

/* The end of that. How much was taken; *was_refused says whether more was asked for. */
gsize mp_git_unlimit_memory(bool *was_refused);
