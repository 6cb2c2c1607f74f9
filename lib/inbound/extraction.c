/* From the text of a mail to the reply, in the worker process; see extraction.h. */
#include "inbound/extraction.h"

#include <string.h>

#include "base/error.h"
#include "base/names.h"
#include "markup/html.h"
#include "reply/reply.h"

/* plain, html, flowed, delsp, sent, are_guessed, want_lines → part, is_reaction, reply, elided,
 * cut_ids, lines (text, kept, rule) */
#define ARGS_TYPE   "(msmsbbasbb)"
#define ANSWER_TYPE "(sbssasa(sbs))"

enum { MOST_IDS = 100 };

static const char *const parts[] = {"none", "plain", "html"};

void
mp_extraction_free(MpExtraction *extraction)
{
    if (extraction == NULL)
        return;
    g_free(extraction->reply);
    g_free(extraction->elided);
    g_strfreev(extraction->cut_ids);
    g_ptr_array_unref(extraction->lines);
    g_free(extraction);
}

static void
line_free(gpointer data)
{
    MpExtractedLine *line = data;

    g_free(line->text);
    g_free(line->rule);
    g_free(line);
}

static MpExtraction *
extraction_new(const char *part, const char *reply, const char *elided)
{
    MpExtraction *extraction = g_new0(MpExtraction, 1);

    extraction->part = part;
    extraction->reply = g_strdup(reply);
    extraction->elided = g_strdup(elided);
    extraction->cut_ids = g_new0(char *, 1);
    extraction->lines = g_ptr_array_new_with_free_func(line_free);
    return extraction;
}

static void
add_line(MpExtraction *extraction, const char *text, bool is_kept, const char *rule)
{
    MpExtractedLine *line = g_new0(MpExtractedLine, 1);

    line->text = g_strdup(text);
    line->is_kept = is_kept;
    line->rule = g_strdup(rule);
    g_ptr_array_add(extraction->lines, line);
}

/* The texts that were sent to the thread. Texts that are only guessed may be others than the one
 * that was answered. */
typedef struct {
    const char *const *texts;
    bool are_guessed;
} SentTexts;

static MpReply *
reply_in(const char *text, SentTexts sent)
{
    bool was_another = sent.are_guessed && !mp_reply_repeats(text, sent.texts);

    return mp_reply_extract(text, was_another ? NULL : sent.texts);
}

static MpExtraction *
from_text(const char *part, const char *text, SentTexts sent, bool want_lines)
{
    g_autoptr(MpReply) reply = reply_in(text, sent);
    MpExtraction *extraction = extraction_new(part, reply->reply, reply->elided);

    extraction->is_reaction = mp_reply_is_reaction(reply);
    for (guint i = 0; want_lines && i < reply->lines->len; i++) {
        const MpReplyLine *line = g_ptr_array_index(reply->lines, i);

        add_line(extraction, line->text, line->kept, line->rule);
    }
    return extraction;
}

/* Images that the HTML shows in what is cut, and nowhere else: the plain text does not name them.
 */
static GStrv
cut_ids(const char *html, SentTexts sent)
{
    static const char reference[] = "](cid:";
    g_autoptr(GStrvBuilder) ids = g_strv_builder_new();
    g_autofree char *markdown = mp_html_to_markdown(html, strlen(html));
    g_autoptr(MpReply) reply = reply_in(markdown, sent);
    guint n = 0;

    for (const char *p = reply->elided; n < MOST_IDS && (p = strstr(p, reference)) != NULL; n++) {
        p += strlen(reference);
        g_autofree char *id = g_strndup(p, strcspn(p, ")"));
        g_autofree char *kept = g_strconcat(reference, id, ")", NULL);

        if (strstr(reply->reply, kept) == NULL)
            g_strv_builder_add(ids, id);
    }
    return g_strv_builder_end(ids);
}

/* Plain text where it says something; else the HTML, as Markdown. */
static MpExtraction *
extract(const char *plain, const char *html, bool flowed, bool delsp, SentTexts sent,
        bool want_lines)
{
    if (html != NULL && (plain == NULL || mp_reply_part_is_stub(plain))) {
        g_autofree char *markdown = mp_html_to_markdown(html, strlen(html));
        return from_text(parts[2], markdown, sent, want_lines);
    }
    if (plain == NULL)
        return extraction_new(parts[0], "", "");
    g_autofree char *unflowed = flowed ? mp_reply_unflow(plain, delsp) : NULL;
    MpExtraction *extraction =
        from_text(parts[1], unflowed != NULL ? unflowed : plain, sent, want_lines);
    if (html != NULL && strstr(html, "cid:") != NULL) {
        g_strfreev(extraction->cut_ids);
        extraction->cut_ids = cut_ids(html, sent);
    }
    return extraction;
}

