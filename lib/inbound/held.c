/* Held mail; see held.h. */
#include "inbound/held.h"

#include <string.h>

#include "base/domain.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/signal.h"
#include "inbound/answered.h"
#include "inbound/held_list.h"
#include "inbound/internal.h"
#include "inbound/question.h"
#include "instance/transaction.h"
#include "message/parse.h"

/* --- How much ----------------------------------------------------------------------------------
 */

struct MpHeldStock {
    GHashTable *domains;     /* char * to how many, as a pointer's value */
    GHashTable *message_ids; /* char * */
    guint mails;
    gint64 octets;
};

void
mp_held_stock_free(MpHeldStock *stock)
{
    if (stock == NULL)
        return;
    g_hash_table_unref(stock->domains);
    g_hash_table_unref(stock->message_ids);
    g_free(stock);
}

static MpHeldStock *
stock_new(void)
{
    MpHeldStock *stock = g_new0(MpHeldStock, 1);

    stock->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    stock->message_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return stock;
}

/* The domain of the first author, as somebody registered it; "" where there is none. */
static char *
domain_of(const MpMessage *message)
{
    const char *from =
        message != NULL && message->from->len > 0 ? g_ptr_array_index(message->from, 0) : "";
    const char *at = strrchr(from, '@');

    g_autofree char *folded = mp_domain_fold(at != NULL ? at + 1 : "");
    return g_strdup(mp_domain_registered(folded));
}

static void
stock_add(MpHeldStock *stock, const MpMessage *message, gint64 size)
{
    char *domain = domain_of(message);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(stock->domains, domain));

    g_hash_table_insert(stock->domains, domain, GUINT_TO_POINTER(n + 1));
    if (message != NULL && message->message_id != NULL)
        g_hash_table_add(stock->message_ids, g_strdup(message->message_id));
    stock->mails++;
    stock->octets += size;
}

/* Whatever cannot be read counts as of no domain. */
static bool
stock_add_file(const MpInbound *inbound, MpWorker *worker, MpHeldStock *stock, const char *name,
               GError **error)
{
    const MpLimits limits = mp_instance_limits(inbound->instance);
    g_autoptr(MpMail) mail = mp_maildir_take_held(inbound->maildir, name, error);
    g_autoptr(MpMessage) message = NULL;
    g_autoptr(GError) why = NULL;
    MpMessageFault fault;

    if (mail == NULL)
        return error == NULL || *error == NULL;
    if (mail->size <= inbound->instance->config->max_mail_size)
        message = mp_worker_parse(worker, mail->fd, &limits, &fault, &why);
    stock_add(stock, message, mail->size);
    return true;
}

static MpHeldStock *
stock_of(MpInbound *inbound, GError **error)
{
    g_autoptr(GPtrArray) names =
        inbound->held == NULL ? mp_maildir_list_held(inbound->maildir, error) : NULL;

    if (inbound->held != NULL)
        return inbound->held;
    if (names == NULL)
        return NULL;
    /* the answers of one that is at work are of other mails */
    g_autoptr(MpWorker) own = mp_worker_pending(inbound->worker) > 0 && names->len > 0
                                  ? mp_extraction_worker(names->len)
                                  : NULL;
    MpWorker *worker = own != NULL ? own : inbound->worker;
    MpHeldStock *stock = stock_new();
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(GError) why = NULL;

        if (!stock_add_file(inbound, worker, stock, g_ptr_array_index(names, i), &why)) {
            g_propagate_error(error, g_steal_pointer(&why));
            mp_held_stock_free(stock);
            return NULL;
        }
    }
    return inbound->held = stock;
}

/* --- What answers held mail ---------------------------------------------------------------------
 */

static bool
answers_any(const MpHeldStock *stock, const MpMessage *message)
{
    for (guint i = 0; i < message->in_reply_to->len; i++) {
        const char *id = g_ptr_array_index(message->in_reply_to, i);

        if (g_strcmp0(id, message->message_id) != 0 &&
            g_hash_table_contains(stock->message_ids, id))
            return true;
    }
    return false;
}

bool
mp_inbound_find_held_answered(MpInbound *inbound, MpDelivery *delivery, GError **error)
{
    g_autoptr(GError) why = NULL;
    bool may = false;

    if (delivery->is_deferred)
        return true;
    if (!mp_delivery_may_wait(inbound->instance, delivery, &may, &why))
        mp_inbound_defer(inbound, delivery, why);
    if (!may)
        return true;
    const MpHeldStock *stock = stock_of(inbound, error);
    if (stock == NULL)
        return false;
    mp_delivery_wait(inbound->instance, delivery, answers_any(stock, delivery->message));
    return true;
}

/* --- Limits -------------------------------------------------------------------------------------
 */

static const char *
over_limit(const MpHeldStock *stock, const MpHeldStock *more, const MpDelivery *delivery)
{
    g_autofree char *domain = domain_of(delivery->message);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(stock->domains, domain)) +
              GPOINTER_TO_UINT(g_hash_table_lookup(more->domains, domain));

    if (n >= MP_HELD_DOMAIN)
        return "as many mails of the sender's domain are held as may be";
    if (stock->mails + more->mails >= MP_HELD_MAILS)
        return "as many mails are held as may be";
    if (stock->octets + more->octets + delivery->mail->size > MP_HELD_OCTETS)
        return "as many octets of mail are held as may be";
    return NULL;
}

static bool
is_to_be_held(const MpDelivery *delivery)
{
    return !delivery->is_deferred && delivery->decision.gate != NULL &&
           delivery->decision.gate->outcome == MP_OUTCOME_HELD &&
           delivery->mail->place != MP_PLACE_HELD;
}

