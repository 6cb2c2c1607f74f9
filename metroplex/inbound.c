/*
 * The way of a mail. Read mp_inbound_batch() at the end first: it is the program.
 *
 * Everything up to the transaction only reads. The transaction makes comments durable and announces
 * them; only then are mails moved. Whatever dies in between, the mail is still in new/, and its KEY
 * tells the next run whether it is a comment already.
 */
#include "inbound.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "mentions.h"
#include "message/sandbox.h"
#include "transaction.h"

#define DAY_S 86400

bool
mp_inbound_open(MpInbound *inbound, MpSite *site, GError **error)
{
    *inbound = (MpInbound){.site = site};
    inbound->maildir = mp_maildir_open(site->config->data, error);
    inbound->worker = mp_extraction_worker();
    return inbound->maildir != NULL;
}

void
mp_inbound_close(MpInbound *inbound)
{
    g_clear_pointer(&inbound->worker, mp_worker_free);
    g_clear_pointer(&inbound->maildir, mp_maildir_free);
    g_clear_error(&inbound->first_deferral);
}

static MpItem *
item_at(const GPtrArray *items, guint i)
{
    return g_ptr_array_index(items, i);
}

/* A mail that stays where it is: the reason is logged, the first one decides the exit status. */
static void
defer(MpInbound *inbound, MpItem *item, const GError *why)
{
    g_autofree char *path = mp_escape(item->mail->path);

    item->is_deferred = true;
    mp_error("Deferred %s: %s", path, why->message);
    if (inbound->first_deferral == NULL)
        inbound->first_deferral = g_error_copy(why);
}

/* --- Read: the worker parses one mail while we look at the one before ------------------------ */

/* Reads no more of it than its size: a mail over the limit never reaches the worker. */
static bool
is_over_size(MpInbound *inbound, MpItem *item)
{
    if (item->mail->size <= inbound->site->config->max_mail_size)
        return false;
    item->fault = MP_FAULT_TOO_LARGE;
    item->fault_text = g_strdup_printf("%" G_GINT64_FORMAT " octets, at most %" G_GINT64_FORMAT,
                                       item->mail->size, inbound->site->config->max_mail_size);
    return true;
}

static void
log_processing(const MpItem *item)
{
    g_autofree char *id = item->message != NULL && item->message->message_id != NULL
                              ? mp_escape(item->message->message_id)
                              : g_strdup("(no Message-ID)");

    mp_info("metroplex: processing %s", id);
}

static bool
receive_message(MpInbound *inbound, MpItem *item, GError **error)
{
    g_autoptr(GError) why = NULL;
    MpMessageFault fault = MP_FAULT_NONE;
    MpMessage *message = mp_worker_receive_message(inbound->worker, &fault, &why);

    if (message == NULL && fault == MP_FAULT_NONE) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    mp_item_read(item, message, fault, why);
    return true;
}

static void
tell_sandbox(MpInbound *inbound)
{
    if (inbound->is_sandbox_told || mp_worker_starts(inbound->worker) == 0)
        return;
    inbound->is_sandbox_told = true;
    if (mp_worker_sandbox(inbound->worker) < MP_SANDBOX_WHOLE)
        mp_warn("The worker's sandbox is not whole here (%#x of %#x): this kernel lacks Landlock or seccomp",
                mp_worker_sandbox(inbound->worker), MP_SANDBOX_WHOLE);
}

/* Sends one request ahead of the answer that is awaited; `next` is the first item not yet sent. */
static bool
send_ahead(MpInbound *inbound, const GPtrArray *items, guint *next, guint upto,
           bool (*send)(MpInbound *, MpItem *, GError **), bool (*wants)(MpInbound *, MpItem *), GError **error)
{
    for (; *next < items->len && *next <= upto; ++*next)
        if (wants(inbound, item_at(items, *next)) && !send(inbound, item_at(items, *next), error))
            return false;
    return true;
}

static bool
wants_reading(MpInbound *inbound, MpItem *item)
{
    (void)inbound;
    return item->fault == MP_FAULT_NONE;
}

static bool
send_reading(MpInbound *inbound, MpItem *item, GError **error)
{
    MpLimits limits = mp_site_limits(inbound->site);

    return mp_worker_send_parse(inbound->worker, item->mail->fd, &limits, error);
}

static bool
read_all(MpInbound *inbound, GPtrArray *items, GError **error)
{
    guint next = 0;

    for (guint i = 0; i < items->len; i++)
        is_over_size(inbound, item_at(items, i));
    for (guint i = 0; i < items->len; i++) {
        MpItem *item = item_at(items, i);
        bool is_sent = wants_reading(inbound, item);

        if (!send_ahead(inbound, items, &next, i + 1, send_reading, wants_reading, error))
            return false;
        if (is_sent && !receive_message(inbound, item, error))
            return false;
        log_processing(item);
    }
    tell_sandbox(inbound);
    return true;
}

