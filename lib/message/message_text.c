/* Text of any charset made UTF-8, and the words in a text. */
#include "message/message_private.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

/* What mail programs write, and what they mean: a superset, or the name that iconv knows. */
static const struct {
    const char *label, *meant;
} labels[] = {
    {"ansi_x3.4-1968", "us-ascii"},
    {"ascii", "us-ascii"},
    {"utf8", "utf-8"},
    {"unicode-1-1-utf-8", "utf-8"},
    {"utf-8mb4", "utf-8"},
    {"utf-7", "utf-7"},
    {"unicode-1-1-utf-7", "utf-7"},
    {"iso-8859-1", "windows-1252"},
    {"iso8859-1", "windows-1252"},
    {"iso_8859-1", "windows-1252"},
    {"latin1", "windows-1252"},
    {"cp1252", "windows-1252"},
    {"iso-8859-9", "windows-1254"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"iso-8859-11", "windows-874"},
    {"tis-620", "windows-874"},
    {"gb2312", "gb18030"},
    {"gbk", "gb18030"},
    {"x-gbk", "gb18030"},
    {"gb_2312-80", "gb18030"},
    {"hz-gb-2312", "hz"},
    {"big5", "big5-hkscs"},
    {"x-x-big5", "big5-hkscs"},
    {"shift_jis", "cp932"},
    {"shift-jis", "cp932"},
    {"x-sjis", "cp932"},
    {"sjis", "cp932"},
    {"ks_c_5601-1987", "cp949"},
    {"ks_c_5601", "cp949"},
    {"euc-kr", "cp949"},
    {"x-windows-949", "cp949"},
    {"x-euc-jp", "euc-jp"},
    {"utf-16", "utf-16"},
    {"x-mac-roman", "macintosh"},
    {"macroman", "macintosh"},
    {"x-user-defined", "windows-1252"},
};

/* Held open in the worker: the names above and those that need no other name. */
static const char *const charsets[] = {
    "iso-8859-1",   "iso-8859-2",   "iso-8859-3",    "iso-8859-4",   "iso-8859-5",   "iso-8859-6",
    "iso-8859-7",   "iso-8859-8",   "iso-8859-9",    "iso-8859-10",  "iso-8859-11",  "iso-8859-13",
    "iso-8859-14",  "iso-8859-15",  "iso-8859-16",   "windows-1250", "windows-1251", "windows-1252",
    "windows-1253", "windows-1254", "windows-1255",  "windows-1256", "windows-1257", "windows-1258",
    "windows-874",  "koi8-r",       "koi8-u",        "koi8-t",       "big5",         "big5-hkscs",
    "gb2312",       "gbk",          "gb18030",       "hz",           "euc-jp",       "shift_jis",
    "cp932",        "iso-2022-jp",  "iso-2022-jp-2", "iso-2022-kr",  "euc-kr",       "cp949",
    "euc-tw",       "tis-620",      "utf-7",         "utf-16",       "utf-16le",     "utf-16be",
    "utf-32",       "utf-32le",     "utf-32be",      "us-ascii",     "macintosh",    "ibm437",
    "ibm850",       "ibm852",       "ibm855",        "ibm866",       "mik",          "viscii",
    "tcvn5712-1",   "armscii-8",    "georgian-ps",   "utf-8",
};

void
mp_hold_charsets(void)
{
    /* Never closed: a module stays loaded as long as a descriptor of it is open. */
    for (gsize i = 0; i < G_N_ELEMENTS(charsets); i++) {
        const char *name = g_mime_charset_iconv_name(charsets[i]);
        (void)iconv_open("UTF-8", charsets[i]);
        if (name != NULL && g_ascii_strcasecmp(name, charsets[i]) != 0)
            (void)iconv_open("UTF-8", name);
    }
    (void)iconv_open("UTF-16LE", "UTF-8"); /* GMime asks for the way back of some of them */
}

static const char *
meant(const char *label)
{
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
        if (g_ascii_strcasecmp(labels[i].label, label) == 0)
            return labels[i].meant;
    return label;
}

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

/* Worth keeping if at most one character in some ten made no sense. */
static bool
is_plausible(const GString *text, gsize bad)
{
    gsize upper = 0;

    for (gsize i = 0; i < text->len; i++)
        upper += (guchar)text->str[i] >= 128;
    return bad * 10 <= upper - bad * 3; /* U+FFFD itself is three bytes */
}

