/*
 * A digest: one mail of several events of a thread. Each event stands under who did it and when,
 * the footer is that of any notification, and its Message-ID says by itself which comments are in
 * it, so that a reply is compared with just these.
 */
#include "notify/notify.h"

#include <string.h>

#include "base/escape.h"
#include "notify/internal.h"
#include "tracker/digest_id.h"

/* Between two events: no client takes it for a signature or the beginning of a quote. */
#define RULE "* * *"

#define LEFT_OUT 512 /* octets of the note of what is left out, with its link */

static char *
time_text(gint64 time)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(time);

    return g_date_time_format(date, "%Y-%m-%d %H:%M UTC");
}

static void
append_text(GString *out, const MpNotificationFacts *facts, const char *link, const char *markdown)
{
    g_autofree char *name = mp_one_line(mp_notification_actor(facts));
    g_autofree char *time = time_text(facts->date);

    if (out->len > 0)
        g_string_append(out, "\n" RULE "\n\n");
    g_string_append_printf(out, "%s, %s\n", name, time);
    if (link != NULL)
        g_string_append_printf(out, "%s\n", link);
    g_string_append_printf(out, "\n%s", markdown);
}

static void
append_html(GString *out, const MpNotification *n, const char *html)
{
    g_autofree char *name = mp_one_line(mp_notification_actor(&n->facts));
    g_autofree char *time = time_text(n->facts.date);
    g_autofree char *shown =
        n->link != NULL
            ? g_markup_printf_escaped("<a rel=\"nofollow noopener noreferrer\" href=\"%s\">%s</a>",
                                      n->link, time)
            : g_strdup(time);
    g_autofree char *head = g_markup_printf_escaped("<p><strong>%s</strong>, ", name);

    g_string_append_printf(out, "%s%s%s</p>\n%s", out->len > 0 ? "<hr>\n" : "", head, shown, html);
}

/* --- The message ------------------------------------------------------------------------------ */

static MpNotification *
nth(const GPtrArray *notifications, guint i)
{
    return g_ptr_array_index(notifications, i);
}

/* Whom the From names: the one who wrote, or the repository, where several did. */
static const char *
writer(const GPtrArray *notifications)
{
    const MpNotificationFacts *first = &nth(notifications, 0)->facts;

    for (guint i = 1; i < notifications->len; i++)
        if (nth(notifications, i)->facts.actor->id != first->actor->id)
            return first->thread->repository;
    return mp_notification_actor(first);
}

/* "tim, kate": each once. */
static char *
logins(const GPtrArray *notifications)
{
    g_autoptr(GPtrArray) seen = g_ptr_array_new();

    for (guint i = 0; i < notifications->len; i++) {
        char *login = nth(notifications, i)->facts.actor->login;

        if (!g_ptr_array_find_with_equal_func(seen, login, g_str_equal, NULL))
            g_ptr_array_add(seen, login);
    }
    g_ptr_array_add(seen, NULL);
    return g_strjoinv(", ", (char **)seen->pdata);
}

static char *
make_message_id(const GPtrArray *notifications, guint64 user, gint64 due)
{
    const MpNotificationFacts *last = &nth(notifications, notifications->len - 1)->facts;
    MpDigestId id = {.user = user, .due = due, .first = G_MAXUINT64, .key = (char *)last->key};

    for (guint i = 0; i < notifications->len; i++) {
        const MpComment *comment = nth(notifications, i)->facts.comment;

        if (comment == NULL)
            continue;
        id.has_comments = true;
        id.first = MIN(id.first, comment->number);
        if (comment->number >= id.last) {
            id.last = comment->number;
            id.key = comment->key;
        }
    }
    return mp_thread_digest_id(last->thread, &id, last->config->hostname);
}

/* Attachments of all share one limit; whose comment comes first, come first. */
static MpEnclosures *
make_enclosures(const GPtrArray *notifications, GString *written)
{
    MpEnclosures *enclosures = mp_enclosures_new(&nth(notifications, 0)->facts, true);

    for (guint i = 0; i < notifications->len; i++) {
        const MpNotificationFacts *facts = &nth(notifications, i)->facts;

        g_string_append(written, mp_notification_actor(facts));
        if (facts->comment == NULL)
            continue;
        mp_enclosures_add(enclosures, facts->comment);
        g_string_append(written, facts->comment->body);
    }
    return enclosures;
}

/* What a digest says, while it is made. */
typedef struct {
    const GPtrArray *notifications;
    MpEnclosures *enclosures;
    MpLanguage language;
    bool with_html;
    GString *text, *html;
    GArray *sizes; /* gsize, of each event's content; */
    gsize around;  /* and of what stands around all of them */
} Digest;

static void
append_event(Digest *d, const MpNotification *n, gsize most, gsize content[2])
{
    const MpContentPlace place = {n->facts.comment, n->link, d->language};
    g_autofree char *markdown = mp_notification_markdown(&n->facts, d->language);
    g_auto(MpContent) made = {NULL};

    mp_content_make(&made, &n->facts, d->enclosures, &place, markdown, d->with_html, most);
    append_text(d->text, &n->facts, n->link, made.text);
    if (d->with_html)
        append_html(d->html, n, made.html);
    content[0] = strlen(made.text);
    content[1] = d->with_html ? strlen(made.html) : 0;
}

