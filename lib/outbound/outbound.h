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

/* Works on everything due now. *next_due is when the next event falls due (G_MAXINT64: none). An
 * event at fault is logged and left out for the life of the MpOutbound; *status (an exit status)
 * keeps the worst. False, with *error set, where no event can be worked on. */
bool mp_outbound_pass(MpOutbound *outbound, gint64 *next_due, int *status, GError **error);
