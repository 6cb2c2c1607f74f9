/*
 * A history written anew: what was edited out of a tree is in no commit any more. Offline: whoever
 * calls this holds all locks.
 */
#pragma once

#include "git/store.h"

typedef struct {
    /* Edits the tree of one commit, or leaves it. */
    bool (*edit)(MpTree *tree, gpointer user_data, GError **error);
    /* Another message for a commit, the caller's, or NULL for the one that it has; `is_first` says
     * that it is the first of its line that changes. */
    char *(*message)(const char *message, bool is_first, gpointer user_data);
    gpointer user_data;
} MpRewrite;

/*
 * Writes the branch's history anew, as objects only: no ref is moved. Commits before the first that
 * changes stay what they are. *tip is the new one, *first the oldest commit that changed, as it
 * was: it is in the history of whatever holds what was edited out. Both are those of the branch, if
 * nothing changes.
 */
bool mp_store_rewrite(MpStore *store, const MpRewrite *rewrite, git_oid *tip, git_oid *first,
                      GError **error);

/* Whether `commit` is `tip` or in its history; false too where it is not here. */
bool mp_store_contains(const MpStore *store, const git_oid *tip, const git_oid *commit);

/*
 * What was written anew is told by the file `rewrites` in the tree of the branch: lines that begin
 * with the old id of a commit, "OLD NEW TIME THREAD COMMENT", the oldest first. Calls `visit` with
 * the words of the first line of `tip` whose OLD is in the history of `held`, and of all that stand
 * below it, until it returns false: their OLD is of a history that `held` was not in any more. All
 * lines where `held` is NULL.
 */
typedef bool (*MpRewritten)(char **words, gpointer user_data);
bool mp_store_foreach_rewritten(MpStore *store, const git_oid *tip, const git_oid *held,
                                MpRewritten visit, gpointer user_data, GError **error);

/* Whether there is any such line. */
bool mp_store_is_rewritten(MpStore *store, const git_oid *tip, const git_oid *held, bool *is,
                           GError **error);

/* The tips that were followed to another history, and are kept until their files are found: below
 * refs/metroplex/rewritten/. char *, ids; the caller's. */
#define MP_REWRITTEN "refs/metroplex/rewritten/"
GPtrArray *mp_store_rewritten_tips(MpStore *store, GError **error);

/* Puts a hook into the repository by which a push of what was written anew is refused. */
bool mp_store_write_hook(const MpStore *store, GError **error);

/* Removes all refs of what was left behind or written anew that have `commit` in their history; the
 * others that have it are told, once each. */
bool mp_store_forget_refs(MpStore *store, const git_oid *commit, GPtrArray *others, GError **error);

/* The files (char *) by which Git leaves packs as they are: of an administrator, or of a fetch that
 * was killed. */
bool mp_store_kept_packs(const MpStore *store, GPtrArray *others, GError **error);

/* Leaves nothing that no ref reaches: one pack of what is left. Reads see the branch as it is. */
bool mp_store_collect(MpStore *store, GError **error);

/* Moves the branch, the remote's where there is one: MP_CONFLICT if it is not at `from` any more.
 */
MpCommitResult
mp_store_replace(MpStore *store, const git_oid *from, const git_oid *to, GError **error);
