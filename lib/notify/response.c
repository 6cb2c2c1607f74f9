/*
 * The response to one mail: what was wrong with it, what to do, and its text, so that nothing is
 * lost to who wrote it; or, of a mail that is held, the question whether it is theirs. RFC 3834: a
 * null envelope sender, Auto-Submitted, and nothing that invites another program to answer.
 */
#include "notify/notify.h"

#include <string.h>

#include <gmime/gmime.h>

#include "address/question.h"
#include "base/error.h"
#include "base/escape.h"
#include "markup/markdown.h"
#include "notify/internal.h"

#define TEXT_COLUMNS 72

typedef struct {
    const MpResponseFacts *facts;
    const MpResponsePhrases *phrases;
    MpLanguage language;
    char *subject, *what, *todo, *link;
} Texts;

static void
texts_clear(Texts *t)
{
    g_free(t->subject);
    g_free(t->what);
    g_free(t->todo);
    g_free(t->link);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Texts, texts_clear)

static char *
fill(const Texts *t, const char *template)
{
    const MpResponseFacts *facts = t->facts;
    const char *verdicts = facts->response->verdicts;
    const char *repository = facts->thread != NULL                 ? facts->thread->repository
                             : facts->response->repository != NULL ? facts->response->repository
                                                                   : "";
    g_autofree char *commands = mp_mail_commands_list(facts->config->commands);
    g_autofree char *limit = g_strdup_printf("%d", facts->config->max_comment);
    const char *const pairs[][2] = {
        {"{login}", facts->user != NULL ? facts->user->login : ""},
        {"{limit}", limit},
        {"{noreply}", facts->config->noreply_address},
        {"{host}", facts->config->hostname},
        {"{repository}", repository},
        {"{commands}", commands},
        {"{verdicts}", verdicts != NULL && *verdicts != '\0' ? verdicts : t->phrases->unreadable}};
    GString *out = g_string_new(template);

    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++)
        g_string_replace(out, pairs[i][0], pairs[i][1], 0);
    return g_string_free(out, FALSE);
}

static bool
make_texts(const MpResponseFacts *facts, Texts *t, GError **error)
{
    const MpResponseText *row = mp_response_text_find(facts->response);

    if (row == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "no answer is known for the reason %s",
                       facts->response->reason);
    mp_language_parse(facts->response->language, &t->language);
    t->facts = facts;
    t->phrases = mp_response_phrases(t->language);
    t->subject = fill(t, row->in[t->language].subject);
    t->what = fill(t, row->in[t->language].what);
    t->todo = fill(t, row->in[t->language].todo);
    if (facts->thread != NULL)
        t->link = mp_notification_link(facts->link != NULL ? facts->link : facts->config->url,
                                       facts->thread, 0);
    return true;
}

/* --- The quoted mail -------------------------------------------------------------------------- */

static bool
is_question(const Texts *t)
{
    return t->facts->response->question != NULL;
}

/* The author of a mail that was refused for its sender may be another than the reader of this. */
static const char *
quote_title(const Texts *t)
{
    const char *reason = t->facts->response->reason;

    return strcmp(reason, "held-list") == 0                           ? t->phrases->waiting
           : strcmp(reason, "sender-mismatch") == 0 || is_question(t) ? t->phrases->the_message
                                                                      : t->phrases->your_message;
}

static bool
has_quote(const Texts *t)
{
    const MpResponse *a = t->facts->response;

    return a->quote != NULL || a->subject != NULL || a->sender != NULL;
}

/* The lines of the quote without "> ": its head, an empty line, the text. */
static char *
quote_lines(const Texts *t)
{
    const MpResponse *a = t->facts->response;
    GString *out = g_string_new(NULL);

    if (a->sender != NULL)
        g_string_append_printf(out, "%s%s\n", t->phrases->from, a->sender);
    if (a->subject != NULL)
        g_string_append_printf(out, "%s%s\n", t->phrases->subject, a->subject);
    if (a->quote != NULL) {
        g_autofree char *clean = mp_clean_text(a->quote);
        g_string_append_printf(out, "%s%s", out->len > 0 ? "\n" : "", clean);
    }
    return g_string_free(out, FALSE);
}