/* --- Decide --------------------------------------------------------------------------------- */

static void
identify(MpInbound *inbound, MpItem *item)
{
    g_autoptr(GError) why = NULL;

    if (!mp_item_identify(inbound->site, item, &why)) {
        defer(inbound, item, why);
        return;
    }
    if (item->is_verified) {
        g_autofree char *path = mp_escape(item->mail->path);
        mp_debug("Matched %s", path);
    }
    mp_item_decide(inbound->site, item);
}

static bool
receive_extraction(MpInbound *inbound, MpItem *item, GError **error)
{
    g_autoptr(GError) why = NULL;
    MpMessageFault fault = MP_FAULT_NONE;

    item->extraction = mp_extraction_receive(inbound->worker, &fault, &why);
    if (item->extraction == NULL && fault == MP_FAULT_NONE) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (item->extraction == NULL)
        mp_item_read(item, item->message, fault, why);
    else
        mp_item_compose(inbound->site, item);
    mp_item_decide(inbound->site, item);
    return true;
}

static bool
wants_extraction(MpInbound *inbound, MpItem *item)
{
    (void)inbound;
    return mp_item_wants_reply(item);
}

static bool
send_extraction(MpInbound *inbound, MpItem *item, GError **error)
{
    g_auto(GStrv) sent = mp_item_sent_texts(inbound->site, item, error);

    return sent != NULL &&
           mp_extraction_send(inbound->worker, item->message, (const char *const *)sent, false, error);
}

static bool
extract_all(MpInbound *inbound, GPtrArray *items, GError **error)
{
    guint next = 0;

    for (guint i = 0; i < items->len; i++) {
        MpItem *item = item_at(items, i);
        bool is_sent = wants_extraction(inbound, item);

        if (!send_ahead(inbound, items, &next, i + 1, send_extraction, wants_extraction, error) ||
            (is_sent && !receive_extraction(inbound, item, error)))
            return false;
    }
    return true;
}

/* The second of two equal mails in one batch is a duplicate of the first. */
static void
find_twins(MpInbound *inbound, GPtrArray *items)
{
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < items->len; i++) {
        MpItem *item = item_at(items, i);

        if (item->is_deferred || item->gate->action != MP_DO_COMMENT || g_hash_table_add(keys, item->key))
            continue;
        item->is_duplicate = true;
        mp_item_decide(inbound->site, item);
    }
}

static bool
decide_all(MpInbound *inbound, GPtrArray *items, GError **error)
{
    for (guint i = 0; i < items->len; i++)
        identify(inbound, item_at(items, i));
    if (!extract_all(inbound, items, error))
        return false;
    find_twins(inbound, items);
    return true;
}

/* --- Post ----------------------------------------------------------------------------------- */

/* The author date is the mail's, within a day of its receipt: a wrong clock moves no discussion. */
static MpActor
actor_of(const MpItem *item)
{
    gint64 received = item->mail->received / G_USEC_PER_SEC;
    gint64 date = item->message->date;

    if (date == G_MININT64)
        date = received;
    return (MpActor){item->account->id, item->account->login, item->account->name,
                     CLAMP(date, received - DAY_S, received + DAY_S), received};
}

static bool
post(MpInbound *inbound, MpBatch *batch, GPtrArray *events, MpItem *item, GError **error)
{
    MpSite *site = inbound->site;
    g_autofree char *elided = mp_address_mask(item->extraction->elided, true);
    g_autofree char *message_id = item->message->message_id != NULL
                                      ? mp_address_mask(item->message->message_id, false)
                                      : NULL;
    g_autoptr(GArray) mentions = mp_mentions(site->accounts, item->body, error);
    MpActor actor = actor_of(item);
    const MpNewComment comment = {
        .thread = item->thread->id,
        .key = item->key,
        .via = "mail",
        .body = item->body,
        .elided = elided,
        .message_id = message_id,
        .recipient = item->recipient,
        .host = site->host,
        .part = item->extraction->part,
        .dmarc = item->verdicts.dmarc,
        .dkim = item->verdicts.dkim,
        .spf = item->verdicts.spf,
        .mentions = mentions,
        .attachments = item->attachments,
    };

    if (mentions == NULL ||
        !mp_batch_comment(batch, &comment, &actor, &item->comment, &item->is_duplicate, error))
        return false;
    if (!item->is_duplicate)
        g_ptr_array_add(events, mp_transaction_event(site, MP_EVENT_COMMENT, item->key, item->thread->id,
                                                     item->account->id));
    return true;
}

static bool
mute(MpBatch *batch, MpItem *item, GError **error)
{
    MpActor actor = actor_of(item);
    g_autofree char *what = g_strdup_printf("%s#%" G_GUINT64_FORMAT ": muted by mail",
                                            item->thread->repository, item->thread->id);

    return mp_batch_subscribe(batch, item->thread->id, item->account->id, "muted", what, &actor, error);
}

