/* One mail on its way through a batch; see delivery.h. */
#include "inbound/delivery.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "inbound/attachments.h"
#include "notify/notify.h"

/* Times `comment` of [limits]: no links that become shorter, no masked address brings back so much.
 */
#define FAR_TOO_LONG    4
#define SENT_TEXTS_MAX  8 /* of In-Reply-To and References: the mail answered stands first */
#define SENT_TEXTS_LAST 4 /* of the thread, where a mail has neither field */

MpItem *
mp_item_new(MpMail *mail)
{
    MpItem *item = g_new0(MpItem, 1);

    item->mail = mail;
    return item;
}

/* What mp_item_identify and the gates found. */
static void
forget(MpItem *item)
{
    g_clear_pointer(&item->recipient, g_free);
    g_clear_pointer(&item->recipient_field, g_free);
    g_clear_pointer(&item->account, mp_user_free);
    g_clear_pointer(&item->thread, mp_thread_free);
    g_clear_pointer(&item->repository, mp_repository_free);
    g_clear_pointer(&item->key, g_free);
    g_clear_pointer(&item->why, g_free);
    g_clear_pointer(&item->answer, mp_answer_free);
    item->over_rate = NULL;
    item->hears = MP_HEARS_NOBODY;
    item->is_answered = item->is_verified = item->is_noreply = item->is_duplicate =
        item->is_deferred = false;
    item->gate = NULL;
    item->comment = 0;
}

void
mp_item_free(MpItem *item)
{
    if (item == NULL)
        return;
    forget(item);
    mp_mail_free(item->mail);
    mp_message_free(item->message);
    mp_extraction_free(item->extraction);
    g_clear_pointer(&item->attachments, g_ptr_array_unref);
    g_clear_pointer(&item->fates, g_ptr_array_unref);
    g_clear_pointer(&item->commands, g_ptr_array_unref);
    g_free(item->unknown_command);
    g_free(item->message_id);
    g_free(item->refused);
    g_free(item->fault_text);
    g_free(item->body);
    g_free(item);
}

void
mp_item_read(MpItem *item, MpMessage *message, MpMessageFault fault, const GError *why)
{
    const char *code = mp_message_fault_code(fault);
    const char *text = why != NULL ? why->message : NULL;

    /* The gate's reason says the code; the text need not repeat it. */
    if (text != NULL && code != NULL && g_str_has_prefix(text, code))
        text += strlen(code) + strspn(text + strlen(code), ": ");
    item->message = message;
    if (message != NULL && message->message_id != NULL && item->message_id == NULL)
        item->message_id = mp_address_mask(message->message_id, MP_MASK_MACS);
    item->fault = fault;
    g_free(item->fault_text);
    item->fault_text = g_strdup(text);
}

/* --- Whose it is ---------------------------------------------------------------------------- */

static void
take_address(MpItem *item, const MpAddressee *addressee, const MpAddress *address)
{
    g_free(item->recipient);
    g_free(item->recipient_field);
    item->recipient = mp_address_mask(addressee->address, MP_MASK_MACS);
    item->recipient_field = g_strdup(addressee->field);
    item->address = *address;
}

/* The address that notifications come from, and all of noreply.HOSTNAME that stands in their To and
 * Cc. */
static bool
is_noreply(const MpConfig *config, const char *address)
{
    const char *at = strrchr(address, '@');
    g_autofree char *domain = mp_config_noreply_domain(config);

    return g_ascii_strcasecmp(address, config->noreply_address) == 0 ||
           (at != NULL && g_ascii_strcasecmp(at + 1, domain) == 0);
}

/* A Message-ID is published as it came, but for the digits of the address. */
static void
mask_message_id(MpItem *item)
{
    char *masked = item->message_id != NULL
                       ? mp_address_mask_known(item->message_id, item->address.mac)
                       : NULL;

    g_free(item->message_id);
    item->message_id = masked;
}

/*
 * Whether the address was made for the account and for the thread that has its number now; where
 * that thread is gone, the account is enough to say so. A thread is read only for whom the
 * account's half proves, so that nobody else makes a mail wait for a thread that is damaged.
 */
