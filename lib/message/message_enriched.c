/* text/enriched (RFC 1896) as plain text: what is set bold and the like is set no more. */
#include "message/internal.h"

#include <string.h>

/* Where a command and what it is about end, at least one byte on. */
static const char *
skip_command(const char *p, int *excerpts, bool *filled)
{
    const char *end = strchr(p, '>');

    if (end == NULL)
        return p + strlen(p);
    if (g_ascii_strncasecmp(p, "<param>", 7) == 0) {
        const char *close = strstr(end, "</");
        const char *rest = close != NULL ? strchr(close, '>') : NULL;
        return rest != NULL ? rest + 1 : p + strlen(p);
    }
    if (g_ascii_strncasecmp(p, "<excerpt>", 9) == 0)
        ++*excerpts;
    else if (g_ascii_strncasecmp(p, "</excerpt>", 10) == 0)
        *excerpts = MAX(0, *excerpts - 1);
    else if (g_ascii_strncasecmp(p, "<nofill>", 8) == 0)
        *filled = false;
    else if (g_ascii_strncasecmp(p, "</nofill>", 9) == 0)
        *filled = true;
    return end + 1;
}

/* Filled text: a line end is a space, and n of them together are n - 1. */
static void
append_line_ends(GString *out, gsize n, bool filled)
{
    if (filled && n == 1)
        g_string_append_c(out, ' ');
    for (gsize i = filled ? 1 : 0; i < n; i++)
        g_string_append_c(out, '\n');
}

char *
mp_enriched_to_plain(const char *text)
{
    GString *out = g_string_sized_new(strlen(text));
    int excerpts = 0, quoted = 0;
    bool filled = true;

    for (const char *p = text; *p != '\0';) {
        if (*p == '<' && p[1] != '<') {
            p = skip_command(p, &excerpts, &filled);
        } else if (*p == '\n') {
            gsize n = strspn(p, "\n");
            append_line_ends(out, n, filled);
            p += n;
        } else {
            if (excerpts != quoted && out->len > 0 && out->str[out->len - 1] != '\n')
                g_string_append_c(out, '\n');
            quoted = excerpts;
            if (quoted > 0 && (out->len == 0 || out->str[out->len - 1] == '\n'))
                g_string_append(out, "> ");
            p += *p == '<';
            g_string_append_c(out, *p++);
        }
    }
    return g_string_free(out, FALSE);
}
