/* Opening what the way of a mail needs; and leaving a mail where it is. */
#include <sys/resource.h>

#include "base/escape.h"
#include "base/log.h"
#include "inbound/held.h"
#include "inbound/internal.h"

#define OTHER_FILES 256 /* packs, locks, sockets, and what the worker reads */

/* Each mail of a batch is an open file, and so is each of the next one, twice while the worker is
 * to read it. Where that may not be, taking a mail says so. */
static void
raise_open_files(const MpConfig *config)
{
    rlim_t wanted = OTHER_FILES + 3 * MAX((rlim_t)config->batch, MP_CROWDED_MAX);
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = MIN(wanted, limit.rlim_max);
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

bool
mp_inbound_open(MpInbound *inbound, MpInstance *instance, GError **error)
{
    *inbound = (MpInbound){.instance = instance};
    inbound->left = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    inbound->deferred_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    inbound->ledger = mp_ledger_new(instance->config->data);
    raise_open_files(instance->config);
    inbound->maildir = mp_maildir_open(instance->config->data, error);
    return inbound->maildir != NULL;
}

void
mp_inbound_expect(MpInbound *inbound, guint mails)
{
    bool many = mails > MP_EXTRACTION_FEW;

    /* answers that nobody waits for any more, since what asked for them failed */
    if (inbound->worker != NULL && inbound->ahead == NULL && mp_worker_pending(inbound->worker) > 0)
        g_clear_pointer(&inbound->worker, mp_worker_free);
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
    g_clear_pointer(&inbound->ahead, g_ptr_array_unref);
    g_clear_pointer(&inbound->worker, mp_worker_free);
    g_clear_pointer(&inbound->maildir, mp_maildir_free);
    g_clear_pointer(&inbound->ledger, mp_ledger_free);
    g_clear_pointer(&inbound->left, g_hash_table_unref);
    g_clear_pointer(&inbound->deferred_ids, g_hash_table_unref);
    g_clear_pointer(&inbound->held, mp_held_stock_free);
    g_clear_error(&inbound->first_deferral);
    g_clear_error(&inbound->why_ahead);
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
