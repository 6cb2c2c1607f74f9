/*
 * Purging a comment: its words go from the history of tracker.git as well. The new history holds
 * `rewrites`, by which other hosts know it, and by which an old one is refused.
 */
#pragma once

#include "tracker/redact.h"
#include "tracker/repeats.h"

typedef struct {
    guint64 thread, comment;
    gint64 date;
    char *title;             /* what the thread is called in all of its history; NULL: it stays */
    char *key, *message_id;  /* of the comment, as it was; NULL where nothing is left of it */
    MpComment *newest;       /* all of it, when it had its words last */
    char *name;              /* "acme/rocket#17" */
    MpRepeats *words;        /* what it said */
    GPtrArray *titles;       /* char *, that the thread had, where they go */
    GArray *elided;          /* guint64: comments that lose what was cut from them */
    GArray *repeating;       /* guint64: comments whose authors repeat it themselves */
    char *old_tip, *new_tip; /* the second NULL until it is made */
    char *first;             /* the oldest commit that changed, as it was */
} MpPurge;

MpPurge *mp_purge_new(guint64 thread, guint64 comment, gint64 date);
void mp_purge_free(MpPurge *purge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpPurge, mp_purge_free)

/* Finds what the comment ever said, and who repeats it, in all of the history. */
bool mp_tracker_find_words(MpTracker *tracker, MpPurge *purge, GError **error);

/* The second half of that: who repeats it in the tree that is read now. */
bool mp_purge_find_repeats(MpTracker *tracker, MpPurge *purge, GError **error);

/* Writes the history anew, as objects only: nothing changes for anybody. */
bool mp_tracker_rewrite(MpTracker *tracker, MpPurge *purge, GError **error);

/* Moves the branch from one tip to the other, the remote's where there is one. */
MpCommitResult
mp_tracker_replace(MpTracker *tracker, const char *from, const char *to, GError **error);

/* Whether the branch has this commit in its history. */
bool mp_tracker_contains(const MpTracker *tracker, const char *commit);

/* The tips (char *) from which a fetch followed another host's purge, and whose files are not found
 * yet; and what was purged since such a tip (MpPurge): with what it said, by the history of then.
 */
GPtrArray *mp_tracker_rewritten(MpTracker *tracker, GError **error);
GPtrArray *mp_tracker_purges(MpTracker *tracker, const char *old, GError **error);

/* The old ids (char *) of `rewrites`, as far as their commits are still here: something kept them
 * when they were purged. */
GPtrArray *mp_tracker_left(MpTracker *tracker, GError **error);

/* Removes what is in no ref's history. Refs that hold one of `firsts` (char *) keep it, and so do
 * packs that are kept: what is to be deleted first comes into `others` (char *), but for the refs
 * of what was left behind, which are deleted. */
bool
mp_tracker_collect(MpTracker *tracker, const GPtrArray *firsts, GPtrArray *others, GError **error);
