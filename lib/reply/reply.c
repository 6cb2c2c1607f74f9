/* What the person wrote: the stages in their order; see reply.h. */
#include "reply/reply.h"
#include "reply/boundary.h"
#include "reply/decide.h"
#include "reply/lines.h"
#include "reply/sent.h"

#include <string.h>

static void
reply_line_free(gpointer data)
{
    MpReplyLine *line = data;

    g_free(line->text);
    g_free(line);
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
        if (line->text[strspn(line->text, " \t")] == '\0') {
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
reply_new(GArray *lines)
{
    MpReply *reply = g_new0(MpReply, 1);

    reply->lines = g_ptr_array_new_full(lines->len, reply_line_free);
    for (guint i = 0; i < lines->len; i++) {
        MpReplyLine *line = g_new(MpReplyLine, 1);

        line->text = g_steal_pointer(&LINE(lines, i)->text);
        line->kept = LINE(lines, i)->kept;
        line->rule = LINE(lines, i)->why;
        g_ptr_array_add(reply->lines, line);
    }
    reply->reply = join(reply->lines, true);
    reply->elided = join(reply->lines, false);
    return reply;
}

MpReply *
mp_reply_extract(const char *text, const char *const *sent)
{
    g_autoptr(MpMatcher) matcher = mp_matcher_new();
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autoptr(GArray) lines = lines_split(valid, matcher);
    bool sent_known = sent != NULL && sent[0] != NULL;

    boundaries_mark(lines, matcher);
    if (sent_known)
        sent_mark(lines, sent);
    lines_decide(lines, sent_known);
    return reply_new(lines);
}

void
mp_reply_free(MpReply *reply)
{
    if (reply == NULL)
        return;
    g_ptr_array_unref(reply->lines);
    g_free(reply->reply);
    g_free(reply->elided);
    g_free(reply);
}
