/* Text of any charset made UTF-8, and the words in a text. */
#include "message/internal.h"

#include "base/text.h"
#include "message/charset.h"

#include <string.h>

/* windows-1252 needs no iconv, and unlike iconv's has a reading for every byte (WHATWG). */
static char *
from_windows_1252(const char *bytes, gsize length, gsize *text_length)
{
    static const gunichar upper[32] = {
        0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178,
    };
    GString *text = g_string_sized_new(length + length / 8);

    for (gsize i = 0; i < length; i++) {
        guchar c = (guchar)bytes[i];
        if (c < 128)
            g_string_append_c(text, (char)c);
        else
            g_string_append_unichar(text, c < 160 ? upper[c - 128] : c);
    }
    *text_length = text->len;
    return g_string_free(text, FALSE);
}

static bool
is_tidy(const char *text, gsize length)
{
    static const char others[] = {'\0', '\r', '\f', '\v'};

    for (gsize i = 0; i < sizeof others; i++) {
        if (memchr(text, others[i], length) != NULL)
            return false;
    }
    return true;
}

/* LF for every line end, also for a form feed or a vertical tab, and no NUL; `to` may be `from`.
 * Returns the length, and ends the text. */
static gsize
tidy(char *to, const char *from, gsize length)
{
    gsize n = 0;

    if (is_tidy(from, length)) {
        memmove(to, from, length);
        to[length] = '\0';
        return length;
    }
    for (gsize i = 0; i < length; i++)
        if (from[i] != '\0' && !(from[i] == '\r' && i + 1 < length && from[i + 1] == '\n'))
            to[n++] = from[i] == '\r' || from[i] == '\f' || from[i] == '\v' ? '\n' : from[i];
    to[n] = '\0';
    return n;
}

/* In place, and valid. */
static char *
tidied(char *text, gsize length, bool is_valid)
{
    gsize to = tidy(text, text, length);

    if (is_valid || g_utf8_validate(text, (gssize)to, NULL))
        return text;
    char *valid = g_utf8_make_valid(text, (gssize)to);
    g_free(text);
    return valid;
}

static char *
tidied_string(GString *text, bool is_valid)
{
    gsize length = text->len;

    return tidied(g_string_free(text, FALSE), length, is_valid);
}

static char *
from_latin(const char *bytes, gsize length)
{
    char *text = from_windows_1252(bytes, length, &length);

    return tidied(text, length, true);
}

/* One reading of the octets, and how much of it makes sense. */
typedef struct {
    GString *text;            /* NULL if the charset is unknown */
    gsize good, bad, spoiled; /* characters; and places where there are bad ones */
    bool is_valid;            /* UTF-8, that is: not for iconv to say */
} Reading;