/* Each with `most` octets of its own. */
static void
append_events(Digest *d, gsize most)
{
    gsize all[2] = {0, 0};

    g_string_truncate(d->text, 0);
    g_string_truncate(d->html, 0);
    g_array_set_size(d->sizes, 0);
    for (guint i = 0; i < d->notifications->len; i++) {
        gsize content[2], size;

        append_event(d, nth(d->notifications, i), most, content);
        size = MAX(content[0], content[1]);
        g_array_append_val(d->sizes, size);
        all[0] += content[0];
        all[1] += content[1];
    }
    d->around = MAX(d->text->len - all[0], d->html->len - all[1]);
}

/* How much each may have so that together they have no more than `room`, the short ones being
 * whole.
 */
static gsize
fair_share(const GArray *sizes, gsize room)
{
    gsize share = 0, before;

    do {
        gsize rest = room;
        guint longer = 0;

        for (guint i = 0; i < sizes->len; i++) {
            gsize size = g_array_index(sizes, gsize, i);

            longer += size > share;
            rest -= size > share ? 0 : size;
        }
        before = share;
        share = longer > 0 ? rest / longer : share;
    } while (share > before);
    return share;
}

/* Where they are longer than a mail, the longest are cut. */
static void
make_content(Digest *d)
{
    append_events(d, MP_CONTENT_MAX);
    if (MAX(d->text->len, d->html->len) <= MP_CONTENT_MAX)
        return;
    gsize room = MP_CONTENT_MAX - MIN(d->around, MP_CONTENT_MAX);
    gsize share = fair_share(d->sizes, room);
    append_events(d, share - MIN(share, LEFT_OUT));
}

static void
append_body(GString *out, const GPtrArray *notifications, const MpUser *recipient,
            const MpReason *reason, const char *message_id)
{
    const MpNotification *first = nth(notifications, 0);
    g_autoptr(GString) text = g_string_new(NULL), html = g_string_new(NULL),
                       written = g_string_new(NULL);
    g_autoptr(MpEnclosures) enclosures = make_enclosures(notifications, written);
    g_autoptr(GArray) sizes = g_array_new(FALSE, FALSE, sizeof(gsize));
    Digest digest = {.notifications = notifications,
                     .enclosures = enclosures,
                     .language = mp_notification_language(first->facts.config, recipient),
                     .with_html = recipient->format != MP_MAIL_TEXT,
                     .text = text,
                     .html = html,
                     .sizes = sizes};

    make_content(&digest);
    const MpContent content = {text->str, html->str};
    const MpBodyFacts facts = {.content = &content,
                               .link = first->link,
                               .message_id = message_id,
                               .can_reply = mp_notification_can_reply(&first->facts, recipient),
                               .is_foreign = true,
                               .language = digest.language,
                               .format = recipient->format};
    g_autofree char *body = mp_body_make(&facts, reason), *before = NULL, *behind = NULL;
    mp_enclosures_frame(enclosures, digest.with_html, written->str, &before, &behind);
    g_string_append(out, before);
    g_string_append(out, body);
    g_string_append(out, behind);
}

MpOutgoingMail *
mp_digest_render(const GPtrArray *notifications, gint64 due, const MpUser *recipient,
                 const char *address, const char *reason_word, GError **error)
{
    const MpNotification *first = nth(notifications, 0),
                         *last = nth(notifications, notifications->len - 1);
    const MpReason *reason = mp_reason_find(reason_word);

    if (notifications->len == 1)
        return mp_notification_render(nth(notifications, 0), recipient, address, reason_word,
                                      error);
    g_autoptr(GString) text = g_string_sized_new(16384);
    g_autofree char *sender = NULL, *login = logins(notifications);
    g_autofree char *id = make_message_id(notifications, recipient->id, due);

    const MpNoticeHead head = {
        .facts = &first->facts,
        .name = writer(notifications),
        .login = login,
        .message_id = id,
        .opening_id = last->opening_id,
        .subject = first->subject,
        .date = last->date,
        .archive = first->archive,
        .can_reply = mp_notification_can_reply(&first->facts, recipient),
    };
    if (!mp_notice_head(text, &head, recipient, address, reason, &sender, error))
        return NULL;
    append_body(text, notifications, recipient, reason, id);
    return mp_outgoing_mail_new(sender, address, id, g_steal_pointer(&text));
}

/* --- As a reply quotes it --------------------------------------------------------------------- */

char *
mp_digest_text(const MpNotificationFacts *facts, guint n, const char *message_id,
               const MpUser *reader, const char *reason)
{
    MpLanguage language = mp_notification_language(facts->config, reader);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(MpEnclosures) enclosures = mp_enclosures_new(facts, false);

    for (guint i = 0; i < n; i++)
        if (facts[i].comment != NULL)
            mp_enclosures_add(enclosures, facts[i].comment);
    for (guint i = 0; i < n; i++) {
        g_autofree char *markdown = mp_notification_markdown(&facts[i], language);
        g_autofree char *link = mp_notification_page(&facts[i]);
        const MpContentPlace place = {facts[i].comment, link, language};
        g_auto(MpContent) content = {NULL};

        mp_content_make(&content, &facts[i], enclosures, &place, markdown, false, MP_CONTENT_MAX);
        append_text(text, &facts[i], link, content.text);
    }
    g_autofree char *page = mp_notification_page(facts);
    const MpContent whole = {text->str, NULL};
    const MpBodyFacts body = {.content = &whole,
                              .link = page,
                              .message_id = message_id,
                              .can_reply = mp_notification_can_reply(facts, reader),
                              .language = language};
    g_autofree char *told = mp_body_text(&body, mp_reason_find(reason));
    g_autofree char *subject = mp_notification_subject(facts);
    return g_strdup_printf("From: %s <%s>\nSubject: %s\n\n%s", mp_notification_actor(facts),
                           facts->config->noreply_address, subject, told);
}
