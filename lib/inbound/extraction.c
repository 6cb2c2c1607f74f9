/* From the text of a mail to the reply, in the worker process; see extraction.h. */
#include "inbound/extraction.h"

#include <string.h>

#include "base/error.h"
#include "base/names.h"
#include "markup/html.h"
#include "reply/reply.h"

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

static void
add_texts(GByteArray *frame, const char *const *texts)
{
    mp_frame_add_number(frame, g_strv_length((char **)(gsize)texts));
    for (; *texts != NULL; texts++)
        mp_frame_add_text(frame, *texts);
}

void
mp_extraction_to_frame(const MpExtraction *extraction, GByteArray *answer)
{
    mp_frame_add_text(answer, extraction->part);
    mp_frame_add_flag(answer, extraction->is_reaction);
    mp_frame_add_text(answer, extraction->reply);
    mp_frame_add_text(answer, extraction->elided);
    add_texts(answer, (const char *const *)extraction->cut_ids);
    mp_frame_add_number(answer, extraction->lines->len);
    for (guint i = 0; i < extraction->lines->len; i++) {
        const MpExtractedLine *line = g_ptr_array_index(extraction->lines, i);

        mp_frame_add_text(answer, line->text);
        mp_frame_add_flag(answer, line->is_kept);
        mp_frame_add_text(answer, line->rule);
    }
}

static bool
run_extract(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    MpFrameReader *args = request->args;
    const char *plain = mp_frame_text_or_null(args), *html = mp_frame_text_or_null(args);
    bool flowed = mp_frame_flag(args), delsp = mp_frame_flag(args);
    guint count = mp_frame_count(args, G_MAXUINT);
    g_autofree const char **sent = g_new0(const char *, count + 1);

    (void)error;
    for (guint i = 0; i < count; i++)
        sent[i] = mp_frame_text(args);
    const SentTexts texts = {sent, mp_frame_flag(args)};
    bool want_lines = mp_frame_flag(args);
    g_autoptr(MpExtraction) extraction = extract(plain, html, flowed, delsp, texts, want_lines);
    mp_extraction_to_frame(extraction, answer);
    return true;
}

/* Patterns are compiled before the sandbox closes, while memory may still be made executable. */
static void
prepare_extract(void)
{
    mp_reply_prepare();
}

const MpWorkerOperation mp_worker_operations[] = {
    MP_WORKER_PARSE,
    {"extract", run_extract, prepare_extract},
    {NULL, NULL, NULL},
};

const MpWorkerOperation mp_worker_operations_for_few[] = {
    MP_WORKER_PARSE,
    {"extract", run_extract, NULL},
    {NULL, NULL, NULL},
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
    g_autoptr(GByteArray) args = g_byte_array_sized_new(16 * 1024);

    mp_frame_add_text(args, message->plain);
    mp_frame_add_text(args, message->html);
    mp_frame_add_flag(args, message->flowed);
    mp_frame_add_flag(args, message->delsp);
    add_texts(args, sent != NULL ? sent : none);
    mp_frame_add_flag(args, are_guessed);
    mp_frame_add_flag(args, want_lines);
    return mp_worker_send(worker, "extract", args, -1, error);
}

static const char *
known_part(const char *name)
{
    int i = mp_find_name(parts, G_N_ELEMENTS(parts), name);

    return i >= 0 ? parts[i] : NULL;
}

static GStrv
take_texts(MpFrameReader *reader, guint most)
{
    guint count = mp_frame_count(reader, most);
    char **texts = g_new0(char *, count + 1);

    for (guint i = 0; i < count; i++)
        texts[i] = g_strdup(mp_frame_text(reader));
    return texts;
}

static void
take_lines(MpFrameReader *reader, MpExtraction *extraction)
{
    guint count = mp_frame_count(reader, G_MAXUINT);

    for (guint i = 0; i < count && !reader->is_broken; i++) {
        const char *text = mp_frame_text(reader);
        bool is_kept = mp_frame_flag(reader);

        add_line(extraction, text, is_kept, mp_frame_text(reader));
    }
}

/* The child may have been taken over: it is believed as far as its answer's shape. */
MpExtraction *
mp_extraction_from_frame(GBytes *frame, GError **error)
{
    MpFrameReader reader = mp_frame_read(frame);
    const char *part = known_part(mp_frame_text(&reader));
    bool is_reaction = mp_frame_flag(&reader);
    const char *reply = mp_frame_text(&reader), *elided = mp_frame_text(&reader);
    g_autoptr(MpExtraction) extraction = extraction_new(part, reply, elided);

    extraction->is_reaction = is_reaction;
    g_strfreev(extraction->cut_ids);
    extraction->cut_ids = take_texts(&reader, MOST_IDS);
    take_lines(&reader, extraction);
    if (!mp_frame_is_read(&reader))
        return mp_fail_null(error, MP_ERROR_INPUT, "the worker's answer is no extraction");
    if (part == NULL)
        return mp_fail_null(error, MP_ERROR_INPUT, "the worker read an unknown part");
    return g_steal_pointer(&extraction);
}

static bool
believe(GBytes *answer, gpointer to, GError **error)
{
    MpExtraction **extraction = to;

    *extraction = mp_extraction_from_frame(answer, error);
    return *extraction != NULL;
}

MpExtraction *
mp_extraction_receive(MpWorker *worker, MpMessageFault *fault, GError **error)
{
    MpExtraction *extraction;

    return mp_worker_receive_on_mail(worker, believe, &extraction, fault, error) ? extraction
                                                                                 : NULL;
}