static void
reading_clear(Reading *reading)
{
    if (reading->text != NULL)
        g_string_free(g_steal_pointer(&reading->text), TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, reading_clear)

static Reading
read_as(const char *bytes, gsize length, const char *charset)
{
    Reading reading = {NULL};

    if (strcmp(charset, MP_UTF_8) == 0) {
        reading.text = mp_decode_utf8(bytes, length, &reading.good, &reading.spoiled, &reading.bad);
        reading.is_valid = true;
        return reading;
    }
    reading.text = mp_charset_decode(bytes, length, charset, &reading.bad);
    for (gsize i = 0; reading.text != NULL && i < reading.text->len; i++)
        reading.good += ((guchar)reading.text->str[i] & 0xC0) == 0xC0;
    reading.good -= MIN(reading.good, reading.bad); /* U+FFFD is no letter */
    return reading;
}

static char *
take(Reading *reading)
{
    if (g_str_has_prefix(reading->text->str, "\xEF\xBB\xBF"))
        g_string_erase(reading->text, 0, 3);
    return tidied_string(g_steal_pointer(&reading->text), reading->is_valid);
}

/* The charset that the octets themselves tell: a byte order mark, ISO-2022-JP's escapes. */
static const char *
evident_charset(const char *bytes, gsize length)
{
    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        return MP_UTF_8;
    if (length >= 2 && length % 2 == 0 && memcmp(bytes, "\xFF\xFE", 2) == 0)
        return "utf-16le";
    if (length >= 2 && length % 2 == 0 && memcmp(bytes, "\xFE\xFF", 2) == 0)
        return "utf-16be";
    return mp_charset_is_iso_2022_jp(bytes, length) ? MP_ISO_2022_JP : NULL;
}

/* How the charset is read that a label names, be it one of ours or one that iconv happens to know.
 */
static Reading
read_as_declared(const char *bytes, gsize length, const char *label, const char *charset)
{
    if (charset == NULL)
        return read_as(bytes, length, label);
    if (strcmp(charset, MP_ASCII) == 0)
        return (Reading){NULL};
    return read_as(bytes, length, charset);
}

/* Not as declared. In this order: UTF-8, most of which is whole; what was declared, likewise; what
 * the letters say; UTF-8 and the declared charset with less of them whole; windows-1252. */
static char *
guess(const char *bytes, gsize length, const char *label, Reading *declared, bool is_utf8,
      char **note)
{
    g_auto(Reading) utf8 = read_as(bytes, length, MP_UTF_8);
    const char *detected = NULL;

    bool says_nothing = utf8.good == 0 && utf8.bad == 0; /* seven bits are UTF-8, too */

    if (declared->text != NULL && ((utf8.bad > 0 && declared->good >= 2 * declared->bad) ||
                                   (says_nothing && declared->good >= declared->bad))) {
        *note = g_strdup_printf("%" G_GSIZE_FORMAT " %s not %s", declared->bad,
                                mp_plural(declared->bad, "byte that is", "bytes that are"), label);
        return take(declared);
    }
    bool is_utf8_rather = utf8.good > 0 && utf8.good >= utf8.spoiled && 2 * utf8.good >= utf8.bad;
    bool is_mostly_utf8 = is_utf8_rather && (is_utf8 || utf8.good >= 3 * utf8.spoiled);

    if (!is_mostly_utf8 && (detected = mp_charset_detect(bytes, length)) != NULL) {
        Reading reading = read_as(bytes, length, detected);
        *note = g_strdup_printf("charset %s read as %s", label, detected);
        return take(&reading);
    }
    if (is_utf8_rather || says_nothing) {
        *note = utf8.bad == 0
                    ? g_strdup_printf("charset %s read as utf-8", label)
                    : g_strdup_printf("%" G_GSIZE_FORMAT " %s not utf-8", utf8.bad,
                                      mp_plural(utf8.bad, "byte that is", "bytes that are"));
        return take(&utf8);
    }
    *note = g_strdup_printf("charset %s read as windows-1252", label);
    return from_latin(bytes, length);
}

/* Behind a NUL, too, where GMime's own look ends. */
static bool
has_8bit(const char *bytes, gsize length)
{
    guint64 all = 0, eight = 0;
    gsize i = 0;

    for (; i + sizeof eight <= length; i += sizeof eight) {
        memcpy(&eight, bytes + i, sizeof eight);
        all |= eight;
    }
    eight = 0;
    memcpy(&eight, bytes + i, length - i);
    return ((all | eight) & G_GUINT64_CONSTANT(0x8080808080808080)) != 0;
}

char *
mp_decode_text(const char *bytes, gsize length, const char *label, char **note)
{
    label = label != NULL ? label : MP_ASCII;
    const char *charset = mp_charset_of(label), *evident = evident_charset(bytes, length);
    bool is_utf8 = g_strcmp0(charset, MP_UTF_8) == 0;
    bool is_8bit = has_8bit(bytes, length);

    *note = NULL;
    if (!is_8bit && evident == NULL && (is_utf8 || g_strcmp0(charset, MP_ASCII) == 0))
        return tidied(memcpy(g_malloc(length + 1), bytes, length), length, true);
    if (evident != NULL) {
        g_auto(Reading) reading = read_as(bytes, length, evident);
        bool is_named = charset != NULL && g_ascii_strncasecmp(charset, evident, 6) == 0;

        if (reading.bad == 0 && !is_named)
            *note = g_strdup_printf("charset %s read as %s", label, evident);
        if (reading.bad == 0)
            return take(&reading);
    }
    if (g_strcmp0(charset, MP_WINDOWS_1252) == 0)
        return from_latin(bytes, length);

    g_auto(Reading) declared = read_as_declared(bytes, length, label, charset);
    if (declared.text != NULL && declared.bad == 0)
        return take(&declared);
    return guess(bytes, length, label, &declared, is_utf8, note);
}

/* Crude on purpose: it feeds a hash, not a reader. `unclosed` has a bit for each silent element
 * that ends nowhere below, so that nobody looks for its end again. */
static const char *
skip_tag(const char *p, guint *unclosed)
{
    static const char *const silent[] = {"style", "script", "head"};

    if (g_str_has_prefix(p, "<!--")) {
        const char *end = strstr(p, "-->");
        return end == NULL ? p + strlen(p) : end + 3;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(silent); i++) {
        gsize length = strlen(silent[i]);
        if (g_ascii_strncasecmp(p + 1, silent[i], length) != 0 || g_ascii_isalnum(p[1 + length]) ||
            (*unclosed & 1u << i) != 0)
            continue;
        const char *q = strstr(p, "</");
        while (q != NULL && g_ascii_strncasecmp(q + 2, silent[i], length) != 0)
            q = strstr(q + 2, "</");
        if (q == NULL)
            *unclosed |= 1u << i;
        else
            p = q;
    }
    const char *end = strchr(p, '>');
    return end == NULL ? p + strlen(p) : end + 1;
}

static bool
is_gap(gunichar c)
{
    return g_unichar_isspace(c) || g_unichar_iscntrl(c) || !g_unichar_isdefined(c);
}

/* Where the next letter stands, past white space, controls and tags; at the end of the text the
 * end. */
static const char *
skip_gap(const char *p, bool is_html, guint *unclosed)
{
    while (*p != '\0') {
        guchar c = (guchar)*p;

        if (is_html && c == '<')
            p = skip_tag(p, unclosed);
        else if (c <= ' ' || c == 127)
            p++;
        else if (c < 127 || !is_gap(g_utf8_get_char(p)))
            return p;
        else
            p = g_utf8_next_char(p);
    }
    return p;
}

/* Where the next gap is; at the end of the text the end. */
static const char *
skip_letters(const char *p, bool is_html)
{
    while (true) {
        guchar c = (guchar)*p;

        if (c > ' ' && c < 127 && !(is_html && c == '<'))
            p++;
        else if (c >= 128 && !is_gap(g_utf8_get_char(p)))
            p = g_utf8_next_char(p);
        else
            return p;
    }
}

bool
mp_has_words(const char *text, bool is_html)
{
    guint unclosed = 0;

    return *skip_gap(text, is_html, &unclosed) != '\0';
}

char *
mp_words(const char *text, bool is_html)
{
    char *words = g_malloc(strlen(text) + 1), *to = words; /* no gap is shorter than a space */
    guint unclosed = 0;

    for (const char *p = skip_gap(text, is_html, &unclosed), *next, *after; *p != '\0'; p = after) {
        next = skip_letters(p, is_html);
        after = skip_gap(next, is_html, &unclosed);
        to = mempcpy(to, p, (gsize)(next - p));
        if (after > next && *after != '\0')
            *to++ = ' ';
    }
    *to = '\0';
    return words;
}
