/* The names in a directory. */
#pragma once

#include <dirent.h>
#include <glib.h>
#include <stdbool.h>

/* Whether an entry is wanted. It is asked about all but "." and "..". */
typedef bool (*MpEntryFilter)(const struct dirent *entry, gpointer user_data);

/*
 * The names (char *) in a directory, in no order: those that `filter` wants, or, if it is NULL, all
 * that do not begin with a dot. NULL with *error set if it cannot be read to its end. The result is
 * the caller's.
 */
GPtrArray *
mp_list_directory(const char *path, MpEntryFilter filter, gpointer user_data, GError **error);

/* The same, without a filter, where a directory that is not there has no names. */
GPtrArray *mp_list_directory_if_any(const char *path, GError **error);

/*
 * Whether there is a name that `filter` wants (NULL: one that does not begin with a dot). The first
 * one is the last that is looked at. A directory that is not there has none. False with *error set
 * if it cannot be read that far.
 */
bool mp_directory_has(const char *path, MpEntryFilter filter, gpointer user_data, bool *has,
                      GError **error);
