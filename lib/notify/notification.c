/* One event's mails: the header of each recipient in front of a body that most of them share. */
#include "notify/notify.h"

#include <string.h>

#include <gmime/gmime.h>

#include "base/error.h"
#include "base/escape.h"
#include "markup/markdown.h"
#include "notify/internal.h"

struct MpNotification {
    const MpNotificationFacts facts;
    char *message_id, *opening_id; /* opening_id is NULL for the opening itself */
    char *subject, *link, *archive, *date;
    char *markdown[MP_N_LANGUAGES], *html[MP_N_LANGUAGES]; /* a comment's in the first place */
    GHashTable *bodies;                                    /* char * by body_key() */
};

static guint64
comment_number(const MpNotificationFacts *facts)
{
    return facts->comment != NULL ? facts->comment->number : 0;
}

static const char *
actor_name(const MpNotificationFacts *facts)
{
    const MpUser *actor = facts->actor;

    return actor->name != NULL && actor->name[0] != '\0' ? actor->name : actor->login;
}

/* The thread's name in a subject and a sentence: "Issue #17", "PR #18", "1a2b3c4". */
static char *
thread_label(const MpThread *thread, const char *issue, const char *pull)
{
    if (thread->kind == MP_COMMIT)
        return g_strndup(thread->object != NULL ? thread->object : "", 7);
    return g_strdup_printf("%s#%" G_GUINT64_FORMAT, thread->kind == MP_PULL ? pull : issue,
                           thread->id);
}

static char *
make_subject(const MpNotificationFacts *facts)
{
    const MpThread *thread = facts->thread;
    g_autofree char *label = thread_label(thread, "Issue ", "PR ");
    g_autofree char *raw = g_strdup_printf("(%s)", label);
    g_autofree char *suffix = mp_header_text(raw);
    g_autofree char *title = mp_header_text(thread->title);

    return g_strdup_printf("%s[%s]%s%s %s",
                           facts->kind == MP_EVENT_OPENED ? "" : "Re: ", thread->repository,
                           title[0] != '\0' ? " " : "", title, suffix);
}

/* A comment's own Message-ID is the tracker's; another event's is the thread's with its KEY. */
static char *
make_message_id(const MpNotificationFacts *facts, const char *opening)
{
    const char *at = strrchr(opening, '@');

    if (facts->comment != NULL)
        return mp_thread_message_id(facts->thread, facts->comment->number, facts->comment->key,
                                    facts->config->hostname);
    return g_strdup_printf("%.*s/event/%s%s", (int)(at - opening), opening, facts->key, at);
}

/* What became of the thread, in a sentence. */
static const char *
change_of(MpEventKind kind, const MpNoticeTexts *texts)
{
    switch (kind) {
    case MP_EVENT_CLOSED:
        return texts->closed;
    case MP_EVENT_REOPENED:
        return texts->reopened;
    case MP_EVENT_OPENED:
    case MP_EVENT_COMMENT:  /* bring a text of their own */
    case MP_EVENT_RESPONSE: /* is written in response.c */
    case MP_EVENT_TEST:     /* and in test_mail.c */
        break;
    }
    g_assert_not_reached();
}

static char *
make_markdown(const MpNotificationFacts *facts, MpLanguage language)
{
    g_autofree char *label = thread_label(facts->thread, "", "");

    if (facts->comment != NULL)
        return mp_clean_text(facts->comment->body);
    g_autofree char *line =
        mp_text_fill(change_of(facts->kind, mp_notice_texts(language)), "{thread}", label, NULL);
    return g_strconcat(line, "\n", NULL);
}

/* A comment is as it was written, whoever reads it. */
static void
make_content(MpNotification *n)
{
    for (MpLanguage l = 0; l < (n->facts.comment != NULL ? 1 : MP_N_LANGUAGES); l++) {
        n->markdown[l] = make_markdown(&n->facts, l);
        n->html[l] = mp_markdown_to_html(n->markdown[l]);
    }
}

static char *
make_date(gint64 time)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(time);

    return g_mime_utils_header_format_date(date);
}

/* Whether a reply of this reader's would be taken: what the gates of lib/policy ask. */
static bool
can_reply(const MpNotificationFacts *facts, const MpUser *reader)
{
    const MpRepository *repository = facts->repository;
    bool is_open = !facts->thread->is_locked && repository->reply == MP_REPLY_ON;

    return is_open ||
           (repository->reply != MP_REPLY_OFF && mp_has_id(repository->members, reader->id));
}

static const char *
link_template(const MpNotificationFacts *facts)
{
    return facts->repository->link != NULL ? facts->repository->link : facts->config->url;
}

