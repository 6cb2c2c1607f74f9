/* Parsing: by the worker, some mails ahead of us, or a batch. */
#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "inbound/internal.h"
#include "worker/sandbox.h"

#define AHEAD_MAX    (8 * 1024 * 1024) /* octets of mails that are read while a batch is posted */
#define ASKED_MAX    32                /* requests ahead of the answer that is awaited */
#define ASKED_OCTETS (8 * 1024 * 1024) /* that they may take, but for one */

/* Reads no more of it than its size: a mail over the limit never reaches the worker. */
static bool
is_over_size(MpInbound *inbound, MpDelivery *delivery)
{
    if (delivery->mail->size <= inbound->instance->config->max_mail_size)
        return false;
    g_free(delivery->fault_text); /* who was asked ahead is asked again */
    delivery->fault = MP_FAULT_TOO_LARGE;
    delivery->fault_text =
        g_strdup_printf("%" G_GINT64_FORMAT " octets, at most %" G_GINT64_FORMAT,
                        delivery->mail->size, inbound->instance->config->max_mail_size);
    return true;
}

/* What is held is read by each run, which is no news. */
static void
log_processing(const MpDelivery *delivery)
{
    if (delivery->mail->place == MP_PLACE_HELD)
        return;
    g_autofree char *id = delivery->message_id != NULL ? mp_escape(delivery->message_id)
                                                       : g_strdup("(no Message-ID)");

    mp_info("metroplex: processing %s", id);
}

static void
tell_sandbox(MpInbound *inbound)
{
    if (inbound->is_sandbox_told)
        return;
    inbound->is_sandbox_told = true;
    if (mp_worker_sandbox(inbound->worker) < MP_SANDBOX_WHOLE)
        mp_warn("The worker's sandbox is not whole here (%#x of %#x): this kernel lacks Landlock "
                "or seccomp",
                mp_worker_sandbox(inbound->worker), MP_SANDBOX_WHOLE);
}

void
mp_inbound_await(const MpInbound *inbound, MpDelivery *delivery)
{
    delivery->is_awaited = true;
    delivery->request = mp_worker_last(inbound->worker);
}

bool
mp_inbound_is_next(const MpInbound *inbound, const MpDelivery *delivery, GError **error)
{
    return delivery->request == mp_worker_next(inbound->worker) ||
           mp_fail(error, MP_ERROR_TEMPORARY, "the worker answers about another mail than this");
}

bool
mp_inbound_has_asked_much(const MpInbound *inbound)
{
    return inbound->worker != NULL && mp_worker_pending_size(inbound->worker) >= ASKED_OCTETS;
}

static bool
take_message(MpInbound *inbound, MpDelivery *delivery, GError **error)
{
    g_autoptr(GError) why = NULL;
    MpMessageFault fault = MP_FAULT_NONE;
    MpMessage *message = NULL;

    if (delivery->is_parsed)
        return true;
    if (!delivery->is_awaited) {
        delivery->is_parsed = true;
        log_processing(delivery);
        return true;
    }
    if (!mp_inbound_is_next(inbound, delivery, error))
        return false;
    message = mp_worker_receive_message(inbound->worker, &fault, &why);
    if (message == NULL && fault == MP_FAULT_NONE) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    delivery->is_parsed = true;
    delivery->is_awaited = false;
    mp_delivery_set_message(delivery, message, fault, why);
    if (fault == MP_FAULT_PASSING)
        mp_inbound_defer(inbound, delivery, why);
    tell_sandbox(inbound);
    log_processing(delivery);
    return true;
}

static bool
take_messages(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (delivery->is_awaited && !delivery->is_parsed && !take_message(inbound, delivery, error))
            return false;
    }
    return true;
}

bool
mp_inbound_take_answers(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    return take_messages(inbound, deliveries, error) &&
           mp_inbound_take_extractions(inbound, deliveries, error);
}

