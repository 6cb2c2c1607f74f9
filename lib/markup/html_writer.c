/* Writing Markdown line by line; see html_writer.h. */
#include "markup/html_writer.h"

#include <string.h>

enum { MOST_BREAKS = 2 }; /* more blank lines than one say no more */

void
markdown_init(MarkdownWriter *writer)
{
    *writer = (MarkdownWriter){
        .out = g_string_new(NULL), .prefix = g_string_new(NULL), .opening = g_string_new(NULL)};
}

char *
markdown_finish(MarkdownWriter *writer)
{
    GString *out = writer->out;

    while (out->len > 0 && g_ascii_isspace(out->str[out->len - 1]))
        g_string_truncate(out, out->len - 1);
    if (out->len > 0)
        g_string_append_c(out, '\n');
    g_string_free(writer->prefix, TRUE);
    g_string_free(writer->opening, TRUE);
    return g_string_free(out, FALSE);
}

bool
markdown_is_empty(const MarkdownWriter *writer)
{
    return writer->out->len == 0;
}

void
markdown_break(MarkdownWriter *writer, guint breaks)
{
    if (writer->cells > 0)
        writer->space = true;
    else
        writer->breaks = MAX(writer->breaks, breaks);
}

void
markdown_newline(MarkdownWriter *writer)
{
    if (writer->cells > 0)
        writer->space = true;
    else
        writer->breaks = MIN(writer->breaks + 1, MOST_BREAKS);
}

/* Blank lines within one quote carry its mark, so that it stays one quote. */
static void
write_breaks(MarkdownWriter *writer)
{
    guint depth = MIN(writer->quotes, writer->last_quotes);

    for (; writer->breaks > 0 && writer->out->len > 0; writer->breaks--) {
        g_string_append_c(writer->out, '\n');
        for (guint i = 0; i < depth && writer->breaks > 1; i++)
            g_string_append_c(writer->out, '>');
    }
    writer->breaks = 0;
}

static void
begin_text(MarkdownWriter *writer)
{
    bool line_begins = writer->out->len == 0 || writer->breaks > 0;

    if (line_begins) {
        write_breaks(writer);
        if (writer->marker[0] != '\0') {
            g_string_append_len(writer->out, writer->prefix->str, (gssize)writer->marker_at);
            g_string_append(writer->out, writer->marker);
            writer->marker[0] = '\0';
        } else if (writer->prefix->len > 0) {
            g_string_append(writer->out, writer->prefix->str);
        }
        writer->last_quotes = writer->quotes;
    } else if (writer->space) {
        g_string_append_c(writer->out, ' ');
    }
    writer->space = false;
    if (writer->opening->len > 0) {
        g_string_append(writer->out, writer->opening->str);
        g_string_truncate(writer->opening, 0);
    }
}

void
markdown_raw(MarkdownWriter *writer, const char *text)
{
    if (*text == '\0')
        return;
    begin_text(writer);
    g_string_append(writer->out, text);
}

static void
write_verbatim(MarkdownWriter *writer, const char *text)
{
    for (const char *p = text; *p != '\0';) {
        gsize n = strcspn(p, "\n");

        if (n > 0) {
            begin_text(writer);
            g_string_append_len(writer->out, p, (gssize)(n - (p[n - 1] == '\r')));
        }
        p += n;
        if (*p == '\n') {
            if (writer->breaks > 0 || writer->out->len == 0) /* an empty line: written, not owed */
                begin_text(writer);
            writer->breaks = 1;
            p++;
        }
    }
}

void
markdown_text(MarkdownWriter *writer, const char *text)
{
    if (writer->verbatim > 0 && writer->cells == 0) {
        write_verbatim(writer, text);
        return;
    }
    for (const char *p = text; *p != '\0';) {
        const char *next = g_utf8_next_char(p);
        bool space = (guchar)*p < 0x80 ? g_ascii_isspace(*p) : g_utf8_get_char(p) == 0xa0;

        if (space) {
            writer->space = true;
        } else {
            if (writer->breaks > 0 || writer->space || writer->opening->len > 0 ||
                writer->out->len == 0)
                begin_text(writer);
            while (g_ascii_isgraph(*next)) /* the rest of a word, mostly */
                next++;
            g_string_append_len(writer->out, p, next - p);
        }
        p = next;
    }
}

void
markdown_open(MarkdownWriter *writer, const char *mark)
{
    g_string_append(writer->opening, mark);
}

void
markdown_close(MarkdownWriter *writer, const char *mark)
{
    if (g_str_has_suffix(writer->opening->str, mark))
        g_string_truncate(writer->opening, writer->opening->len - strlen(mark));
    else
        g_string_append(writer->out, mark);
}

void
markdown_escape_pipes(MarkdownWriter *writer, gsize from)
{
    if (strchr(writer->out->str + from, '|') == NULL)
        return;
    g_autofree char *cell = g_strdup(writer->out->str + from);

    g_string_truncate(writer->out, from);
    for (const char *p = cell; *p != '\0'; p++) {
        /* a backslash before it would be escaped itself */
        if (*p == '|')
            g_string_append(writer->out, p > cell && p[-1] == '\\' ? "&#124;" : "\\|");
        else
            g_string_append_c(writer->out, *p);
    }
}
