/*
 * Messages over one session, one after the other: what the threads of the pool do. The next message
 * is rendered before one is sent, so that its envelope can go out with the end of that one; the
 * rest of it leaves when the outcome of that one is recorded. So what is stopped at any moment has
 * at most one message under way for each connection.
 */
#include "outbound/internal.h"

/* False: it is done with for now, and none of ours any more. */
static bool
begin(MpDispatch *m, const MpDispatch *current)
{
    MpAdmission admission = MP_PUT_OFF;

    if (!mp_turn_has_come(m))
        return false;
    if (mp_dispatch_prepare(m)) {
        admission = mp_destination_admit(m, current);
        if (admission == MP_PUT_OFF)
            mp_dispatch_record(m);
    }
    if (admission == MP_PUT_OFF)
        mp_dispatch_free(m);
    return admission == MP_ADMITTED;
}

/* A message that no other thread has time for, ready to go; NULL where there is none. */
static MpDispatch *
take_next(MpOutbound *outbound, const MpDispatch *current)
{
    MpDispatch *next;

    if (mp_outbound_is_on_trial(outbound)) /* what follows depends on the one that is tried */
        return NULL;
    do {
        next = mp_destination_next(current);
        if (next == NULL)
            next = mp_pool_take(outbound->pool);
    } while (next != NULL && !begin(next, current));
    return next;
}

static void
give_back(MpOutbound *outbound, MpSmtp *smtp)
{
    if (smtp == NULL)
        return;
    mp_smtp_retract(smtp);
    g_async_queue_push_front(outbound->sessions, smtp); /* the last used is used next */
}

static MpSendResult
judge(const MpDispatch *m, MpSmtp *smtp, MpSendResult result)
{
    const MpAttempted attempted = {.mail = m->mail,
                                   .thread = mp_event_file_event(m->announcement->file)->thread,
                                   .result = result,
                                   .code = m->attempt.code,
                                   .reply = m->reply};

    mp_destination_note(m, result, mp_smtp_cause(smtp) == MP_CAUSE_SILENCE);
    if (result == MP_REFUSED && m->recipient->user != 0 && mp_smtp_is_bounce(smtp))
        mp_outbound_note_bounce(m->announcement->outbound, m->recipient->user, m->mail);
    return mp_outbound_judge(m->announcement->outbound, smtp, &attempted);
}

/* *smtp is the session at hand, NULL for none, and afterwards the one to go on with. */
static MpSendResult
deliver(MpDispatch *m, const MpDispatch *next, MpSmtp **smtp)
{
    MpOutbound *outbound = m->announcement->outbound;
    MpSendResult result;

    do {
        if (*smtp == NULL)
            *smtp = g_async_queue_pop(outbound->sessions);
        if (!mp_dispatch_is_wanted(m)) {
            mp_smtp_retract(*smtp); /* its envelope may have gone along with the one before */
            return MP_UNAVAILABLE;
        }
        if (next != NULL && next->mail != NULL)
            mp_smtp_expect(*smtp, next->mail->sender, next->mail->recipient, next->mail->text,
                           next->mail->length);
        g_clear_pointer(&m->reply, g_free);
        result = mp_smtp_send(*smtp, m->mail->sender, m->mail->recipient, m->mail->text,
                              m->mail->length, &m->reply, &m->attempt.code);
        if (result < MP_UNAVAILABLE)
            return judge(m, *smtp, result);
    } while (
        mp_outbound_retire(outbound, g_steal_pointer(smtp), result, m->attempt.code, m->reply));
    return result;
}

/* A message that was not sent waits with all others, and nothing is recorded. */
static void
carry(MpDispatch *m, const MpDispatch *next, MpSmtp **smtp)
{
    MpOutbound *outbound = m->announcement->outbound;

    if (m->mail != NULL && !mp_destination_is_put_off(m)) {
        if (!mp_outbound_may_send(outbound, m->mail->recipient))
            return;
        m->begun = g_get_monotonic_time();
        MpSendResult result = deliver(m, next, smtp);
        mp_outbound_was_tried(outbound);
        if (result >= MP_UNAVAILABLE)
            return;
        mp_dispatch_judge(m, result);
    }
    mp_dispatch_record(m);
}

void
mp_outbound_carry(gpointer task)
{
    MpDispatch *message = task, *next;
    MpOutbound *outbound = message->announcement->outbound;
    MpSmtp *smtp = NULL;

    if (!begin(message, NULL))
        return;
    for (; message != NULL; message = next) {
        next = take_next(outbound, message);
        carry(message, next, &smtp);
        if (next == NULL)
            give_back(outbound, g_steal_pointer(&smtp)); /* before the pass can be over */
        mp_destination_hand_over(message, next);
        mp_dispatch_free(message);
    }
}
