/*
 * Sending what is due: one pass over the outbox after another, by whoever has its lock.
 * notice_facts.h is for those who only want to see a message.
 */
#pragma once

#include "instance/instance.h"

typedef struct MpOutbound MpOutbound;

/* `is_stopped` is asked before each message: true means to finish what is in flight, and no more.
 * NULL with *error set where it cannot be read what is known of the server. */
MpOutbound *mp_outbound_new(const MpInstance *instance, bool (*is_stopped)(void), GError **error);
void mp_outbound_free(MpOutbound *outbound);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpOutbound, mp_outbound_free)

/* What it has done so far: outcomes by their kind, and all of them; `due` grows as events are
 * begun. */
typedef struct {
    guint due, done, sent, deferred, failed, dropped;
} MpOutboundCounts;

MpOutboundCounts mp_outbound_counts(MpOutbound *outbound);

/* Calls `watch` after each outcome: in any thread, but one call at a time. */
typedef void (*MpOutboundWatch)(const MpOutboundCounts *counts, gpointer user_data);
void mp_outbound_watch(MpOutbound *outbound, MpOutboundWatch watch, gpointer user_data);

/* From now on no more than so many messages are begun; and whether they are. */
void mp_outbound_limit(MpOutbound *outbound, guint messages);
bool mp_outbound_is_spent(MpOutbound *outbound);

/* Works on everything due now. *next_due is when the next event falls due (G_MAXINT64: none). An
 * event at fault is logged and left out for the life of the MpOutbound; *status (an exit status)
 * keeps the worst. False, with *error set, where no event can be worked on. */
bool mp_outbound_pass(MpOutbound *outbound, gint64 *next_due, int *status, GError **error);

/* What a pass would do with one recipient. */
typedef struct {
    const MpEvent *event;
    const MpComment *comment; /* that it tells of, or NULL */
    guint64 user;
    const char *login;   /* or NULL */
    const char *address; /* where the message goes; NULL: nowhere, */
    const char *dropped; /* and why */
    const char *reason;
    bool is_in_digest;
    bool is_more; /* of a digest that was told of before: no message of its own */
} MpRehearsed;

typedef void (*MpRehearse)(const MpRehearsed *rehearsed, gpointer user_data);

/* Tells what a pass would send now, in its order, `limit` messages at most. Nothing is changed,
 * locked or sent: a copy that cannot be written to is enough. */
bool mp_outbound_rehearse(const MpInstance *instance, guint limit, MpRehearse tell,
                          gpointer user_data, GError **error);
