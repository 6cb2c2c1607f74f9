/* The lines of a new event's file, and of its expansion; event_text.c reads them. */
#include <string.h>

#include "base/escape.h"
#include "outbox/internal.h"

static void
append_line(GString *out, const char *word, const char *value)
{
    g_autofree char *shown = value != NULL ? mp_escape(value) : NULL;

    if (value != NULL)
        g_string_append_printf(out, "%s\t%s\n", word, shown);
}

static void
append_commands(GString *out, const GPtrArray *commands)
{
    for (guint i = 0; commands != NULL && i < commands->len; i++) {
        const MpResponseCommand *command = g_ptr_array_index(commands, i);
        g_autofree char *line = mp_escape(command->line);
        g_autofree char *about = mp_escape(command->about);

        g_string_append_printf(out, "command\t%s\t%s\t%s\t%s\n", command->fate, command->nearest,
                               about, line);
    }
}

static void
append_response(GString *out, const MpResponse *response)
{
    g_auto(GStrv) quote = g_strsplit(response->quote != NULL ? response->quote : "", "\n", -1);
    guint n = g_strv_length(quote);

    while (n > 0 && quote[n - 1][0] == '\0')
        n--;
    g_string_append_printf(out, "answer\t%" G_GUINT64_FORMAT "\t%s\t%s\t%s\t%s\n", response->user,
                           response->reason, response->day, response->hash, response->language);
    append_line(out, "answers", response->message_id);
    append_line(out, "sender", response->sender);
    append_line(out, "subject", response->subject);
    append_line(out, "verdicts", response->verdicts);
    append_line(out, "text", response->text);
    append_line(out, "help", response->right);
    append_line(out, "repository", response->repository);
    append_line(out, "question", response->question);
    append_line(out, "author", response->author);
    append_commands(out, response->commands);
    for (guint i = 0; i < n; i++)
        append_line(out, "quote", quote[i]);
    if (response->is_cut)
        append_line(out, "cut", "1");
}

char *
mp_event_text_format(const MpEvent *event)
{
    g_autofree char *host = mp_escape(event->host);

    GString *out = g_string_new(NULL);

    g_string_append_printf(out,
                           "metroplex-event\t" MP_EVENT_VERSION "\n"
                           "key\t%s\nkind\t%s\nthread\t%" G_GUINT64_FORMAT
                           "\nactor\t%" G_GUINT64_FORMAT "\ncreated\t%" G_GINT64_FORMAT
                           "\nhost\t%s\n",
                           event->key, mp_event_kind_name(event->kind), event->thread, event->actor,
                           event->created, host);
    append_line(out, "address", event->address);
    if (event->why != NULL) {
        g_autofree char *why = mp_escape(event->why);

        g_string_append_printf(out, "stopped\t%" G_GINT64_FORMAT "\t%s\n", event->stopped, why);
    }
    if (event->response != NULL)
        append_response(out, event->response);
    if (event->digest != NULL)
        mp_digest_append(out, event->digest);
    return g_string_free(out, FALSE);
}

/* --- Who is told ---------------------------------------------------------------------------- */

/* One field of a line, and nothing that a log or a terminal would show as something else. */
static bool
is_fit_field(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f || *p == '\\') {
            g_autofree char *escaped = mp_escape(text);
            return strcmp(escaped, text) == 0;
        }
    return text[0] != '\0';
}

/* "WORD\tUSER\tTEXT\n". What g_string_append_printf does for that takes longer than all else, and
 * there may be many thousands. */
static void
append_person(GString *out, const char *word, guint64 user, const char *text)
{
    char line[96], *begin = line + 32, *end = begin;
    gsize word_length = strlen(word), length = strlen(text);

    *--begin = '\t';
    do
        *--begin = (char)('0' + user % 10);
    while ((user /= 10) > 0);
    *--begin = '\t';
    begin -= word_length;
    memcpy(begin, word, word_length);
    if (length < (gsize)(line + sizeof line - end)) { /* nearly always: all in one piece */
        memcpy(end, text, length);
        end += length;
        *end++ = '\n';
        g_string_append_len(out, begin, end - begin);
    } else {
        g_string_append_len(out, begin, end - begin);
        g_string_append_printf(out, "%s\n", text);
    }
}

GString *
mp_audience_format(const MpAudience *audience, gint64 now)
{
    GString *out = g_string_sized_new(64 + 32 * (gsize)audience->recipients->len);
    const char *last = NULL, *shown = NULL; /* most share the reason of the one before */

    for (guint i = 0; i < audience->recipients->len; i++) {
        const MpEventRecipient *recipient = audience->recipients->pdata[i];

        if (recipient->reason != last)
            shown = is_fit_field(recipient->reason) ? recipient->reason : "-";
        last = recipient->reason;
        append_person(out, "to", recipient->user, shown);
    }
    for (guint i = 0; i < audience->skipped->len; i++) {
        const MpEventRecipient *skipped = audience->skipped->pdata[i];

        append_person(out, "skipped", skipped->user, skipped->reply);
    }
    g_string_append_printf(out, "expanded\t%" G_GINT64_FORMAT "\t%u\t%u\n", now,
                           audience->recipients->len, audience->n_skipped);
    return out;
}
