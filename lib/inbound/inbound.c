/*
 * The way of a mail, from top to bottom; mp_inbound_batch() is the program.
 *
 *   take      mails of new/, opened                              lib/maildir
 *   parse     in the sandboxed worker                            lib/message
 *   identify  the signed address, its account and thread         lib/address, lib/tracker
 *   decide    the gates                                          lib/policy
 *   extract   what the person wrote, in the worker               lib/reply
 *   post      one commit for the batch                           lib/tracker
 *   announce  events, staged before and published after it       lib/outbox
 *   move      to success/ or failure/, with a line in a file     lib/maildir
 *
 * All before `post` only reads. `post` and `announce` are one transaction, which makes comments and
 * events durable; only then are mails moved. Whatever dies in between, the mail is still in new/,
 * and its KEY tells the next run whether it is a comment already.
 */
#include "inbound/inbound.h"

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "inbound/internal.h"
#include "inbound/respond.h"

bool
mp_inbound_open(MpInbound *inbound, MpInstance *instance, GError **error)
{
    *inbound = (MpInbound){.instance = instance};
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
    g_clear_error(&inbound->first_deferral);
}

void
mp_inbound_defer(MpInbound *inbound, MpDelivery *delivery, const GError *why)
{
    g_autofree char *path = mp_escape(delivery->mail->path);

    delivery->is_deferred = true;
    mp_error("Deferred %s: %s", path, why->message);
    if (inbound->first_deferral == NULL)
        inbound->first_deferral = g_error_copy(why);
}

static GPtrArray *
deliveries_of(GPtrArray *mails)
{
    GPtrArray *deliveries = g_ptr_array_new_with_free_func((GDestroyNotify)mp_delivery_free);

    for (guint i = 0; i < mails->len; i++)
        g_ptr_array_add(deliveries, mp_delivery_new(g_ptr_array_index(mails, i)));
    g_ptr_array_set_free_func(mails, NULL); /* the deliveries own them now */
    return deliveries;
}

bool
mp_inbound_judge(MpInbound *inbound, GPtrArray *deliveries, GError **error)
{
    mp_rate_begin(inbound->instance->rate);
    mp_inbound_identify(inbound, deliveries);
    mp_inbound_decide(inbound, deliveries);
    if (!mp_inbound_extract(inbound, deliveries, error))
        return false;
    mp_inbound_find_batch_duplicates(inbound, deliveries);
    mp_inbound_limit_rates(inbound, deliveries);
    return mp_responses_admit(inbound->instance, deliveries, error);
}

static bool
tell(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (!delivery->is_deferred && !inbound->tell(inbound, delivery, error))
            return false; /* what is deferred has been told */
        mp_inbound_count_outcome(inbound, delivery);
    }
    return true;
}

static bool
post_and_announce(MpInbound *inbound, GPtrArray *deliveries, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (mp_inbound_post(inbound, deliveries, true, &why))
        return true;
    if (mp_error_is_refused(why))
        return mp_inbound_bisect(inbound, deliveries, why, error);
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

bool
mp_inbound_batch(MpInbound *inbound, GPtrArray *mails, GError **error)
{
    g_autoptr(GPtrArray) deliveries = deliveries_of(mails);

    if (!mp_inbound_parse(inbound, deliveries, error) ||
        !mp_inbound_judge(inbound, deliveries, error))
        return false;
    if (inbound->tell != NULL)
        return tell(inbound, deliveries, error);
    return post_and_announce(inbound, deliveries, error) &&
           mp_inbound_move(inbound, deliveries, error);
}
