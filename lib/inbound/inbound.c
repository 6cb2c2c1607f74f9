/*
 * The way of a mail: mp_inbound_pass() at the end takes batches of mails, mp_inbound_batch() is
 * what is done with one, step by step.
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

#include "base/directory.h"
#include "base/error.h"
#include "base/signal.h"
#include "inbound/held.h"
#include "inbound/internal.h"
#include "inbound/respond.h"
#include "instance/transaction.h"
#include "tracker/share.h"

GPtrArray *
mp_inbound_deliveries(const MpInbound *inbound, GPtrArray *mails)
{
    GPtrArray *deliveries = g_ptr_array_new_with_free_func((GDestroyNotify)mp_delivery_free);

    for (guint i = 0; i < mails->len; i++) {
        MpDelivery *delivery = mp_delivery_new(g_ptr_array_index(mails, i));

        delivery->is_rejected = inbound->rejects;
        g_ptr_array_add(deliveries, delivery);
    }
    g_ptr_array_set_free_func(mails, NULL); /* the deliveries own them now */
    return deliveries;
}

static bool
judge(MpInbound *inbound, GPtrArray *deliveries, GError **error)
{
    mp_rate_begin(inbound->instance->rate);
    if (!mp_inbound_look(inbound, deliveries, error))
        return false;
    mp_inbound_forget_looks(deliveries);
    mp_inbound_find_batch_duplicates(inbound, deliveries);
    mp_inbound_limit_loops(inbound, deliveries);
    mp_inbound_limit_rates(inbound, deliveries);
    return mp_inbound_limit_held(inbound, deliveries, error) &&
           mp_responses_admit(inbound->instance, deliveries, error);
}

/* What is damaged in a tracker that may be old may have been mended at another host. */
bool
mp_inbound_judge(MpInbound *inbound, GPtrArray *deliveries, GError **error)
{
    MpInstance *instance = inbound->instance;

    inbound->is_in_doubt = false;
    inbound->is_unsure = inbound->tell == NULL && !mp_instance_is_sure(instance);
    bool good = judge(inbound, deliveries, error);
    inbound->is_unsure = false;
    if (!good || !inbound->is_in_doubt)
        return good;
    return mp_transaction_catch_up(instance, error) && judge(inbound, deliveries, error);
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

/* The accounts are here, or their server was asked; and where others were faster lately, the turn,
 * and what they did. */
static bool
be_ready(MpInbound *inbound, GError **error)
{
    MpInstance *instance = inbound->instance;
    bool is_old;

    if (!mp_instance_be_ready(instance, &is_old, error))
        return false;
    return !is_old || mp_transaction_catch_up(instance, error);
}

/* The mails of one listing of new/. */
typedef struct {
    const GPtrArray *names;
    guint next;
    bool has_found;
} Stock;

static bool
take_next(MpInbound *inbound, Stock *stock, GError **error)
{
    while (inbound->ahead == NULL && stock->next < stock->names->len && !mp_is_stopped()) {
        g_autoptr(GPtrArray) mails =
            mp_inbound_take(inbound, mp_maildir_take, stock->names, &stock->next, error);

        if (mails == NULL)
            return false;
        if (mails->len > 0)
            inbound->ahead = mp_inbound_deliveries(inbound, mails);
    }
    if (inbound->ahead != NULL)
        mp_inbound_parse_ahead(inbound);
    return true;
}

/* Takes the next mails that there are, and has the worker begin with them. Where that fails, the
 * batch that is in hand is none the worse for it. */
static void
look_ahead(MpInbound *inbound, Stock *stock)
{
    if (inbound->ahead == NULL && inbound->why_ahead == NULL)
        (void)take_next(inbound, stock, &inbound->why_ahead);
}

/* As many as these, or nearly. */
static bool
has_much_more(const MpInbound *inbound, const GPtrArray *deliveries)
{
    return inbound->ahead != NULL && inbound->why_ahead == NULL && !mp_is_stopped() &&
           inbound->ahead->len > deliveries->len / 2;
}

/* Writing and pushing leave time for the next batch. */
static bool
post_beside(MpInbound *inbound, GPtrArray *deliveries, GError **error)
{
    mp_inbound_prepare_beside(inbound, true);
    bool good = post_and_announce(inbound, deliveries, error);
    mp_inbound_prepare_beside(inbound, false);
    return good;
}

/* What the next mails were looked at on was not just this: a mail was left out, which counted
 * against an hour, or somebody was answered. */
static void
note_changes(MpInbound *inbound, const GPtrArray *deliveries)
{
    for (guint i = 0; i < deliveries->len; i++) {
        const MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        inbound->n_changes += delivery->is_deferred || delivery->identity.is_duplicate ||
                              delivery->decision.response != NULL;
    }
}

/* Posts a batch, while the worker begins with the next one. */
static bool
batch(MpInbound *inbound, GPtrArray *first, Stock *stock, GError **error)
{
    g_autoptr(GPtrArray) deliveries = first;

    if (!mp_inbound_parse(inbound, deliveries, error) ||
        !mp_inbound_look_meanwhile(inbound, deliveries, error) || !be_ready(inbound, error))
        return false;
    while (deliveries->len > 0) {
        if (!mp_inbound_judge(inbound, deliveries, error))
            return false;
        if (inbound->tell != NULL)
            return tell(inbound, deliveries, error);
        g_autoptr(GPtrArray) later = mp_inbound_put_off_answers(inbound, deliveries);
        if (stock != NULL && later->len == 0)
            look_ahead(inbound, stock);
        mp_tracker_keep_turn(inbound->instance->tracker, has_much_more(inbound, deliveries));
        if (!post_beside(inbound, deliveries, error))
            return false;
        note_changes(inbound, deliveries);
        if (!mp_inbound_move(inbound, deliveries, error))
            return false;
        mp_inbound_wait_with_deferred(inbound, deliveries, later);
        g_ptr_array_unref(deliveries);
        deliveries = g_steal_pointer(&later);
    }
    return true;
}

bool
mp_inbound_batch(MpInbound *inbound, GPtrArray *mails, GError **error)
{
    return batch(inbound, mp_inbound_deliveries(inbound, mails), NULL, error);
}

/* Begins with the work of a run that died. Whoever only tells reads what is here, takes no lock and
 * asks no remote. */
static bool
lock_and_recover(MpInbound *inbound, bool has_mail, GError **error)
{
    MpInstance *instance = inbound->instance;

    if (inbound->tell != NULL)
        return mp_instance_refresh(instance, error);
    return (has_mail ? mp_instance_lock_known(instance, error)
                     : mp_instance_lock(instance, error)) &&
           mp_transaction_recover(instance, error);
}

/* Without a mail, whose push brings it, what is new at other hosts is fetched for those who read.
 */
bool
mp_inbound_recover(MpInbound *inbound, GError **error)
{
    bool has_mail;
    bool good =
        mp_directory_has(mp_maildir_new_path(inbound->maildir), NULL, NULL, &has_mail, error) &&
        lock_and_recover(inbound, has_mail, error);

    g_clear_pointer(&inbound->instance->lock, mp_lock_release);
    return good;
}

/* What is held mostly goes on waiting, which no push proves. */
static bool
pushes_most(const GPtrArray *deliveries)
{
    const MpDelivery *first = deliveries->len > 0 ? g_ptr_array_index(deliveries, 0) : NULL;

    return first == NULL || first->mail->place != MP_PLACE_HELD;
}

/* What is held, and what its senders were asked, a command may change while nobody has the lock. */
static void
forget_looks_at_held(MpInbound *inbound, const GPtrArray *deliveries)
{
    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (delivery->identity.confirms != NULL || delivery->identity.answers_held)
            delivery->looked_at = 0;
        if (delivery->identity.answers_held)
            g_clear_pointer(&inbound->held, mp_held_stock_free);
    }
}

