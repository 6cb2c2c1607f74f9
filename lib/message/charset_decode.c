/* From octets to UTF-8; see charset.h. */
#include "message/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#define BAD "\xEF\xBF\xBD"

/* Ends what iconv keeps back: some charsets' last letter waits for an accent. */
static void
flush(iconv_t cd, GString *text)
{
    char chunk[64], *out = chunk;
    gsize room = sizeof chunk;

    (void)iconv(cd, NULL, NULL, &out, &room);
    g_string_append_len(text, chunk, out - chunk);
}

static void
convert(iconv_t cd, const char *bytes, gsize length, GString *text, gsize *bad)
{
    char *in = (char *)(gsize)bytes, chunk[4096];

    while (length > 0) {
        char *out = chunk;
        gsize room = sizeof chunk, result = iconv(cd, &in, &length, &out, &room);
        int problem = result == (gsize)-1 ? errno : 0;

        g_string_append_len(text, chunk, out - chunk);
        if (problem == 0 || problem == E2BIG || length == 0)
            continue;
        ++*bad;
        g_string_append(text, BAD);
        gsize skipped = problem == EINVAL ? length : 1; /* the text ends within a character */
        in += skipped, length -= skipped;
    }
    flush(cd, text);
}

GString *
mp_charset_decode(const char *bytes, gsize length, const char *charset, gsize *bad)
{
    if (strcmp(charset, MP_ISO_2022_JP) == 0)
        return mp_decode_iso_2022_jp(bytes, length, bad);
    if (strcmp(charset, MP_HZ) == 0)
        return mp_decode_hz(bytes, length, bad);

    iconv_t cd = iconv_open("UTF-8", charset);
    if (cd == (iconv_t)-1)
        return NULL;
    GString *text = g_string_sized_new(length + length / 8);
    convert(cd, bytes, length, text, bad);
    iconv_close(cd);
    return text;
}

/* --- UTF-8 ------------------------------------------------------------------------------------ */

/* How many octets from `p` on are of one sequence (Unicode, section 3.9, table 3-7), and in *whole
 * how many it would have; 0 if none begins there. */
static gsize
sequence_octets(const guchar *p, gsize length, gsize *whole)
{
    guchar low = 0x80, high = 0xBF;
    gsize n = 1;

    *whole = *p < 0x80 ? 1 : *p >= 0xC2 && *p <= 0xDF ? 2 : (*p & 0xF0) == 0xE0 ? 3 : 4;
    if (*p < 0x80)
        return 1;
    if (*p < 0xC2 || *p > 0xF4)
        return 0;
    low = *p == 0xE0 ? 0xA0 : *p == 0xF0 ? 0x90 : low;
    high = *p == 0xED ? 0x9F : *p == 0xF4 ? 0x8F : high;
    for (; n < *whole && n < length && p[n] >= low && p[n] <= high; n++)
        low = 0x80, high = 0xBF;
    return n;
}

static gsize
ascii_octets(const guchar *p, gsize length)
{
    gsize i = 0;
    guint64 eight;

    for (; i + sizeof eight <= length; i += sizeof eight) {
        memcpy(&eight, p + i, sizeof eight);
        if ((eight & G_GUINT64_CONSTANT(0x8080808080808080)) != 0)
            break;
    }
    while (i < length && p[i] < 0x80)
        i++;
    return i;
}

/* How many octets from `p` on are whole sequences; *good counts those beyond ASCII. */
static gsize
whole_octets(const guchar *p, gsize length, gsize *good)
{
    gsize i = 0, whole;

    for (;;) {
        i += ascii_octets(p + i, length - i);
        gsize n = i < length ? sequence_octets(p + i, length - i, &whole) : 0;

        if (n == 0 || n != whole)
            return i;
        ++*good;
        i += n;
    }
}

GString *
mp_decode_utf8(const char *bytes, gsize length, gsize *good, gsize *spoiled, gsize *bad)
{
    GString *text = g_string_sized_new(length + 16);
    bool was_bad = false;

    for (gsize i = 0, whole; i < length;) {
        gsize n = whole_octets((const guchar *)bytes + i, length - i, good);

        if (n > 0) {
            g_string_append_len(text, bytes + i, (gssize)n);
            was_bad = false;
        } else {
            n = sequence_octets((const guchar *)bytes + i, length - i, &whole);
            g_string_append(text, BAD);
            *good += n > 1; /* cut short, but no other charset's */
            ++*bad;
            *spoiled += !was_bad;
            was_bad = true;
        }
        i += MAX(n, 1);
    }
    return text;
}

/* --- HZ --------------------------------------------------------------------------------------- */