MpExtraction *
mp_extract(const MpMessage *message, const char *const *sent, bool want_lines)
{
    return extract(message->plain, message->html, message->flowed, message->delsp,
                   (SentTexts){sent, false}, want_lines);
}

/* --- The child's side ------------------------------------------------------------------------ */

static GVariant *
answer_of(const MpExtraction *extraction)
{
    GVariantBuilder lines;

    g_variant_builder_init(&lines, G_VARIANT_TYPE("a(sbs)"));
    for (guint i = 0; i < extraction->lines->len; i++) {
        const MpExtractedLine *line = g_ptr_array_index(extraction->lines, i);

        g_variant_builder_add(&lines, "(sbs)", line->text, (gboolean)line->is_kept, line->rule);
    }
    return g_variant_new("(sbss^asa(sbs))", extraction->part, (gboolean)extraction->is_reaction,
                         extraction->reply, extraction->elided, extraction->cut_ids, &lines);
}

static GVariant *
run_extract(const MpWorkerRequest *request, GError **error)
{
    const char *plain, *html;
    gboolean flowed, delsp, are_guessed, want_lines;
    g_autofree const char **sent = NULL;

    (void)error;
    g_variant_get(request->args, "(m&sm&sbb^a&sbb)", &plain, &html, &flowed, &delsp, &sent,
                  &are_guessed, &want_lines);
    const SentTexts texts = {sent, are_guessed};
    g_autoptr(MpExtraction) extraction = extract(plain, html, flowed, delsp, texts, want_lines);
    return answer_of(extraction);
}

/* Patterns are compiled before the sandbox closes, while memory may still be made executable. */
static void
prepare_extract(void)
{
    mp_reply_prepare();
}

const MpWorkerOperation mp_worker_operations[] = {
    MP_WORKER_PARSE,
    {"extract", ARGS_TYPE, run_extract, prepare_extract},
    {NULL, NULL, NULL, NULL},
};

const MpWorkerOperation mp_worker_operations_for_few[] = {
    MP_WORKER_PARSE,
    {"extract", ARGS_TYPE, run_extract, NULL},
    {NULL, NULL, NULL, NULL},
};

/* --- The parent's side ----------------------------------------------------------------------- */

MpWorker *
mp_extraction_worker(guint mails)
{
    return mp_message_worker(mails <= MP_EXTRACTION_FEW ? MP_WORKER_FOR_FEW : NULL);
}

bool
mp_extraction_send(MpWorker *worker, const MpMessage *message, const char *const *sent,
                   bool are_guessed, bool want_lines, GError **error)
{
    static const char *const none[] = {NULL};
    GVariant *args =
        g_variant_new("(msmsbb^asbb)", message->plain, message->html, (gboolean)message->flowed,
                      (gboolean)message->delsp, sent != NULL ? sent : none, (gboolean)are_guessed,
                      (gboolean)want_lines);

    return mp_worker_send(worker, "extract", args, -1, error);
}

static const char *
known_part(const char *name)
{
    int i = mp_find_name(parts, G_N_ELEMENTS(parts), name);

    return i >= 0 ? parts[i] : NULL;
}

/* The child may have been taken over: its answer is believed as far as its type. */
static MpExtraction *
believe(GVariant *answer, GError **error)
{
    const char *part, *reply, *elided, *text, *rule;
    gboolean kept, is_reaction;
    GVariantIter *lines = NULL;
    g_auto(GStrv) ids = NULL;

    if (!g_variant_is_of_type(answer, G_VARIANT_TYPE(ANSWER_TYPE)) ||
        !g_variant_is_normal_form(answer))
        return mp_fail_null(error, MP_ERROR_INPUT, "unparsable: the worker's answer is none");
    g_variant_get(answer, "(&sb&s&s^asa(sbs))", &part, &is_reaction, &reply, &elided, &ids, &lines);
    if (known_part(part) == NULL) {
        g_variant_iter_free(lines);
        return mp_fail_null(error, MP_ERROR_INPUT, "unparsable: the worker read an unknown part");
    }
    MpExtraction *extraction = extraction_new(known_part(part), reply, elided);
    extraction->is_reaction = is_reaction;
    g_strfreev(extraction->cut_ids);
    extraction->cut_ids = g_steal_pointer(&ids);
    while (g_variant_iter_next(lines, "(&sb&s)", &text, &kept, &rule))
        add_line(extraction, text, kept, rule);
    g_variant_iter_free(lines);
    return extraction;
}

MpExtraction *
mp_extraction_receive(MpWorker *worker, MpMessageFault *fault, GError **error)
{
    g_autoptr(GVariant) answer = mp_worker_receive_on_mail(worker, fault, error);
    MpExtraction *extraction = answer != NULL ? believe(answer, error) : NULL;

    if (answer != NULL && extraction == NULL && fault != NULL)
        *fault = MP_FAULT_UNPARSABLE;
    return extraction;
}