static bool
verify_address(MpInstance *instance, const MpAddress *address, MpUser **account, MpThread **thread,
               bool *is_verified, GError **error)
{
    *is_verified = false;
    *thread = NULL;
    if (!mp_accounts_user(instance->accounts, address->user, account, error))
        return false;
    if (*account == NULL || !mp_address_verify(instance->keys, address, NULL, (*account)->epoch))
        return true;
    if (address->thread != 0 &&
        !mp_tracker_thread(instance->tracker, address->thread, thread, error))
        return false;
    const char *nonce = *thread != NULL ? (*thread)->nonce : address->thread == 0 ? "" : NULL;
    *is_verified = mp_address_verify(instance->keys, address, nonce, (*account)->epoch);
    return true;
}

/* The first that verifies wins; without one, the first of our shape is what gets refused. */
static bool
find_address(MpInstance *instance, MpItem *item, GError **error)
{
    const GPtrArray *recipients = item->message->recipients;

    for (guint i = 0; i < recipients->len; i++) {
        const MpAddressee *addressee = g_ptr_array_index(recipients, i);
        g_autoptr(MpUser) account = NULL;
        g_autoptr(MpThread) thread = NULL;
        MpAddress address;

        item->is_noreply |= is_noreply(instance->config, addressee->address);
        if (mp_address_parse(addressee->address, instance->config->hostname, &address) ==
            MP_ADDRESS_FOREIGN)
            continue;
        if (!verify_address(instance, &address, &account, &thread, &item->is_verified, error))
            return false;
        if (item->is_verified || item->recipient == NULL)
            take_address(item, addressee, &address);
        if (item->is_verified) {
            item->account = g_steal_pointer(&account);
            mask_message_id(item);
            item->thread = g_steal_pointer(&thread);
            return true;
        }
    }
    return true;
}

/* A thread of another kind than was signed is not the one that was meant. */
static bool
find_repository(MpInstance *instance, MpItem *item, GError **error)
{
    if (item->thread != NULL && mp_thread_address_kind(item->thread->kind) != item->address.kind)
        g_clear_pointer(&item->thread, mp_thread_free);
    if (item->thread == NULL)
        return true;
    item->repository = mp_tracker_repository(instance->tracker, item->thread->repository, error);
    return item->repository != NULL;
}

char *
mp_item_hash(const MpItem *item, GError **error)
{
    int fd = item->mail->fd;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guchar buffer[65536];
    off_t at = 0;
    ssize_t n;

    while ((n = pread(fd, buffer, sizeof buffer, at)) > 0) {
        g_checksum_update(sum, buffer, n);
        at += n;
    }
    if (n < 0)
        return mp_fail_errno_null(error, "cannot read a mail");
    return g_strdup(g_checksum_get_string(sum));
}

/* What tells two mails apart: the Message-ID, or without one all there is. */
static char *
source_of(const MpItem *item, GError **error)
{
    if (item->message->message_id != NULL)
        return g_strdup(item->message->message_id);
    g_autofree char *hash = mp_item_hash(item, error);
    return hash != NULL ? g_strconcat("raw:", hash, NULL) : NULL;
}

gint64
mp_item_received(const MpItem *item)
{
    return MIN(item->mail->received, g_get_real_time()) / G_USEC_PER_SEC;
}

static bool
find_duplicate(MpInstance *instance, MpItem *item, GError **error)
{
    g_autofree char *words = mp_message_words(item->message);
    g_autofree char *source = source_of(item, error);

    if (source == NULL)
        return false;
    item->key = mp_tracker_key(item->account->id, item->address.thread, source, words);
    return mp_tracker_find_key(instance->tracker, item->address.thread, item->key,
                               &item->is_duplicate, &item->comment, error);
}

/* Of several authors none is checked: such a mail is refused anyway. */
static void
check_sender(const MpInstance *instance, MpItem *item)
{
    const GPtrArray *from = item->message->from;

    item->verdicts = mp_verdicts_read(item->message->results, instance->config->authserv_id,
                                      from->len == 1 ? g_ptr_array_index(from, 0) : NULL);
}

