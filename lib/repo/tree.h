/* Inside of lib/repo: trees, compared. */
#pragma once

#include "repo/internal.h"

/* One file of which a commit has another version than the other. */
typedef struct {
    char *path; /* as git has it */
    guint32 old_mode, new_mode;
    git_oid old_id, new_id;
} MpRepoDifference;

void mp_repo_difference_free(MpRepoDifference *difference);

/* Appends (MpRepoDifference) what differs between two trees (NULL: empty), by path; at most `most`,
 * and *is_more where there is more than that, or than a bounded walk finds. */
bool mp_repo_compare_trees(MpRepo *repo, const git_oid *before, const git_oid *after, guint most,
                           GPtrArray *differences, bool *is_more, GError **error);

/* The entry at `path` of a tree; *found is false where there is none. */
bool mp_repo_tree_entry(MpRepo *repo, const git_oid *tree, const char *path, git_oid *id,
                        guint32 *mode, bool *found, GError **error);

#define MP_REPO_MODE_TREE 040000
#define MP_REPO_MODE_LINK 0160000 /* a submodule: its id is another repository's */

#define MP_REPO_COMPARED_MAX (512 * 1024) /* octets of a file that is compared line by line */

/* A file's content: of a submodule a line that names its commit. NULL where it is not there,
 * larger than what is compared, or than *budget (may be NULL), which pays for it before it is read.
 * The caller's. */
bool mp_repo_content(MpRepo *repo, const git_oid *id, guint32 mode, gsize *budget, GBytes **content,
                     GError **error);

/* Whether the comparison of two texts by lines takes no longer than it should. It is paid for by
 * their number. */
bool mp_repo_may_compare(GBytes *before, GBytes *after, gsize *budget);

/* Joins a file that is gone and one that came to a renamed one, where they are alike. `changes` is
 * of MpRepoChange; half of *budget may be read for it. */
bool mp_repo_find_renames(MpRepo *repo, GPtrArray *changes, gsize *budget, GError **error);
