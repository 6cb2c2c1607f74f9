/*
 * The names that a file or a directory of a tree may have.
 *
 * One place says it, and what writes a tree (tree.c) asks it for every name: so nothing that comes
 * from outside becomes a name that `git fsck --strict` or a server with receive.fsckObjects
 * refuses, or that cannot be checked out on some system (core.protectHFS, core.protectNTFS).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Most octets of a name: below the 255 of most file systems, since some (eCryptfs) have fewer. */
#define MP_TREE_NAME_MAX 200

/*
 * Why a tree must not hold this name, for people, or NULL if it may: a path by itself, .git and its
 * like as HFS+ (ignorable code points) and NTFS (short names) see them, reserved on Windows, not
 * UTF-8, too long. The rules are Git's, in its files fsck, utf8, path and compat/mingw.
 */
const char *mp_tree_name_fault(const char *name, gsize length);

/* Whether the system knows this name as a device, with any extension: "con", "AUX.txt". */
bool mp_is_windows_device(const char *name);
