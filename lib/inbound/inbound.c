/*
 * The way of a mail. Read mp_inbound_batch() at the end first: it is the program.
 *
 * Everything up to the transaction only reads. The transaction makes comments durable and announces
 * them; only then are mails moved. Whatever dies in between, the mail is still in new/, and its KEY
 * tells the next run whether it is a comment already.
 */
#include "inbound/inbound.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "inbound/apply_commands.h"
#include "inbound/bounce.h"
#include "inbound/respond.h"
#include "instance/transaction.h"
#include "worker/sandbox.h"
#include "tracker/mentions.h"

#define DAY_S 86400

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
    if (item->mail->size <= inbound->instance->config->max_mail_size)
        return false;
    item->fault = MP_FAULT_TOO_LARGE;
    item->fault_text = g_strdup_printf("%" G_GINT64_FORMAT " octets, at most %" G_GINT64_FORMAT,
                                       item->mail->size, inbound->instance->config->max_mail_size);
    return true;
}

static void
log_processing(const MpItem *item)
{
    g_autofree char *id =
        item->message_id != NULL ? mp_escape(item->message_id) : g_strdup("(no Message-ID)");

    mp_info("metroplex: processing %s", id);
}

static void
tell_sandbox(MpInbound *inbound)
{
    if (inbound->is_sandbox_told)
        return;
    inbound->is_sandbox_told = true;
    if (mp_worker_sandbox(inbound->worker) < MP_SANDBOX_WHOLE)
        mp_warn("The worker's sandbox is not whole here (%#x of %#x): this kernel lacks Landlock "
                "or seccomp",
                mp_worker_sandbox(inbound->worker), MP_SANDBOX_WHOLE);
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
    if (fault == MP_FAULT_PASSING)
        defer(inbound, item, why);
    tell_sandbox(inbound);
    return true;
}

/*
 * Asks the worker about items[*next…] up to `upto`: one request ahead of the answer that is
 * awaited, so that both processes have work. `send` marks the items it asked about.
 */
static bool
send_ahead(MpInbound *inbound, const GPtrArray *items, guint *next, guint upto,
           bool (*send)(MpInbound *, MpItem *, GError **), GError **error)
{
    for (; *next < items->len && *next <= upto; ++*next)
        if (!send(inbound, item_at(items, *next), error))
            return false;
    return true;
}

static bool
send_reading(MpInbound *inbound, MpItem *item, GError **error)
{
    MpLimits limits = mp_instance_limits(inbound->instance);

    if (is_over_size(inbound, item))
        return true;
    item->is_awaited = mp_worker_send_parse(inbound->worker, item->mail->fd, &limits, error);
    return item->is_awaited;
}

static bool
read_all(MpInbound *inbound, GPtrArray *items, GError **error)
{
    guint next = 0;

    for (guint i = 0; i < items->len; i++) {
        MpItem *item = item_at(items, i);

        if (!send_ahead(inbound, items, &next, i + 1, send_reading, error))
            return false;
        if (item->is_awaited && !receive_message(inbound, item, error))
            return false;
        item->is_awaited = false;
        log_processing(item);
    }
    return true;
}

/* --- Decide --------------------------------------------------------------------------------- */

/* The gates, and whether what they say is answered. */
static void
decide(MpInbound *inbound, MpItem *item)
{
    g_autoptr(GError) why = NULL;

    mp_item_decide(inbound->instance, item);
    if (!mp_answer_plan(inbound->instance, item, &why))
        defer(inbound, item, why);
}