/* By iconv; each byte that makes no sense is U+FFFD and counted. NULL if the charset is unknown. */
static GString *
from_charset(const char *bytes, gsize length, const char *charset, gsize *bad)
{
    iconv_t cd = iconv_open("UTF-8", charset);
    char *in = (char *)(gsize)bytes, chunk[4096];

    if (cd == (iconv_t)-1)
        return NULL;

    GString *text = g_string_sized_new(length + length / 8);
    while (length > 0) {
        char *out = chunk;
        gsize room = sizeof chunk, result = iconv(cd, &in, &length, &out, &room);

        g_string_append_len(text, chunk, out - chunk);
        if (result != (gsize)-1 || errno == E2BIG || length == 0)
            continue;
        ++*bad;
        g_string_append(text, "\xEF\xBF\xBD");
        in++, length--;
    }
    iconv_close(cd);
    return text;
}

/* LF for every line end, and no NUL; `to` may be `from`. Returns the length, and ends the text. */
static gsize
tidy(char *to, const char *from, gsize length)
{
    gsize n = 0;

    if (memchr(from, '\0', length) == NULL && memchr(from, '\r', length) == NULL) {
        memmove(to, from, length);
        n = length;
    } else {
        for (gsize i = 0; i < length; i++)
            if (from[i] != '\0' && !(from[i] == '\r' && i + 1 < length && from[i + 1] == '\n'))
                to[n++] = from[i] == '\r' ? '\n' : from[i];
    }
    to[n] = '\0';
    return n;
}

/* In place, and valid. */
static char *
tidied(char *text, gsize length)
{
    gsize to = tidy(text, text, length);

    if (g_utf8_validate(text, (gssize)to, NULL))
        return text;
    char *valid = g_utf8_make_valid(text, (gssize)to);
    g_free(text);
    return valid;
}

static char *
tidied_string(GString *text)
{
    gsize length = text->len;

    return tidied(g_string_free(text, FALSE), length);
}

/* NULL if it is not UTF-8. */
static char *
from_utf8(const char *bytes, gsize length)
{
    gsize mark = length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    g_autofree char *text = g_malloc(length - mark + 1);
    gsize to = tidy(text, bytes + mark, length - mark);

    return g_utf8_validate(text, (gssize)to, NULL) ? g_steal_pointer(&text) : NULL;
}

static char *
from_latin(const char *bytes, gsize length)
{
    char *text = from_windows_1252(bytes, length, &length);

    return tidied(text, length);
}

char *
mp_decode_text(const char *bytes, gsize length, const char *charset, char **note)
{
    const char *label = charset == NULL ? "us-ascii" : charset, *declared = meant(label);
    bool is_ascii = g_ascii_strcasecmp(declared, "us-ascii") == 0;
    bool is_utf8 = is_ascii || g_ascii_strcasecmp(declared, "utf-8") == 0;
    bool is_8bit = g_mime_utils_text_is_8bit((const unsigned char *)bytes, length);
    gsize bad = 0;
    char *text = NULL;

    *note = NULL;
    if (g_ascii_strcasecmp(declared, "windows-1252") == 0)
        return from_latin(bytes, length);

    GString *converted = is_utf8 ? NULL : from_charset(bytes, length, declared, &bad);
    if (converted != NULL && bad == 0)
        return tidied_string(converted);

    text = from_utf8(bytes, length);
    if (text != NULL) {
        if (!is_utf8 || (is_ascii && is_8bit))
            *note = g_strdup_printf("charset %s read as utf-8", label);
    } else {
        if (is_utf8 && !is_ascii)
            converted = from_charset(bytes, length, "utf-8", &bad);
        if (converted != NULL && is_plausible(converted, bad)) {
            *note = g_strdup_printf("%" G_GSIZE_FORMAT " bytes that are not %s", bad, label);
            return tidied_string(converted);
        }
        *note = g_strdup_printf("charset %s read as windows-1252", label);
        text = from_latin(bytes, length);
    }
    if (converted != NULL)
        g_string_free(converted, TRUE);
    return text;
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

/* Where the next letter stands, past white space, controls and tags; at the end of the text the
 * end. */
static const char *
skip_gap(const char *p, bool is_html, guint *unclosed)
{
    while (*p != '\0') {
        gunichar c = g_utf8_get_char(p);

        if (is_html && c == '<')
            p = skip_tag(p, unclosed);
        else if (c > ' ' && c < 127)
            return p;
        else if (g_unichar_isspace(c) || g_unichar_iscntrl(c) || !g_unichar_isdefined(c))
            p = g_utf8_next_char(p);
        else
            return p;
    }
    return p;
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
    GString *words = g_string_sized_new(strlen(text));
    guint unclosed = 0;

    for (const char *p = skip_gap(text, is_html, &unclosed), *next, *after; *p != '\0'; p = after) {
        next = g_utf8_next_char(p);
        after = skip_gap(next, is_html, &unclosed);
        g_string_append_len(words, p, next - p);
        if (after > next && *after != '\0')
            g_string_append_c(words, ' ');
    }
    return g_string_free(words, FALSE);
}
