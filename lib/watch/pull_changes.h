/*
 * Pull requests in their repository: what one would change, and what its branches became.
 */
#pragma once

#include "base/config.h"
#include "repo/history.h"
#include "tracker/thread_event.h"

/* What `head` has that `base` (NULL: none) has not; the caller's, NULL for errors only. */
MpChanges *mp_pull_changes(const MpConfig *config, MpRepo *repo, const git_oid *base,
                           const git_oid *head, GError **error);

/*
 * The commits that are reachable from `from` and from none of the others (NULL: one fewer). *count
 * is how many; of them `commits` (or NULL) gets those that an event names. What cannot be walked
 * through whole is counted as far as it goes.
 */
bool mp_pull_commits(const MpConfig *config, MpRepo *repo, const git_oid *from, const git_oid *but,
                     const git_oid *base, guint most, GPtrArray *commits, guint64 *count,
                     GError **error);

/* Whether a commit is in the history of another. */
bool mp_pull_is_within(MpRepo *repo, const git_oid *commit, const git_oid *tip, bool *is_within,
                       GError **error);

/* A commit as an event names it; false in *found where it is not there. */
bool mp_pull_add_commit(const MpConfig *config, MpRepo *repo, const git_oid *id, GPtrArray *commits,
                        bool *found, GError **error);
