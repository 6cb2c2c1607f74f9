/*
 * A Git tree in memory, of which only the touched paths are loaded.
 *
 * Reads and edits go by path. An edit marks the way to the root; mp_tree_write hashes what is
 * marked, bottom up, into a pack. The same structure serves readers (at the tip) and a batch, which
 * so sees its own changes. A name that no tree may hold (tree_name.h) is MP_ERROR_INPUT.
 */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

#include "git/pack.h"

typedef struct MpTree MpTree;         /* the root, with what its nodes share */
typedef struct MpTreeNode MpTreeNode; /* one directory, owned by the root */

/* A tree on an existing root, or an empty one (root NULL). `pack` may be NULL for readers; objects
 * that are not in the database yet are looked for there. */
MpTree *mp_tree_new(git_odb *odb, MpPack *pack, const git_oid *root);
void mp_tree_free(MpTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpTree, mp_tree_free)

/* What is loaded is kept; what is not will be looked for here. */
void mp_tree_move_to(MpTree *tree, git_odb *odb, MpPack *pack);

/* Whether it is what this root says: written or read so, and not edited since. */
bool mp_tree_is_at(const MpTree *tree, const git_oid *root);

/* Frees the directories that were loaded, where they are many; of a reader's tree, of which nobody
 * holds a directory. */
void mp_tree_bound(MpTree *tree);

/* The directory at `path` below `from` ("" is `from`), NULL if it is not there; false for errors
 * only. */
bool mp_tree_directory(MpTree *tree, MpTreeNode *from, const char *path, MpTreeNode **directory,
                       GError **error);

/* The same, made where it is missing; NULL for errors only. */
MpTreeNode *
mp_tree_make_directory(MpTree *tree, MpTreeNode *from, const char *path, GError **error);

/* A file's content (the caller's), NULL if there is none; false for errors only. *text ends with a
 * NUL beyond *length, which may be NULL. */
bool mp_tree_read(MpTree *tree, MpTreeNode *from, const char *path, char **text, gsize *length,
                  GError **error);

/* Sets the file `name` in a directory to `text`, adding the blob to the pack. */
bool mp_tree_set(MpTree *tree, MpTreeNode *directory, const char *name, const void *text,
                 gsize length, GError **error);

/* The same at a path, whose directories are made. */
bool mp_tree_set_at(MpTree *tree, const char *path, const void *text, gsize length, GError **error);

/* Moves a file to another directory, as it is. */
void mp_tree_move(MpTree *tree, MpTreeNode *from, const char *name, MpTreeNode *to);

void mp_tree_remove(MpTreeNode *directory, const char *name);

/* The file or directory at a path; no error if it is not there. */
bool mp_tree_remove_at(MpTree *tree, const char *path, GError **error);

/* The entries of a directory, in Git's order. */
guint mp_tree_count(const MpTreeNode *directory);
const char *mp_tree_name(const MpTreeNode *directory, guint i);
bool mp_tree_is_directory(const MpTreeNode *directory, guint i);
const git_oid *mp_tree_id(const MpTreeNode *directory, guint i);

/* The index of the first entry whose name is not less than `name` (of files' order). */
guint mp_tree_find(const MpTreeNode *directory, const char *name);

/* A file's size, by its header; 0 where there is no such file. */
bool mp_tree_blob_size(MpTree *tree, const MpTreeNode *directory, const char *name, guint64 *size,
                       GError **error);

/* Adds all changed directories to the pack; *root is the new root's id. */
bool mp_tree_write(MpTree *tree, git_oid *root, GError **error);

/* Adds those below a directory, so that its entries have their ids; not itself. */
bool mp_tree_write_in(MpTree *tree, MpTreeNode *directory, GError **error);

/* mp_tree_write() in two steps, for a root that may yet become another, of which no pack has to
 * know: the first replaces *root (NULL, or the first step's; the caller's) if anything was changed
 * since. */
bool mp_tree_write_below(MpTree *tree, GString **root, GError **error);
bool mp_tree_write_root(MpTree *tree, const GString *bytes, git_oid *root, GError **error);