MpNotification *
mp_notification_new(const MpNotificationFacts *facts)
{
    MpNotification *n = g_new0(MpNotification, 1);
    const char *template = link_template(facts);
    g_autofree char *opening =
        mp_thread_message_id(facts->thread, 0, NULL, facts->config->hostname);

    g_mime_init();
    memcpy((void *)&n->facts, facts, sizeof *facts);
    n->message_id = make_message_id(facts, opening);
    n->opening_id = facts->kind == MP_EVENT_OPENED ? NULL : g_steal_pointer(&opening);
    n->subject = make_subject(facts);
    n->link = mp_notification_link(template, facts->thread, comment_number(facts));
    n->archive = mp_notification_archive(template, facts->thread);
    n->date = make_date(facts->date);
    make_content(n);
    n->bodies = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return n;
}

void
mp_notification_free(MpNotification *n)
{
    if (n == NULL)
        return;
    g_free(n->message_id);
    g_free(n->opening_id);
    g_free(n->subject);
    g_free(n->link);
    g_free(n->archive);
    g_free(n->date);
    for (MpLanguage l = 0; l < MP_N_LANGUAGES; l++) {
        g_free(n->markdown[l]);
        g_free(n->html[l]);
    }
    g_hash_table_unref(n->bodies);
    g_free(n);
}

void
mp_outgoing_mail_free(MpOutgoingMail *message)
{
    if (message == NULL)
        return;
    g_free(message->sender);
    g_free(message->recipient);
    g_free(message->message_id);
    g_free(message->text);
    g_free(message);
}

char *
mp_notification_text(const MpNotificationFacts *facts, const MpUser *reader, const char *reason)
{
    g_autofree char *opening =
        mp_thread_message_id(facts->thread, 0, NULL, facts->config->hostname);
    g_autofree char *message_id = make_message_id(facts, opening);
    g_autofree char *link =
        mp_notification_link(link_template(facts), facts->thread, comment_number(facts));
    MpLanguage language = mp_notification_language(facts->config, reader);
    g_autofree char *markdown = make_markdown(facts, language);
    const MpBodyFacts body = {markdown, NULL, link, message_id, can_reply(facts, reader), language};

    g_autofree char *text = mp_body_text(&body, mp_reason_find(reason));
    g_autofree char *subject = make_subject(facts);
    return g_strdup_printf("From: %s <%s>\nSubject: %s\n\n%s",
                           facts->actor != NULL ? actor_name(facts) : "",
                           facts->config->noreply_address, subject, text);
}

/* All that a body depends on beside the event. */
static gpointer
body_key(const MpBodyFacts *facts, const MpReason *reason)
{
    guintptr key = mp_reason_number(reason) * MP_N_LANGUAGES + facts->language;

    return (gpointer)(2 * key + facts->can_reply);
}

static const char *
body_for(MpNotification *n, const MpUser *reader, const MpReason *reason)
{
    MpLanguage language = mp_notification_language(n->facts.config, reader);
    MpLanguage written_in = n->facts.comment != NULL ? 0 : language;
    const MpBodyFacts facts = {n->markdown[written_in], n->html[written_in],          n->link,
                               n->message_id,           can_reply(&n->facts, reader), language};
    char *body = g_hash_table_lookup(n->bodies, body_key(&facts, reason));

    if (body == NULL) {
        body = mp_body_make(&facts, reason);
        g_hash_table_insert(n->bodies, body_key(&facts, reason), body);
    }
    return body;
}

/* --- The header ------------------------------------------------------------------------------ */

/* The three signed addresses of a recipient. */
typedef struct {
    char *of[3]; /* by MpPurpose */
} Addresses;

