/*
 * Guests that answer everything at once, as ticket systems do. A comment that follows a mail of
 * ours within a minute counts, once, by its KEY: after the batch was committed, or when it is found
 * to be there already, since a run may die in between.
 */
#include "inbound/internal.h"

#include "base/log.h"

#define DAY_S   86400
#define EARLIER 5 /* seconds by which an answer may be older than the record of what it answers */

bool
mp_delivery_find_haste(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    MpIdentity *identity = &delivery->identity;
    gint64 received = mp_delivery_received(delivery);

    if (identity->account == NULL || !identity->account->is_guest || identity->thread == NULL)
        return true;
    return mp_outbox_told_within(instance->outbox, identity->account->id,
                                 received - MP_HASTY_SECONDS, received + EARLIER,
                                 &identity->is_hasty, error);
}

static gint64
day_of(const MpDelivery *delivery)
{
    return mp_delivery_received(delivery) / DAY_S;
}

/* It is a comment, or was one. */
static bool
counts(const MpDelivery *delivery)
{
    const MpIdentity *identity = &delivery->identity;

    return !delivery->is_deferred && identity->is_hasty && delivery->decision.gate != NULL &&
           (identity->is_duplicate || delivery->decision.gate->action == MP_DO_COMMENT) &&
           !mp_user_is_hasty(identity->account, identity->key);
}

void
mp_inbound_limit_loops(MpInbound *inbound, const GPtrArray *deliveries)
{
    g_autoptr(GHashTable) more = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (!counts(delivery))
            continue;
        const MpUser *guest = delivery->identity.account;
        gpointer key = GSIZE_TO_POINTER(guest->id);
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(more, key));
        if (!delivery->identity.is_duplicate &&
            mp_user_count_hasty(guest, day_of(delivery)) + n >= MP_HASTY_MAX) {
            delivery->identity.is_loop = true;
            mp_inbound_decide_one(inbound, delivery);
        } else {
            g_hash_table_insert(more, key, GUINT_TO_POINTER(n + 1));
        }
    }
}

/* Of the guest as it is now: an earlier mail of the batch may have changed it. */
static bool
note(MpInstance *instance, const MpDelivery *delivery, GError **error)
{
    const MpIdentity *identity = &delivery->identity;
    g_autoptr(MpUser) guest = NULL;

    if (!mp_accounts_user(instance->accounts, identity->account->id, &guest, error))
        return false;
    if (guest == NULL || !guest->is_active || mp_user_is_hasty(guest, identity->key))
        return true;
    mp_user_note_hasty(guest, day_of(delivery), identity->key);
    g_autofree char *what = g_strdup_printf(
        guest->is_loop ? "Suspend %s: loop" : "Count an answer of %s at once", guest->login);
    if (!mp_accounts_write(instance->accounts, guest, what, error))
        return false;
    if (guest->is_loop)
        mp_warn("Suspended %s: it answered %d mails within %d seconds each, as a program does",
                guest->login, MP_HASTY_MAX, MP_HASTY_SECONDS);
    return true;
}

void
mp_inbound_count_loops(MpInbound *inbound, const GPtrArray *deliveries)
{
    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);
        g_autoptr(GError) why = NULL;

        if (counts(delivery) && !note(inbound->instance, delivery, &why))
            mp_inbound_defer(inbound, delivery, why);
    }
}
