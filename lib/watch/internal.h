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
    char *damage;   /* why something could not be told, or NULL; whoever made the batch frees it */
    bool is_noted;  /* something is remembered that was not so before */
    guint n_told;   /* changes that have an event */
    guint n_silent; /* that lead to no commit */
    GPtrArray *lines; /* char *: what the log will say, once it is true */
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

/* --- telling.c ------------------------------------------------------------------------------ */

/* Who did what a change is, as far as a bell that says so is believed. */
typedef struct {
    char *name;      /* as it is published; NULL: nobody knows */
    MpUser *account; /* that is theirs, or NULL */
} MpPusher;

void mp_pusher_clear(MpPusher *pusher);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpPusher, mp_pusher_clear)

/* Who moved a ref to `after` (NULL: deleted it). */
bool mp_watch_find_pusher(const MpWatchBatch *batch, const char *ref, const char *after,
                          MpPusher *pusher, GError **error);

/* The author of a commit of the tracker, now: whoever pushed, or else somebody of that name. Points
 * into its arguments. */
MpActor mp_watch_pusher_actor(const MpPusher *pusher, const char *otherwise);
MpActor mp_watch_actor(const char *name);

/* Puts an event of a thread into the batch, with what announces it, if it is to be announced, and
 * its line of the log. */
bool mp_watch_tell(MpWatchBatch *batch, guint64 thread, MpThreadEvent *event, const MpActor *actor,
                   bool is_announced, GError **error);

/* A line of the log, for when the batch is in the tracker; and then all of them. */
void mp_watch_say(MpWatchBatch *batch, const char *format, ...) G_GNUC_PRINTF(2, 3);
void mp_watch_log(const char *repository, const GPtrArray *lines);

/* --- states.c --- */

/* What is wrong, by name (char * to char *): the caller's. Empty where nobody noted anything. */
GHashTable *mp_watch_read_states(const MpConfig *config);

/* Logs once what is wrong with a repository of which something was told, and when it is over. `why`
 * (or NULL) says more of one that is damaged.
 * *states, NULL at first, is the caller's. */
bool mp_watch_note_state(const MpConfig *config, GHashTable **states, const char *name,
                         MpRepoState state, const char *why, GError **error);

/* The same of pull requests of a repository: of those in `unreadable` (char *, "acme/rocket#17")
 * nothing can be told, and why (char *); of all others it can. */
bool mp_watch_note_pulls(const MpConfig *config, GHashTable **states, const char *repository,
                         GHashTable *unreadable, GError **error);

/* Nothing is told of it, or of any but `still` (a set of names): whatever was noted of
 * repositories, or if `are_pulls`, of pull requests of repositories, is over. */
bool mp_watch_forget(const MpConfig *config, GHashTable **states, const char *name, GError **error);
bool mp_watch_forget_others(const MpConfig *config, GHashTable **states, bool are_pulls,
                            GHashTable *still, GError **error);

/* Whether something of a repository, or of a pull request of it, cannot be told. `states` may be
 * NULL. */
bool mp_watch_is_untold(GHashTable *states, const char *repository);

/* --- compare.c ------------------------------------------------------------------------------ */

/* What differs (MpRefChange): the default branch first, then branches, then tags, by name. Refs
 * that are broken, or whose object is not there, are as they were. NULL for errors only. */
GPtrArray *mp_watch_compare(MpRepo *repo, const MpTold *told, GError **error);

/* Whether what it leads to can be read: it was there when refs were compared, or damaged. */
bool mp_watch_is_readable(MpRepo *repo, const MpRefChange *change, GError **error);

/* Remembers where the ref is now; and all of them, at the first look. */
void mp_watch_remember(MpTold *told, const MpRepo *repo, const MpRefChange *change);
void mp_watch_remember_all(MpTold *told, const MpRepo *repo, const GPtrArray *changes);

/* Where the branches were (git_oid) when they were told. The caller's. */
GArray *mp_watch_told_branches(const MpTold *told);
