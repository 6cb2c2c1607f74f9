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

/* Only letters of which each is the other's case: a Kelvin sign has a lower case, k, whose upper
 * case is another letter, so whoever writes it is not who has the k. */
static void
append_small(GString *out, const char *text, gsize length)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)length);
    bool is_text = strlen(valid) == length && memcmp(valid, text, length) == 0;

    for (const char *p = text; p < text + length; p = is_text ? g_utf8_next_char(p) : p + 1) {
        gunichar c = is_text ? g_utf8_get_char(p) : (guchar)*p, small = g_unichar_tolower(c);

        if (!is_text)
            g_string_append_c(out, g_ascii_tolower(*p));
        else
            g_string_append_unichar(out, g_unichar_toupper(small) == c ? small : c);
    }
}

char *
mp_address_fold(const char *address, bool case_matters)
{
    const char *at = strrchr(address, '@');
    gsize length = at != NULL ? (gsize)(at - address) : strlen(address);
    GString *folded = g_string_new(NULL);

    if (case_matters)
        g_string_append_len(folded, address, (gssize)length);
    else
        append_small(folded, address, length);
    if (at != NULL) {
        g_autofree char *domain = mp_domain_fold(at + 1);
        g_string_append_printf(folded, "@%s", domain);
    }
    return g_string_free(folded, FALSE);
}

bool
mp_same_address(const char *a, const char *b, bool case_matters)
{
    if (strchr(a, '@') == NULL || strchr(b, '@') == NULL)
        return false;
    g_autofree char *folded_a = mp_address_fold(a, case_matters);
    g_autofree char *folded_b = mp_address_fold(b, case_matters);
    return strcmp(folded_a, folded_b) == 0;
}

/* RFC 5322, section 3.2.3, and RFC 6531. */
static bool
is_atom_text(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80 ||
           (c != '\0' && strchr("!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

bool
mp_is_local_part(const char *text, gsize length)
{
    if (length == 0 || length > MP_LOCAL_PART_MAX || text[0] == '-' || text[length - 1] == '.')
        return false;
    for (gsize i = 0; i < length; i++)
        if (text[i] == '.' ? i == 0 || text[i - 1] == '.' : !is_atom_text(text[i]))
            return false;
    return true;
}
