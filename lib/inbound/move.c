/* The end of a mail's way: its line of outcomes, then its move to success/ or failure/. */
#include "base/escape.h"
#include "base/log.h"
#include "policy/commands.h"
#include "inbound/held.h"
#include "inbound/held_list.h"
#include "inbound/internal.h"
#include "inbound/question.h"

static void
log_response(const MpDelivery *delivery, const char *would)
{
    const MpResponse *response = delivery->decision.response;
    g_autofree char *path = mp_escape(delivery->mail->path);

    if (response != NULL)
        mp_info("%s%s %s: %s", would,
                response->question != NULL ? "Asked the author of" : "Answered", path,
                delivery->decision.gate->reason);
}

static void
log_outcome(const MpDelivery *delivery, const char *would)
{
    g_autofree char *path = mp_escape(delivery->mail->path);
    g_autofree char *written = mp_mail_commands_text(delivery->composed.commands);
    g_autofree char *commands = written != NULL ? mp_escape(written) : NULL;
    const char *login =
        delivery->identity.account != NULL ? delivery->identity.account->login : "-";

    if (delivery->decision.gate->action == MP_DO_OPEN && delivery->identity.opened == 0)
        mp_info("%sOpened %s: a thread of %s, by %s", would, path,
                delivery->identity.repository->name, login);
    else if (delivery->decision.gate->action == MP_DO_OPEN)
        mp_info("%sOpened %s: thread %" G_GUINT64_FORMAT ", by %s", would, path,
                delivery->identity.opened, login);
    else if (delivery->decision.gate->action == MP_DO_COMMENT && delivery->identity.comment == 0)
        mp_info("%sPosted %s: thread %" G_GUINT64_FORMAT ", by %s", would, path,
                delivery->identity.thread->id, login); /* its number is not known before it is */
    else if (delivery->decision.gate->action == MP_DO_COMMENT)
        mp_info("%sPosted %s: thread %" G_GUINT64_FORMAT ", comment %" G_GUINT64_FORMAT ", by %s",
                would, path, delivery->identity.thread->id, delivery->identity.comment, login);
    else if (delivery->decision.gate->action == MP_DO_COMMANDS)
        mp_info("%sObeyed %s: thread %" G_GUINT64_FORMAT ", by %s", would, path,
                delivery->identity.thread->id, login);
    else if (delivery->decision.gate->outcome == MP_OUTCOME_HELD)
        mp_info("%sHeld %s: %s: %s", would, path, delivery->decision.gate->reason,
                delivery->decision.why);
    else if (delivery->decision.gate->outcome == MP_OUTCOME_SUCCESS)
        mp_info("%sAccepted %s: %s: %s", would, path, delivery->decision.gate->reason,
                delivery->decision.why);
    else
        mp_warn("%sRefused %s: %s: %s", would, path, delivery->decision.gate->reason,
                delivery->decision.why);
    if (commands != NULL)
        mp_info("%sCommands of %s: %s by %s on thread %" G_GUINT64_FORMAT "%s", would, path,
                commands, login, delivery->identity.thread->id,
                delivery->decision.gate->outcome == MP_OUTCOME_SUCCESS ? "" : ", not done");
    log_response(delivery, would);
}

/* What was held and still is, is no news. */
static bool
is_no_news(const MpDelivery *delivery)
{
    return delivery->is_deferred || (delivery->mail->place == MP_PLACE_HELD &&
                                     delivery->decision.gate->outcome == MP_OUTCOME_HELD);
}

static bool
record_all(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(MpOutcomeLine));

    for (guint i = 0; i < deliveries->len; i++) {
        const MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (is_no_news(delivery))
            continue;
        const MpOutcomeLine line = {
            .outcome = delivery->decision.gate->outcome,
            .reason = delivery->decision.gate->reason,
            .message_id = delivery->message_id,
            .name = delivery->mail->name,
            .thread = delivery->identity.is_verified || delivery->identity.is_answer
                          ? delivery->identity.address.thread
                          : delivery->identity.opened,
            .comment = delivery->identity.comment,
            .received = delivery->mail->received,
        };
        g_array_append_val(lines, line);
    }
    return mp_maildir_record(inbound->maildir, lines, error);
}

static void
move(MpInbound *inbound, MpDelivery *delivery)
{
    g_autofree char *path = mp_escape(delivery->mail->path);
    g_autoptr(GError) why = NULL;

    log_outcome(delivery, "");
    if (delivery->mail->place != MP_PLACE_ELSEWHERE)
        mp_debug("Moving %s => %s", path,
                 mp_maildir_outcome_path(inbound->maildir, delivery->decision.gate->outcome));
    if (!mp_maildir_finish(inbound->maildir, delivery->mail, delivery->decision.gate->outcome,
                           &why))
        mp_inbound_defer(inbound, delivery, why);
}

void
mp_inbound_count_outcome(MpInbound *inbound, const MpDelivery *delivery)
{
    if (delivery->is_deferred || inbound->tell != NULL)
        g_hash_table_add(inbound->left, g_strdup(delivery->mail->name));
    if (delivery->is_deferred)
        inbound->n_deferred++;
    else if (delivery->decision.gate->outcome == MP_OUTCOME_SUCCESS)
        inbound->n_success++;
    else if (delivery->decision.gate->outcome == MP_OUTCOME_FAILURE)
        inbound->n_failure++;
}

/* For the ledger. A mail that stays is counted when it ends. */
static void
count(MpInbound *inbound, const MpDelivery *delivery)
{
    if (is_no_news(delivery))
        return;
    mp_ledger_count(inbound->ledger, "mail", delivery->decision.gate->reason, 1);
    if ((delivery->decision.gate->action == MP_DO_COMMENT ||
         delivery->decision.gate->action == MP_DO_OPEN) &&
        delivery->mail->place == MP_PLACE_NEW)
        mp_ledger_time(inbound->ledger, "delivery",
                       (double)(g_get_real_time() - delivery->mail->received) / G_USEC_PER_SEC);
}

bool
mp_inbound_move(MpInbound *inbound, const GPtrArray *deliveries, GError **error)
{
    if (!record_all(inbound, deliveries, error))
        return false;
    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (inbound->waiting != NULL && !delivery->is_deferred &&
            delivery->decision.gate->outcome == MP_OUTCOME_HELD &&
            delivery->identity.repository != NULL) /* else the mail that it answers is listed */
            g_ptr_array_add(inbound->waiting, mp_waiting_new(delivery));
        if (!delivery->is_deferred && is_no_news(delivery))
            log_response(delivery, "");
        if (!is_no_news(delivery)) {
            move(inbound, delivery);
            mp_inbound_note_held(inbound, delivery);
        }
        mp_inbound_count_outcome(inbound, delivery);
        count(inbound, delivery);
    }
    if (!mp_maildir_sync(inbound->maildir, error))
        return false;
    mp_ledger_add_or_warn(inbound->ledger);
    return mp_questions_close(inbound->instance, deliveries, error);
}

bool
mp_inbound_tell_outcome(MpInbound *inbound, MpDelivery *delivery, GError **error)
{
    (void)inbound;
    (void)error;
    log_outcome(delivery, "Would be: ");
    return true;
}