GString *
mp_decode_hz(const char *bytes, gsize length, gsize *bad)
{
    g_autoptr(GString) gb = g_string_sized_new(length);
    bool is_chinese = false;

    for (gsize i = 0; i < length; i++) {
        char next = i + 1 < length ? bytes[i + 1] : '\0';

        is_chinese = is_chinese && bytes[i] != '\n'; /* a line begins in ASCII */
        if (bytes[i] == '~' && (next == '{' || next == '}')) {
            is_chinese = next == '{';
            i++;
        } else if (bytes[i] == '~' && !is_chinese && (next == '~' || next == '\n')) {
            g_string_append_len(gb, "~", next == '~');
            i++;
        } else {
            g_string_append_c(gb,
                              is_chinese && bytes[i] > ' ' ? (char)(bytes[i] | 0x80) : bytes[i]);
        }
    }
    return mp_charset_decode(gb->str, gb->len, "gb18030", bad);
}

/* --- ISO-2022-JP ------------------------------------------------------------------------------ */

typedef enum { ASCII, ROMAN, KANA, JIS_0208, JIS_0212 } JisSet;

static const struct {
    const char *sequence;
    JisSet set;
} escapes[] = {
    {"\x1b(B", ASCII},    {"\x1b(J", ROMAN},    {"\x1b(H", ROMAN},     {"\x1b(I", KANA},
    {"\x1b$@", JIS_0208}, {"\x1b$B", JIS_0208}, {"\x1b$(B", JIS_0208}, {"\x1b$(D", JIS_0212},
};

/* The text is read through EUC-JP, which iconv knows with all of Microsoft's characters. */
typedef struct {
    iconv_t cd;
    GString *euc, *text;
    gsize *bad;
} Jis;

static void
write_out(Jis *jis, const char *literal)
{
    convert(jis->cd, jis->euc->str, jis->euc->len, jis->text, jis->bad);
    g_string_truncate(jis->euc, 0);
    g_string_append(jis->text, literal);
    *jis->bad += strcmp(literal, BAD) == 0;
}

static gsize
escape_octets(const char *p, gsize length, JisSet *set)
{
    for (gsize i = 0; i < G_N_ELEMENTS(escapes); i++) {
        gsize n = strlen(escapes[i].sequence);

        if (length >= n && memcmp(p, escapes[i].sequence, n) == 0) {
            *set = escapes[i].set;
            return n;
        }
    }
    return 0;
}

static bool
is_graphic(char c)
{
    return c > ' ' && c < 127;
}

/* One character of the set; the octets that it takes. */
static gsize
take_character(Jis *jis, const char *p, gsize length, JisSet set)
{
    bool is_kana = (guchar)*p >= 0xA1 && (guchar)*p <= 0xDF;

    if (is_kana || (set == KANA && *p > ' ' && *p < 0x60)) {
        g_string_append_c(jis->euc, '\x8E');
        g_string_append_c(jis->euc, (char)(*p | 0x80));
        return 1;
    }
    if (*p == '\x1b' || (guchar)*p >= 0x80) {
        write_out(jis, BAD);
        return 1;
    }
    if (!is_graphic(*p) || set == ASCII || set == KANA || set == ROMAN) {
        if (set == ROMAN && (*p == '\\' || *p == '~'))
            write_out(jis, *p == '~' ? "\xE2\x80\xBE" : "\xC2\xA5");
        else
            g_string_append_c(jis->euc, *p);
        return 1;
    }
    if (length < 2 || !is_graphic(p[1])) {
        write_out(jis, BAD);
        return 1;
    }
    if (set == JIS_0212)
        g_string_append_c(jis->euc, '\x8F');
    g_string_append_c(jis->euc, (char)(p[0] | 0x80));
    g_string_append_c(jis->euc, (char)(p[1] | 0x80));
    return 2;
}

GString *
mp_decode_iso_2022_jp(const char *bytes, gsize length, gsize *bad)
{
    g_autoptr(GString) euc = g_string_sized_new(length);
    Jis jis = {iconv_open("UTF-8", "eucjp-ms"), euc, NULL, bad};
    JisSet set = ASCII;

    if (jis.cd == (iconv_t)-1)
        return NULL;
    jis.text = g_string_sized_new(length * 3 / 2);
    for (gsize i = 0, n; i < length; i += n) {
        n = bytes[i] == '\x1b' ? escape_octets(bytes + i, length - i, &set) : 0;
        if (n == 0)
            n = take_character(&jis, bytes + i, length - i, set);
        if (bytes[i] == '\n' || bytes[i] == '\r') /* a line begins in ASCII */
            set = ASCII;
    }
    write_out(&jis, "");
    iconv_close(jis.cd);
    return jis.text;
}

bool
mp_charset_is_iso_2022_jp(const char *bytes, gsize length)
{
    JisSet set = ASCII;

    for (gsize i = 0; i < length; i++)
        if ((guchar)bytes[i] >= 0x80)
            return false;
    for (const char *p = bytes, *end = bytes + length;
         set < KANA && (p = memchr(p, '\x1b', (gsize)(end - p))) != NULL; p++)
        (void)escape_octets(p, (gsize)(end - p), &set);
    return set >= KANA;
}
