/*
 * What is sent: an opened installation, one event's facts, and a pass over what is due. pass.c
 * sends what is due; event.c takes one event from its file to its end; send.c is one message;
 * server.c is what is known of the server.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "address/address.h"
#include "base/config.h"
#include "base/lock.h"
#include "cli/command.h"
#include "notify/notify.h"
#include "outbox/outbox.h"
#include "outbox/server.h"
#include "tracker/tracker.h"

/* --- installation.c --- */

typedef struct {
    MpConfig *config;
    MpOutbox *outbox;
    MpTracker *tracker;
    MpAccounts *accounts;
    MpKeyRing *ring;
    MpServer *server; /* for commands that show it; a pass has its own */
    MpLock *lock;
} Installation;

void installation_clear(Installation *installation);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Installation, installation_clear)

/* The configuration; the process becomes the owner of its data directory. */
bool installation_load(Installation *installation, const MpOptions *options, GError **error);

bool installation_open_log(Installation *installation, GError **error);
bool installation_open_outbox(Installation *installation, GError **error);
bool installation_open_tracker(Installation *installation, GError **error); /* accounts as well */
bool installation_open_keys(Installation *installation, GError **error);

/* MP_LOCK_TRY: false without error if another notifier has the outbox. */
bool installation_lock(Installation *installation, MpLockMode mode, GError **error);

gint64 now_seconds(void);

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
Notice *notice_load(const Installation *installation, const NoticeFacts *facts, GError **error);

/* --- pass.c --- */

typedef struct Pass Pass;

/* `is_stopped` is asked before each message: true means to finish what is in flight, and no more.
 * NULL with *error set where it cannot be read what is known of the server. */
Pass *pass_new(const Installation *installation, bool (*is_stopped)(void), GError **error);
void pass_free(Pass *pass);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pass, pass_free)

/* Works on everything due now. *next_due is when the next event falls due (G_MAXINT64: none). An
 * event at fault is logged and left out for the life of the Pass; *status (an exit status) keeps
 * the worst. False, with *error set, where no event can be worked on. */
bool pass_run(Pass *pass, gint64 *next_due, int *status, GError **error);
