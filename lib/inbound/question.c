/* Questions to who should have written a held mail; see question.h. */
#include "inbound/question.h"

#include <string.h>
#include <time.h>

#include "address/mailbox.h"
#include "address/question.h"
#include "base/domain.h"
#include "base/escape.h"
#include "base/log.h"
#include "inbound/openings.h"
#include "inbound/respond.h"
#include "notify/notify.h"
#include "outbox/questions.h"
#include "tracker/confirmed.h"
#include "tracker/guests.h"
#include "tracker/share.h"

#define HOUR        3600
#define SUBJECT_MAX 78 /* characters */
#define LEFT_OUT    "[…]"

/* --- What is quoted ------------------------------------------------------------------------------
 */

/* One of the dots, or the at signs, that mail programs make links of. */
static bool
is_one_of(gunichar c, const char *const *forms)
{
    for (; *forms != NULL; forms++)
        if (g_utf8_get_char(*forms) == c)
            return true;
    return false;
}

/* Where a mail program would see the address of a page, a person or a program. */
static bool
is_link(const char *word)
{
    static const char *const joints[] = {".", "@", "․", "。", "．", "｡", "＠", "﹫", NULL};
    gunichar before = 0;

    if (strstr(word, "//") != NULL)
        return true;
    for (const char *p = word; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p), next = g_utf8_get_char(g_utf8_next_char(p));

        if (g_unichar_isalnum(before) && g_unichar_isalpha(next) && is_one_of(c, joints))
            return true;
        if (c == ':' && g_unichar_isalpha(before) && next != 0)
            return true;
        before = c;
    }
    return false;
}

/* The subject, which may be anybody's words to somebody who never wrote to us: short, and nothing
 * in it leads anywhere. */
static char *
quoted_subject(const char *subject)
{
    g_autofree char *line = subject != NULL ? mp_visible_line(subject, G_MAXINT) : NULL;
    g_auto(GStrv) words = g_strsplit(line != NULL ? line : "", " ", -1);

    for (char **word = words; *word != NULL; word++)
        if (is_link(*word)) {
            g_free(*word);
            *word = g_strdup(LEFT_OUT);
        }
    g_autofree char *plain = g_strjoinv(" ", words);
    return mp_visible_line(plain, SUBJECT_MAX);
}

/* --- Asking -------------------------------------------------------------------------------------
 */

/* Where the question goes, the account's or the delivery's; NULL for nowhere. */
static const char *
asked_address(const MpDelivery *delivery, const MpUser *account)
{
    const GPtrArray *from = delivery->message->from;

    return account != NULL  ? mp_user_address(account)
           : from->len == 1 ? g_ptr_array_index(from, 0)
                            : NULL;
}

static char *
name_of_question(const MpDelivery *delivery, const char *address)
{
    g_autofree char *folded = mp_address_fold(address, false);
    const char *at = strrchr(folded, '@');

    return mp_question_name(delivery->identity.key, folded,
                            mp_domain_registered(at != NULL ? at + 1 : ""));
}

void
mp_question_plan(const MpInstance *instance, MpDelivery *delivery)
{
    const MpIdentity *identity = &delivery->identity;
    const MpUser *account =
        identity->account != NULL && !identity->account->is_guest ? identity->account : NULL;
    const char *address = asked_address(delivery, account);

    if (address == NULL || delivery->message->from->len != 1)
        return;
    MpResponse *response = mp_response_new();
    response->user = account != NULL ? account->id : 0;
    response->thread = identity->thread != NULL ? identity->thread->id : 0;
    response->reason = g_strdup("held");
    response->text = g_strdup("question");
    response->repository = g_strdup(identity->repository->name);
    response->question = name_of_question(delivery, address);
    response->author = g_strdup(g_ptr_array_index(delivery->message->from, 0));
    response->language =
        g_strdup(mp_language_name(mp_notification_language(instance->config, account)));
    delivery->decision.response = response;
}

static const char *
over_limit(const MpConfig *config, const MpQuestions *questions, const char *question)
{
    if (questions->n_recent >= (guint)config->max_questions)
        return "as many questions were asked as an hour may bring";
    if (mp_questions_open(questions, question) >= (guint)config->max_open_questions)
        return "as many questions to that address are open as may be";
    if (mp_questions_recent(questions, question) >= (guint)config->max_domain_questions)
        return "as many questions were asked in that domain as an hour may bring";
    return NULL;
}

/* Those that wait in held/ are asked as soon as there is room, which is no news each minute. */
static void
log_limit(const MpDelivery *delivery, const char *which)
{
    g_autofree char *path = mp_escape(delivery->mail->path);

    if (delivery->mail->place != MP_PLACE_HELD)
        mp_warn("Not asking about %s now: %s", path, which);
}