static void
identify(MpInbound *inbound, MpItem *item)
{
    g_autoptr(GError) why = NULL;

    if (item->fault == MP_FAULT_PASSING)
        return;
    if (!mp_item_identify(inbound->instance, item, &why)) {
        defer(inbound, item, why);
        return;
    }
    if (item->is_verified) {
        g_autofree char *path = mp_escape(item->mail->path);
        mp_debug("Matched %s", path);
    }
    if (item->extraction != NULL) /* outrun: who may give its commands may have changed */
        mp_item_compose(inbound->instance, item);
    decide(inbound, item);
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
    if (fault == MP_FAULT_PASSING) {
        defer(inbound, item, why);
        return true;
    }
    if (item->extraction == NULL)
        mp_item_read(item, item->message, fault, why);
    else
        mp_item_compose(inbound->instance, item);
    decide(inbound, item);
    return true;
}

/* What one thread's damaged files make impossible stops that mail only. A mail that is refused is
 * read as well, where its answer quotes it. */
static bool
send_extraction(MpInbound *inbound, MpItem *item, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_auto(GStrv) sent = NULL;
    bool are_guessed = false;

    if (item->is_deferred || (!mp_item_wants_reply(item) && !mp_answer_wants_reply(item)))
        return true;
    sent = item->thread != NULL ? mp_item_sent_texts(inbound->instance, item, &are_guessed, &why)
                                : g_new0(char *, 1);
    if (sent == NULL) {
        defer(inbound, item, why);
        return true;
    }
    item->is_awaited = mp_extraction_send(inbound->worker, item->message, (const char *const *)sent,
                                          are_guessed, inbound->wants_lines, error);
    return item->is_awaited;
}

static bool
extract_all(MpInbound *inbound, GPtrArray *items, GError **error)
{
    guint next = 0;

    for (guint i = 0; i < items->len; i++) {
        MpItem *item = item_at(items, i);

        if (!send_ahead(inbound, items, &next, i + 1, send_extraction, error))
            return false;
        if (item->is_awaited && !receive_extraction(inbound, item, error))
            return false;
        item->is_awaited = false;
    }
    return true;
}

static bool
acts_once(const MpItem *item)
{
    return item->gate->action == MP_DO_COMMENT || item->gate->action == MP_DO_COMMANDS;
}

/* The second of two equal mails in one batch is a duplicate of the first. */
static void
find_twins(MpInbound *inbound, GPtrArray *items)
{
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < items->len; i++) {
        MpItem *item = item_at(items, i);

        if (item->is_deferred || !acts_once(item) || g_hash_table_add(keys, item->key))
            continue;
        item->is_duplicate = true;
        decide(inbound, item);
    }
}

/* What the comments and commands before it in the batch leave of the hour's number. */
static void
limit_rates(MpInbound *inbound, GPtrArray *items)
{
    MpInstance *instance = inbound->instance;

    for (guint i = 0; i < items->len; i++) {
        MpItem *item = item_at(items, i);
        gint64 when = mp_item_received(item);

        if (item->is_deferred || !acts_once(item))
            continue;
        if (mp_instance_is_over_rate(instance, item->account->id, item->thread->id, when,
                                     &item->over_rate))
            decide(inbound, item);
        else
            mp_rate_note(instance->rate, item->account->id, item->thread->id, when);
    }
}