static void
addresses_clear(Addresses *addresses)
{
    for (gsize i = 0; i < G_N_ELEMENTS(addresses->of); i++)
        g_free(addresses->of[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Addresses, addresses_clear)

static bool
make_addresses(const MpNotificationFacts *facts, const MpUser *user, Addresses *addresses,
               GError **error)
{
    const MpAddressSubject subject = {mp_thread_address_kind(facts->thread->kind),
                                      facts->thread->id, facts->thread->nonce, user->id,
                                      user->epoch};

    for (int purpose = 0; purpose < (int)G_N_ELEMENTS(addresses->of); purpose++) {
        addresses->of[purpose] = mp_address_make(facts->ring, (MpPurpose)purpose, &subject,
                                                 facts->config->hostname, error);
        if (addresses->of[purpose] == NULL)
            return false;
    }
    return true;
}

static void
append_people(GString *head, const MpNotificationFacts *facts, const MpReason *reason,
              const char *reply)
{
    g_autofree char *noreply = mp_config_noreply_domain(facts->config);
    const char *repository = facts->thread->repository, *slash = strchr(repository, '/');

    g_autofree char *to_address =
        mp_header_address(slash != NULL ? slash + 1 : repository, noreply);
    g_autofree char *cc_address = mp_header_address(reason->word, noreply);
    g_autofree char *from = mp_header_mailbox(actor_name(facts), facts->config->noreply_address);
    g_autofree char *reply_to = mp_header_plain_mailbox(repository, reply);
    g_autofree char *to = mp_header_plain_mailbox(repository, to_address);
    g_autofree char *cc = mp_header_plain_mailbox(reason->label, cc_address);

    mp_header_append(head, "From", from);
    mp_header_append(head, "Reply-To", reply_to);
    mp_header_append(head, "To", to);
    mp_header_append(head, "Cc", cc);
}

static void
append_thread(GString *head, const MpNotification *n)
{
    mp_header_append(head, "Message-ID", n->message_id);
    if (n->opening_id != NULL) {
        mp_header_append(head, "In-Reply-To", n->opening_id);
        mp_header_append(head, "References", n->opening_id);
    }
    mp_header_append(head, "Subject", n->subject);
}

/* RFC 2919 and RFC 2369. */
static void
append_list(GString *head, const MpNotification *n, const Addresses *addresses)
{
    const MpConfig *config = n->facts.config;
    g_auto(GStrv) part = g_strsplit(n->facts.thread->repository, "/", 2);
    g_autofree char *id =
        g_strdup_printf("%s.%s.%s", part[1] != NULL ? part[1] : "list", part[0], config->hostname);
    g_autofree char *list_id = mp_header_plain_mailbox(n->facts.thread->repository, id);
    g_autofree char *archive = n->archive != NULL ? g_strdup_printf("<%s>", n->archive) : NULL;
    g_autofree char *post = g_strdup_printf("<mailto:%s>", addresses->of[MP_PURPOSE_REPLY]);
    g_autofree char *unsubscribe = g_strdup_printf("<mailto:%s>", addresses->of[MP_PURPOSE_UNSUB]);

    mp_header_append(head, "List-ID", list_id);
    if (archive != NULL)
        mp_header_append(head, "List-Archive", archive);
    mp_header_append(head, "List-Post", post);
    mp_header_append(head, "List-Unsubscribe", unsubscribe);
    mp_header_append(head, "Precedence", "list");
    mp_header_append(head, "Auto-Submitted", "auto-generated");
    mp_header_append(head, "X-Auto-Response-Suppress", "All");
}

static void
append_facts(GString *head, const MpNotification *n, const MpUser *recipient,
             const MpReason *reason)
{
    const struct {
        const char *name, *value;
    } facts[] = {{"Sender", n->facts.actor->login},
                 {"Recipient", recipient->login},
                 {"Reason", reason->word}};

    for (gsize i = 0; i < 2 * G_N_ELEMENTS(facts); i++) {
        gsize fact = i % G_N_ELEMENTS(facts);
        g_autofree char *name =
            g_strconcat(i == fact ? "X-GitHub-" : "X-Metroplex-", facts[fact].name, NULL);
        g_autofree char *value = mp_header_text(facts[fact].value);

        mp_header_append(head, name, value);
    }
}

MpOutgoingMail *
mp_notification_render(MpNotification *n, const MpUser *recipient, const char *address,
                       const char *reason_word, GError **error)
{
    const MpReason *reason = mp_reason_find(reason_word);
    g_autoptr(GString) head = g_string_sized_new(8192);
    g_auto(Addresses) addresses = {{NULL}};
    MpOutgoingMail *message;

    if (!make_addresses(&n->facts, recipient, &addresses, error))
        return NULL;
    mp_header_append(head, "Date", n->date);
    append_people(head, &n->facts, reason, addresses.of[MP_PURPOSE_REPLY]);
    append_thread(head, n);
    append_facts(head, n, recipient, reason);
    append_list(head, n, &addresses);
    mp_header_append(head, "MIME-Version", "1.0");
    if (!mp_header_check(head, error))
        return NULL;
    g_string_append(head, body_for(n, recipient, reason));

    message = g_new0(MpOutgoingMail, 1);
    message->sender = g_steal_pointer(&addresses.of[MP_PURPOSE_BOUNCE]);
    message->recipient = g_strdup(address);
    message->message_id = g_strdup(n->message_id);
    message->length = head->len;
    message->text = g_string_free(g_steal_pointer(&head), FALSE);
    return message;
}
