/*
 * Posting: what is decided becomes one commit, with the events that announce it. Built again when
 * somebody moved the branch; see instance/transaction.h for what is durable when.
 */
#include "base/error.h"
#include "base/log.h"
#include "inbound/apply_commands.h"
#include "inbound/bounce.h"
#include "policy/commands.h"
#include "inbound/internal.h"
#include "inbound/openings.h"
#include "inbound/question.h"
#include "inbound/respond.h"
#include "instance/transaction.h"
#include "tracker/mentions.h"
#include "tracker/share.h"

#define DAY_S       86400
#define DRAIN_EVERY 4 /* mails: the worker's answers to so many find room in the socket */

/* The author date is the mail's, within a day of its receipt: a wrong clock moves no discussion. */
static MpActor
actor_of(const MpDelivery *delivery)
{
    const MpUser *account = delivery->identity.account;
    gint64 received = delivery->mail->received / G_USEC_PER_SEC;
    gint64 date = delivery->message->date;

    if (date == G_MININT64)
        date = received;
    return (MpActor){account->id, account->login, account->name,
                     CLAMP(date, received - DAY_S, received + DAY_S), received};
}

/* Called for a new transaction: what it changes, and the events that announce that. */
typedef struct {
    MpInstance *instance;
    MpBatch *batch;
    GPtrArray *events;
} Writing;

static bool
put_commands(const Writing *w, MpDelivery *delivery, GError **error)
{
    MpActor actor = actor_of(delivery);

    return mp_delivery_apply_commands(w->instance, w->batch, w->events, delivery, &actor, error);
}

/* The comment, or opening post, and the two texts that it has from its caller. */
static MpNewComment
comment_of(const Writing *w, const MpDelivery *delivery, const char *elided, const char *commands,
           const GArray *mentions, const GArray *copied)
{
    const MpComposed *composed = &delivery->composed;
    const MpIdentity *identity = &delivery->identity;

    return (MpNewComment){
        .thread = mp_delivery_thread(delivery),
        .key = identity->key,
        .via = "mail",
        .body = composed->body,
        .elided = elided,
        .message_id = delivery->message_id,
        .recipient = identity->recipient,
        .host = w->instance->host,
        .part = delivery->extraction->part,
        .commands = commands,
        .dmarc = identity->verdicts.dmarc,
        .dkim = identity->verdicts.dkim,
        .spf = identity->verdicts.spf,
        .mentions = mentions,
        .copied = copied,
        .subscribes_nobody = mp_user_is_unconfirmed(identity->account),
        .attachments = composed->attachments,
    };
}

static GArray *
mentions_of(const Writing *w, const MpDelivery *delivery, GError **error)
{
    return mp_mentions(w->instance->accounts, delivery->identity.account->login,
                       delivery->composed.body, error);
}

static bool
put_comment(const Writing *w, MpDelivery *delivery, GError **error)
{
    const MpComposed *composed = &delivery->composed;
    MpIdentity *identity = &delivery->identity;
    g_autofree char *elided =
        mp_delivery_mask(delivery, delivery->extraction->elided, MP_MASK_TEXT);
    g_autoptr(GArray) mentions = mentions_of(w, delivery, error);
    g_autoptr(GArray) copied = mp_delivery_copied(w->instance, delivery, error);
    g_autofree char *commands = mp_mail_commands_text(composed->commands);
    MpActor actor = actor_of(delivery);
    const MpNewComment comment = comment_of(w, delivery, elided, commands, mentions, copied);

    if (mentions == NULL || copied == NULL ||
        !mp_batch_comment(w->batch, &comment, &actor, &identity->comment, &identity->is_duplicate,
                          error))
        return false;
    if (identity->is_duplicate)
        return true;
    g_ptr_array_add(w->events, mp_transaction_event(w->instance, MP_EVENT_COMMENT, identity->key,
                                                    identity->thread->id, identity->account->id));
    return commands == NULL || put_commands(w, delivery, error);
}

static bool
put_opening(const Writing *w, MpDelivery *delivery, GError **error)
{
    g_autofree char *elided =
        mp_delivery_mask(delivery, delivery->extraction->elided, MP_MASK_TEXT);
    g_autoptr(GArray) mentions = mentions_of(w, delivery, error);
    g_autoptr(GArray) copied = mp_delivery_copied(w->instance, delivery, error);
    MpActor actor = actor_of(delivery);
    const MpNewComment post = comment_of(w, delivery, elided, NULL, mentions, copied);

    return mentions != NULL && copied != NULL &&
           mp_delivery_open_thread(w->instance, w->batch, w->events, delivery, &post, &actor,
                                   error);
}

static bool
put_mute(const Writing *w, MpDelivery *delivery, GError **error)
{
    const MpThread *thread = delivery->identity.thread;
    MpActor actor = actor_of(delivery);
    g_autofree char *what =
        g_strdup_printf("%s#%" G_GUINT64_FORMAT ": muted by mail", thread->repository, thread->id);

    return mp_batch_subscribe(w->batch, thread->id, delivery->identity.account->id, MP_MUTED, what,
                              &actor, error);
}

