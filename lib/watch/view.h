/*
 * Whether what happens in a repository is told, and why not: for whoever asks. Nothing is changed,
 * locked or logged.
 */
#pragma once

#include "instance/instance.h"
#include "repo/repo.h"

/* What is wrong with a repository in such a state, and what to do about it, for the translator;
 * NULL for one that can be read. */
const char *mp_watch_state_found(MpRepoState state);
const char *mp_watch_state_advice(MpRepoState state);

/* A branch or a tag that is not where it was told to be. */
typedef struct {
    char *ref;            /* "refs/heads/main" */
    char *before, *after; /* ids; NULL where it came, or is gone */
    bool is_wanted;       /* the repository's policy tells of it */
} MpWatchNews;

typedef struct {
    char *path;          /* of the repository; NULL: none is watched */
    MpRepoState state;   /* of a repository that can be looked at, */
    char *why;           /* or what is in the way */
    bool is_watched;     /* a run looks at it: it has a policy, or a thread was opened in it */
    bool is_known;       /* a run has looked at it before */
    guint n_known;       /* branches and tags of which it knows where they are */
    GPtrArray *news;     /* MpWatchNews: what the next run will find */
    GPtrArray *left_out; /* char *: the first branches and tags of which its policy does not tell */
    guint n_left_out, n_refs; /* how many of all that there are */
} MpWatchView;

/* False where the tracker cannot be read. */
bool mp_watch_view(const MpInstance *instance, const MpRepository *repository, MpWatchView *view,
                   GError **error);
void mp_watch_view_clear(MpWatchView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpWatchView, mp_watch_view_clear)

/* Why nothing is told of it, in English without a full stop; the caller's, or NULL where it is.
 * *advice is what to do, or NULL. */
char *mp_watch_view_blame(const MpWatchView *view, const MpConfig *config, const char **advice);

/* What the runs could not read when they looked last: "acme/rocket (closed)", by name; also pull
 * requests. The caller's; empty where all was well, or nothing is watched. */
GPtrArray *mp_watch_unread(const MpConfig *config);