static bool
complete(MpDelivery *delivery, GError **error)
{
    MpResponse *response = delivery->decision.response;

    response->day = mp_response_day(delivery);
    response->hash = mp_delivery_hash(delivery, error);
    response->message_id = g_strdup(delivery->message->message_id);
    response->subject = quoted_subject(delivery->message->subject);
    return response->hash != NULL;
}

/* Drops the question, or counts it. */
static bool
admit(const MpInstance *instance, MpQuestions *questions, MpDelivery *delivery, GError **error)
{
    MpResponse *response = delivery->decision.response;
    bool is_asked = mp_questions_have(questions, delivery->identity.key);
    const char *which =
        is_asked ? NULL : over_limit(instance->config, questions, response->question);

    if (which != NULL)
        log_limit(delivery, which);
    if (is_asked || which != NULL) {
        g_clear_pointer(&delivery->decision.response, mp_response_unref);
        return true;
    }
    mp_questions_add(questions, response->question, true);
    return complete(delivery, error);
}

bool
mp_questions_admit(MpInstance *instance, const GPtrArray *deliveries, GError **error)
{
    g_autoptr(MpQuestions) questions = NULL;

    for (guint i = 0; i < deliveries->len; i++) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (delivery->decision.response == NULL || delivery->decision.response->question == NULL)
            continue;
        if (questions == NULL)
            questions = mp_outbox_questions(instance->outbox, (gint64)time(NULL) - HOUR, error);
        if (questions == NULL || !admit(instance, questions, delivery, error))
            return false;
    }
    return true;
}

/* One that was let in before its author was asked stays open. */
static bool
is_closed(const MpDelivery *delivery)
{
    const MpDecision *decision = &delivery->decision;

    return !delivery->is_deferred && delivery->mail->place == MP_PLACE_HELD &&
           decision->gate->outcome != MP_OUTCOME_HELD && delivery->identity.key != NULL &&
           !(decision->gate->action == MP_DO_OPEN &&
             mp_user_is_unconfirmed(delivery->identity.account));
}

bool
mp_questions_close(const MpInstance *instance, const GPtrArray *deliveries, GError **error)
{
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < deliveries->len; i++) {
        const MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (is_closed(delivery))
            g_hash_table_add(keys, delivery->identity.key);
        else if (!delivery->is_deferred && delivery->decision.gate->action == MP_DO_CONFIRM)
            g_hash_table_add(keys, delivery->identity.confirms);
    }
    return mp_outbox_close_questions(instance->outbox, keys, error);
}

/* --- Answers ------------------------------------------------------------------------------------
 */

static bool
is_of_account(const MpInstance *instance, const MpQuestionAddress *address, const MpUser *account)
{
    if (account == NULL || account->is_guest)
        return false;
    for (guint i = 0; i < account->emails->len; i++)
        if (mp_question_address_verify(instance->keys, address,
                                       g_ptr_array_index(account->emails, i)))
            return true;
    return false;
}

static bool
is_of_sender(const MpInstance *instance, const MpQuestionAddress *address, const char *from,
             bool *is, GError **error)
{
    g_autoptr(MpUser) account = NULL;

    *is = mp_question_address_verify(instance->keys, address, from);
    if (*is)
        return true;
    if (!mp_accounts_user_by_address(instance->accounts, from, &account, error))
        return false;
    *is = is_of_account(instance, address, account);
    return true;
}

/* What somebody made up costs no more than its signature: a mail may have hundreds of it. */
static bool
is_answer(const MpInstance *instance, const MpDelivery *delivery, const MpQuestionAddress *address,
          bool *is, GError **error)
{
    const GPtrArray *from = delivery->message->from;

    *is = false;
    return from->len != 1 || !mp_question_address_verify(instance->keys, address, NULL) ||
           is_of_sender(instance, address, g_ptr_array_index(from, 0), is, error);
}

void
mp_delivery_leave_question(MpDelivery *delivery)
{
    MpIdentity *identity = &delivery->identity;

    g_clear_pointer(&identity->confirms, g_free);
    g_clear_pointer(&identity->unproved, g_free);
    g_clear_pointer(&identity->account, mp_user_free);
}

static void
take_recipient(MpIdentity *identity, const MpAddressee *addressee)
{
    g_free(identity->recipient);
    g_free(identity->recipient_field);
    identity->recipient = mp_address_mask(addressee->address, MP_MASK_MACS);
    identity->recipient_field = g_strdup(addressee->field);
}

