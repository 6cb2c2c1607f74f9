/*
 * Bounces. Four things must agree before one counts: the signed address it came to names the thread
 * and the account, its sender is the null one, the report's machine-readable part (RFC 3464) names
 * an address of that account, and what came back is a message of that thread that we sent. The text
 * of a bounce, which anybody can write, is never read. Who was forwarded a notification knows all
 * of these but the sender, so one message counts once, and one report a day.
 */
#include "inbound/bounce.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "tracker/digest_id.h"

#define DAY_S 86400

typedef enum { NO_FAILURE, HARD, SOFT } Kind;

/* RFC 3464, section 2.3.3, and RFC 3463, section 2: a delay, and a failure that may pass, are soft.
 */
static Kind
kind_of(const MpDeliveryStatus *status)
{
    bool is_failed = g_ascii_strcasecmp(status->action, "failed") == 0;

    if (is_failed && status->status[0] == '5')
        return HARD;
    if ((is_failed && status->status[0] == '4') ||
        g_ascii_strcasecmp(status->action, "delayed") == 0)
        return SOFT;
    return NO_FAILURE;
}

/* --- Which message came back --------------------------------------------------------------------
 */

/* "…/event/KEY@host" of a change of state. */
static bool
names_event(MpInstance *instance, const MpThread *thread, const char *id, bool *is_ours,
            GError **error)
{
    g_autofree char *opening = mp_thread_message_id(thread, 0, NULL, instance->config->hostname);
    g_autofree char *begin = g_strndup(opening, strcspn(opening, "@"));
    g_autofree char *before = g_strconcat(begin, "/event/", NULL);
    guint64 number;

    *is_ours = false;
    if (!g_str_has_prefix(id, before) ||
        strcmp(id + strcspn(id, "@"), opening + strcspn(opening, "@")) != 0)
        return true;
    const char *key = id + strlen(before);
    g_autofree char *digits = g_strndup(key, strcspn(key, "@"));
    return strlen(digits) != 32 ||
           mp_tracker_find_key(instance->tracker, thread->id, digits, is_ours, &number, error);
}

/* A digest's id names whom it was sent to, and an event that it told. */
static bool
names_digest(MpInstance *instance, const MpDelivery *delivery, const char *id, bool *is_ours,
             GError **error)
{
    const MpThread *thread = delivery->identity.thread;
    g_auto(MpDigestId) digest = {0};
    g_autoptr(MpComment) last = NULL;
    guint64 number;

    *is_ours = false;
    if (!mp_thread_digest_of_id(thread, id, instance->config->hostname, &digest) ||
        digest.user != delivery->identity.account->id)
        return true;
    if (!digest.has_comments)
        return mp_tracker_find_key(instance->tracker, thread->id, digest.key, is_ours, &number,
                                   error);
    if (!mp_tracker_comment(instance->tracker, thread->id, digest.last, &last, error))
        return false;
    *is_ours = last != NULL && g_str_has_prefix(last->key, digest.key);
    return true;
}

/* Whether a Message-ID is of the thread, as we send it, and not of what the account wrote itself:
 * nobody is told of that. */
static bool
names_sent(MpInstance *instance, const MpDelivery *delivery, const char *id, bool *is_ours,
           GError **error)
{
    const char *hostname = instance->config->hostname;
    guint64 number;

    if (!mp_thread_comment_of_id(delivery->identity.thread, id, hostname, &number))
        return names_event(instance, delivery->identity.thread, id, is_ours, error) &&
               (*is_ours || names_digest(instance, delivery, id, is_ours, error));
    g_autoptr(MpComment) comment = NULL;
    *is_ours = false;
    if (!mp_tracker_comment(instance->tracker, delivery->identity.thread->id, number, &comment,
                            error))
        return false;
    if (comment != NULL) {
        g_autofree char *sent =
            mp_thread_message_id(delivery->identity.thread, number, comment->key, hostname);
        *is_ours = strcmp(sent, id) == 0 && comment->author != delivery->identity.account->id;
    }
    return true;
}

#define IDS_LOOKED_AT 8

