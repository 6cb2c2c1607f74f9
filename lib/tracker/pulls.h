/*
 * pulls/OWNER/NAME: the open pull requests of a repository that Git has branches for, a line each,
 * and where these were when that was last told. What differs from it is news.
 */
#pragma once

#include "tracker/changes.h"

typedef struct {
    guint64 thread;
    char *head, *base;       /* branches */
    char *head_id, *base_id; /* where they were; NULL: not looked at yet, or gone and told so */
} MpPullTold;

/* Of a repository, by thread (MpPullTold); the caller's. NULL for errors only. */
GPtrArray *mp_tracker_pulls(MpTracker *tracker, const char *repository, GError **error);

/* The repositories that have such (char *, the caller's). NULL for errors only. */
GPtrArray *mp_tracker_pull_repositories(MpTracker *tracker, GError **error);

/*
 * Puts into the batch where the branches are now, and what would be changed (NULL: as it was): it
 * is committed with whatever is committed next, the event that tells it, or by
 * mp_batch_note_pulls() where nothing is to be told.
 */
bool mp_batch_tell_pull(MpBatch *batch, const char *repository, const MpPullTold *told,
                        const MpChanges *changes, GError **error);
bool mp_batch_note_pulls(MpBatch *batch, const char *repository, GError **error);
