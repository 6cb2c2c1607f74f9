/*
 * Masking: what a mail brings along must not be published with the comment. Our own addresses lose
 * their MAC wherever they stand; other people's addresses become ***@***, as on GitHub.
 *
 * Scanned by hand, in one pass: a regular expression that finds a local part backwards from its @
 * is quadratic on hostile text.
 */
#include "address/address.h"

#include <string.h>

#define MAC_DIGITS 40
#define OUR_MASK   "***"
#define MASK       "***@***"

static bool
is_atext(char c) /* RFC 5322, section 3.2.3, and the dot; octets of UTF-8 as RFC 6531 allows */
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80 ||
           (c != '\0' && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

static bool
is_domain_octet(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80 || c == '-' || c == '.';
}

/* At "KIND-THREAD-" behind `p`: the position of 40 hexadecimal digits and "-USER", or NULL. */
static const char *
mac_after(const char *p)
{
    if (g_ascii_tolower(p[0]) != 'i' && g_ascii_tolower(p[0]) != 'c')
        return NULL;
    if (p[1] != '-')
        return NULL;
    gsize digits = strspn(p + 2, "0123456789");
    if (digits == 0 || digits > 14 || p[2 + digits] != '-')
        return NULL;
    const char *mac = p + 3 + digits;
    if (strspn(mac, "0123456789abcdefABCDEF") != MAC_DIGITS || mac[MAC_DIGITS] != '-')
        return NULL;
    return g_ascii_isdigit(mac[MAC_DIGITS + 1]) ? mac : NULL;
}

/* Pass one: our MACs, whatever encoding is around them. */
static GString *
mask_macs(const char *text)
{
    GString *out = g_string_sized_new(strlen(text));

    while (*text != '\0') {
        const char *mac = mac_after(text);

        if (mac == NULL) {
            g_string_append_c(out, *text++);
            continue;
        }
        g_string_append_len(out, text, mac - text);
        g_string_append(out, OUR_MASK);
        text = mac + MAC_DIGITS;
    }
    return out;
}

/* A domain has at least one inner dot; the end of a sentence is none of it. */
static gsize
domain_length(const char *domain)
{
    gsize length = 0;

    while (is_domain_octet(domain[length]))
        length++;
    while (length > 0 && (domain[length - 1] == '.' || domain[length - 1] == '-'))
        length--;
    return memchr(domain, '.', length) != NULL ? length : 0;
}

static bool
is_our_masked(const char *local, gsize length)
{
    return g_strstr_len(local, (gssize)length, "-" OUR_MASK "-") != NULL;
}

/* Pass two: everybody else's. `start` is where the run of atext that ends at the @ begins. */
static char *
mask_others(const char *text)
{
    GString *out = g_string_sized_new(strlen(text));
    const char *start = text;

    for (const char *p = text; *p != '\0'; p++) {
        if (*p != '@') {
            if (!is_atext(*p)) {
                g_string_append_len(out, start, p + 1 - start);
                start = p + 1;
            }
            continue;
        }
        gsize domain = domain_length(p + 1);
        if (p == start || domain == 0 || is_our_masked(start, (gsize)(p - start))) {
            g_string_append_len(out, start, p + 1 - start);
            start = p + 1;
            continue;
        }
        g_string_append(out, MASK);
        p += domain;
        start = p + 1;
    }
    g_string_append(out, start);
    return g_string_free(out, FALSE);
}

char *
mp_address_mask(const char *text, bool all)
{
    g_autoptr(GString) masked = mask_macs(text);

    return all ? mask_others(masked->str) : g_string_free(g_steal_pointer(&masked), FALSE);
}
