/* The MACs of our addresses, in whatever way they are written; see mask.h and address.h. */
#include "address/mask.h"

#include <string.h>

#define MAC_DIGITS 40
#define OK_DIGITS  28 /* of the address by which a question is answered (question.h) */
#define KEY_DIGITS 32 /* before them */
#define FILLER_MAX 64 /* octets between two digits */

/* Length of one thing at `p` that parts what was one word: a line break with the quote marks of the
 * next line, a soft one of quoted-printable or Markdown, what is not to be seen. */
static gsize
break_octets(const char *p)
{
    static const char *const invisible[] = {"\xC2\xAD",     "\xE2\x80\x8B", "\xE2\x80\x8C",
                                            "\xE2\x80\x8D", "\xE2\x81\xA0", "\xEF\xBB\xBF",
                                            "<wbr>",        "&shy;",        "&#8203;"};

    if (g_ascii_isalnum(*p) || *p == ' ' || *p == '\0' ||
        strchr("\\=\r\n\xC2\xE2\xEF<&", *p) == NULL)
        return 0;
    const char *q = p + (*p == '\\' || *p == '=');
    q += *q == '\r';
    if (*q == '\n')
        return (gsize)(q + 1 - p) + strspn(q + 1, "> |\t");
    for (gsize i = 0; i < G_N_ELEMENTS(invisible); i++)
        if (g_str_has_prefix(p, invisible[i]))
            return strlen(invisible[i]);
    return 0;
}

static const char *
skip_breaks(const char *p)
{
    const char *begin = p;

    for (gsize n; p - begin < FILLER_MAX && (n = break_octets(p)) > 0;)
        p += n;
    return p - begin <= FILLER_MAX ? p : begin;
}

/* Behind the hyphen at `p` and the breaks around it; NULL if there is none. */
static const char *
skip_hyphen(const char *p)
{
    static const char *const hyphens[] = {
        "-",           "\\-",          "%2D",          "=2D",          "&#45;",
        "&#x2d;",      "\xE2\x80\x90", "\xE2\x80\x91", "\xE2\x80\x92", "\xE2\x80\x93",
        "\xE2\x88\x92"};

    p = skip_breaks(p);
    for (gsize i = 0; i < G_N_ELEMENTS(hyphens); i++)
        if (g_ascii_strncasecmp(p, hyphens[i], strlen(hyphens[i])) == 0)
            return skip_breaks(p + strlen(hyphens[i]));
    return NULL;
}

/* Behind `n` hexadecimal digits, or those of `known`; NULL if they do not stand at `p`. */
static const char *
skip_digits(const char *p, gsize n, const char *known)
{
    for (gsize i = 0; i < n; i++, p++) {
        p = i > 0 && !g_ascii_isxdigit(*p) ? skip_breaks(p) : p;
        if (known != NULL ? g_ascii_tolower(*p) != known[i] : !g_ascii_isxdigit(*p))
            return NULL;
    }
    return p;
}

/* At "KIND-THREAD-": where 40 digits begin and end. */
static bool
find_thread_mac(const char *p, const char **begin, const char **end)
{
    if (((*p | 0x20) != 'i' && (*p | 0x20) != 'c') || (p = skip_hyphen(p + 1)) == NULL)
        return false;
    gsize digits = strspn(p, "0123456789");
    if (digits == 0 || digits > 14 || (*begin = skip_hyphen(p + digits)) == NULL)
        return false;
    *end = skip_digits(*begin, MAC_DIGITS, NULL);
    return *end != NULL && !g_ascii_isxdigit(**end);
}

/* The first of its run of digits, or behind a plus that is encoded: "%2B". */
static bool
begins_digits(const char *text, const char *p)
{
    return g_ascii_isxdigit(*p) && (p == text || !g_ascii_isxdigit(p[-1]) ||
                                    (p - text >= 2 && p[-2] == '2' && (p[-1] | 0x20) == 'b'));
}

/* By two octets, which tell of nearly every place that none begins there. */
static bool
may_begin(const char *text, const char *p)
{
    if (!g_ascii_isxdigit(*p) && (*p | 0x20) != 'i')
        return false;
    return g_ascii_isxdigit(p[1]) ? begins_digits(text, p) : p[1] != ' ' && !g_ascii_isalpha(p[1]);
}

/* At "KEY-", as find_thread_mac. */
static bool
find_question_mac(const char *text, const char *p, const char **begin, const char **end)
{
    if (!begins_digits(text, p) || (p = skip_digits(p, KEY_DIGITS, NULL)) == NULL ||
        (*begin = skip_hyphen(p)) == NULL)
        return false;
    *end = skip_digits(*begin, OK_DIGITS, NULL);
    return *end != NULL && !g_ascii_isxdigit(**end);
}

char *
mp_mask_macs(const char *text)
{
    GString *out = g_string_sized_new(strlen(text));
    const char *shown = text, *begin, *end;

    for (const char *p = text; *p != '\0'; p++) {
        if (!may_begin(text, p) ||
            (!find_thread_mac(p, &begin, &end) && !find_question_mac(text, p, &begin, &end)))
            continue;
        g_string_append_len(out, shown, begin - shown);
        g_string_append(out, MP_OUR_MASK);
        shown = end;
        p = end - 1;
    }
    g_string_append(out, shown);
    return g_string_free(out, FALSE);
}

static void
digits_of(const guint8 mac[20], char digits[MAC_DIGITS + 1])
{
    static const char hex[] = "0123456789abcdef";

    for (gsize i = 0; i < MAC_DIGITS; i++)
        digits[i] = hex[mac[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
    digits[MAC_DIGITS] = '\0';
}

char *
mp_address_mask_known(const char *text, const guint8 mac[20])
{
    GString *out = g_string_sized_new(strlen(text));
    char digits[MAC_DIGITS + 1];
    const char *shown = text, *end;

    digits_of(mac, digits);
    char upper = g_ascii_toupper(digits[0]);
    for (const char *p = text; *p != '\0'; p++) {
        if ((*p != digits[0] && *p != upper) || (end = skip_digits(p, MAC_DIGITS, digits)) == NULL)
            continue;
        g_string_append_len(out, shown, p - shown);
        g_string_append(out, MP_OUR_MASK);
        shown = end;
        p = end - 1;
    }
    g_string_append(out, shown);
    return g_string_free(out, FALSE);
}

GBytes *
mp_address_mask_bytes(GBytes *bytes, const guint8 mac[20])
{
    gsize length;
    const char *from = g_bytes_get_data(bytes, &length);
    g_autofree char *copy = NULL;
    char digits[MAC_DIGITS + 1];

    digits_of(mac, digits);
    for (gsize i = 0; i + MAC_DIGITS <= length; i++) {
        if (g_ascii_tolower(from[i]) != digits[0] ||
            g_ascii_strncasecmp(from + i, digits, MAC_DIGITS) != 0)
            continue;
        if (copy == NULL)
            copy = g_memdup2(from, length);
        memset(copy + i, '*', MAC_DIGITS);
        i += MAC_DIGITS - 1;
    }
    return copy != NULL ? g_bytes_new_take(g_steal_pointer(&copy), length) : g_bytes_ref(bytes);
}
