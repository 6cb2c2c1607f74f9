/* Which mails are answered, and with what; see respond.h. */
#include "inbound/respond.h"

#include <string.h>
#include <time.h>

#include "address/address.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "instance/transaction.h"

#define HOUR                3600
#define QUOTE_MAX           (256 * 1024) /* octets of the person's text */
#define LINE_MAX_CHARACTERS 200

/* --- Whom ------------------------------------------------------------------------------------- */

/* The account, if any, that the only From of the mail belongs to. */
static bool
account_of_sender(MpInstance *instance, const MpItem *item, MpUser **account, GError **error)
{
    const GPtrArray *from = item->message->from;

    *account = NULL;
    return from->len != 1 || mp_accounts_user_by_address(
                                 instance->accounts, g_ptr_array_index(from, 0), account, error);
}

static bool
can_hear(const MpUser *user)
{
    return user != NULL && user->emails->len > 0 &&
           !mp_user_is_suppressed(user, g_ptr_array_index(user->emails, 0));
}

/* --- What ------------------------------------------------------------------------------------- */

static char *
one_line(const char *text)
{
    g_autofree char *line = text != NULL ? mp_one_line(text) : NULL;

    if (line == NULL || *line == '\0')
        return NULL;
    if (g_utf8_strlen(line, -1) <= LINE_MAX_CHARACTERS)
        return g_steal_pointer(&line);
    g_autofree char *cut = g_utf8_substring(line, 0, LINE_MAX_CHARACTERS - 1);
    return g_strconcat(cut, "…", NULL);
}

/* A mail to a no-reply address, without token or verdict, may be anybody's who wrote the account's
 * address into From: it is answered, but carries no stranger's words to the account. */
static bool
is_vouched_for(const MpItem *item)
{
    return item->is_verified || item->verdicts.check == MP_SENDER_AUTHENTIC;
}

static char *
day_of(const MpItem *item)
{
    g_autoptr(GDateTime) time =
        g_date_time_new_from_unix_utc(item->mail->received / G_USEC_PER_SEC);

    return time != NULL ? g_date_time_format(time, "%Y-%m-%d") : g_strdup("1970-01-01");
}

/* The signed address in the mail belongs to who hears this, but no MAC needs a second journey. */
static void
take_quote(const MpItem *item, MpAnswer *answer, const char *text)
{
    g_autofree char *masked = mp_item_mask(item, text, MP_MASK_MACS);

    g_strchomp(masked);
    if (masked[strspn(masked, " \t\n")] == '\0')
        return;
    answer->is_cut = strlen(masked) > QUOTE_MAX;
    if (answer->is_cut) {
        char *end = g_utf8_find_prev_char(masked, masked + QUOTE_MAX);
        *(end != NULL ? end : masked) = '\0';
    }
    answer->quote = g_steal_pointer(&masked);
}

static bool
quotes_nothing(const MpItem *item)
{
    return !is_vouched_for(item) || item->message->encrypted ||
           strcmp(item->gate->reason, "unsubscribed") == 0;
}

/* Sets *planned, unless today's answer to this account, for this reason, in this thread, has been
 * given. The mail, which may be large, is read only if there is one to give. */
static bool
plan_answer(MpInstance *instance, const MpItem *item, const MpUser *user, MpAnswer **planned,
            GError **error)
{
    g_autoptr(MpAnswer) answer = g_new0(MpAnswer, 1);
    const char *from =
        item->message->from->len > 0 ? g_ptr_array_index(item->message->from, 0) : NULL;
    const char *fallback = mp_language_name((MpLanguage)instance->config->language);

    answer->user = user->id;
    answer->thread = item->thread != NULL ? item->thread->id : 0;
    answer->reason = g_strdup(item->gate->reason);
    answer->text = g_strdup(item->gate->text);
    answer->command =
        g_strdup(item->forbidden_command != NULL ? item->forbidden_command : item->unknown_command);
    answer->day = day_of(item);
    answer->hash = g_strdup("");
    MpAnswered answered = mp_outbox_answered(instance->outbox, answer, error);
    if (answered != MP_ANSWERED_NOT)
        return answered != MP_ANSWERED_ERROR;
    g_free(answer->hash);
    answer->hash = mp_item_hash(item, error);
    answer->language = g_strdup(user->language != NULL ? user->language : fallback);
    answer->message_id = g_strdup(item->message->message_id);
    answer->sender = one_line(from);
    answer->subject = is_vouched_for(item) ? one_line(item->message->subject) : NULL;
    if (item->gate->tells_verdicts) {
        g_autofree char *found = mp_verdicts_describe(&item->verdicts);
        answer->verdicts = g_strdup(found != NULL ? found : "");
    }
    if (answer->hash == NULL)
        return false;
    *planned = g_steal_pointer(&answer);
    return true;
}

bool
mp_answer_plan(MpInstance *instance, MpItem *item, GError **error)
{
    g_autoptr(MpUser) sender = NULL;
    const MpUser *user = item->account;

    g_clear_pointer(&item->answer, mp_answer_free);
    if (item->is_deferred || item->gate == NULL || item->hears == MP_HEARS_NOBODY ||
        instance->config->max_answers == 0)
        return true;
    if (item->hears == MP_HEARS_SENDER) {
        if (!account_of_sender(instance, item, &sender, error))
            return false;
        user = sender;
    }
    if (!can_hear(user) || (item->hears != MP_HEARS_ACCOUNT && !user->is_active))
        return true;
    return plan_answer(instance, item, user, &item->answer, error);
}

bool
mp_answer_wants_reply(const MpItem *item)
{
    return item->answer != NULL && item->extraction == NULL && !quotes_nothing(item);
}

/* --- How many --------------------------------------------------------------------------------- */

/* What the person wrote; if nothing was found, what there is, since that is what they miss. */
static void
complete(MpItem *item)
{
    const MpExtraction *x = item->extraction;

    if (quotes_nothing(item) || x == NULL)
        return;
    take_quote(item, item->answer, x->reply);
    if (item->answer->quote == NULL)
        take_quote(item, item->answer, x->elided);
}

bool
mp_answers_admit(MpInstance *instance, const GPtrArray *items, GError **error)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    int given = -1;

    for (guint i = 0; i < items->len; i++) {
        MpItem *item = g_ptr_array_index(items, i);

        if (item->answer == NULL)
            continue;
        if (given < 0)
            given = mp_outbox_count_answers(instance->outbox, (gint64)time(NULL) - HOUR, error);
        if (given < 0)
            return false;
        if (!g_hash_table_add(names, mp_answer_name(item->answer))) {
            g_clear_pointer(&item->answer, mp_answer_free);
        } else if (given >= instance->config->max_answers) {
            mp_warn("Not answering %s to account %" G_GUINT64_FORMAT ": %d answers within the hour",
                    item->gate->reason, item->answer->user, given);
            g_clear_pointer(&item->answer, mp_answer_free);
        } else {
            given++;
            complete(item);
        }
    }
    return true;
}

MpEvent *
mp_answer_event(const MpInstance *instance, MpItem *item)
{
    g_autofree char *name = mp_answer_name(item->answer);
    g_autofree char *source = g_strdup_printf("%s %s", item->answer->hash, name);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, source, -1);
    g_autofree char *key = g_strdup_printf("answer-%.32s", sum);
    MpEvent *event = mp_transaction_event(instance, MP_EVENT_ANSWER, key,
                                          item->thread != NULL ? item->thread->id : 0, 0);

    event->answer = g_steal_pointer(&item->answer);
    item->is_answered = true;
    return event;
}
