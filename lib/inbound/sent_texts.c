/* The texts that were sent to a thread and that a mail may quote: by them the quote is found. */
#include <string.h>

#include "base/error.h"
#include "inbound/internal.h"
#include "notify/notify.h"
#include "tracker/digest_id.h"

#define SENT_TEXTS_MAX  8 /* of In-Reply-To and References: the mail answered stands first */
#define DIGEST_COMMENTS 200
#define DIGEST_OCTETS   (256 * 1024)
#define SENT_TEXTS_LAST 4 /* of the thread, where a mail has neither field */

/* Adds the number of a comment, each once. */
static void
add_number(GArray *numbers, guint64 number)
{
    if (!mp_has_id(numbers, number))
        g_array_append_val(numbers, number);
}

/* Why the account is told of the thread now; the sentence in what it was sent may be another. */
static char *
reason_of(const MpInstance *instance, const MpDelivery *delivery, GError **error)
{
    char *reason;

    if (!mp_tracker_subscription(instance->tracker, delivery->identity.thread->id,
                                 delivery->identity.account->id, &reason, error))
        return NULL;
    return reason != NULL ? reason : g_strdup("subscribed");
}

/* A comment as it was sent. */
typedef struct {
    MpComment *comment;
    MpUser *actor;      /* or NULL */
    MpChanges *changes; /* of a pull request that was opened, or NULL */
} Sent;

static void
sent_free(gpointer data)
{
    Sent *sent = data;

    mp_comment_free(sent->comment);
    mp_user_free(sent->actor);
    mp_changes_free(sent->changes);
    g_free(sent);
}

/* False for errors only; *sent is NULL where there is no such comment. */
static bool
read_sent(const MpInstance *instance, const MpThread *thread, guint64 number, Sent **sent,
          GError **error)
{
    g_autoptr(MpComment) comment = NULL;
    g_autoptr(MpUser) actor = NULL;
    g_autoptr(MpChanges) changes = NULL;

    *sent = NULL;
    if (!mp_tracker_comment(instance->tracker, thread->id, number, &comment, error))
        return false;
    if (comment == NULL)
        return true;
    if (!mp_accounts_user(instance->accounts, comment->author, &actor, error) ||
        (number == 0 && !mp_tracker_changes(instance->tracker, thread->id, &changes, error)))
        return false;
    *sent = g_new0(Sent, 1);
    (*sent)->changes = g_steal_pointer(&changes);
    (*sent)->comment = g_steal_pointer(&comment);
    (*sent)->actor = g_steal_pointer(&actor);
    return true;
}

static MpNotificationFacts
facts_of(const MpInstance *instance, const MpDelivery *delivery, const Sent *sent)
{
    return (MpNotificationFacts){
        .config = instance->config,
        .actor = sent->actor,
        .thread = delivery->identity.thread,
        .repository = delivery->identity.repository,
        .kind = sent->comment->number == 0 ? MP_EVENT_OPENED : MP_EVENT_COMMENT,
        .comment = sent->comment,
        .changes = sent->changes,
        .date = sent->comment->date,
    };
}

static bool
add_sent_text(const MpInstance *instance, const MpDelivery *delivery, guint64 number,
              const char *reason, GStrvBuilder *texts, GError **error)
{
    Sent *sent;

    if (!read_sent(instance, delivery->identity.thread, number, &sent, error))
        return false;
    if (sent == NULL)
        return true;
    const MpNotificationFacts facts = facts_of(instance, delivery, sent);
    g_autofree char *text = mp_notification_text(&facts, delivery->identity.account, reason);
    g_strv_builder_add(texts, text);
    sent_free(sent);
    return true;
}

/* The comments that a digest told: of those that it names, all but the reader's own. Anybody can
 * write such a name, so that there is a bound. */
