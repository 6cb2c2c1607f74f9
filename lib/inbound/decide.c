/* Deciding: each mail of a batch is put to the gates, those before it in the batch counted. */
#include "base/error.h"
#include "inbound/internal.h"
#include "inbound/respond.h"

static void
ask_gates(const MpConfig *config, MpDelivery *delivery)
{
    const MpGateInput input = {
        .config = config,
        .message = delivery->message,
        .fault = delivery->fault,
        .fault_text = delivery->fault_text,
        .identity = &delivery->identity,
        .composed = delivery->extraction != NULL ? &delivery->composed : NULL,
        .refused = delivery->refused,
        .is_rejected = delivery->is_rejected,
    };
    MpDecision *decision = &delivery->decision;

    g_clear_pointer(&decision->why, g_free);
    decision->gate = mp_policy_decide(&input, &decision->why);
    decision->respond_to = decision->gate != NULL ? mp_policy_respond_to(decision->gate, &input)
                                                  : MP_RESPOND_TO_NOBODY;
}

void
mp_inbound_decide_one(MpInbound *inbound, MpDelivery *delivery)
{
    g_autoptr(GError) why = NULL;

    ask_gates(inbound->instance->config, delivery);
    if (!mp_response_plan(inbound->instance, delivery, &why))
        mp_inbound_defer(inbound, delivery, why);
}

static bool
compose(MpInbound *inbound, MpDelivery *delivery)
{
    g_autoptr(GError) why = NULL;

    if (mp_delivery_compose(inbound->instance, delivery, &why))
        return true;
    mp_inbound_defer(inbound, delivery, why);
    return false;
}

void
mp_inbound_decide(MpInbound *inbound, MpDelivery *delivery)
{
    /* of an earlier call: who may give commands may have changed */
    if (!delivery->is_deferred && (delivery->extraction == NULL || compose(inbound, delivery)))
        mp_inbound_decide_one(inbound, delivery);
}

void
mp_inbound_find_batch_duplicates(MpInbound *inbound, const GPtrArray *deliveries)
{
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (delivery->is_deferred || !mp_delivery_acts_once(delivery) ||
            g_hash_table_add(keys, delivery->identity.key))
            continue;
        delivery->identity.is_duplicate = true;
        mp_inbound_decide_one(inbound, delivery);
    }
}

void
mp_inbound_limit_rates(MpInbound *inbound, const GPtrArray *deliveries)
{
    MpInstance *instance = inbound->instance;

    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);
        gint64 when = mp_delivery_received(delivery);

        if (delivery->is_deferred || !mp_delivery_acts_once(delivery))
            continue;
        const MpUser *account = delivery->identity.account;
        guint64 thread = delivery->identity.address.thread; /* 0 of one that is to be opened */
        if (mp_instance_is_over_rate(instance, account->id, account->is_guest, thread, when,
                                     &delivery->identity.over_rate))
            mp_inbound_decide_one(inbound, delivery);
        else
            mp_rate_note(instance->rate, account->id, thread, when);
    }
}
