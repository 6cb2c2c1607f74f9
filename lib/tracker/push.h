/*
 * What a push did to a branch or a tag of a watched repository, and what was told of each.
 *
 * A push is an event of the thread of the commit that it led to (of a branch that was deleted, that
 * it led away from). All that is told of it stands in the event, as text that can be shown: the
 * repository may be gone when it is read.
 */
#pragma once

#include "tracker/repositories.h"
#include "tracker/tracker.h"

#define MP_PUSH_LISTED 20   /* commits and files that an event names, of each kind */
#define MP_PUSH_TEXT   4000 /* octets of a tag's message */

typedef struct {
    char *id; /* 40 digits */
    char *author, *subject;
} MpPushCommit;

typedef struct {
    char *ref;                  /* "refs/heads/main" */
    char *before, *after;       /* ids of commits; NULL where it was created, or deleted */
    guint64 n_added, n_removed; /* commits that came, and that it does not lead to any more */
    bool is_unsure;             /* there were more than are counted */
    GPtrArray *added, *removed; /* MpPushCommit, the newest of them */
    GPtrArray *files;           /* char *, "modified 3 1 README"; of all that was added */
    guint64 n_files, n_lines_added, n_lines_removed;
    guint64 n_uncounted; /* files whose lines are not counted: binary, or too much to be compared */
    bool has_more_files; /* there are more than are counted, or none of them could be read */
    char *message;       /* of an annotated tag, or NULL */
    char *tagger;        /* who made it, or NULL */
    guint64 n_others;    /* branches and tags that changed as well and have no event of their own */
} MpRefPush;

MpRefPush *mp_push_new(const char *ref);
void mp_push_free(MpRefPush *push);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRefPush, mp_push_free)

void
mp_push_add_commit(GPtrArray *commits, const char *id, const char *author, const char *subject);

/* "main" of "refs/heads/main". Points into it. */
const char *mp_push_short_ref(const MpRefPush *push);
bool mp_push_is_of_tag(const MpRefPush *push);

/* Twelve digits of an id, "-" for NULL. The caller's. */
char *mp_push_short_id(const char *id);

/* What it did, in a word. */
typedef enum { MP_PUSH_CREATED, MP_PUSH_UPDATED, MP_PUSH_REWOUND, MP_PUSH_DELETED } MpPushDeed;
MpPushDeed mp_push_deed(const MpRefPush *push);
const char *mp_push_deed_name(MpPushDeed deed); /* "created", "updated", "rewound", "deleted" */

/* Whether a branch or a tag can match: "main" is the full name of neither. */
bool mp_is_ref_pattern(const char *pattern);

/* The first of the patterns that none can match; the caller's, or NULL. */
char *mp_find_stray_pattern(const char *patterns);

/* --- What was told -------------------------------------------------------------------------- */

typedef struct {
    char *name; /* "refs/heads/main", by mp_escape() */
    char *id;   /* 40 digits */
} MpToldRef;

#define MP_TOLD_NOTHING "0000000000000000000000000000000000000000"

typedef struct {
    guint64 counter;  /* of pushes that were found: the same from A to B comes again */
    char *default_id; /* where the default branch was when it was there last, whatever it is called
                       * now; MP_TOLD_NOTHING where the repository was empty at first, and there was
                       * none since; NULL: not known */
    GPtrArray *refs;  /* MpToldRef, by name */
} MpTold;

MpTold *mp_told_new(void);
void mp_told_free(MpTold *told);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpTold, mp_told_free)

/* Sets it; NULL takes the ref away. */
void mp_told_set(MpTold *told, const char *name, const char *id);

/* KEY of what was found: from `before` to `after` (or NULL), by its counter. The caller's. */
char *mp_push_key(const char *repository, const char *ref, guint64 counter, const char *before,
                  const char *after);

/* NULL where nobody has looked at the repository yet. */
bool mp_tracker_told(MpTracker *tracker, const char *repository, MpTold **told, GError **error);

/* Calls `visit` for each repository that is looked at, until it returns false: those that somebody
 * has set, and those in which a thread was opened, which need no policy. */
bool mp_tracker_foreach_watched(MpTracker *tracker, MpRepositoryVisit visit, gpointer user_data,
                                GError **error);

/* Remembers it, with one commit. */
bool mp_batch_set_told(MpBatch *batch, const char *repository, const MpTold *told, GError **error);

/* The thread about this commit of a repository, as the batch has it; 0 where there is none. */
bool mp_batch_commit_thread(MpBatch *batch, const char *repository, const char *commit,
                            guint64 *thread, GError **error);

/* Sets `thread` of each MpChangedCommit of a repository: those opened later than `until` are none.
 * `commits` may be NULL. */
bool mp_tracker_commit_threads(MpTracker *tracker, const char *repository, const GPtrArray *commits,
                               gint64 until, GError **error);
