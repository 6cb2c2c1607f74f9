/* Tables of names in the order of an enumeration. */
#pragma once

#include <glib.h>

/* The index of a name in a table of them, or -1. */
int mp_find_name(const char *const *names, gsize n_names, const char *name);
