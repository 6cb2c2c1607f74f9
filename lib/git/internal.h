/* Inside of lib/git: the one branch, its commits, and how it moves. */
#pragma once

#include "git/store.h"

/* The commit of a tree, by the actor's name and LOGIN@users.noreply.HOSTNAME; `parent` may be zero.
 */
GString *mp_commit_object(const git_oid *root, const git_oid *parent, const char *message,
                          const MpActor *actor, const char *hostname);

#define MP_BRANCH "refs/heads/main"

/* Whether a ref that is locked (GIT_ELOCKED) is worth another try: after a while, and without the
 * lock of a run that died. `tries` counts them, from 0 on. */
bool mp_store_tries_again(const MpStore *store, int rc, guint *tries);

/* Compare and swap of our own branch; libgit2's code, GIT_EMODIFIED where it is not at `from`. A
 * lock that is in the way is waited for, and removed if its holder is dead. */
int
mp_store_move_branch(MpStore *store, const git_oid *from, const git_oid *to, const char *message);

/* Looks for objects anew: packs are gone that were open. */
bool mp_store_reopen(MpStore *store, GError **error);

/* Ends a question about the store on which it is decided what comes into this one: MP_COMMITTED if
 * that is as it was, else MP_UNFOUNDED. */
MpCommitResult mp_store_settle_basis(MpStore *store, GError **error);

/* Moves the remote's branch from the store's tip to `to`, whose objects are here and synced. A
 * question about the basis is waited for while git connects. */
MpCommitResult mp_store_push(MpStore *store, const git_oid *to, GError **error);