bool
mp_inbound_limit_held(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    MpHeldStock *more = stock_new(), *stock = NULL;
    bool good = true;

    for (guint i = 0; good && i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (!is_to_be_held(delivery))
            continue;
        stock = stock_of(inbound, error);
        good = stock != NULL;
        delivery->identity.over_held = good ? over_limit(stock, more, delivery) : NULL;
        if (delivery->identity.over_held != NULL)
            mp_inbound_decide_one(inbound, delivery);
        else if (good)
            stock_add(more, delivery->message, delivery->mail->size);
    }
    mp_held_stock_free(more);
    return good;
}

void
mp_inbound_note_held(MpInbound *inbound, const MpDelivery *delivery)
{
    bool is_held = delivery->decision.gate->outcome == MP_OUTCOME_HELD;

    inbound->n_changes += is_held || delivery->mail->place == MP_PLACE_HELD;
    if (inbound->held == NULL)
        return;
    if (is_held)
        stock_add(inbound->held, delivery->message, delivery->mail->size);
    else if (delivery->mail->place == MP_PLACE_HELD) /* counted anew when it is asked for */
        g_clear_pointer(&inbound->held, mp_held_stock_free);
}

/* --- Each run ----------------------------------------------------------------------------------
 */

static bool
decide_all(MpInbound *inbound, const GPtrArray *names, GError **error)
{
    guint next = 0;

    while (next < names->len && !mp_is_stopped()) {
        g_autoptr(GPtrArray) mails =
            mp_inbound_take(inbound, mp_maildir_take_held, names, &next, error);

        if (mails == NULL || (mails->len > 0 && !mp_inbound_locked_batch(inbound, mails, error)))
            return false;
    }
    return true;
}

bool
mp_inbound_pass_held(MpInbound *inbound, GError **error)
{
    g_autoptr(GPtrArray) names =
        inbound->tell == NULL ? mp_maildir_list_held(inbound->maildir, error) : NULL;

    if (names == NULL || names->len == 0)
        return names != NULL || inbound->tell != NULL;
    inbound->waiting = g_ptr_array_new_with_free_func((GDestroyNotify)mp_waiting_free);
    bool good = decide_all(inbound, names, error) &&
                mp_inbound_tell_waiting(inbound, inbound->waiting, error);
    g_clear_pointer(&inbound->waiting, g_ptr_array_unref);
    return good;
}

/* --- An administrator's word -------------------------------------------------------------------
 */

/* A batch of the one mail. */
static GPtrArray *
take_one(MpInbound *inbound, const char *name, GError **error)
{
    g_autoptr(GPtrArray) mails = g_ptr_array_new_with_free_func((GDestroyNotify)mp_mail_free);
    g_autoptr(GError) why = NULL;
    MpMail *mail = mp_maildir_take_held(inbound->maildir, name, &why);

    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return NULL;
    }
    if (mail == NULL) {
        g_autofree char *shown = mp_escape(name);
        return mp_fail_null(error, MP_ERROR_INPUT, "no such file in held/: %s", shown);
    }
    g_ptr_array_add(mails, mail);
    return g_steal_pointer(&mails);
}

/* A gate may yet be in its way; but there is somebody whose it can be. */
static bool
is_accepted(const MpDelivery *delivery)
{
    const MpIdentity *identity = &delivery->identity;

    return (identity->is_opening || identity->is_answer) &&
           (identity->account != NULL || mp_policy_is_to_be_confirmed(identity)) &&
           strcmp(delivery->decision.gate != NULL ? delivery->decision.gate->reason : "",
                  "unknown-sender") != 0;
}

static bool
confirm(MpInbound *inbound, const char *name, GError **error)
{
    g_autoptr(GPtrArray) mails = take_one(inbound, name, error);
    g_autoptr(GPtrArray) deliveries = mails != NULL ? mp_inbound_deliveries(inbound, mails) : NULL;

    if (deliveries == NULL || !mp_inbound_parse(inbound, deliveries, error) ||
        !mp_inbound_judge(inbound, deliveries, error))
        return false;
    const MpDelivery *delivery = g_ptr_array_index(deliveries, 0);
    const MpIdentity *identity = &delivery->identity;
    g_autofree char *shown = mp_escape(name);
    if (delivery->is_deferred) {
        g_propagate_error(error, g_error_copy(inbound->first_deferral));
        return false;
    }
    if (identity->answers_held) /* once that is a thread, this has another KEY */
        return mp_fail(error, MP_ERROR_INPUT,
                       "%s answers a mail that is held: accept or reject that one first", shown);
    if (!is_accepted(delivery))
        return mp_fail(error, MP_ERROR_INPUT,
                       "%s is no first mail of somebody who may write one: metroplex explain says "
                       "what it is",
                       shown);
    return mp_question_accept(inbound->instance, delivery, error);
}

bool
mp_inbound_accept_held(MpInbound *inbound, const char *name, GError **error)
{
    MpInstance *instance = inbound->instance;
    g_autoptr(GPtrArray) mails = NULL;

    mp_inbound_expect(inbound, 1);
    bool good = mp_instance_lock(instance, error) && mp_transaction_recover(instance, error) &&
                confirm(inbound, name, error) && (mails = take_one(inbound, name, error)) != NULL &&
                mp_inbound_batch(inbound, mails, error);
    g_clear_pointer(&instance->lock, mp_lock_release);
    return good;
}

bool
mp_inbound_reject_held(MpInbound *inbound, const char *name, GError **error)
{
    g_autoptr(GPtrArray) mails = take_one(inbound, name, error);

    inbound->rejects = true;
    return mails != NULL && mp_inbound_locked_batch(inbound, mails, error);
}