static bool
locked_batch(MpInbound *inbound, GPtrArray *deliveries, Stock *stock, GError **error)
{
    MpInstance *instance = inbound->instance;
    bool is_news = pushes_most(deliveries);

    forget_looks_at_held(inbound, deliveries);
    bool good = lock_and_recover(inbound, is_news, error) &&
                (inbound->tell != NULL || !is_news || mp_instance_get_ready(instance, error)) &&
                batch(inbound, g_ptr_array_ref(deliveries), stock, error);

    if (instance->is_open) {
        mp_accounts_fetch_drop(instance->accounts);
        mp_tracker_expect_no_push(instance->tracker);
        if (!good)
            mp_tracker_keep_turn(instance->tracker, false);
        mp_tracker_leave_turn(instance->tracker);
    }
    g_clear_pointer(&instance->lock, mp_lock_release);
    return good;
}

bool
mp_inbound_locked_batch(MpInbound *inbound, GPtrArray *mails, GError **error)
{
    g_autoptr(GPtrArray) deliveries = mp_inbound_deliveries(inbound, mails);

    mp_inbound_expect(inbound, deliveries->len);
    return locked_batch(inbound, deliveries, NULL, error);
}

static bool
take_all(MpInbound *inbound, Stock *stock, GError **error)
{
    mp_inbound_expect(inbound, stock->names->len); /* all that are ahead are read by one worker */
    while (!mp_is_stopped()) {
        look_ahead(inbound, stock);
        if (inbound->why_ahead != NULL) {
            g_propagate_error(error, g_steal_pointer(&inbound->why_ahead));
            return false;
        }
        if (inbound->ahead == NULL)
            break;
        g_autoptr(GPtrArray) deliveries = g_steal_pointer(&inbound->ahead);
        stock->has_found = true;
        if (!locked_batch(inbound, deliveries, stock, error))
            return false;
        if (inbound->pause != NULL)
            inbound->pause(inbound->pause_data);
    }
    return true;
}

bool
mp_inbound_pass(MpInbound *inbound, bool *found, GError **error)
{
    g_autoptr(GPtrArray) names = mp_maildir_list(inbound->maildir, G_MAXUINT, error);
    Stock stock = {.names = names};
    bool good = names != NULL && (names->len == 0 || take_all(inbound, &stock, error));
    bool has_confirmed = inbound->has_confirmed;

    if (inbound->instance->is_open) { /* a signal came while we had it */
        mp_tracker_keep_turn(inbound->instance->tracker, false);
        mp_tracker_leave_turn(inbound->instance->tracker);
    }
    g_clear_pointer(&inbound->ahead, g_ptr_array_unref); /* stay in new/ */
    g_clear_error(&inbound->why_ahead);
    *found = stock.has_found;
    inbound->has_confirmed = false;
    return good && (!has_confirmed || mp_inbound_pass_held(inbound, error));
}
