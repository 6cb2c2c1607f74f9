/* Domains of mail addresses, compared; see domain.h. */
#include "base/domain.h"

#include <string.h>

/* g_hostname_to_ascii follows IDNA2003, which maps ß to ss and wide letters to narrow ones: with
 * that, the owner of straße.example would be the owner of strasse.example. */
static char *
to_ascii_and_back(const char *lower, char **ascii)
{
    *ascii = g_hostname_to_ascii(lower);
    return *ascii != NULL ? g_hostname_to_unicode(*ascii) : NULL;
}

char *
mp_domain_fold(const char *domain)
{
    if (g_str_is_ascii(domain))
        return g_ascii_strdown(domain, -1);
    if (!g_utf8_validate(domain, -1, NULL))
        return g_strdup(domain);

    g_autofree char *small = g_utf8_strdown(domain, -1);
    g_autofree char *lower = g_utf8_normalize(small, -1, G_NORMALIZE_NFC);
    g_autofree char *ascii = NULL;
    g_autofree char *back = to_ascii_and_back(lower, &ascii);
    return back != NULL && strcmp(back, lower) == 0 ? g_ascii_strdown(ascii, -1) : g_strdup(domain);
}

bool
mp_same_address(const char *a, const char *b)
{
    const char *at_a = strrchr(a, '@'), *at_b = strrchr(b, '@');

    if (at_a == NULL || at_b == NULL || at_a - a != at_b - b ||
        strncmp(a, b, (gsize)(at_a - a)) != 0)
        return false;
    g_autofree char *domain_a = mp_domain_fold(at_a + 1);
    g_autofree char *domain_b = mp_domain_fold(at_b + 1);
    return strcmp(domain_a, domain_b) == 0;
}
