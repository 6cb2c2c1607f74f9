/*
 * What became of a thread beside its comments: who closed it, who gave it a label. Each change is
 * an event, numbered from 1, with the KEY by which it is announced; facts of the thread are what
 * all of them made of it.
 */
#pragma once

#include "tracker/changes.h"
#include "tracker/push.h"

typedef enum {
    MP_THREAD_CLOSED,
    MP_THREAD_REOPENED,
    MP_THREAD_LOCKED,
    MP_THREAD_UNLOCKED,
    MP_THREAD_RENAMED,
    MP_THREAD_LABELED,
    MP_THREAD_UNLABELED,
    MP_THREAD_ASSIGNED,
    MP_THREAD_UNASSIGNED,
    MP_THREAD_PUSHED,       /* a branch or a tag leads to this commit now, or away from it */
    MP_THREAD_HEAD_PUSHED,  /* the head of a pull request */
    MP_THREAD_MERGED,       /* the head is in the base: it is closed */
    MP_THREAD_HEAD_DELETED, /* likewise, since the branch is gone */
    MP_THREAD_REFERENCED,   /* by a commit */
    MP_N_THREAD_CHANGES,
} MpThreadChange;

const char *mp_thread_change_name(MpThreadChange change); /* "closed", "labeled", … */
bool mp_thread_change_parse(const char *name, MpThreadChange *change);

/* Who is to see to a thread. The login is that of the time when it was said: the tracker can be
 * read without the accounts. */
typedef struct {
    guint64 id;
    char *login;
} MpAssignee;

/* An array of them, which owns them, and one more for it. */
GPtrArray *mp_assignees_new(void);
void mp_assignees_add(GPtrArray *assignees, guint64 id, const char *login);
bool mp_assignees_have(const GPtrArray *assignees, guint64 id); /* NULL has none */

#define MP_LABELS_MAX    20 /* of a thread, as far as mail and commands add them */
#define MP_ASSIGNEES_MAX 10
#define MP_LABEL_MAX     50 /* characters */

/*
 * Whether a thread may have such a label: a word of letters and digits of any script and of
 * - _ . : / + # & = ! ? %, beginning with a letter, a digit or one of . _ +. So it can stand in a
 * list, a header and a command.
 */
bool mp_is_label(const char *label);

/* The same label, where letters' case and ways to encode them do not count. */
bool mp_same_label(const char *a, const char *b);

/* The one of an array (char *; NULL has none) that is the same; or NULL. */
const char *mp_labels_find(const GPtrArray *labels, const char *label);

/* "bug; help", for people and headers; of logins likewise. The caller's; "" for none. */
char *mp_labels_text(const GPtrArray *labels, const char *separator);
char *mp_assignees_text(const GPtrArray *assignees, const char *separator);

typedef struct {
    guint64 number;
    MpThreadChange change;
    guint64 comment; /* the last that was there: it stands behind this one */
    guint64 author;  /* 0: nobody's account; then this is a name: */
    char *author_login;
    gint64 date;
    char *via;            /* "mail", "command", "import", "push" or MP_VIA_GIT */
    char *host;           /* that made and announces it, or NULL */
    char *key;            /* its KEY */
    char *was, *title;    /* renamed: from, to */
    GPtrArray *labels;    /* labeled, unlabeled: char * */
    GPtrArray *assignees; /* assigned, unassigned: MpAssignee */
    MpRefPush *push;      /* pushed */
    char *from, *to;      /* pushed: where the head was and is; deleted: was; merged: the base */
    guint64 n_added, n_removed; /* pushed: commits */
    GPtrArray *commits;         /* MpChangedCommit: pushed: of those added, the newest first;
                                   referenced, closed by one: that; else NULL */
    char *source;               /* the repository of the latter, or NULL */
} MpThreadEvent;

/*
 * What happened in Git. Where nobody is known to have done it the author is 0, and stands in its
 * login the name of the repository, which no account can have.
 */
#define MP_VIA_GIT "git"

#define MP_EVENT_COMMITS 50 /* that an event names */

void mp_thread_event_free(MpThreadEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpThreadEvent, mp_thread_event_free)

/*
 * Makes the event's change of the thread. What is so already is taken out of the event; false if
 * nothing is left. Without labels or assignees `unlabeled` and `unassigned` mean all there are.
 */
bool mp_thread_apply(MpThread *thread, MpThreadEvent *event);

/* What it says, as JSON and commits have it: "closed", "labeled bug; help". The caller's. */
char *mp_thread_event_text(const MpThreadEvent *event);

/* The highest number of an event of the thread; 0 where there is none. */
bool mp_tracker_last_event(MpTracker *tracker, guint64 thread, guint64 *number, GError **error);

/* One of them; *event is NULL where it is not there. */
bool mp_tracker_event(MpTracker *tracker, guint64 thread, guint64 number, MpThreadEvent **event,
                      GError **error);

/* The event of that KEY; NULL where the KEY is none's. */
bool mp_tracker_event_of_key(MpTracker *tracker, guint64 thread, const char *key,
                             MpThreadEvent **event, GError **error);

/* The number of the first event that stands behind the comment `comment` or a later one: they are
 * in the order of the comments. */
bool mp_tracker_first_event(MpTracker *tracker, guint64 thread, guint64 comment, guint64 *number,
                            GError **error);

/*
 * Makes the change in the batch, with its event and its KEY: one commit. Of `event` the change,
 * what it is about, via, host and KEY count; the rest is filled in. *has_changed is false, and
 * nothing is done, where it is so already.
 */
bool mp_batch_change(MpBatch *batch, guint64 thread, MpThreadEvent *event, const MpActor *actor,
                     bool *has_changed, GError **error);

/* Adds an event that is told of a thread that comes from elsewhere, as it is. */
bool mp_batch_add_event(MpBatch *batch, guint64 thread, MpThreadEvent *event, const MpActor *actor,
                        GError **error);
