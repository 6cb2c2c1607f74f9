/* Inside of lib/maildir: whether two files are one mail. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Compares an open file with directory/name: by inode first (a crash on btrfs can leave one file
 * under two names), then by size and content. */
bool mp_same_content(int fd, int directory, const char *name, bool *same, GError **error);
