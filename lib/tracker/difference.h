/*
 * What changed in a tracker between a commit and the tip that its reads see, by the difference of
 * the two trees: the cost is that of what changed, not of what is there.
 */
#pragma once

#include "tracker/tracker.h"

/* The commit that reads see; the caller's. */
char *mp_tracker_tip(const MpTracker *tracker);

/* Whether a commit is in the repository, so that there can be a difference from it. */
bool mp_tracker_has_commit(const MpTracker *tracker, const char *commit);

/* Whether something was changed before `time` that a commit does not have yet; NULL has nothing.
 * Commits from before are not looked at, but for one. */
bool mp_tracker_is_behind(const MpTracker *tracker, const char *commit, gint64 time);

/* The highest id of a thread, 0 where there is none. */
bool mp_tracker_last_thread(MpTracker *tracker, guint64 *id, GError **error);

/* A thread that is new, another or gone in what it says: not for who hears of it. */
typedef struct {
    guint64 thread;
    bool is_new_record;     /* what the thread is has changed: its title, its state, … */
    const MpThread *before; /* what it was, where that changed; NULL if it was not there */
    const GArray
        *comments; /* guint64, ascending: numbers of comments that are new, other or gone */
} MpThreadDifference;

/* False, with *error set, ends the walk. */
typedef bool (*MpThreadDifferenceVisit)(const MpThreadDifference *difference, gpointer user_data,
                                        GError **error);

/* Visits the threads that differ, in ascending order. `since` is a commit that is there, or NULL:
 * then every thread is new. */
bool mp_tracker_difference(MpTracker *tracker, const char *since, MpThreadDifferenceVisit visit,
                           gpointer user_data, GError **error);

/* A repository whose policy is another; each as mp_tracker_repository() reads it. `before` is NULL
 * where it could not be read. */
typedef bool (*MpRepositoryDifferenceVisit)(const MpRepository *before, const MpRepository *now,
                                            gpointer user_data, GError **error);

/* A policy that cannot be read now is left out. */
bool mp_tracker_repository_difference(MpTracker *tracker, const char *since,
                                      MpRepositoryDifferenceVisit visit, gpointer user_data,
                                      GError **error);