static GPtrArray *
read_digest(const MpInstance *instance, const MpDelivery *delivery, const MpDigestId *digest,
            GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(sent_free);
    gsize octets = 0;

    for (guint64 n = digest->first;
         n <= digest->last && n - digest->first < DIGEST_COMMENTS && octets < DIGEST_OCTETS; n++) {
        Sent *sent;

        if (!read_sent(instance, delivery->identity.thread, n, &sent, error))
            return NULL;
        if (sent == NULL)
            break; /* there are no more */
        octets += strlen(sent->comment->body);
        if (sent->comment->author == delivery->identity.account->id &&
            !delivery->identity.account->hears_own)
            sent_free(sent);
        else
            g_ptr_array_add(all, sent);
    }
    return g_steal_pointer(&all);
}

static bool
add_digest_text(const MpInstance *instance, const MpDelivery *delivery, const char *id,
                const MpDigestId *digest, const char *reason, GStrvBuilder *texts, GError **error)
{
    g_autoptr(GPtrArray) all = read_digest(instance, delivery, digest, error);
    g_autoptr(GArray) facts = g_array_new(FALSE, FALSE, sizeof(MpNotificationFacts));

    for (guint i = 0; all != NULL && i < all->len; i++) {
        const MpNotificationFacts one = facts_of(instance, delivery, all->pdata[i]);
        g_array_append_val(facts, one);
    }
    if (facts->len == 0)
        return all != NULL;
    g_autofree char *text = mp_digest_text((const MpNotificationFacts *)facts->data, facts->len, id,
                                           delivery->identity.account, reason);
    g_strv_builder_add(texts, text);
    return true;
}

/* Adds the digests that the mail names. */
static bool
add_named_digests(const MpInstance *instance, const MpDelivery *delivery, const char *reason,
                  GStrvBuilder *texts, bool *is_any, GError **error)
{
    const GPtrArray *ids = delivery->message->in_reply_to;

    *is_any = false;
    for (guint i = 0; i < ids->len && i < SENT_TEXTS_MAX && !*is_any; i++) {
        const char *id = g_ptr_array_index(ids, i);
        g_auto(MpDigestId) digest = {0};

        if (!mp_thread_digest_of_id(delivery->identity.thread, id, instance->config->hostname,
                                    &digest) ||
            !digest.has_comments)
            continue;
        *is_any = true; /* one: the mail answered stands first */
        if (!add_digest_text(instance, delivery, id, &digest, reason, texts, error))
            return false;
    }
    return true;
}

/* Adds the comments that the mail names in In-Reply-To and References. */
static void
add_named_comments(const MpInstance *instance, const MpDelivery *delivery, GArray *numbers)
{
    for (guint i = 0; i < delivery->message->in_reply_to->len && i < SENT_TEXTS_MAX; i++) {
        guint64 number;

        if (mp_thread_comment_of_id(delivery->identity.thread,
                                    g_ptr_array_index(delivery->message->in_reply_to, i),
                                    instance->config->hostname, &number))
            add_number(numbers, number);
    }
}

/* Adds the last comments, where the mail names none: some programs write neither field, but the
 * address says which thread it is. */
static bool
add_last_comments(const MpInstance *instance, const MpDelivery *delivery, GArray *numbers,
                  GError **error)
{
    guint64 last;

    if (!mp_tracker_last_comment(instance->tracker, delivery->identity.thread->id, &last, error))
        return false;
    for (guint64 n = 0; n < SENT_TEXTS_LAST && n <= last; n++)
        add_number(numbers, last - n);
    return true;
}

GStrv
mp_delivery_sent_texts(const MpInstance *instance, const MpDelivery *delivery, bool *are_guessed,
                       GError **error)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GStrvBuilder) texts = g_strv_builder_new();
    g_autofree char *reason = reason_of(instance, delivery, error);
    bool has_digest;

    if (reason == NULL)
        return NULL;
    if (!add_named_digests(instance, delivery, reason, texts, &has_digest, error))
        return NULL;
    add_named_comments(instance, delivery, numbers);
    *are_guessed = numbers->len == 0 && !has_digest;
    if (*are_guessed && !add_last_comments(instance, delivery, numbers, error))
        return NULL;
    for (guint i = 0; i < numbers->len; i++)
        if (!add_sent_text(instance, delivery, g_array_index(numbers, guint64, i), reason, texts,
                           error))
            return NULL;
    return g_strv_builder_end(texts);
}