static bool
put(const Writing *w, MpDelivery *delivery, GError **error)
{
    switch (delivery->decision.gate->action) {
    case MP_DO_COMMENT:
        return put_comment(w, delivery, error);
    case MP_DO_OPEN:
        return put_opening(w, delivery, error);
    case MP_DO_MUTE:
        return put_mute(w, delivery, error);
    case MP_DO_COMMANDS:
        return put_commands(w, delivery, error);
    case MP_DO_CONFIRM:
        return mp_question_subscribe(w->instance, w->batch, delivery, error);
    case MP_DO_BOUNCE: /* counted in another repository, once the commit is there */
    case MP_DO_NOTHING:
        break;
    }
    return true;
}

typedef struct {
    MpInbound *inbound;
    GPtrArray *deliveries;
    bool is_decided;         /* on the tip that is to be built on */
    MpDelivery *failed_item; /* which could not be put into the batch */
} Posting;

/* Built again when somebody moved the branch: then the gates are asked again, on the new tip. */
static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    const Writing writing = {instance, batch, events};
    Posting *posting = user_data;

    if (!posting->is_decided && !mp_inbound_judge(posting->inbound, posting->deliveries, error))
        return false;
    posting->is_decided = false; /* for the next call */
    for (guint i = 0; i < posting->deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(posting->deliveries, i);

        if (posting->inbound->worker != NULL && i % DRAIN_EVERY == 0)
            mp_worker_drain(posting->inbound->worker);
        if (delivery->is_deferred)
            continue;
        if (!put(&writing, delivery, error)) {
            posting->failed_item = delivery;
            return false;
        }
        if (delivery->decision.response != NULL)
            g_ptr_array_add(events, mp_response_event(instance, delivery));
        mp_staging_go_on(instance->staging, events);
    }
    return true;
}

static bool
changes_anything(const GPtrArray *deliveries)
{
    for (guint i = 0; i < deliveries->len; i++) {
        const MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (!delivery->is_deferred && (delivery->decision.gate->action != MP_DO_NOTHING ||
                                       delivery->decision.response != NULL))
            return true;
    }
    return false;
}

/* A bounce that cannot be counted now stays for the next run; the others go on. */
static void
count_bounces(MpInbound *inbound, const GPtrArray *deliveries)
{
    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);
        g_autoptr(GError) why = NULL;

        if (!delivery->is_deferred && !mp_bounce_count(inbound->instance, delivery, &why))
            mp_inbound_defer(inbound, delivery, why);
    }
}

/* Likewise. The held mail opens its thread when it is decided anew. */
static void
confirm(MpInbound *inbound, const GPtrArray *deliveries)
{
    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);
        g_autoptr(GError) why = NULL;

        if (delivery->is_deferred || delivery->decision.gate->action != MP_DO_CONFIRM)
            continue;
        if (mp_question_confirm(inbound->instance, delivery, &why))
            inbound->has_confirmed = true;
        else
            mp_inbound_defer(inbound, delivery, why);
    }
}

void
mp_inbound_count_posted(MpInbound *inbound, const GPtrArray *deliveries)
{
    MpRate *rate = inbound->instance->rate;
    g_autoptr(GError) why = NULL;

    mp_rate_begin(rate);
    for (guint i = 0; i < deliveries->len; i++) {
        const MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (!delivery->is_deferred && mp_delivery_acts_once(delivery) &&
            !delivery->identity.is_duplicate)
            mp_rate_note(rate, delivery->identity.account->id, delivery->identity.address.thread,
                         mp_delivery_received(delivery));
    }
    if (!mp_rate_write(rate, &why))
        mp_warn("The hour's comments are not counted: %s", why->message);
}

/* On the tracker and the accounts as their servers have them, where that is not known yet. */
static bool
judge_anew(MpInbound *inbound, GPtrArray *deliveries, GError **error)
{
    MpInstance *instance = inbound->instance;
    bool is_news = true;

    if (!(instance->is_current ? mp_accounts_fetch_end(instance->accounts, &is_news, error)
                               : mp_transaction_catch_up(instance, error)))
        return false;
    return !is_news || mp_inbound_judge(inbound, deliveries, error);
}

/* A mail that cannot be written (somebody damaged its thread's files) is left out, and the rest of
 * the batch goes on; what may pass by itself stops the batch. */
bool
mp_inbound_post(MpInbound *inbound, GPtrArray *deliveries, bool is_decided, GError **error)
{
    if (!is_decided && !mp_inbound_judge(inbound, deliveries, error))
        return false;
    if (!changes_anything(deliveries) && !judge_anew(inbound, deliveries, error))
        return false;
    while (changes_anything(deliveries)) {
        Posting posting = {inbound, deliveries, true, NULL};
        g_autoptr(GError) why = NULL;

        if (mp_transaction_try(inbound->instance, build, &posting, &why)) {
            mp_inbound_count_posted(inbound, deliveries);
            count_bounces(inbound, deliveries);
            confirm(inbound, deliveries);
            break;
        }
        if (posting.failed_item == NULL || mp_error_is_temporary(why)) {
            g_propagate_error(error, g_steal_pointer(&why));
            return false;
        }
        if (mp_instance_is_sure(inbound->instance))
            mp_inbound_defer(inbound, posting.failed_item, why);
        else if (!judge_anew(inbound, deliveries, error))
            return false;
    }
    mp_inbound_count_loops(inbound, deliveries);
    return true;
}
