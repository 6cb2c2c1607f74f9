/* Extracting the reply, where a gate or a response needs it: by the worker, some mails ahead of us.
 */
#include <string.h>

#include "base/error.h"
#include "inbound/held.h"
#include "inbound/internal.h"
#include "inbound/respond.h"
#include "tracker/share.h"

/* There is nothing of ours that a first mail could quote: where all of it would be cut, as of a
 * mail that somebody sent on, that is what they want to show. */
static void
keep_first_mail(MpDelivery *delivery)
{
    MpExtraction *extraction = delivery->extraction;

    if (extraction == NULL || !delivery->identity.is_opening ||
        extraction->reply[strspn(extraction->reply, " \t\n")] != '\0')
        return;
    g_free(extraction->reply);
    extraction->reply = g_steal_pointer(&extraction->elided);
    extraction->elided = g_strdup("");
}

static bool
take_extraction(MpInbound *inbound, MpDelivery *delivery, GError **error)
{
    g_autoptr(GError) why = NULL;
    MpMessageFault fault = MP_FAULT_NONE;

    if (!delivery->is_awaited)
        return true;
    if (!mp_inbound_is_next(inbound, delivery, error))
        return false;
    delivery->extraction = mp_extraction_receive(inbound->worker, &fault, &why);
    if (delivery->extraction == NULL && fault == MP_FAULT_NONE) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (fault == MP_FAULT_PASSING) {
        mp_inbound_defer(inbound, delivery, why);
        return true;
    }
    keep_first_mail(delivery);
    if (delivery->extraction == NULL) {
        mp_delivery_set_message(delivery, delivery->message, fault, why);
    } else if (!mp_delivery_compose(inbound->instance, delivery, &why)) {
        mp_inbound_defer(inbound, delivery, why);
        return true;
    }
    mp_inbound_decide_one(inbound, delivery);
    return true;
}

static bool
is_needed(const MpDelivery *delivery)
{
    return delivery->extraction == NULL &&
           (delivery->decision.gate == NULL || mp_response_wants_reply(delivery));
}

static GStrv
sent_texts(const MpInbound *inbound, const MpDelivery *delivery, bool *are_guessed, GError **error)
{
    *are_guessed = false;
    return delivery->identity.thread != NULL
               ? mp_delivery_sent_texts(inbound->instance, delivery, are_guessed, error)
               : g_new0(char *, 1);
}

/* Of all that the reply depends on beside the mail. */
static char *
hash_of(const MpDelivery *delivery, const char *const *sent, bool are_guessed)
{
    g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA1);
    bool is_opening = delivery->identity.is_opening;

    for (; *sent != NULL; sent++)
        g_checksum_update(hash, (const guchar *)*sent, (gssize)strlen(*sent) + 1);
    g_checksum_update(hash, (const guchar *)&are_guessed, sizeof are_guessed);
    g_checksum_update(hash, (const guchar *)&is_opening, sizeof is_opening);
    return g_strdup(g_checksum_get_string(hash));
}

/* What was extracted while the tracker lacked comments that the mail may quote, or had others, or
 * while it was no answer, since what it answers was not there yet. A thread that cannot be read is
 * told when its mail is decided. */
static void
forget_stale(const MpInbound *inbound, MpDelivery *delivery)
{
    bool are_guessed;

    if (delivery->is_deferred || delivery->sent == NULL)
        return;
    g_auto(GStrv) sent = sent_texts(inbound, delivery, &are_guessed, NULL);
    g_autofree char *hash =
        sent != NULL ? hash_of(delivery, (const char *const *)sent, are_guessed) : NULL;
    if (g_strcmp0(hash, delivery->sent) == 0)
        return;
    g_clear_pointer(&delivery->sent, g_free);
    g_clear_pointer(&delivery->extraction, mp_extraction_free);
}

/* A thread whose files are damaged stops its own mails only. A mail that is refused is
 * read as well, where its response quotes it. */