static bool
decide_all(MpInbound *inbound, GPtrArray *items, GError **error)
{
    mp_rate_begin(inbound->instance->rate);
    for (guint i = 0; i < items->len; i++)
        identify(inbound, item_at(items, i));
    if (!extract_all(inbound, items, error))
        return false;
    find_twins(inbound, items);
    limit_rates(inbound, items);
    return mp_answers_admit(inbound->instance, items, error);
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
obey(MpInbound *inbound, MpBatch *batch, GPtrArray *events, const MpItem *item, GError **error)
{
    MpActor actor = actor_of(item);

    return mp_item_obey(inbound->instance, batch, events, item, &actor, error);
}

static bool
post(MpInbound *inbound, MpBatch *batch, GPtrArray *events, MpItem *item, GError **error)
{
    MpInstance *instance = inbound->instance;
    g_autofree char *elided = mp_item_mask(item, item->extraction->elided, MP_MASK_TEXT);
    g_autoptr(GArray) mentions = mp_mentions(instance->accounts, item->body, error);
    g_autofree char *commands = mp_mail_commands_text(item->commands);
    MpActor actor = actor_of(item);
    const MpNewComment comment = {
        .thread = item->thread->id,
        .key = item->key,
        .via = "mail",
        .body = item->body,
        .elided = elided,
        .message_id = item->message_id,
        .recipient = item->recipient,
        .host = instance->host,
        .part = item->extraction->part,
        .commands = commands,
        .dmarc = item->verdicts.dmarc,
        .dkim = item->verdicts.dkim,
        .spf = item->verdicts.spf,
        .mentions = mentions,
        .attachments = item->attachments,
    };

    if (mentions == NULL ||
        !mp_batch_comment(batch, &comment, &actor, &item->comment, &item->is_duplicate, error))
        return false;
    if (item->is_duplicate)
        return true;
    g_ptr_array_add(events, mp_transaction_event(instance, MP_EVENT_COMMENT, item->key,
                                                 item->thread->id, item->account->id));
    return commands == NULL || obey(inbound, batch, events, item, error);
}

static bool
mute(MpBatch *batch, MpItem *item, GError **error)
{
    MpActor actor = actor_of(item);
    g_autofree char *what = g_strdup_printf("%s#%" G_GUINT64_FORMAT ": muted by mail",
                                            item->thread->repository, item->thread->id);

    return mp_batch_subscribe(batch, item->thread->id, item->account->id, "muted", what, &actor,
                              error);
}

typedef struct {
    MpInbound *inbound;
    GPtrArray *items;
    bool is_decided; /* on the tip that is to be built on */
    MpItem *culprit; /* the item that could not be put into the batch */
} Posting;

/* Built again when somebody moved the branch: then the gates are asked again, on the new tip. */
static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Posting *posting = user_data;

    if (!posting->is_decided && !decide_all(posting->inbound, posting->items, error))
        return false;
    posting->is_decided = false; /* for the next call */
    for (guint i = 0; i < posting->items->len; i++) {
        MpItem *item = item_at(posting->items, i);
        bool good = true;

        if (!item->is_deferred && item->gate->action == MP_DO_COMMENT)
            good = post(posting->inbound, batch, events, item, error);
        else if (!item->is_deferred && item->gate->action == MP_DO_MUTE)
            good = mute(batch, item, error);
        else if (!item->is_deferred && item->gate->action == MP_DO_COMMANDS)
            good = obey(posting->inbound, batch, events, item, error);
        if (!good) {
            posting->culprit = item;
            return false;
        }
        if (!item->is_deferred && item->answer != NULL)
            g_ptr_array_add(events, mp_answer_event(instance, item));
    }
    return true;
}

static bool
changes_anything(const GPtrArray *items)
{
    for (guint i = 0; i < items->len; i++) {
        const MpItem *item = item_at(items, i);

        if (!item->is_deferred && (item->gate->action != MP_DO_NOTHING || item->answer != NULL))
            return true;
    }
    return false;
}

/* A bounce that cannot be counted now stays for the next run; the others go on. */
static void
count_bounces(MpInbound *inbound, const GPtrArray *items)
{
    for (guint i = 0; i < items->len; i++) {
        MpItem *item = item_at(items, i);
        g_autoptr(GError) why = NULL;

        if (!item->is_deferred && !mp_bounce_count(inbound->instance, item, &why))
            defer(inbound, item, why);
    }
}

/* A count that is lost by dying here is lost. */
static void
count_posted(MpInbound *inbound, const GPtrArray *items)
{
    MpRate *rate = inbound->instance->rate;
    g_autoptr(GError) why = NULL;

    mp_rate_begin(rate);
    for (guint i = 0; i < items->len; i++) {
        const MpItem *item = item_at(items, i);

        if (!item->is_deferred && acts_once(item) && !item->is_duplicate)
            mp_rate_note(rate, item->account->id, item->thread->id, mp_item_received(item));
    }
    if (!mp_rate_write(rate, &why))
        mp_warn("The hour's comments are not counted: %s", why->message);
}

