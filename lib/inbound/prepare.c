/*
 * Preparing: a mail is looked at while something else is waited for: the batch before it, which is
 * being written or pushed, or our turn. That is done on what is known, or will be once that batch
 * has come true. If so, what was found counts; else the mail is looked at again, and of what was
 * found only the reply of the person is kept, where it would be found the same: see forget_stale()
 * in extract.c.
 */
#include "inbound/internal.h"
#include "tracker/share.h"

/* What goes wrong with a mail here is told when it is decided, if it does then. */
static bool
look(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    inbound->is_unsure = true;
    bool good = mp_inbound_look(inbound, deliveries, error);
    inbound->is_unsure = inbound->is_in_doubt = false;
    if (good)
        mp_inbound_mark_looked_at(inbound, deliveries);
    return good;
}

/* Parses and looks at those that were not yet: the others are looked at again anyway. */
static bool
prepare_all(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    g_autoptr(GPtrArray) rest = g_ptr_array_new();

    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (!delivery->is_prepared)
            g_ptr_array_add(rest, delivery);
        delivery->is_prepared = true;
    }
    return mp_inbound_take_answers(inbound, deliveries, error) &&
           mp_inbound_parse(inbound, rest, error) && look(inbound, rest, error);
}

bool
mp_inbound_look_meanwhile(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    if (inbound->tell != NULL || !mp_tracker_is_shared(inbound->instance->tracker))
        return true;
    if (inbound->instance->is_turn_due)
        return prepare_all(inbound, deliveries, error);
    mp_rate_begin(inbound->instance->rate);
    return look(inbound, deliveries, error);
}

/* One whose message was asked for; the others wait for their turn. *is_done: there is none. */
static bool
prepare_one(MpInbound *inbound, MpDelivery *delivery, bool *is_done, GError **error)
{
    bool was_asked;

    if (!mp_inbound_parse_asked(inbound, delivery, &was_asked, error))
        return false;
    *is_done = !was_asked;
    if (*is_done)
        return true;
    delivery->is_prepared = true;
    inbound->is_unsure = true;
    bool good = mp_inbound_look_ahead(inbound, delivery, error);
    inbound->is_unsure = inbound->is_in_doubt = false;
    return good;
}

static MpDelivery *
next_of(const GPtrArray *deliveries)
{
    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (!delivery->is_prepared)
            return delivery;
    }
    return NULL;
}

/* While the batch before is written or pushed. The worker reads what it is asked for here until
 * these are judged. */
static bool
prepare_ahead(gpointer data)
{
    MpInbound *inbound = data;
    MpDelivery *next = inbound->ahead != NULL ? next_of(inbound->ahead) : NULL;
    bool is_done = false;

    if (next == NULL || inbound->why_ahead != NULL || mp_inbound_has_asked_much(inbound))
        return false;
    if (!prepare_one(inbound, next, &is_done, &inbound->why_ahead)) {
        mp_inbound_give_up_asking(inbound, NULL);
        return false;
    }
    mp_worker_drain(inbound->worker);
    return !is_done;
}

void
mp_inbound_prepare_beside(MpInbound *inbound, bool whether)
{
    mp_tracker_work_beside(inbound->instance->tracker, whether ? prepare_ahead : NULL, inbound);
}