static void
append_quote_text(GString *out, const Texts *t)
{
    g_autofree char *lines = quote_lines(t);
    g_auto(GStrv) line = g_strsplit(lines, "\n", -1);

    g_string_append_printf(out, "%s\n\n", quote_title(t));
    for (guint i = 0; line[i] != NULL && (line[i][0] != '\0' || line[i + 1] != NULL); i++)
        g_string_append_printf(out, ">%s%s\n", line[i][0] != '\0' ? " " : "", line[i]);
    if (t->facts->response->is_cut)
        g_string_append_printf(out, "%s\n", t->phrases->rest);
    g_string_append_c(out, '\n');
}

/* Shown as it was written: no link, no markup comes of it. */
static void
append_quote_html(GString *out, const Texts *t)
{
    g_autofree char *lines = quote_lines(t);
    g_autofree char *shown = g_markup_escape_text(lines, -1);

    g_string_append_printf(out,
                           "<p>%s</p>\n<blockquote%s lang=\"\"><pre dir=\"auto\" style=\"margin:0;"
                           "white-space:pre-wrap\">%s</pre></blockquote>\n",
                           quote_title(t), mp_mail_elements[MP_ELEMENT_QUOTE], shown);
    if (t->facts->response->is_cut)
        g_string_append_printf(out, "<p>%s</p>\n", t->phrases->rest);
}

/* --- The content ------------------------------------------------------------------------------ */

static bool
has_support(const Texts *t)
{
    return t->facts->config->support_address[0] != '\0';
}

/* A paragraph of ours, in lines that a terminal shows as they are: words stay whole. */
static void
append_paragraph(GString *out, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    glong column = 0;

    for (guint i = 0; words[i] != NULL; i++) {
        glong width = g_utf8_strlen(words[i], -1);
        bool fits = column + 1 + width <= TEXT_COLUMNS;

        if (i > 0)
            g_string_append_c(out, fits ? ' ' : '\n');
        g_string_append(out, words[i]);
        column = i > 0 && fits ? column + 1 + width : width;
    }
    g_string_append_c(out, '\n');
}

/* What tells of commands is given to each mail that has some, a question to each that is held. */
static const char *
footer_of(const Texts *t)
{
    return t->facts->response->commands != NULL || is_question(t) ? t->phrases->footer_of_one
                                                                  : t->phrases->footer;
}

static char *
text_part(const Texts *t)
{
    GString *out = g_string_new(NULL);

    g_autofree char *lists = mp_response_lists(t->facts, t->language, false);

    append_paragraph(out, t->what);
    g_string_append_c(out, '\n');
    g_string_append(out, lists);
    append_paragraph(out, t->todo);
    g_string_append_c(out, '\n');
    if (t->link != NULL)
        g_string_append_printf(out, "%s%s\n", t->phrases->discussion, t->link);
    if (has_support(t))
        g_string_append_printf(out, "%s%s\n", t->phrases->questions,
                               t->facts->config->support_address);
    if (t->link != NULL || has_support(t))
        g_string_append_c(out, '\n');
    if (has_quote(t))
        append_quote_text(out, t);
    g_string_append(out, "-- \n");
    append_paragraph(out, footer_of(t));
    return g_string_free(out, FALSE);
}

static void
append_link_html(GString *out, const char *label, const char *scheme, const char *target)
{
    g_autofree char *line = g_markup_printf_escaped(
        "<p>%s<a rel=\"nofollow noopener noreferrer\" href=\"%s%s\">%s</a></p>\n", label, scheme,
        target, target);

    g_string_append(out, line);
}