/* A mail that cannot be written (somebody damaged its thread's files) is left out, and the rest of
 * the batch goes on; what may pass by itself stops the batch. */
static bool
post_these(MpInbound *inbound, GPtrArray *items, bool is_decided, GError **error)
{
    while (changes_anything(items)) {
        Posting posting = {inbound, items, is_decided, NULL};
        g_autoptr(GError) why = NULL;

        if (mp_transaction_try(inbound->instance, build, &posting, &why)) {
            count_posted(inbound, items);
            count_bounces(inbound, items);
            return true;
        }
        is_decided = true;
        if (posting.culprit == NULL || mp_error_is_temporary(why)) {
            g_propagate_error(error, g_steal_pointer(&why));
            return false;
        }
        defer(inbound, posting.culprit, why);
    }
    return true;
}

/* --- Post, where the server refuses what is in a batch ------------------------------------------
 *
 * One mail must not hold up the others, and a server that takes nothing must cost no mail. So the
 * server is asked whether it takes a commit of nothing; then halves are pushed, and halves of those
 * that are refused, until a mail is alone: 2 log2(n) pushes for one culprit. A mail is refused for
 * good if it was refused twice, with a commit taken in between and another one since.
 */

typedef struct {
    MpInbound *inbound;
    GPtrArray *suspects; /* MpItem *: refused alone */
    GPtrArray *reasons;  /* char *: what the server said of each */
    guint n_sure;        /* of the suspects: the server took something since */
    guint n_pushes;      /* that it had taken then */
    GError *stop;        /* what else went wrong: the rest waits */
} Sifting;

static void
defer_all(MpInbound *inbound, GPtrArray *items, guint from, const GError *why)
{
    for (guint i = from; i < items->len; i++)
        if (!item_at(items, i)->is_deferred)
            defer(inbound, item_at(items, i), why);
}

static GPtrArray *
part_of(GPtrArray *items, guint from, guint to)
{
    GPtrArray *part = g_ptr_array_sized_new(to - from);

    for (guint i = from; i < to; i++)
        g_ptr_array_add(part, item_at(items, i));
    return part;
}

static void
note_pushes(Sifting *sifting)
{
    guint n = mp_tracker_pushes(sifting->inbound->instance->tracker);

    if (n > sifting->n_pushes)
        sifting->n_sure = sifting->suspects->len;
    sifting->n_pushes = n;
}

static void sift(Sifting *sifting, GPtrArray *items);

static void
sift_halves(Sifting *sifting, GPtrArray *items)
{
    g_autoptr(GPtrArray) first = part_of(items, 0, items->len / 2);
    g_autoptr(GPtrArray) second = part_of(items, items->len / 2, items->len);

    sift(sifting, first);
    sift(sifting, second);
}

static void
sift(Sifting *sifting, GPtrArray *items)
{
    g_autoptr(GError) why = NULL;

    if (sifting->stop == NULL && post_these(sifting->inbound, items, false, &why)) {
        note_pushes(sifting); /* not where nothing was left to push */
        return;
    }
    if (sifting->stop == NULL && !mp_error_is_refused(why))
        sifting->stop = g_steal_pointer(&why);
    if (sifting->stop != NULL) {
        defer_all(sifting->inbound, items, 0, sifting->stop);
        return;
    }
    if (items->len == 1) {
        g_ptr_array_add(sifting->suspects, item_at(items, 0));
        g_ptr_array_add(sifting->reasons, g_strdup(why->message));
        return;
    }
    sift_halves(sifting, items);
}

