/* The lines of a new event's file; event_text.c reads them. */
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
    append_line(out, "command", response->command);
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
    if (event->response != NULL)
        append_response(out, event->response);
    return g_string_free(out, FALSE);
}