bool
mp_delivery_find_question(const MpInstance *instance, MpDelivery *delivery,
                          const MpAddressee *addressee, GError **error)
{
    MpIdentity *identity = &delivery->identity;
    MpQuestionAddress address;
    bool is;

    if (identity->confirms != NULL ||
        !mp_question_address_parse(addressee->address, instance->config->hostname, &address))
        return true;
    if (!is_answer(instance, delivery, &address, &is, error))
        return false;
    if (!is) {
        if (identity->recipient == NULL)
            take_recipient(identity, addressee);
        return true;
    }
    if (!mp_delivery_find_author(instance, delivery, addressee->address, error))
        return false;
    take_recipient(identity, addressee);
    identity->confirms = g_strdup(address.key);
    /* for an account its address speaks, as any signed one; of others it is known that the domain
     * signs: it must have signed this, too */
    if (identity->account != NULL && !identity->account->is_guest)
        g_clear_pointer(&identity->unproved, g_free);
    return true;
}

bool
mp_delivery_find_asked(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    MpIdentity *identity = &delivery->identity;
    guint64 user;

    if (!mp_accounts_confirmed(instance->accounts, identity->confirms, &user, error))
        return false;
    identity->is_duplicate = identity->account != NULL && user == identity->account->id;
    if (mp_tracker_is_shared(instance->tracker)) /* another host may hold it */
        return true;
    g_autoptr(MpQuestions) questions = mp_outbox_questions(instance->outbox, 0, error);
    identity->is_too_late = questions != NULL && !mp_questions_wait(questions, identity->confirms);
    return questions != NULL;
}

typedef bool (*OfGuest)(MpAccounts *accounts, const MpGuestMail *mail, guint64 *user,
                        GError **error);

static bool
settle(const MpInstance *instance, const MpDelivery *delivery, const char *key, OfGuest of_guest,
       GError **error)
{
    const MpUser *account = delivery->identity.account;
    const char *sender = g_ptr_array_index(delivery->message->from, 0);
    g_autofree char *mailbox = NULL;
    guint64 user;

    if (account != NULL && !account->is_guest)
        return mp_accounts_confirm(instance->accounts, key, account->id, error);
    const char *fault = mp_mailbox_fault(instance->config, sender, &mailbox);
    const MpGuestMail mail = {key, fault == NULL ? mailbox : sender, delivery->message->from_name};
    return of_guest(instance->accounts, &mail, &user, error);
}

bool
mp_question_confirm(const MpInstance *instance, const MpDelivery *delivery, GError **error)
{
    return settle(instance, delivery, delivery->identity.confirms, mp_accounts_confirm_guest,
                  error);
}

bool
mp_question_accept(const MpInstance *instance, const MpDelivery *delivery, GError **error)
{
    const MpIdentity *identity = &delivery->identity;

    if (identity->is_answer && identity->account != NULL) /* at its word: no guest is made of it */
        return mp_accounts_confirm(instance->accounts, identity->key, identity->account->id, error);
    return settle(instance, delivery, identity->key, mp_accounts_accept_guest, error);
}

/* A guest that was made of this mail alone has no address where the one who confirms it was known
 * already: then that is who hears of the thread. */
static bool
find_who_hears(const MpInstance *instance, const MpDelivery *delivery, guint64 *user,
               GError **error)
{
    g_autoptr(MpUser) author = NULL;

    if (!mp_accounts_user(instance->accounts, *user, &author, error))
        return false;
    if (author != NULL && mp_user_is_unconfirmed(author) && delivery->identity.account != NULL)
        *user = delivery->identity.account->id;
    return true;
}

bool
mp_question_subscribe(const MpInstance *instance, MpBatch *batch, const MpDelivery *delivery,
                      GError **error)
{
    const char *key = delivery->identity.confirms;
    g_autofree char *name = g_strconcat(MP_OPENED_BY_MAIL, key, NULL);
    g_autoptr(MpThread) thread = NULL;
    MpActor actor = mp_program_actor();
    guint64 number, user;

    if (!mp_tracker_find_import(instance->tracker, name, &number, error) ||
        !mp_accounts_confirmed(instance->accounts, key, &user, error) ||
        !mp_batch_thread(batch, number, &thread, error))
        return false;
    if (thread == NULL || thread->author != user)
        return true;
    if (!find_who_hears(instance, delivery, &user, error))
        return false;
    g_autofree char *what = g_strdup_printf("%s#%" G_GUINT64_FORMAT ": its author is confirmed",
                                            thread->repository, thread->id);
    return mp_batch_subscribe(batch, number, user, "author", what, &actor, error);
}
