/* Inside of lib/watch: whether the work of a pull request is in its base. */
#pragma once

#include "repo/history.h"
#include "tracker/changes.h"

/*
 * Whether `work`, the head or what it was, came into the base with the step from `base_then`
 * (NULL: not known) to `base`: it is in its history now, or, since squashing and rebasing make
 * other commits of it, all that it changes in files is there as it has it, or each of its commits
 * is there written anew (identity.h), with as many lines of the same files.
 */
bool mp_pull_came_in(MpRepo *repo, const git_oid *work, const git_oid *base_then,
                     const git_oid *base, bool *did, GError **error);

/*
 * The same of a head that was not looked at since the pull request was opened, or opened again; of
 * the latter `before` is what it would have changed when it was (NULL: nobody ever looked). A head
 * that is where the base is has no work that came in, and what was told before is no news.
 */
bool
mp_pull_came_in_unseen(MpTracker *tracker, MpRepo *repo, guint64 thread, const MpChanges *before,
                       const git_oid *head, const git_oid *base, bool *did, GError **error);