/* Of another batch than the one that is in hand, which is not in doubt for it. */
static bool
take_ahead(MpInbound *inbound, GError **error)
{
    bool is_unsure = inbound->is_unsure, is_in_doubt = inbound->is_in_doubt;

    if (inbound->ahead == NULL)
        return true;
    inbound->is_unsure = false;
    bool good = mp_inbound_take_answers(inbound, inbound->ahead, error);
    inbound->is_unsure = is_unsure;
    inbound->is_in_doubt = is_in_doubt;
    return good;
}

static bool
ask_ahead(MpInbound *inbound, const GPtrArray *deliveries, guint *next, guint at, MpAskWorker ask,
          GError **error)
{
    guint upto = at + ASKED_MAX;

    for (; *next < deliveries->len && *next <= upto; ++*next) {
        if (*next > at && mp_inbound_has_asked_much(inbound))
            break;
        if (!ask(inbound, g_ptr_array_index(deliveries, *next), error))
            return false;
    }
    return true;
}

/* What was found of one whose answer does not come is not all. */
static void
await_nothing(const GPtrArray *deliveries)
{
    for (guint i = 0; deliveries != NULL && i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (delivery->is_awaited)
            delivery->looked_at = 0;
        delivery->is_awaited = false;
    }
}

void
mp_inbound_give_up_asking(MpInbound *inbound, const GPtrArray *deliveries)
{
    if (inbound->worker != NULL)
        mp_worker_drop(inbound->worker);
    await_nothing(deliveries);
    await_nothing(inbound->ahead);
}

static bool
ask_all(MpInbound *inbound, const GPtrArray *deliveries, MpAskWorker ask, MpTakeAnswer take,
        GError **error)
{
    guint next = 0;

    if (!take_ahead(inbound, error)) /* answers come in the order of the requests */
        return false;
    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (!ask_ahead(inbound, deliveries, &next, i, ask, error))
            return false;
        if (!take(inbound, delivery, error))
            return false;
        delivery->is_awaited = false;
    }
    return true;
}

bool
mp_inbound_ask_worker(MpInbound *inbound, const GPtrArray *deliveries, MpAskWorker ask,
                      MpTakeAnswer take, GError **error)
{
    if (ask_all(inbound, deliveries, ask, take, error))
        return true;
    mp_inbound_give_up_asking(inbound, deliveries);
    return false;
}

static bool
ask_for_message(MpInbound *inbound, MpDelivery *delivery, GError **error)
{
    MpLimits limits = mp_instance_limits(inbound->instance);

    if (delivery->is_awaited || delivery->is_parsed || is_over_size(inbound, delivery))
        return true;
    if (!mp_worker_send_parse(inbound->worker, delivery->mail->fd, &limits, error))
        return false;
    mp_inbound_await(inbound, delivery);
    return true;
}

/* Where the worker cannot be asked, for want of descriptors perhaps, these mails are asked for when
 * it is their turn. */
void
mp_inbound_parse_ahead(MpInbound *inbound)
{
    gint64 size = 0;

    for (guint i = 0; i < inbound->ahead->len && size < AHEAD_MAX; i++) {
        MpDelivery *delivery = g_ptr_array_index(inbound->ahead, i);

        if (!ask_for_message(inbound, delivery, NULL))
            return;
        size += delivery->is_awaited ? delivery->mail->size : 0;
    }
}

bool
mp_inbound_parse_asked(MpInbound *inbound, MpDelivery *delivery, bool *was_asked, GError **error)
{
    *was_asked = delivery->is_parsed || delivery->is_awaited || delivery->fault != MP_FAULT_NONE;
    return !*was_asked || take_message(inbound, delivery, error);
}

static bool
are_parsed(const GPtrArray *deliveries)
{
    for (guint i = 0; i < deliveries->len; i++)
        if (!((const MpDelivery *)g_ptr_array_index(deliveries, i))->is_parsed)
            return false;
    return true;
}

/* Those that were asked for ahead, whose replies may be awaited already; then the others. */
bool
mp_inbound_parse(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    if (!take_messages(inbound, deliveries, error))
        return false;
    return are_parsed(deliveries) ||
           (mp_inbound_take_answers(inbound, deliveries, error) &&
            mp_inbound_ask_worker(inbound, deliveries, ask_for_message, take_message, error));
}