bool
mp_item_identify(MpInstance *instance, MpItem *item, GError **error)
{
    forget(item);
    if (item->message == NULL)
        return true;
    check_sender(instance, item);
    bool good = find_address(instance, item, error) &&
                (!item->is_verified ||
                 (find_repository(instance, item, error) && find_duplicate(instance, item, error)));
    item->is_deferred = !good;
    if (good && item->is_verified)
        mp_instance_is_over_rate(instance, item->account->id, item->address.thread,
                                 mp_item_received(item), &item->over_rate);
    return good;
}

/* --- What it says --------------------------------------------------------------------------- */

/* Where the text behind the commands begins. */
static const char *
take_commands(const MpInstance *instance, MpItem *item, const char *reply)
{
    const char *rest = reply;

    g_clear_pointer(&item->commands, g_ptr_array_unref);
    g_clear_pointer(&item->unknown_command, g_free);
    item->forbidden_command = NULL;
    if (item->thread == NULL || item->account == NULL)
        return reply;
    item->commands =
        mp_mail_commands(reply, instance->config->commands, &rest, &item->unknown_command);
    if (!mp_mail_may_command(item->account, item->thread, item->repository))
        item->forbidden_command = mp_mail_commands_guarded(item->commands);
    if (item->commands->len == 0)
        g_clear_pointer(&item->commands, g_ptr_array_unref);
    return rest;
}

char *
mp_item_mask(const MpItem *item, const char *text, MpMaskScope scope)
{
    g_autofree char *known =
        item->is_verified ? mp_address_mask_known(text, item->address.mac) : NULL;

    return mp_address_mask(known != NULL ? known : text, scope);
}

/* What is stored beside the comment is published as well. */
static void
mask_attachments(const MpItem *item, MpMaskScope scope)
{
    for (guint i = 0; item->is_verified && i < item->attachments->len; i++) {
        MpNewAttachment *attachment = g_ptr_array_index(item->attachments, i);
        GBytes *masked = mp_address_mask_bytes(attachment->data, item->address.mac);
        char *name = mp_item_mask(item, attachment->name, scope);

        g_bytes_unref(attachment->data);
        attachment->data = masked;
        g_free((char *)attachment->name);
        attachment->name = name;
    }
}

/* Ten octets that refer to a picture become a link with its name, of hundreds: what will be refused
 * for its length is not composed first. The gate counts it as it was written. */
static bool
is_far_too_long(const MpInstance *instance, const MpItem *item)
{
    glong most = FAR_TOO_LONG * (glong)instance->config->max_comment;

    return g_utf8_strlen(item->extraction->reply, -1) > most;
}

void
mp_item_compose(const MpInstance *instance, MpItem *item)
{
    g_clear_pointer(&item->body, g_free);
    g_clear_pointer(&item->attachments, g_ptr_array_unref);
    g_clear_pointer(&item->fates, g_ptr_array_unref);
    if (is_far_too_long(instance, item)) {
        take_commands(instance, item, ""); /* of an earlier call */
        item->body = g_strdup(item->extraction->reply);
        return;
    }
    g_autoptr(MpPlacement) placement = mp_attachments_place(item->message, item->extraction);
    const char *text = take_commands(instance, item, placement->body);
    MpMaskScope scope = instance->config->mask_addresses ? MP_MASK_MARKDOWN : MP_MASK_MACS;
    item->attachments = g_steal_pointer(&placement->stored);
    item->fates = g_steal_pointer(&placement->fates);
    item->body = mp_item_mask(item, text, scope);
    mask_attachments(item, MIN(scope, MP_MASK_TEXT));
}

/* --- What the gates say --------------------------------------------------------------------- */

