/*
 * One bare repository with one branch, read at a tip and changed by batches.
 * Both tracker.git and accounts.git are one.
 */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

#include "git/commit.h"
#include "git/pack.h"
#include "git/remote.h"
#include "git/tree.h"

typedef struct MpStore MpStore;

struct MpStore {
    git_repository *repository;
    git_odb *odb; /* NULL where it could not be opened again */
    char *path, *hostname;
    git_oid tip;         /* the commit that reads see */
    git_oid root;        /* its tree */
    MpTree *view;        /* loaded as far as it was read */
    git_oid coming;      /* the commit that reads see before it is the tip; zero: none */
    guint64 n_seen;      /* grows whenever reads see another commit */
    MpBeside beside;     /* done while a chain comes true */
    guint n_commits;     /* since the object database was opened, roughly */
    MpRemote *remote;    /* shared with other hosts, or NULL */
    char *host;          /* which of them we are; NULL without a remote */
    guint n_pushes;      /* that the remote took */
    MpRunning *fetch;    /* one that was begun, or NULL */
    MpRefList *question; /* whether one is needed, that was begun; or NULL */
    MpStore *basis;      /* on which it is decided what is put into this one, or NULL: while that is
                          * asked about, nothing comes true here */
    struct {
        bool is_left_out;        /* of the pushes now: they are to say what the branch alone does */
        bool is_known, is_there; /* whether the remote has turns, once that was asked */
        bool is_ours, was_anothers; /* the latter: when it was last asked for */
        bool is_wanted, is_kept;    /* after the next push, and after the last one */
        guint n_kept;               /* pushes after which it was */
        bool has_followed;          /* with it, what the remote had: no fetch is needed for that */
        gint64 begun, given_back;   /* when it became ours, and when it was last given back (us) */
        gint64 usual, to_take;      /* how long we had it, and what it took to take it (us) */
        git_oid nobody, own;        /* what the ref says */
        char *own_text;
    } turn; /* see turn.h */
};

/* Makes an empty repository with a first commit that holds `readme` as README.md. */
bool mp_store_init(const char *path, const char *hostname, const char *readme, mode_t mode,
                   bool *made, GError **error);

bool mp_store_open(MpStore *store, const char *path, const char *hostname, GError **error);
void mp_store_close(MpStore *store);

/* Reads see the tip of now from here on. Not while a chain is open: the object database may be
 * closed and opened again. */
bool mp_store_refresh(MpStore *store, GError **error);

/* Reads see this commit from here on, until the next refresh. */
bool mp_store_read_at(MpStore *store, const git_oid *tip, GError **error);

/*
 * From here on the branch is the remote's: `host` is who we are there. mp_store_fetch() makes the
 * local branch what the remote has, and mp_chain_finish() is true once the remote has accepted.
 *
 * The remote is the truth. Local commits that it does not have are left behind (under
 * refs/metroplex/lost/, with a warning): they were never accepted, or an administrator took them
 * back. Only a remote that shares no history with us at all is refused, as a wrong one.
 */
void mp_store_share(MpStore *store, const char *url, int seconds, const char *host);
bool mp_store_fetch(MpStore *store, GError **error);

/* The same in two steps, between which the store is read as it was: begun twice, it is begun anew;
 * ended where none was begun, it does nothing. */
bool mp_store_fetch_begin(MpStore *store, GError **error);
bool mp_store_fetch_end(MpStore *store, GError **error);

/* The same for what has mostly not changed: fetches only where the remote's branch is another, and
 * then in one more exchange. */
bool mp_store_ask(MpStore *store, GError **error);
bool mp_store_ask_begin(MpStore *store, GError **error);
bool mp_store_ask_end(MpStore *store, GError **error);
void mp_store_ask_drop(MpStore *store);

/* Whether mp_store_ask_end() would not wait: nothing was asked, or all is known; or the server was
 * not understood, and is asked by git then. */
bool mp_store_is_answered(const MpStore *store);

/* A push is to come, or is not any more: the way to the remote is opened beside other work. */
void mp_store_expect_push(MpStore *store);
void mp_store_expect_no_push(MpStore *store);

/* The first meeting: takes what the remote has, or gives it what is here if it has nothing. *did
 * (the caller's) says in a word what happened, NULL if both were the same. */
bool mp_store_join(MpStore *store, char **did, GError **error);

/* The tree that readers use; starts anew when it has grown large. Valid until the next call. */
MpTree *mp_store_view(MpStore *store);

/* What is read now is on this: it is another number once reads see another commit. */
guint64 mp_store_seen(const MpStore *store);

/* A chain of commits on the store's tip, in memory. */
typedef struct {
    MpStore *store;
    MpPack *pack;
    MpTree *tree;
    git_oid from;       /* the store's tip when it was begun: moved from there, or not at all */
    git_oid tip;        /* of the chain so far, but for the last commit */
    git_oid root;       /* its tree */
    GString *last;      /* that commit, as long as it may have to be another; NULL: none */
    GString *last_root; /* and the object that its tree is */
    guint n_commits;    /* with it */
    bool is_begun;      /* to be written */
} MpChain;

void mp_chain_begin(MpChain *chain, MpStore *store);
void mp_chain_clear(MpChain *chain);

/* Closes what was edited since the last call as one commit by `actor`. */
bool mp_chain_commit(MpChain *chain, const char *message, const MpActor *actor, GError **error);

/* Adds what was edited since then to the last commit, of which there must be one. */
bool mp_chain_amend(MpChain *chain, GError **error);

/* For who writes the pack without mp_chain_finish(): `tip` has the last commit from here on. */
bool mp_chain_close(MpChain *chain, GError **error);

/*
 * Begins to write the pack, by a thread where that pays. Nothing may be edited any more. Until
 * mp_chain_finish(), or where the chain is cleared without it, reads see what the chain is to make
 * of the branch, so that somebody may go on from there already.
 */
bool mp_chain_write_begin(MpChain *chain, GError **error);

/* Writes the pack, syncs it, and moves the branch by compare and swap: the remote's if there is
 * one, else our own. A question about the basis is ended before, also where there is nothing to
 * write. On MP_COMMITTED the store's reads see the new tip. After MP_FAILED the branch
 * may have moved as well: a move can fail to become durable. */
MpCommitResult mp_chain_finish(MpChain *chain, GError **error);

/* Makes durable where the branch is: a run that died may have moved it and not synced that. */
bool mp_store_sync(const MpStore *store, GError **error);
