/* Responses to mails; see respond.h. */
#include "inbound/respond.h"

#include <string.h>
#include <time.h>

#include "address/address.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "inbound/question.h"
#include "instance/transaction.h"
#include "notify/notify.h"
#include "policy/commands.h"

#define HOUR                3600
#define QUOTE_MAX           (256 * 1024) /* octets of the person's text */
#define LINE_MAX_CHARACTERS 200
#define COMMANDS_TOLD       30
#define SHARE               4 /* of the answers of an hour one account has one in so many */

/* --- Whom ------------------------------------------------------------------------------------- */

/* The account, if any, that the only From of the mail belongs to. */
static bool
account_of_sender(MpInstance *instance, const MpDelivery *delivery, MpUser **account,
                  GError **error)
{
    const GPtrArray *from = delivery->message->from;

    *account = NULL;
    return from->len != 1 || mp_accounts_user_by_address(
                                 instance->accounts, g_ptr_array_index(from, 0), account, error);
}

static bool
can_hear(const MpUser *user)
{
    return user != NULL && mp_user_address(user) != NULL;
}

/* --- What ------------------------------------------------------------------------------------- */

static char *
one_line(const char *text)
{
    return text != NULL ? mp_visible_line(text, LINE_MAX_CHARACTERS) : NULL;
}

/* A mail to a no-reply address, without token or verdict, may be anybody's who wrote the account's
 * address into From: it is responded to, but carries no stranger's words to the account. */
static bool
is_vouched_for(const MpDelivery *delivery)
{
    return delivery->identity.is_verified ||
           delivery->identity.verdicts.check == MP_SENDER_AUTHENTIC;
}

char *
mp_response_day(const MpDelivery *delivery)
{
    g_autoptr(GDateTime) time =
        g_date_time_new_from_unix_utc(delivery->mail->received / G_USEC_PER_SEC);

    return time != NULL ? g_date_time_format(time, "%Y-%m-%d") : g_strdup("1970-01-01");
}

/* The signed address in the quote belongs to the reader of the response, but no MAC needs to travel
 * a second time. */
static void
take_quote(const MpDelivery *delivery, MpResponse *response, const char *text)
{
    g_autofree char *masked = mp_delivery_mask(delivery, text, MP_MASK_MACS);

    g_strchomp(masked);
    if (masked[strspn(masked, " \t\n")] == '\0')
        return;
    response->is_cut = strlen(masked) > QUOTE_MAX;
    if (response->is_cut) {
        char *end = g_utf8_find_prev_char(masked, masked + QUOTE_MAX);
        *(end != NULL ? end : masked) = '\0';
    }
    response->quote = g_steal_pointer(&masked);
}

/* There is nothing to be told but what was asked for. */
static bool
asks_for_help_only(const MpDelivery *delivery)
{
    const GPtrArray *commands = delivery->composed.commands;

    return delivery->decision.gate->action == MP_DO_COMMANDS && commands->len == 1 &&
           mp_mail_commands_has(commands, MP_MAIL_HELP);
}

static bool
quotes_nothing(const MpDelivery *delivery)
{
    return !is_vouched_for(delivery) || delivery->message->encrypted ||
           asks_for_help_only(delivery) ||
           strcmp(delivery->decision.gate->reason, "unsubscribed") == 0;
}

/* What became of the commands; *right, where help was asked for. */
static void
tell_commands(const MpDelivery *delivery, MpResponse *response)
{
    const GPtrArray *commands = delivery->composed.commands;
    const MpIdentity *identity = &delivery->identity;

    for (guint i = 0; i < MIN(commands->len, COMMANDS_TOLD); i++) {
        const MpGivenCommand *given = g_ptr_array_index(commands, i);
        g_autofree char *about = one_line(given->about);

        mp_response_add_command(response, mp_mail_fate_name(given->fate), given->nearest->word,
                                about, given->line);
    }
    if (commands->len > COMMANDS_TOLD) {
        g_autofree char *more = g_strdup_printf("%u", commands->len - COMMANDS_TOLD);
        mp_response_add_command(response, MP_RESPONSE_MORE, "/", NULL, more);
    }
    if (mp_mail_commands_has(commands, MP_MAIL_HELP))
        response->right = g_strdup(mp_mail_right_name(
            mp_mail_right_of(identity->account, identity->thread, identity->repository)));
}

/* Each mail with commands is told what became of its own. */
static bool
name_by_mail(const MpDelivery *delivery, MpResponse *response, GError **error)
{
    if (asks_for_help_only(delivery)) {
        g_free(response->text);
        response->text = g_strdup("help");
    }
    tell_commands(delivery, response);
    g_free(response->hash);
    response->hash = mp_delivery_hash(delivery, error);
    return response->hash != NULL;
}

/* Sets *planned, unless today's response to this account, for this reason, in this thread, has been
 * given. The mail, which may be large, is read only if there is one to give. */