void
mp_item_decide(const MpInstance *instance, MpItem *item)
{
    const MpDelivery delivery = {
        .config = instance->config,
        .message = item->message,
        .fault = item->fault,
        .fault_text = item->fault_text,
        .recipient = item->recipient,
        .recipient_field = item->recipient_field,
        .address = item->address,
        .is_verified = item->is_verified,
        .is_noreply = item->is_noreply,
        .account = item->account,
        .thread = item->thread,
        .repository = item->repository,
        .verdicts = item->verdicts,
        .is_duplicate = item->is_duplicate,
        .refused = item->refused,
        .is_over_rate = item->over_rate != NULL,
        .over_rate = item->over_rate,
        .is_reaction = item->extraction != NULL && item->extraction->is_reaction,
        .has_commands = item->commands != NULL,
        .forbidden_command = item->forbidden_command,
        .unknown_command = item->unknown_command,
        .reply = item->extraction != NULL ? item->body : NULL,
    };

    g_clear_pointer(&item->why, g_free);
    item->gate =
        mp_policy_walk(&delivery, 0, item->extraction != NULL, &item->next_gate, &item->why);
    item->hears = item->gate != NULL ? mp_policy_hears(item->gate, &delivery) : MP_HEARS_NOBODY;
}

bool
mp_item_wants_reply(const MpItem *item)
{
    return !item->is_deferred && item->gate == NULL && item->extraction == NULL;
}

/* --- What it may quote ---------------------------------------------------------------------- */

/* Which comments: the one that was answered, and those named in References; few, and each once. */
static void
add_number(GArray *numbers, guint64 number)
{
    for (guint i = 0; i < numbers->len; i++)
        if (g_array_index(numbers, guint64, i) == number)
            return;
    g_array_append_val(numbers, number);
}

/* Why the account is told of the thread now; the sentence in what it was sent may be another. */
static char *
reason_of(MpInstance *instance, const MpItem *item, GError **error)
{
    char *reason;

    if (!mp_tracker_subscription(instance->tracker, item->thread->id, item->account->id, &reason,
                                 error))
        return NULL;
    return reason != NULL ? reason : g_strdup("subscribed");
}

static bool
add_sent_text(MpInstance *instance, const MpItem *item, guint64 number, const char *reason,
              GStrvBuilder *texts, GError **error)
{
    g_autoptr(MpComment) comment = NULL;
    g_autoptr(MpUser) actor = NULL;

    if (!mp_tracker_comment(instance->tracker, item->thread->id, number, &comment, error))
        return false;
    if (comment == NULL)
        return true;
    if (!mp_accounts_user(instance->accounts, comment->author, &actor, error))
        return false;
    const MpNotificationFacts facts = {
        .config = instance->config,
        .actor = actor,
        .thread = item->thread,
        .repository = item->repository,
        .kind = number == 0 ? MP_EVENT_OPENED : MP_EVENT_COMMENT,
        .comment = comment,
    };
    g_autofree char *text = mp_notification_text(&facts, reason);
    g_strv_builder_add(texts, text);
    return true;
}

/* Those that an answer names in In-Reply-To and References. */
static void
add_named_comments(const MpInstance *instance, const MpItem *item, GArray *numbers)
{
    for (guint i = 0; i < item->message->in_reply_to->len && i < SENT_TEXTS_MAX; i++) {
        guint64 number;

        if (mp_thread_comment_of_id(item->thread, g_ptr_array_index(item->message->in_reply_to, i),
                                    instance->config->hostname, &number))
            add_number(numbers, number);
    }
}

/* Those that were sent last, where an answer names none: some programs write neither field, but the
 * address says which thread it is. */
static bool
add_last_comments(MpInstance *instance, const MpItem *item, GArray *numbers, GError **error)
{
    guint64 last;

    if (!mp_tracker_last_comment(instance->tracker, item->thread->id, &last, error))
        return false;
    for (guint64 n = 0; n < SENT_TEXTS_LAST && n <= last; n++)
        add_number(numbers, last - n);
    return true;
}

GStrv
mp_item_sent_texts(MpInstance *instance, const MpItem *item, bool *are_guessed, GError **error)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GStrvBuilder) texts = g_strv_builder_new();
    g_autofree char *reason = reason_of(instance, item, error);

    if (reason == NULL)
        return NULL;
    add_named_comments(instance, item, numbers);
    *are_guessed = numbers->len == 0;
    if (*are_guessed && !add_last_comments(instance, item, numbers, error))
        return NULL;
    for (guint i = 0; i < numbers->len; i++)
        if (!add_sent_text(instance, item, g_array_index(numbers, guint64, i), reason, texts,
                           error))
            return NULL;
    return g_strv_builder_end(texts);
}
