/*
 * A thread in a file, as `thread export` writes it and `thread import` reads it: untrusted, so
 * every limit is checked here, and what is returned is fit to be posted.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "instance/instance.h"
#include "tracker/thread_event.h"

#define MP_THREAD_FORMAT "metroplex-thread-1"

typedef struct {
    char *id;    /* the Message-ID that names it for ever: <acme/rocket/issues/17/3@host> */
    char *where; /* where it stands in the file, for messages */
    char *login, *address; /* the author: JSON has the one, mbox the other; NULL for neither */
    MpUser *author;        /* found by thread_import */
    gint64 date, redacted; /* the second 0 where it was not */
    char *key;             /* its KEY in the tracker it was exported from, or NULL */
    char *via, *host, *body, *elided, *message_id, *recipient, *part; /* as MpNewComment */
    char *path, *quoted;
    guint64 line;
    GPtrArray *attachments; /* MpNewAttachment */
} MpFileComment;

typedef struct {
    guint64 id;             /* in the tracker it was exported from; 0: not known */
    MpThread *facts;        /* repository and title may be NULL: see import */
    bool has_subscribers;   /* JSON: exactly these */
    GPtrArray *subscribers; /* MpFileSubscriber */
    GPtrArray *comments;    /* MpFileComment, the opening post first; at least that */
    GPtrArray *assignees;   /* char *, logins */
    GPtrArray *events;      /* MpFileEvent */
} MpFileThread;

/* An event, its author and assignees still by login. */
typedef struct {
    MpThreadEvent *event;
    GPtrArray *logins; /* char * */
} MpFileEvent;

typedef struct {
    char *login, *reason;
} MpFileSubscriber;

MpFileThread *mp_file_thread_new(void);
void mp_file_thread_free(MpFileThread *thread);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpFileThread, mp_file_thread_free)

/* Who wrote a commit that was pushed, who has a name and no account; NULL for other comments. The
 * caller's. */
MpUser *mp_file_committer(const MpFileComment *comment);

/* "push" of an event; NULL with *error set where it makes no sense. The caller's. */
MpRefPush *mp_file_read_push(JsonObject *parent, const char *where, GError **error);

/* A comment of the thread, still empty; fails where there are too many. */
MpFileComment *mp_file_thread_add(MpFileThread *thread, const char *where, GError **error);

/* The text as it may be stored: visible, masked, within the limit. The result is the caller's. */
char *mp_file_text(const MpConfig *config, const char *text, const char *where, GError **error);

/* "<…>" of printable ASCII without spaces, at most 500 octets. */
bool mp_file_is_message_id(const char *id);

/* Each takes the file's bytes and what to call it; *error names the place. */
MpFileThread *mp_file_read_json(MpInstance *instance, const GString *bytes, GError **error);
MpFileThread *mp_file_read_mbox(MpInstance *instance, const GString *bytes, GError **error);

/* --- thread_file_events.c --- */

GPtrArray *mp_file_events_new(void);

/* The account that a login in the file names; NULL in *user where none does: guest-17 is somebody
 * else in each tracker. False for errors only. */
bool mp_file_find_login(MpInstance *instance, const char *login, MpUser **user, GError **error);

/* The same of who wrote a comment, by login or address; where the file was exported from this
 * tracker, also a guest. */
bool mp_file_find_author(MpInstance *instance, const MpFileComment *comment, bool is_at_home,
                         MpUser **user, GError **error);

/* Labels, assignees and events of a thread as JSON. */
bool
mp_file_read_events(MpInstance *instance, JsonObject *object, MpFileThread *thread, GError **error);

/* Finds the assignees' accounts; who has none here is left out. */
bool mp_file_settle_assignees(MpInstance *instance, MpFileThread *thread, GError **error);

/* Adds the events to the thread that was opened; `fallback` (or NULL) stands in for who has no
 * account here. */
bool mp_file_add_events(MpInstance *instance, MpBatch *batch, const MpFileThread *file,
                        guint64 thread, const MpUser *fallback, GError **error);