static bool
plan_response(MpInstance *instance, const MpDelivery *delivery, const MpUser *user,
              MpResponse **planned, GError **error)
{
    g_autoptr(MpResponse) response = mp_response_new();
    const char *from =
        delivery->message->from->len > 0 ? g_ptr_array_index(delivery->message->from, 0) : NULL;
    MpLanguage language = mp_notification_language(instance->config, user);

    response->user = user->id;
    response->thread = mp_delivery_thread(delivery);
    response->reason = g_strdup(delivery->decision.gate->reason);
    response->text = g_strdup(delivery->decision.gate->text);
    response->repository =
        delivery->identity.is_opening ? g_strdup(delivery->identity.repository->name) : NULL;
    response->day = mp_response_day(delivery);
    response->hash = g_strdup("");
    if (delivery->decision.gate->tells_commands && !name_by_mail(delivery, response, error))
        return false;
    MpResponded responded = mp_outbox_responded(instance->outbox, response, error);
    if (responded != MP_RESPONDED_NOT)
        return responded != MP_RESPONDED_ERROR;
    if (response->hash[0] == '\0') {
        g_free(response->hash);
        response->hash = mp_delivery_hash(delivery, error);
    }
    response->language = g_strdup(mp_language_name(language));
    response->message_id = g_strdup(delivery->message->message_id);
    response->sender = one_line(from);
    response->subject = is_vouched_for(delivery) ? one_line(delivery->message->subject) : NULL;
    if (delivery->decision.gate->tells_verdicts) {
        g_autofree char *found = mp_verdicts_describe(&delivery->identity.verdicts);
        response->verdicts = g_strdup(found != NULL ? found : "");
    }
    if (response->hash == NULL)
        return false;
    *planned = g_steal_pointer(&response);
    return true;
}

bool
mp_response_plan(MpInstance *instance, MpDelivery *delivery, GError **error)
{
    g_autoptr(MpUser) sender = NULL;
    const MpUser *user = delivery->identity.account;

    g_clear_pointer(&delivery->decision.response, mp_response_unref);
    if (delivery->is_deferred || delivery->decision.gate == NULL ||
        delivery->decision.respond_to == MP_RESPOND_TO_NOBODY)
        return true;
    if (delivery->decision.respond_to == MP_RESPOND_TO_AUTHOR) {
        mp_question_plan(instance, delivery);
        return true;
    }
    if (instance->config->max_responses == 0)
        return true;
    if (delivery->decision.respond_to == MP_RESPOND_TO_SENDER) {
        if (!account_of_sender(instance, delivery, &sender, error))
            return false;
        user = sender;
    }
    if (!can_hear(user) ||
        (delivery->decision.respond_to != MP_RESPOND_TO_ACCOUNT && !user->is_active))
        return true;
    return plan_response(instance, delivery, user, &delivery->decision.response, error);
}

bool
mp_response_wants_reply(const MpDelivery *delivery)
{
    const MpResponse *response = delivery->decision.response;

    return response != NULL && response->question == NULL && delivery->extraction == NULL &&
           !quotes_nothing(delivery);
}

/* --- How many --------------------------------------------------------------------------------- */

/* Quotes the reply; if none was found, the text that was cut, since that is what they miss. */
static void
complete(MpDelivery *delivery)
{
    const MpExtraction *x = delivery->extraction;

    if (quotes_nothing(delivery) || x == NULL)
        return;
    take_quote(delivery, delivery->decision.response, x->reply);
    if (delivery->decision.response->quote == NULL)
        take_quote(delivery, delivery->decision.response, x->elided);
}

/* There is room for it, which it takes. What became of commands is told to each mail: one account
 * must not use up what all have. */
static bool
takes_room(const MpInstance *instance, const MpDelivery *delivery, int *given, GHashTable *of_each)
{
    guint64 user = delivery->decision.response->user;
    int most = instance->config->max_responses;
    int its = (int)GPOINTER_TO_UINT(g_hash_table_lookup(of_each, &user));

    if (*given >= most || its >= MAX(1, most / SHARE)) {
        mp_warn("Not answering %s to account %" G_GUINT64_FORMAT
                ": %d answers to it within the hour, %d in all",
                delivery->decision.gate->reason, user, its, *given);
        return false;
    }
    ++*given;
    mp_responses_count(of_each, user);
    return true;
}

bool
mp_responses_admit(MpInstance *instance, const GPtrArray *deliveries, GError **error)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) of_each = NULL;
    int given = -1;

    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (delivery->decision.response == NULL || delivery->decision.response->question != NULL)
            continue;
        if (given < 0)
            given = mp_outbox_count_responses(instance->outbox, (gint64)time(NULL) - HOUR, &of_each,
                                              error);
        if (given < 0)
            return false;
        if (g_hash_table_add(names, mp_response_name(delivery->decision.response)) &&
            takes_room(instance, delivery, &given, of_each))
            complete(delivery);
        else
            g_clear_pointer(&delivery->decision.response, mp_response_unref);
    }
    return mp_questions_admit(instance, deliveries, error);
}

MpEvent *
mp_response_event_of(const MpInstance *instance, MpResponse *response, guint64 thread)
{
    g_autofree char *name = mp_response_name(response);
    g_autofree char *source = g_strdup_printf("%s %s", response->hash, name);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, source, -1);
    g_autofree char *key = g_strdup_printf("answer-%.32s", sum);
    MpEvent *event = mp_transaction_event(instance, MP_EVENT_RESPONSE, key, thread, 0);

    event->response = mp_response_ref(response);
    if (response->user == 0)
        event->address = g_strdup(response->author);
    return event;
}

MpEvent *
mp_response_event(const MpInstance *instance, const MpDelivery *delivery)
{
    return mp_response_event_of(instance, delivery->decision.response,
                                mp_delivery_thread(delivery));
}
