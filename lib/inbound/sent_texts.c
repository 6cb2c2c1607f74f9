/* The texts that were sent to a thread and that a mail may quote: by them the quote is found. */
#include "base/error.h"
#include "inbound/internal.h"
#include "notify/notify.h"

#define SENT_TEXTS_MAX  8 /* of In-Reply-To and References: the mail answered stands first */
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

static bool
add_sent_text(const MpInstance *instance, const MpDelivery *delivery, guint64 number,
              const char *reason, GStrvBuilder *texts, GError **error)
{
    g_autoptr(MpComment) comment = NULL;
    g_autoptr(MpUser) actor = NULL;

    if (!mp_tracker_comment(instance->tracker, delivery->identity.thread->id, number, &comment,
                            error))
        return false;
    if (comment == NULL)
        return true;
    if (!mp_accounts_user(instance->accounts, comment->author, &actor, error))
        return false;
    const MpNotificationFacts facts = {
        .config = instance->config,
        .actor = actor,
        .thread = delivery->identity.thread,
        .repository = delivery->identity.repository,
        .kind = number == 0 ? MP_EVENT_OPENED : MP_EVENT_COMMENT,
        .comment = comment,
    };
    g_autofree char *text = mp_notification_text(&facts, delivery->identity.account, reason);
    g_strv_builder_add(texts, text);
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

    if (reason == NULL)
        return NULL;
    add_named_comments(instance, delivery, numbers);
    *are_guessed = numbers->len == 0;
    if (*are_guessed && !add_last_comments(instance, delivery, numbers, error))
        return NULL;
    for (guint i = 0; i < numbers->len; i++)
        if (!add_sent_text(instance, delivery, g_array_index(numbers, guint64, i), reason, texts,
                           error))
            return NULL;
    return g_strv_builder_end(texts);
}
