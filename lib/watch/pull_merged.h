/* Inside of lib/watch: whether the work of a pull request is in its base. */
#pragma once

#include "repo/history.h"

/*
 * Whether `work`, the head or what it was, came into the base with the step from `base_then`
 * (NULL: not known) to `base`: it is in its history now, or, since squashing and rebasing make
 * other commits of it, all that it changes in files is there as it has it, or each of its commits
 * is there written anew (identity.h).
 */
bool mp_pull_came_in(MpRepo *repo, const git_oid *work, const git_oid *base_then,
                     const git_oid *base, bool *did, GError **error);
