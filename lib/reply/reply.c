/* What the person wrote: the stages in their order; see reply.h. */
#include "reply/reply.h"
#include "reply/boundary.h"
#include "reply/elide.h"
#include "reply/foreign.h"
#include "reply/lines.h"
#include "reply/sent.h"
#include "reply/sent_quotes.h"
#include "reply/split.h"

#include "base/utf8.h"

#include <string.h>

static bool
is_blank(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return *text == '\0';
}

/* Lines of one side joined by \n, without outer blank lines and trailing space. */
static char *
join(const GPtrArray *lines, bool kept)
{
    GString *out = g_string_new(NULL);
    gsize blank = 0; /* line breaks owed to blank lines, paid when text follows */

    for (guint i = 0; i < lines->len; i++) {
        const MpReplyLine *line = lines->pdata[i];

        if (line->kept != kept)
            continue;
        if (is_blank(line->text)) {
            blank++;
            continue;
        }
        for (gsize n = out->len > 0 ? blank + 1 : 0; n > 0; n--)
            g_string_append_c(out, '\n');
        blank = 0;
        g_string_append(out, line->text);
    }
    return g_string_free(out, FALSE);
}

static MpReply *
reply_new(const GArray *lines, char *texts)
{
    MpReply *reply = g_new0(MpReply, 1);

    reply->texts = texts;
    reply->storage = g_new(MpReplyLine, lines->len);
    reply->lines = g_ptr_array_sized_new(lines->len);
    g_ptr_array_set_size(reply->lines, (gint)lines->len);
    for (guint i = 0; i < lines->len; i++) {
        const Line *line = LINE(lines, i);

        reply->storage[i] = (MpReplyLine){line->text, line->kept, line->why};
        reply->lines->pdata[i] = &reply->storage[i];
    }
    reply->reply = join(reply->lines, true);
    reply->elided = join(reply->lines, false);
    return reply;
}

/*
 * What was kept is a text too, and new neighbours may make a boundary of it. So it is decided on
 * again until nothing changes, and extracting an extraction finds nothing to do. PASSES bounds the
 * time; a mail made to need more is not worth more.
 */
enum { PASSES = 5 };

static void
decide_once(GArray *lines, MpMatcher *matcher, const Sent *sent)
{
    boundaries_mark(lines, matcher);
    sent_quotes_mark(lines, sent, matcher);
    foreign_unmark(lines, sent, matcher);
    lines_decide(lines, sent, matcher);
}

static void
decide(GArray *lines, MpMatcher *matcher, const Sent *sent)
{
    decide_once(lines, matcher, sent);
    guint before = lines->len, n = lines_count_kept(lines);
    if (n == before || n == 0)
        return;
    g_autoptr(GArray) kept = lines_kept(lines);
    for (guint passes = 1; passes < PASSES && n < before && n > 0; passes++) {
        decide_once(kept, matcher, sent);
        for (guint i = 0; i < kept->len; i++) {
            if (LINE(kept, i)->kept)
                continue;
            LINE(lines, LINE(kept, i)->index)->kept = false;
            LINE(lines, LINE(kept, i)->index)->why = LINE(kept, i)->why;
        }
        before = kept->len;
        lines_drop_elided(kept);
        n = kept->len;
    }
}

MpReply *
mp_reply_extract(const char *text, const char *const *sent)
{
    g_autoptr(MpMatcher) matcher = mp_matcher_new();
    g_autofree char *mended = mp_is_text(text, strlen(text)) ? NULL : g_utf8_make_valid(text, -1);
    char *texts = split_glued(lines_clean(mended == NULL ? text : mended), matcher);
    g_autofree char *cores = g_malloc(strlen(texts) + 1);
    g_autoptr(GArray) lines = lines_split(texts, cores, matcher);
    g_autoptr(Sent) texts_sent = sent_new(sent);

    split_attributions(lines, texts_sent, matcher);
    if (texts_sent != NULL)
        sent_mark(texts_sent, lines);
    decide(lines, matcher, texts_sent);
    return reply_new(lines, texts);
}

bool
mp_reply_repeats(const char *text, const char *const *sent)
{
    g_autoptr(MpMatcher) matcher = mp_matcher_new();
    g_autofree char *mended = g_utf8_make_valid(text, -1);
    g_autofree char *clean = lines_clean(mended);
    g_autofree char *cores = g_malloc(strlen(clean) + 1);
    g_autoptr(GArray) lines = lines_split(clean, cores, matcher);
    g_autoptr(Sent) texts_sent = sent_new(sent);

    if (texts_sent == NULL)
        return false;
    sent_mark(texts_sent, lines);
    for (guint i = 0; i < lines->len; i++) {
        if (LINE(lines, i)->repeat || LINE(lines, i)->answered)
            return true;
    }
    return false;
}

bool
mp_reply_is_reaction(const MpReply *reply)
{
    for (guint i = 0; *reply->reply == '\0' && i < reply->lines->len; i++) {
        const MpReplyLine *line = reply->lines->pdata[i];

        if (!line->kept && g_str_has_prefix(line->rule, "reaction-"))
            return true;
    }
    return false;
}

void
mp_reply_free(MpReply *reply)
{
    if (reply == NULL)
        return;
    g_ptr_array_unref(reply->lines);
    g_free(reply->storage);
    g_free(reply->texts);
    g_free(reply->reply);
    g_free(reply->elided);
    g_free(reply);
}

void
mp_reply_prepare(void)
{
    mp_matcher_prepare();
}
