/* Text of a repository, made fit to be shown; see internal.h. */
#include "repo/internal.h"

#include "base/escape.h"

static void
append_character(GString *out, gunichar c)
{
    if (c == '\n' || c == '\t' || !mp_is_deceptive(c))
        g_string_append_unichar(out, c);
    else
        g_string_append_printf(out, "\\u{%04X}", c);
}

static void
append_line(GString *out, const char *line, gsize length, bool is_utf8)
{
    if (length >= 2 && line[length - 1] == '\n' && line[length - 2] == '\r') {
        append_line(out, line, length - 2, is_utf8);
        g_string_append_c(out, '\n');
        return;
    }
    for (const char *p = line; p < line + length; p = is_utf8 ? g_utf8_next_char(p) : p + 1)
        append_character(out, is_utf8 ? g_utf8_get_char(p) : (guchar)*p);
}

/* The length of a line with its end, or of what stands before a NUL, which GLib takes for no UTF-8.
 */
static gsize
piece_of(const char *bytes, gsize length)
{
    gsize n = 0;

    while (n < length && bytes[n] != '\n' && bytes[n] != '\0')
        n++;
    return n < length && bytes[n] == '\n' ? n + 1 : n;
}

void
mp_repo_append_text(GString *out, const char *bytes, gsize length)
{
    while (length > 0) {
        gsize n = piece_of(bytes, length);

        if (n == 0) {
            append_character(out, 0);
            n = 1;
        } else
            append_line(out, bytes, n, g_utf8_validate(bytes, (gssize)n, NULL));
        bytes += n;
        length -= n;
    }
}
