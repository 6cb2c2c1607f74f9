/* Opening what the way of a mail needs; and leaving a mail where it is. */
#include "base/escape.h"
#include "base/log.h"
#include "inbound/held.h"
#include "inbound/internal.h"

bool
mp_inbound_open(MpInbound *inbound, MpInstance *instance, GError **error)
{
    *inbound = (MpInbound){.instance = instance};
    inbound->left = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    inbound->deferred_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    inbound->ledger = mp_ledger_new(instance->config->data);
    inbound->maildir = mp_maildir_open(instance->config->data, error);
    return inbound->maildir != NULL;
}

void
mp_inbound_expect(MpInbound *inbound, guint mails)
{
    bool many = mails > MP_EXTRACTION_FEW;

    if (inbound->worker != NULL && (inbound->is_worker_for_many || !many))
        return;
    g_clear_pointer(&inbound->worker, mp_worker_free);
    inbound->worker = mp_extraction_worker(mails);
    inbound->is_worker_for_many = many;
    mp_worker_start(inbound->worker);
}

void
mp_inbound_close(MpInbound *inbound)
{
    g_clear_pointer(&inbound->worker, mp_worker_free);
    g_clear_pointer(&inbound->maildir, mp_maildir_free);
    g_clear_pointer(&inbound->ledger, mp_ledger_free);
    g_clear_pointer(&inbound->left, g_hash_table_unref);
    g_clear_pointer(&inbound->deferred_ids, g_hash_table_unref);
    g_clear_pointer(&inbound->held, mp_held_stock_free);
    g_clear_error(&inbound->first_deferral);
}

void
mp_inbound_defer(MpInbound *inbound, MpDelivery *delivery, const GError *why)
{
    g_autofree char *path = mp_escape(delivery->mail->path);

    delivery->is_deferred = true;
    inbound->is_in_doubt |= inbound->is_unsure;
    if (inbound->is_unsure)
        return;
    mp_error("Deferred %s: %s", path, why->message);
    if (inbound->first_deferral == NULL)
        inbound->first_deferral = g_error_copy(why);
}