static bool
ask_for_extraction(MpInbound *inbound, MpDelivery *delivery, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_auto(GStrv) sent = NULL;
    bool are_guessed;

    if (delivery->is_deferred || !is_needed(delivery))
        return true;
    sent = sent_texts(inbound, delivery, &are_guessed, &why);
    if (sent == NULL) {
        mp_inbound_defer(inbound, delivery, why);
        return true;
    }
    g_free(delivery->sent);
    delivery->sent = hash_of(delivery, (const char *const *)sent, are_guessed);
    if (!mp_extraction_send(inbound->worker, delivery->message, (const char *const *)sent,
                            are_guessed, inbound->wants_lines, error))
        return false;
    mp_inbound_await(inbound, delivery);
    return true;
}

/* Each of these only grows, so that the sum is another once one of them is. */
static guint64
seen_now(const MpInbound *inbound)
{
    return mp_tracker_seen(inbound->instance->tracker) +
           mp_accounts_seen(inbound->instance->accounts) + inbound->n_changes;
}

static void
mark(const MpInbound *inbound, MpDelivery *delivery)
{
    delivery->looked_at = delivery->is_deferred ? 0 : seen_now(inbound);
}

void
mp_inbound_mark_looked_at(const MpInbound *inbound, const GPtrArray *deliveries)
{
    for (guint i = 0; i < deliveries->len; i++)
        mark(inbound, g_ptr_array_index(deliveries, i));
}

void
mp_inbound_forget_looks(const GPtrArray *deliveries)
{
    for (guint i = 0; i < deliveries->len; i++)
        ((MpDelivery *)g_ptr_array_index(deliveries, i))->looked_at = 0;
}

/* All that comes before it as well, so that the worker reads one mail while we look at the next. */
static bool
look_and_ask(MpInbound *inbound, MpDelivery *delivery, GError **error)
{
    if (delivery->looked_at == seen_now(inbound))
        return true;
    mp_inbound_identify(inbound, delivery);
    if (!mp_inbound_find_held_answered(inbound, delivery, error))
        return false;
    forget_stale(inbound, delivery);
    mp_inbound_decide(inbound, delivery);
    return ask_for_extraction(inbound, delivery, error);
}

bool
mp_inbound_take_extractions(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    bool is_unsure = inbound->is_unsure, is_in_doubt = inbound->is_in_doubt, good = true;

    inbound->is_unsure = true;
    for (guint i = 0; good && i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (!delivery->is_awaited || !delivery->is_parsed)
            continue;
        good = take_extraction(inbound, delivery, error);
        delivery->is_awaited = !good;
        if (delivery->is_deferred)
            delivery->looked_at = 0;
    }
    inbound->is_unsure = is_unsure;
    inbound->is_in_doubt = is_in_doubt;
    return good;
}

/* Some were asked about ahead, for what is not so any more; or one that stands before them is to be
 * asked about now, and the worker would answer that after them. */
static bool
are_out_of_order(const MpInbound *inbound, const GPtrArray *deliveries)
{
    bool is_one_new = false;

    for (guint i = 0; i < deliveries->len; i++) {
        const MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        is_one_new |= delivery->looked_at != seen_now(inbound);
        if (is_one_new && delivery->is_awaited)
            return true;
    }
    return false;
}

bool
mp_inbound_look(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    if (are_out_of_order(inbound, deliveries) &&
        !mp_inbound_take_extractions(inbound, deliveries, error))
        return false;
    return mp_inbound_ask_worker(inbound, deliveries, look_and_ask, take_extraction, error);
}

bool
mp_inbound_look_ahead(MpInbound *inbound, MpDelivery *delivery, GError **error)
{
    bool good = look_and_ask(inbound, delivery, error);

    if (good)
        mark(inbound, delivery);
    return good;
}

void
mp_inbound_read_text(MpInbound *inbound, MpDelivery *delivery)
{
    bool are_guessed;

    if (delivery->message == NULL || delivery->extraction != NULL ||
        delivery->fault != MP_FAULT_NONE)
        return;
    g_auto(GStrv) sent = sent_texts(inbound, delivery, &are_guessed, NULL);
    if (mp_extraction_send(inbound->worker, delivery->message, (const char *const *)sent,
                           are_guessed, true, NULL))
        delivery->extraction = mp_extraction_receive(inbound->worker, NULL, NULL);
    keep_first_mail(delivery);
    if (delivery->extraction != NULL)
        (void)mp_delivery_compose(inbound->instance, delivery, NULL);
}
