/* Text from outside made safe to show; see escape.h. */
#include "base/escape.h"
#include "base/utf8.h"

#include <string.h>

bool
mp_is_deceptive(gunichar c)
{
    if (c < 0x20)
        return c != '\t' && c != '\n';
    return (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c || c == 0x180e || c == 0x200b ||
           c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe007f);
}

bool
mp_is_visible_line(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return false;
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
        if (strchr("\t\n", *p) != NULL || mp_is_deceptive(g_utf8_get_char(p)))
            return false;
    return true;
}

bool
mp_reorders(gunichar c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void
append_escaped(GString *out, gunichar c)
{
    static const struct {
        gunichar c;
        const char *shown;
    } named[] = {{'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}, {0x1b, "\\e"}, {'\\', "\\\\"}};

    for (gsize i = 0; i < G_N_ELEMENTS(named); i++) {
        if (named[i].c == c) {
            g_string_append(out, named[i].shown);
            return;
        }
    }
    if (c < 0x20 || c == 0x7f)
        g_string_append_printf(out, "\\x%02X", c);
    else if (mp_is_deceptive(c))
        g_string_append_printf(out, "\\u{%04X}", c);
    else
        g_string_append_unichar(out, c);
}

/* The octets at the beginning that stay as they are in any case: most of all text, looked at fast.
 */
static gsize
count_plain(const char *p, const char *end)
{
    gsize n = 0;

    while (p + n < end && (g_ascii_isalnum(p[n]) || p[n] == '/' || p[n] == '-' || p[n] == ' '))
        n++;
    return n;
}

/* Escapes what is not printable; characters of `kept` stay, and one of `special` gets a backslash
 * before it. */
static void
append_bytes(GString *out, const char *p, gsize length, const char *special, const char *kept)
{
    const char *end = p + length;

    while (p < end) {
        gsize n_plain = count_plain(p, end);

        g_string_append_len(out, p, (gssize)n_plain);
        p += n_plain;
        if (p == end)
            break;
        gunichar c = g_utf8_get_char_validated(p, end - p);
        if (c == (gunichar)-1 || c == (gunichar)-2 || c == 0) {
            g_string_append_printf(out, "\\x%02X", (unsigned char)*p++);
            continue;
        }
        if (c < 0x80 && strchr(special, (int)c) != NULL)
            g_string_append_printf(out, "\\%c", (char)c);
        else if (c < 0x80 && strchr(kept, (int)c) != NULL)
            g_string_append_c(out, (char)c);
        else
            append_escaped(out, c);
        p = g_utf8_next_char(p);
    }
}

char *
mp_escape_bytes(const void *bytes, gsize length)
{
    GString *out = g_string_sized_new(length + 16);

    append_bytes(out, bytes, length, "", "");
    return g_string_free(out, FALSE);
}

char *
mp_escape_bytes_again(const void *line, gsize length)
{
    GString *out = g_string_sized_new(length + 16);

    append_bytes(out, line, length, "", "\\");
    return g_string_free(out, FALSE);
}

char *
mp_escape_again(const char *line)
{
    return line != NULL ? mp_escape_bytes_again(line, strlen(line)) : g_strdup("-");
}

char *
mp_escape(const char *text)
{
    return text != NULL ? mp_escape_bytes(text, strlen(text)) : g_strdup("-");
}

char *
mp_escape_word(const char *word)
{
    g_autofree char *shown = mp_escape(word);

    if (*shown != '\0' && strchr(shown, ' ') == NULL)
        return g_steal_pointer(&shown);
    return g_strdup_printf("'%s'", shown);
}

/* The character that stands behind a backslash at `p`; 0 if none does. *length is what it took. */
static gunichar
escaped_character(const char *p, gsize *length)
{
    static const char named[] = "n\nr\rt\te\033\\\\";

    for (gsize i = 0; named[i] != '\0'; i += 2) {
        if (p[0] == named[i]) {
            *length = 1;
            return (guchar)named[i + 1];
        }
    }
    if (p[0] == 'x' && g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2])) {
        *length = 3;
        return (gunichar)(g_ascii_xdigit_value(p[1]) * 16 + g_ascii_xdigit_value(p[2]));
    }
    if (p[0] == 'u' && p[1] == '{') {
        char *end;
        guint64 c = g_ascii_strtoull(p + 2, &end, 16);

        *length = (gsize)(end - p) + 1;
        return *end == '}' && g_unichar_validate((gunichar)MIN(c, G_MAXUINT32)) ? (gunichar)c : 0;
    }
    return 0;
}

char *
mp_unescape(const char *text)
{
    g_autoptr(GString) out = g_string_sized_new(strlen(text));

    while (*text != '\0') {
        gsize length = 0;
        gunichar c = *text == '\\' ? escaped_character(text + 1, &length) : 0;

        if (c == 0)
            g_string_append_c(out, *text++);
        else if (text[1] == 'x')
            g_string_append_c(out, (char)c); /* an octet, perhaps one of several */
        else
            g_string_append_unichar(out, c);
        text += c != 0 ? length + 1 : 0;
    }
    return g_utf8_make_valid(out->str, (gssize)out->len);
}

char *
mp_ruby_quote(const void *bytes, gsize length)
{
    GString *out = g_string_sized_new(length + 16);

    g_string_append_c(out, '"');
    append_bytes(out, bytes, length, "\"", "");
    g_string_append_c(out, '"');
    return g_string_free(out, FALSE);
}

/* ASCII with single spaces between its words, as nearly all is that is asked about. */
static bool
is_line_as_wanted(const char *text, gsize length)
{
    return length > 0 && text[0] != ' ' && text[length - 1] != ' ' &&
           mp_is_ascii_line(text, length) && strstr(text, "  ") == NULL;
}

char *
mp_one_line(const char *text)
{
    gsize octets = text != NULL ? strlen(text) : 0;

    if (is_line_as_wanted(text, octets))
        return g_strndup(text, octets);
    bool is_valid = text != NULL && mp_is_text(text, octets), pending_space = false;
    g_autofree char *mended = is_valid ? NULL : g_utf8_make_valid(text != NULL ? text : "", -1);

    text = is_valid ? text : mended;
    char *line = g_malloc(strlen(text) + 1), *to = line;
    while (*text != '\0') {
        gsize length = 0; /* of words in ASCII, which nearly all is */
        bool is_space = false;

        while (text[length] > ' ' && text[length] < 0x7f)
            length++;
        if (length == 0) {
            gunichar c = g_utf8_get_char(text);
            length = (gsize)(g_utf8_next_char(text) - text);
            is_space = c == ' ' || mp_is_deceptive(c) || g_unichar_isspace(c);
        }
        if (is_space) {
            pending_space = to > line;
        } else {
            if (pending_space)
                *to++ = ' ';
            pending_space = false;
            memcpy(to, text, length);
            to += length;
        }
        text += length;
    }
    *to = '\0';
    return line;
}

char *
mp_visible_line(const char *text, glong most)
{
    g_autofree char *line = mp_one_line(text);

    if (*line == '\0')
        return NULL;
    if (g_utf8_strlen(line, -1) <= most)
        return g_steal_pointer(&line);
    g_autofree char *cut = g_utf8_substring(line, 0, most - 1);
    return g_strconcat(cut, "…", NULL);
}
