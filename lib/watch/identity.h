/* Inside of lib/watch: commits that are the same work, written anew. */
#pragma once

#include "repo/history.h"

/* Of a commit. The caller's. */
char *mp_commit_identity(const MpRepoCommit *commit);

/* Those (char *) of the first of these commits (git_oid), without merges, which a rebase leaves
 * out. The caller's, NULL for errors only. */
GHashTable *mp_commit_identities(MpRepo *repo, const GArray *ids, guint most, GError **error);