/* Those whose refusal is sure are decided anew, which may bring answers; the others wait. */
static bool
refuse_suspects(Sifting *sifting, const GError *refusal, GError **error)
{
    MpInbound *inbound = sifting->inbound;

    if (sifting->stop == NULL && sifting->n_sure < sifting->suspects->len &&
        mp_transaction_is_alone(inbound->instance, refusal, &sifting->stop))
        sifting->n_sure = sifting->suspects->len;
    if (sifting->stop != NULL)
        defer_all(inbound, sifting->suspects, sifting->n_sure, sifting->stop);
    g_ptr_array_set_size(sifting->suspects, (int)sifting->n_sure);
    for (guint i = 0; i < sifting->suspects->len; i++)
        item_at(sifting->suspects, i)->refused =
            g_steal_pointer((char **)&g_ptr_array_index(sifting->reasons, i));
    count_posted(inbound, sifting->suspects); /* each cost more than a comment */
    return decide_all(inbound, sifting->suspects, error) &&
           post_these(inbound, sifting->suspects, true, error);
}

static bool
post_all(MpInbound *inbound, GPtrArray *items, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) suspects = g_ptr_array_new();
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    Sifting sifting = {inbound, suspects, reasons, 0, 0, NULL};

    if (post_these(inbound, items, true, &why))
        return true;
    if (!mp_error_is_refused(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    mp_warn("A batch of %u mails is refused, and taken apart: %s", items->len, why->message);
    if (!mp_transaction_is_alone(inbound->instance, why, error))
        return false;
    sifting.n_pushes = mp_tracker_pushes(inbound->instance->tracker);
    (items->len > 1 ? sift_halves : sift)(&sifting, items);
    bool good = refuse_suspects(&sifting, why, error);
    g_clear_error(&sifting.stop);
    return good;
}

/* --- Move ----------------------------------------------------------------------------------- */

static void
log_outcome(const MpItem *item, const char *would)
{
    g_autofree char *path = mp_escape(item->mail->path);
    g_autofree char *commands = mp_mail_commands_text(item->commands);
    const char *login = item->account != NULL ? item->account->login : "-";

    if (item->gate->action == MP_DO_COMMENT)
        mp_info("%sPosted %s: thread %" G_GUINT64_FORMAT ", comment %" G_GUINT64_FORMAT ", by %s",
                would, path, item->thread->id, item->comment, login);
    else if (item->gate->action == MP_DO_COMMANDS)
        mp_info("%sObeyed %s: thread %" G_GUINT64_FORMAT ", by %s", would, path, item->thread->id,
                login);
    else if (item->gate->outcome == MP_OUTCOME_SUCCESS)
        mp_info("%sAccepted %s: %s: %s", would, path, item->gate->reason, item->why);
    else
        mp_warn("%sRefused %s: %s: %s", would, path, item->gate->reason, item->why);
    if (commands != NULL)
        mp_info("%sCommands of %s: %s by %s on thread %" G_GUINT64_FORMAT "%s", would, path,
                commands, login, item->thread->id,
                item->gate->outcome == MP_OUTCOME_SUCCESS ? "" : ", not done");
    if (item->is_answered || item->answer != NULL)
        mp_info("%sAnswered %s: %s", would, path, item->gate->reason);
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
            .message_id = item->message_id,
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
        mp_debug("Moving %s => %s", path,
                 mp_maildir_outcome_path(inbound->maildir, item->gate->outcome));
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

bool
mp_inbound_tell_outcome(MpInbound *inbound, MpItem *item, GError **error)
{
    (void)inbound;
    (void)error;
    log_outcome(item, "Would be: ");
    return true;
}

/* What is deferred has been told. */
static bool
tell_all(MpInbound *inbound, GPtrArray *items, GError **error)
{
    for (guint i = 0; i < items->len; i++) {
        MpItem *item = item_at(items, i);

        if (!item->is_deferred && !inbound->tell(inbound, item, error))
            return false;
        count(inbound, item);
    }
    return true;
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
    if (inbound->tell != NULL)
        return tell_all(inbound, items, error);
    return post_all(inbound, items, error) && move_all(inbound, items, error);
}
