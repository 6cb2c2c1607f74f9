/* Inside of lib/watch: one change of a ref, and what is made of it. */
#pragma once

#include "repo/history.h"
#include "tracker/thread_event.h"
#include "watch/watch.h"

/* A branch or a tag that is not where it was told to be. */
typedef struct {
    const char *ref;            /* "refs/heads/main" */
    const char *before, *after; /* ids, as refs have them; NULL where it came, or is gone */
    char *key;                  /* its KEY */
} MpRefChange;

/* A batch of them, as it is built. Everything may be built again, on another tip. */
typedef struct {
    MpInstance *instance;
    MpBatch *batch;
    GPtrArray *events; /* MpEvent: what is announced */
    MpRepo *repo;
    const MpRepository *repository;
    MpTold *told;           /* as of before the change that is worked on */
    const GPtrArray *bells; /* MpBell (bell.h), or NULL */
    guint64 n_others;       /* changes that the last one speaks for */
    gsize budget;           /* octets of files that may still be compared */
    bool is_damaged;        /* something could not be told */
} MpWatchBatch;

/* Of a change: what is made of it, put into the batch. */
bool mp_watch_tell_push(MpWatchBatch *batch, const MpRefChange *change, GError **error);
bool mp_watch_tell_closing(MpWatchBatch *batch, const MpRefChange *change, GError **error);

/* --- commit_thread.c ------------------------------------------------------------------------ */

/* The thread about a commit, opened where there is none; 0 where the commit cannot be read. `ref`
 * is where it was pushed to. *is_new (may be NULL) says whether it was opened. */
bool mp_watch_commit_thread(MpWatchBatch *batch, const git_oid *id, const char *ref,
                            guint64 *thread, bool *is_new, GError **error);

/* The KEY of that. The caller's. */
char *mp_watch_commit_key(const MpWatchBatch *batch, const git_oid *id);

/* Text of a repository as it is published: addresses masked. The caller's. */
char *mp_watch_masked(const MpWatchBatch *batch, const char *text);

/* The person as the author of a commit of the tracker, now; `name` owns what it points to. */
MpActor mp_watch_actor(const MpRepoPerson *person, char **name);

/* --- states.c --- */

/* Logs once what is wrong with a repository of which something was told, and when it is over.
 * *states, NULL at first, is the caller's. */
bool mp_watch_note_state(const MpConfig *config, GHashTable **states, const char *name,
                         MpRepoState state, GError **error);

/* --- compare.c ------------------------------------------------------------------------------ */

/* What differs (MpRefChange): the default branch first, then branches, then tags, by name. Refs
 * that are broken, or whose object is not there, are as they were. NULL for errors only. */
GPtrArray *mp_watch_compare(MpRepo *repo, const MpTold *told, GError **error);

/* Remembers where the ref is now. */
void mp_watch_remember(MpTold *told, const MpRefChange *change);
