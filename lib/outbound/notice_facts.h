/* One event's facts, read from the tracker, and the mail that is made of them. */
#pragma once

#include "instance/instance.h"
#include "notify/notify.h"
#include "outbox/outbox.h"

/* An event's facts from the tracker, and the mail that is made of them. */
typedef struct {
    MpThread *thread;
    MpRepository *repository;
    MpUser *actor;
    MpComment *comment;     /* NULL for what became of the thread; */
    MpThreadEvent *event;   /* then this is it */
    MpChanges *changes;     /* of a pull request that was opened, or NULL */
    GPtrArray *subscribers; /* MpSubscriber, or NULL */
    const MpInstance *instance;
    MpNotificationSource source; /* of the instance and this */
    GHashTable *called; /* who is mentioned in the comment, or NULL: sets of users' ids as */
    GHashTable *muted;  /* mp_notification_muted() makes them; who is called is not in this */
    MpNotification *notification;
} MpNotice;

void mp_notice_free(MpNotice *notice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpNotice, mp_notice_free)

/* Whether what it tells has been taken away since. */
bool mp_notice_is_redacted(const MpNotice *notice);

typedef struct {
    MpEventKind kind;
    guint64 thread;
    guint64 comment; /* opened, comment */
    guint64 actor;   /* 0: the comment's author */
    const char *key; /* what became of the thread */
    gint64 date;     /* likewise */
} MpNoticeFacts;

/* NULL without error if the thread or the comment is not in the tracker. */
bool mp_notice_load(const MpInstance *instance, const MpNoticeFacts *facts, MpNotice **notice,
                    GError **error);