typedef struct {
    MpInbound *inbound;
    GPtrArray *items;
    guint n_tries;
} Posting;

/* Built again when somebody moved the branch: then the gates are asked again, on the new tip. */
static bool
build(MpSite *site, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Posting *posting = user_data;

    (void)site;
    if (posting->n_tries++ > 0 && !decide_all(posting->inbound, posting->items, error))
        return false;
    for (guint i = 0; i < posting->items->len; i++) {
        MpItem *item = item_at(posting->items, i);
        bool good = true;

        if (!item->is_deferred && item->gate->action == MP_DO_COMMENT)
            good = post(posting->inbound, batch, events, item, error);
        else if (!item->is_deferred && item->gate->action == MP_DO_MUTE)
            good = mute(batch, item, error);
        if (!good)
            return false;
    }
    return true;
}

static bool
changes_anything(const GPtrArray *items)
{
    for (guint i = 0; i < items->len; i++)
        if (!item_at(items, i)->is_deferred && item_at(items, i)->gate->action != MP_DO_NOTHING)
            return true;
    return false;
}

static bool
post_all(MpInbound *inbound, GPtrArray *items, GError **error)
{
    Posting posting = {inbound, items, 0};

    return !changes_anything(items) || mp_transaction_run(inbound->site, build, &posting, error);
}

/* --- Move ----------------------------------------------------------------------------------- */

static void
log_outcome(const MpItem *item, const char *would)
{
    g_autofree char *path = mp_escape(item->mail->path);
    const char *login = item->account != NULL ? item->account->login : "-";

    if (item->gate->action == MP_DO_COMMENT)
        mp_info("%sPosted %s: thread %" G_GUINT64_FORMAT ", comment %" G_GUINT64_FORMAT ", by %s", would, path,
                item->thread->id, item->comment, login);
    else if (item->gate->outcome == MP_OUTCOME_SUCCESS)
        mp_info("%sAccepted %s: %s: %s", would, path, item->gate->reason, item->why);
    else
        mp_warn("%sRefused %s: %s: %s", would, path, item->gate->reason, item->why);
}

static bool
record_all(MpInbound *inbound, GPtrArray *items, GError **error)
{
    g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(MpOutcomeLine));

    for (guint i = 0; i < items->len; i++) {
        const MpItem *item = item_at(items, i);

        if (item->is_deferred)
            continue;
        const MpOutcomeLine line = {
            .outcome = item->gate->outcome,
            .reason = item->gate->reason,
            .message_id = item->message != NULL ? item->message->message_id : NULL,
            .name = item->mail->name,
            .thread = item->is_verified ? item->address.thread : 0,
            .comment = item->comment,
            .received = item->mail->received,
        };
        g_array_append_val(lines, line);
    }
    return mp_maildir_record(inbound->maildir, lines, error);
}

static void
move(MpInbound *inbound, MpItem *item)
{
    g_autofree char *path = mp_escape(item->mail->path);
    g_autoptr(GError) why = NULL;

    log_outcome(item, "");
    if (item->mail->place != MP_PLACE_ELSEWHERE)
        mp_debug("Moving %s => %s", path, mp_maildir_outcome_path(inbound->maildir, item->gate->outcome));
    if (!mp_maildir_finish(inbound->maildir, item->mail, item->gate->outcome, &why))
        defer(inbound, item, why);
}

static void
count(MpInbound *inbound, const MpItem *item)
{
    if (item->is_deferred)
        inbound->n_deferred++;
    else if (item->gate->outcome == MP_OUTCOME_SUCCESS)
        inbound->n_success++;
    else
        inbound->n_failure++;
}

static bool
move_all(MpInbound *inbound, GPtrArray *items, GError **error)
{
    if (!record_all(inbound, items, error))
        return false;
    for (guint i = 0; i < items->len; i++) {
        if (!item_at(items, i)->is_deferred)
            move(inbound, item_at(items, i));
        count(inbound, item_at(items, i));
    }
    return mp_maildir_sync(inbound->maildir, error);
}

static void
tell_all(MpInbound *inbound, GPtrArray *items)
{
    for (guint i = 0; i < items->len; i++) {
        if (!item_at(items, i)->is_deferred)
            log_outcome(item_at(items, i), "Would be: ");
        count(inbound, item_at(items, i));
    }
}

/* --- The program ---------------------------------------------------------------------------- */

bool
mp_inbound_batch(MpInbound *inbound, GPtrArray *mails, GError **error)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)mp_item_free);

    for (guint i = 0; i < mails->len; i++)
        g_ptr_array_add(items, mp_item_new(g_ptr_array_index(mails, i)));
    g_ptr_array_set_free_func(mails, NULL); /* the items own them now */
    if (!read_all(inbound, items, error) || !decide_all(inbound, items, error))
        return false;
    if (inbound->is_dry_run) {
        tell_all(inbound, items);
        return true;
    }
    return post_all(inbound, items, error) && move_all(inbound, items, error);
}
