/*
 * The invariants of a tracker and its accounts, beyond what `git fsck` knows: tracker(5), checked.
 *
 * Everything is read from the trees that tracker and accounts were last opened or refreshed at, so
 * that a check beside a busy writer sees one moment. Memory grows with the longest thread (32
 * octets a comment), comments by mail (24 octets each), the highest account (a bit each), commit
 * threads (some 150 octets each) and directories (some 30 octets each).
 */
#pragma once

#include "tracker/tracker.h"

typedef struct {
    const char *repository; /* "tracker.git" or "accounts.git" */
    const char *path;       /* in its tree */
    const char *code;       /* a word for programs: "gap", "no-key", … (tracker(5)) */
    const char *what;       /* what is wrong; may hold text from outside */
    const char *remedy;     /* how to mend it */
} MpFault;

typedef struct {
    guint64 users, threads, comments, keys, repositories, faults;
} MpFsckCounts;

typedef struct {
    void (*found)(const MpFault *fault, gpointer user_data);
    /* After each thread: how many of about how many are done. May be NULL. */
    void (*progress)(guint64 done, guint64 last, gpointer user_data);
    gpointer user_data;
} MpFsckHooks;

/* Checks everything, telling each fault; a damaged object is a fault too. False only where reading
 * has to be tried again later. */
bool mp_fsck(MpTracker *tracker, MpAccounts *accounts, const MpFsckHooks *hooks,
             MpFsckCounts *counts, GError **error);
