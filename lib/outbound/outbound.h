/*
 * What is sent: an opened installation, one event's facts, and a pass over what is due. pass.c
 * sends what is due; event.c takes one event from its file to its end; send.c is one message;
 * server.c is what is known of the server.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "instance/instance.h"
#include "notify/notify.h"
#include "outbox/outbox.h"
#include "outbox/server.h"

/* --- notice.c --- */

/* An event's facts from the tracker, and the mail that is made of them. */
typedef struct {
    MpThread *thread;
    MpRepository *repository;
    MpUser *actor;
    MpComment *comment;     /* NULL for closed and reopened */
    GPtrArray *subscribers; /* MpSubscriber, or NULL */
    MpNotification *notification;
} Notice;

void notice_free(Notice *notice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Notice, notice_free)

typedef struct {
    MpEventKind kind;
    guint64 thread;
    guint64 comment; /* opened, comment */
    guint64 actor;   /* 0: the comment's author */
    const char *key; /* closed, reopened */
    gint64 date;     /* closed, reopened */
} NoticeFacts;

/* NULL without error if the thread or the comment is not in the tracker. */
bool
notice_load(const MpInstance *instance, const NoticeFacts *facts, Notice **notice, GError **error);

/* --- pass.c --- */

typedef struct Pass Pass;

/* `is_stopped` is asked before each message: true means to finish what is in flight, and no more.
 * NULL with *error set where it cannot be read what is known of the server. */
Pass *pass_new(const MpInstance *instance, bool (*is_stopped)(void), GError **error);
void pass_free(Pass *pass);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pass, pass_free)

/* Works on everything due now. *next_due is when the next event falls due (G_MAXINT64: none). An
 * event at fault is logged and left out for the life of the Pass; *status (an exit status) keeps
 * the worst. False, with *error set, where no event can be worked on. */
bool pass_run(Pass *pass, gint64 *next_due, int *status, GError **error);