/* The message of ours that the report is about: what it sends back, or what it answers. */
static bool
find_sent(MpInstance *instance, const MpDelivery *delivery, const char **id, GError **error)
{
    const GPtrArray *const lists[] = {delivery->message->returned, delivery->message->in_reply_to};

    *id = NULL;
    for (gsize k = 0; delivery->identity.thread != NULL && k < G_N_ELEMENTS(lists); k++) {
        for (guint i = 0; i < lists[k]->len && i < IDS_LOOKED_AT; i++) {
            bool is_ours;

            if (!names_sent(instance, delivery, g_ptr_array_index(lists[k], i), &is_ours, error))
                return false;
            if (is_ours && *id == NULL)
                *id = g_ptr_array_index(lists[k], i);
        }
    }
    return true;
}

/* --- What it does -------------------------------------------------------------------------------
 */

static bool
note(const MpConfig *config, MpUser *user, const MpDeliveryStatus *status, gint64 day,
     const char *id, char **why)
{
    const char *const addresses[] = {status->recipient, status->original};
    g_autofree char *mark = mp_bounce_mark(id);
    Kind kind = kind_of(status);
    int limit = kind == HARD ? config->max_hard_bounces : config->max_soft_bounces;
    bool suppressed = false;

    for (gsize i = 0; kind != NO_FAILURE && i < G_N_ELEMENTS(addresses); i++) {
        if (addresses[i][0] == '\0' || !mp_user_note_bounce(user, addresses[i], kind == HARD, day,
                                                            mark, (guint)limit, &suppressed))
            continue;
        g_autofree char *shown = mp_escape(addresses[i]);
        g_free(*why);
        *why = g_strdup_printf("a %s bounce of %s against %s%s", kind == HARD ? "hard" : "soft",
                               shown, user->login, suppressed ? ": the address is suppressed" : "");
        return true;
    }
    return false;
}

/* From the account as it is now: an earlier mail of the batch may have changed it. */
static bool
note_all(MpInstance *instance, const MpDelivery *delivery, const char *id, MpUser **changed,
         char **why, GError **error)
{
    gint64 day = delivery->mail->received / G_USEC_PER_SEC / DAY_S;
    const GPtrArray *deliveries = delivery->message->deliveries;
    g_autoptr(MpUser) user = NULL;
    bool has_changed = false;

    if (!mp_accounts_user(instance->accounts, delivery->identity.account->id, &user, error))
        return false;
    for (guint i = 0; user != NULL && i < deliveries->len; i++)
        has_changed |= note(instance->config, user, g_ptr_array_index(deliveries, i), day, id, why);
    if (has_changed)
        *changed = g_steal_pointer(&user);
    else
        *why = g_strdup("none of a failure at an address of the account that is new today");
    return true;
}

bool
mp_bounce_judge(MpInstance *instance, const MpDelivery *delivery, MpUser **changed, char **why,
                GError **error)
{
    const MpMessage *message = delivery->message;
    const char *id;

    *changed = NULL;
    *why = NULL;
    if (message->deliveries->len == 0)
        *why = g_strdup("no report that a program can read");
    else if (g_strcmp0(message->return_path, "") != 0)
        *why = g_strdup("not from the null sender (Return-Path: <>)");
    else if (!find_sent(instance, delivery, &id, error))
        return false;
    else if (id == NULL)
        *why = g_strdup("about no message that the account was sent in this thread");
    else
        return note_all(instance, delivery, id, changed, why, error);
    return true;
}

bool
mp_bounce_count(MpInstance *instance, const MpDelivery *delivery, GError **error)
{
    g_autoptr(MpUser) user = NULL;
    g_autofree char *why = NULL;

    if (delivery->decision.gate->action != MP_DO_BOUNCE)
        return true;
    if (!mp_bounce_judge(instance, delivery, &user, &why, error))
        return false;
    if (user == NULL) {
        mp_info("Not counted: %s", why);
        return true;
    }
    g_autofree char *what = g_strdup_printf("Count a bounce of %s", user->login);
    if (!mp_accounts_write(instance->accounts, user, what, error))
        return false;
    mp_info("Counted %s", why);
    return true;
}
