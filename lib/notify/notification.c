/* One event's mails: the header of each recipient in front of a body that most of them share. */
#include "notify/notify.h"

#include <string.h>

#include <gmime/gmime.h>

#include "base/escape.h"
#include "markup/markdown.h"
#include "notify/internal.h"

static guint64
comment_number(const MpNotificationFacts *facts)
{
    return facts->comment != NULL ? facts->comment->number : 0;
}

const char *
mp_notification_actor(const MpNotificationFacts *facts)
{
    const MpUser *actor = facts->actor;
    const MpComment *comment = facts->comment;

    if (actor == NULL)
        return comment != NULL && comment->author_login != NULL ? mp_comment_author(comment)
                                                                : "ghost";
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

char *
mp_notification_subject(const MpNotificationFacts *facts)
{
    const MpThread *thread = facts->thread;
    g_autofree char *label = thread_label(thread, "Issue ", "PR ");
    g_autofree char *raw = g_strdup_printf("(%s)", label);
    g_autofree char *suffix = mp_header_text(raw);
    g_autofree char *title = mp_header_text(thread->title);

    if (facts->kind == MP_EVENT_PUSHED) {
        g_autofree char *did = mp_push_heading(facts->event->push);

        return g_strdup_printf("[%s] %s: %s %s", thread->repository, did, title, suffix);
    }
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

/* Whether a commit closed or named the thread. */
static bool
has_commit(const MpNotificationFacts *facts)
{
    return facts->event != NULL && facts->event->source != NULL && facts->event->commits != NULL;
}

/* What became of the thread, in a sentence. */
static const char *
change_of(const MpNotificationFacts *facts, const MpNoticeTexts *texts)
{
    switch (facts->kind) {
    case MP_EVENT_CLOSED:
        return has_commit(facts) ? texts->closed_by : texts->closed;
    case MP_EVENT_REOPENED:
        return texts->reopened;
    case MP_EVENT_LOCKED:
        return texts->locked;
    case MP_EVENT_UNLOCKED:
        return texts->unlocked;
    case MP_EVENT_RENAMED:
        return texts->renamed;
    case MP_EVENT_LABELED:
        return texts->labeled;
    case MP_EVENT_UNLABELED:
        return texts->unlabeled;
    case MP_EVENT_ASSIGNED:
        return texts->assigned;
    case MP_EVENT_UNASSIGNED:
        return texts->unassigned;
    case MP_EVENT_HEAD_PUSHED:
        return texts->pushed;
    case MP_EVENT_MERGED:
        return texts->merged;
    case MP_EVENT_HEAD_DELETED:
        return texts->head_deleted;
    case MP_EVENT_REFERENCED:
        return texts->referenced;
    case MP_EVENT_OPENED:
    case MP_EVENT_COMMENT:  /* bring a text of their own */
    case MP_EVENT_PUSHED:   /* is written in push.c */
    case MP_EVENT_DIGEST:   /* is several of these, in digest.c */
    case MP_EVENT_RESPONSE: /* is written in response.c */
    case MP_EVENT_TEST:     /* and in test_mail.c */
    case MP_EVENT_MENDED:
        break;
    }
    g_assert_not_reached();
}

/* Labels as code, so that nothing in them is markup. */
static char *
labels_text(const MpThreadEvent *event)
{
    g_autofree char *joined = event != NULL ? mp_labels_text(event->labels, "`, `") : g_strdup("");

    return *joined != '\0' ? g_strdup_printf("`%s`", joined) : g_strdup("");
}

static char *
assignees_text(const MpThreadEvent *event)
{
    g_autofree char *joined =
        event != NULL ? mp_assignees_text(event->assignees, ", @") : g_strdup("");

    return *joined != '\0' ? g_strconcat("@", joined, NULL) : g_strdup("");
}

/* What happened in Git. Names of branches and repositories have no backtick. */
static char *
git_sentence(const MpNotificationFacts *facts, const MpNoticeTexts *texts, const char *text)
{
    const MpThreadEvent *event = facts->event;
    const MpThread *thread = facts->thread;
    g_autofree char *added = g_strdup_printf("%" G_GUINT64_FORMAT, event->n_added);
    g_autofree char *removed = g_strdup_printf("%" G_GUINT64_FORMAT, event->n_removed);
    g_autofree char *base = g_strdup_printf("`%s`", thread->base != NULL ? thread->base : "");
    g_autofree char *head = g_strdup_printf("`%s`", thread->object != NULL ? thread->object : "");
    g_autofree char *whole = g_strconcat(text, event->n_removed > 0 ? texts->taken_back : "", NULL);

    return mp_text_fill(whole, "{added}", added, "{removed}", removed, "{base}", base, "{head}",
                        head, "{source}", event->source != NULL ? event->source : "", NULL);
}

/* The sentence with its facts; titles, which are anybody's text, come in last. */
static char *
change_sentence(const MpNotificationFacts *facts, const char *text)
{
    const MpThreadEvent *event = facts->event;
    g_autofree char *label = thread_label(facts->thread, "", "");
    g_autofree char *labels = labels_text(event), *assignees = assignees_text(event);
    g_autofree char *line =
        mp_text_fill(text, "{thread}", label, "{labels}", labels, "{assignees}", assignees, NULL);
    g_auto(GStrv) around = g_strsplit(line, "{was}", 2);

    if (event == NULL || event->title == NULL || event->was == NULL || around[1] == NULL)
        return g_steal_pointer(&line);
    g_autofree char *title = mp_markdown_quote(event->title), *was = mp_markdown_quote(event->was);
    g_autofree char *before = mp_text_fill(around[0], "{title}", title, NULL);
    g_autofree char *behind = mp_text_fill(around[1], "{title}", title, NULL);
    return g_strconcat(before, was, behind, NULL);
}

static char *
comment_markdown(const MpNotificationFacts *facts, MpLanguage language)
{
    g_autofree char *place = mp_place_markdown(facts->comment, language);
    g_autofree char *changes = facts->changes != NULL
                                   ? mp_changes_markdown(facts->thread, facts->changes, language)
                                   : g_strdup("");
    g_autofree char *whole = g_strconcat(place, facts->comment->body, changes, NULL);

    return mp_clean_text(whole);
}

static char *
change_markdown(const MpNotificationFacts *facts, MpLanguage language)
{
    const MpNoticeTexts *texts = mp_notice_texts(language);
    const char *text = change_of(facts, texts);

    if (facts->event == NULL)
        return change_sentence(facts, text);
    g_autofree char *filled = git_sentence(facts, texts, text);
    g_autofree char *line = change_sentence(facts, filled);
    return mp_pushed_markdown(facts->event, line, language);
}

char *
mp_notification_markdown(const MpNotificationFacts *facts, MpLanguage language)
{
    if (facts->comment != NULL && facts->comment->redacted != 0)
        return g_strdup(mp_notice_texts(language)->redacted);
    if (facts->comment != NULL)
        return comment_markdown(facts, language);
    g_autofree char *said = facts->kind == MP_EVENT_PUSHED
                                ? mp_push_markdown(facts->event->push, mp_notice_texts(language))
                                : change_markdown(facts, language);
    return mp_clean_text(said);
}

static MpEnclosures *
make_enclosures(const MpNotificationFacts *facts, bool with_data)
{
    MpEnclosures *enclosures = mp_enclosures_new(facts, with_data);

    if (facts->comment != NULL)
        mp_enclosures_add(enclosures, facts->comment);
    return enclosures;
}

/* What people wrote is as it was written, whoever reads it; what is said of it is in their
 * language. */
static const MpContent *
content_for(MpNotification *n, MpLanguage language)
{
    MpContent *content = &n->content[language];
    const MpContentPlace place = {n->facts.comment, n->link, language};

    if (n->enclosures == NULL)
        n->enclosures = make_enclosures(&n->facts, true);
    if (content->text == NULL) {
        g_autofree char *markdown = mp_notification_markdown(&n->facts, language);
        mp_content_make(content, &n->facts, n->enclosures, &place, markdown, true, MP_CONTENT_MAX);
    }
    return content;
}

static char *
make_date(gint64 time)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(time);

    return g_mime_utils_header_format_date(date);
}

bool
mp_notification_can_reply(const MpNotificationFacts *facts, const MpUser *reader)
{
    const MpRepository *repository = facts->repository;
    bool is_open = !facts->thread->is_locked && repository->reply == MP_REPLY_ON;

    return is_open ||
           (repository->reply != MP_REPLY_OFF && mp_has_id(repository->members, reader->id));
}

static const char *
link_template(const MpNotificationFacts *facts)
{
    return mp_notification_template(facts->config, facts->repository);
}

char *
mp_notification_page(const MpNotificationFacts *facts)
{
    return mp_notification_link(link_template(facts), facts->thread, comment_number(facts));
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
    n->subject = mp_notification_subject(facts);
    n->link = mp_notification_page(facts);
    n->archive = mp_notification_archive(template, facts->thread);
    n->date = make_date(facts->date);
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
    for (MpLanguage l = 0; l < MP_N_LANGUAGES; l++)
        mp_content_clear(&n->content[l]);
    for (gsize i = 0; i < G_N_ELEMENTS(n->before); i++) {
        g_free(n->before[i]);
        g_free(n->behind[i]);
    }
    mp_enclosures_free(n->enclosures);
    g_hash_table_unref(n->bodies);
    g_free(n);
}

char *
mp_notification_text(const MpNotificationFacts *facts, const MpUser *reader, const char *reason)
{
    g_autofree char *opening =
        mp_thread_message_id(facts->thread, 0, NULL, facts->config->hostname);
    g_autofree char *message_id = make_message_id(facts, opening);
    g_autofree char *link = mp_notification_page(facts);
    MpLanguage language = mp_notification_language(facts->config, reader);
    g_autofree char *markdown = mp_notification_markdown(facts, language);
    g_autoptr(MpEnclosures) enclosures = make_enclosures(facts, false);
    g_auto(MpContent) content = {NULL};
    const MpContentPlace place = {facts->comment, link, language};
    const MpBodyFacts body = {.content = &content,
                              .link = link,
                              .message_id = message_id,
                              .can_reply = mp_notification_can_reply(facts, reader),
                              .language = language};

    mp_content_make(&content, facts, enclosures, &place, markdown, false, MP_CONTENT_MAX);
    g_autofree char *text = mp_body_text(&body, mp_reason_find(reason));
    g_autofree char *subject = mp_notification_subject(facts);
    return g_strdup_printf("From: %s <%s>\nSubject: %s\n\n%s", mp_notification_actor(facts),
                           facts->config->noreply_address, subject, text);
}

/* All that a body depends on beside the event. */
static gpointer
body_key(const MpBodyFacts *facts, const MpReason *reason)
{
    guintptr key = mp_reason_number(reason) * MP_N_LANGUAGES + facts->language;

    return (gpointer)(4 * key + 2 * facts->can_reply + (facts->format == MP_MAIL_TEXT));
}

static const char *
body_for(MpNotification *n, const MpUser *reader, const MpReason *reason)
{
    MpLanguage language = mp_notification_language(n->facts.config, reader);
    const MpBodyFacts facts = {.content = content_for(n, language),
                               .link = n->link,
                               .message_id = n->message_id,
                               .can_reply = mp_notification_can_reply(&n->facts, reader),
                               .is_foreign = n->facts.comment != NULL,
                               .language = language,
                               .format = reader->format};
    char *body = g_hash_table_lookup(n->bodies, body_key(&facts, reason));

    if (body == NULL) {
        body = mp_body_make(&facts, reason);
        g_hash_table_insert(n->bodies, body_key(&facts, reason), body);
    }
    return body;
}

/* The content: a body that many share, within what all share. */
static void
append_content(GString *out, MpNotification *n, const MpUser *reader, const MpReason *reason)
{
    const char *body = body_for(n, reader, reason);
    bool has_html = reader->format != MP_MAIL_TEXT;

    if (n->before[has_html] == NULL)
        mp_enclosures_frame(n->enclosures, has_html,
                            n->facts.comment != NULL ? n->facts.comment->body : "",
                            &n->before[has_html], &n->behind[has_html]);
    g_string_append(out, n->before[has_html]);
    g_string_append(out, body);
    g_string_append(out, n->behind[has_html]);
}

/* --- The message ----------------------------------------------------------------------------- */

MpOutgoingMail *
mp_notification_render(MpNotification *n, const MpUser *recipient, const char *address,
                       const char *reason_word, GError **error)
{
    const MpReason *reason = mp_reason_find(reason_word);
    g_autoptr(GString) text = g_string_sized_new(8192);
    g_autofree char *sender = NULL;
    const MpNoticeHead head = {
        .facts = &n->facts,
        .name = mp_notification_actor(&n->facts),
        .login = n->facts.actor->login,
        .message_id = n->message_id,
        .opening_id = n->opening_id,
        .subject = n->subject,
        .date = n->date,
        .archive = n->archive,
        .can_reply = mp_notification_can_reply(&n->facts, recipient),
    };

    if (!mp_notice_head(text, &head, recipient, address, reason, &sender, error))
        return NULL;
    append_content(text, n, recipient, reason);
    return mp_outgoing_mail_new(sender, address, n->message_id, g_steal_pointer(&text));
}
