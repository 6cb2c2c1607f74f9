/*
 * Inside of lib/tracker: one bare repository with one branch, read at a tip and changed by batches.
 * What tracker.git and accounts.git have in common.
 */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

#include "tracker/pack.h"
#include "tracker/tracker.h"
#include "tracker/tree.h"

typedef struct {
    git_repository *repository;
    git_odb *odb;
    char *path, *hostname;
    git_oid tip;  /* the commit that reads see */
    git_oid root; /* its tree */
    MpTree *view; /* loaded as far as it was read */
} MpStore;

/* Makes an empty repository with a first commit that holds `readme` as README.md. */
bool mp_store_init(const char *path, const char *hostname, const char *readme, mode_t mode,
                   bool *made, GError **error);

bool mp_store_open(MpStore *store, const char *path, const char *hostname, GError **error);
void mp_store_close(MpStore *store);

/* Reads see the tip of now from here on. */
bool mp_store_refresh(MpStore *store, GError **error);

/* The tree that readers use; starts anew when it has grown large. Valid until the next call. */
MpTree *mp_store_view(MpStore *store);

/* A chain of commits on the store's tip, in memory. */
typedef struct {
    MpStore *store;
    MpPack *pack;
    MpTree *tree;
    git_oid tip; /* of the chain so far */
    git_oid root; /* its tree */
    guint n_commits;
} MpChain;

void mp_chain_begin(MpChain *chain, MpStore *store);
void mp_chain_clear(MpChain *chain);

/* Closes what was edited since the last call as one commit by `actor`. */
bool mp_chain_commit(MpChain *chain, const char *message, const MpActor *actor, GError **error);

/* Writes the pack, syncs it, and moves the branch by compare and swap. On MP_COMMITTED the store's
 * reads see the new tip. After MP_FAILED the branch may have moved as well: a move can fail to
 * become durable. */
MpCommitResult mp_chain_finish(MpChain *chain, GError **error);

/* Makes durable where the branch is: a run that died may have moved it and not synced that. */
bool mp_store_sync(const MpStore *store, GError **error);

/* Removes what a dead run left: see mp_tracker_clean_up(). */
bool mp_store_clean_up(const char *path, GError **error);