static char *
html_part(const Texts *t)
{
    const MpConfig *config = t->facts->config;
    g_autofree char *what =
        g_markup_printf_escaped("<p><strong>%s</strong></p>\n<p>%s</p>\n", t->subject, t->what);
    g_autofree char *lists = mp_response_lists(t->facts, t->language, true);
    g_autofree char *todo = g_markup_printf_escaped("<p>%s</p>\n", t->todo);
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_append_printf(out, "%s%s%s", what, lists, todo);
    if (t->link != NULL)
        append_link_html(out, t->phrases->discussion, "", t->link);
    if (has_support(t))
        append_link_html(out, t->phrases->questions,
                         config->support_address_type == MP_SUPPORT_EMAIL ? "mailto:" : "",
                         config->support_address);
    if (has_quote(t))
        append_quote_html(out, t);
    return mp_mail_document(t->language, out->str, footer_of(t));
}

/* --- The header ------------------------------------------------------------------------------- */

/* "<id@host>", and nothing that a header could not hold on a line of its own. */
static bool
is_fit_message_id(const char *id)
{
    gsize length = strlen(id);

    if (length < 3 || length > 900 || id[0] != '<' || id[length - 1] != '>')
        return false;
    for (gsize i = 1; i < length - 1; i++)
        if (id[i] <= 0x20 || id[i] >= 0x7f || id[i] == '<' || id[i] == '>')
            return false;
    return true;
}

/* The address by which a question is answered; NULL of other responses. */
static char *
answer_address(const MpResponseFacts *facts)
{
    const MpResponse *response = facts->response;

    if (response->question == NULL)
        return NULL;
    g_autofree char *key = mp_response_question_key(response);
    return mp_question_address_make(facts->ring, key, response->author, facts->config->hostname);
}

static void
append_head(GString *head, const MpResponseFacts *facts, const Texts *t, const char *address,
            const char *message_id)
{
    const MpResponse *response = facts->response;
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(facts->date);
    g_autofree char *date = g_mime_utils_header_format_date(time);
    g_autofree char *from =
        mp_header_mailbox(facts->config->hostname, facts->config->noreply_address);
    g_autofree char *to = facts->user != NULL ? mp_header_mailbox(facts->user->name, address)
                                              : g_strdup_printf("<%s>", address);
    g_autofree char *reply_to = answer_address(facts);
    g_autofree char *subject = mp_header_text(t->subject);
    const char *submitted =
        strcmp(response->reason, "held-list") == 0 ? "auto-generated" : "auto-replied";
    const char *const fields[][2] = {
        {"Date", date},
        {"From", from},
        {"To", to},
        {"Reply-To", reply_to},
        {"Message-ID", message_id},
        {"Subject", subject},
        {"Precedence", "bulk"},
        {"Auto-Submitted", submitted},
        {"X-Auto-Response-Suppress", "All"},
        {"X-Metroplex-Recipient", facts->user != NULL ? facts->user->login : NULL},
        {"X-Metroplex-Reason", response->reason},
        {"Content-Language", response->language},
        {"MIME-Version", "1.0"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        if (fields[i][1] != NULL)
            mp_header_append(head, fields[i][0], fields[i][1]);
    if (response->message_id != NULL && is_fit_message_id(response->message_id)) {
        mp_header_append(head, "In-Reply-To", response->message_id);
        mp_header_append(head, "References", response->message_id);
    }
}

MpOutgoingMail *
mp_response_render(const MpResponseFacts *facts, const char *address, GError **error)
{
    g_auto(Texts) texts = {.facts = facts, .language = MP_LANGUAGE_EN};
    g_autoptr(GString) head = g_string_sized_new(4096);

    g_mime_init();
    if (!make_texts(facts, &texts, error))
        return NULL;
    g_assert(texts.facts != NULL && texts.phrases != NULL);
    g_autofree char *message_id = g_strdup_printf("<%s@%s>", facts->key, facts->config->hostname);
    append_head(head, facts, &texts, address, message_id);
    if (!mp_header_check(head, error))
        return NULL;
    g_autofree char *text = text_part(&texts), *html = html_part(&texts);
    g_autofree char *body =
        mp_body_content(facts->user != NULL ? facts->user->format : MP_MAIL_BOTH, text, html);
    g_string_append(head, body);
    return mp_outgoing_mail_new("", address, message_id, g_steal_pointer(&head));
}
