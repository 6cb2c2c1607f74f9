/* URLs, which stay as they were written; see mask.h. */
#include "address/mask.h"

#include <string.h>

#define SCHEME_MAX 32
#define HOST_MAX   253

/* An address follows these schemes. */
static const char *const mail_schemes[] = {
    "acct", "e-mail", "email", "im", "mail", "mailto", "pres", "sip", "sips", "smtp", "to", "xmpp",
};

/* These schemes need no //. */
static const char *const opaque_schemes[] = {
    "cid", "data", "doi", "docker", "magnet", "mid", "pkg", "urn",
};

static bool
is_one_of(const char *scheme, gsize length, const char *const *names, gsize n)
{
    for (gsize i = 0; i < n; i++)
        if (strlen(names[i]) == length && g_ascii_strncasecmp(names[i], scheme, length) == 0)
            return true;
    return false;
}

bool
mp_mask_is_scheme(const char *run, const char *p)
{
    const char *begin = p;

    while (begin > run && p - begin <= SCHEME_MAX &&
           (g_ascii_isalnum(begin[-1]) || strchr("+.-", begin[-1]) != NULL))
        begin--;
    while (begin < p && !g_ascii_isalpha(*begin))
        begin++;
    gsize length = (gsize)(p - begin);
    if (length == 0 || is_one_of(begin, length, mail_schemes, G_N_ELEMENTS(mail_schemes)))
        return false;
    return g_str_has_prefix(p, "://") ||
           (p[1] != '\0' && !g_ascii_isspace(p[1]) &&
            is_one_of(begin, length, opaque_schemes, G_N_ELEMENTS(opaque_schemes)));
}

bool
mp_mask_is_host(const char *run, const char *slash)
{
    run += strspn(run, "*_~'{|");
    if (slash <= run || slash - run > HOST_MAX)
        return false;
    for (const char *p = run; p < slash; p++)
        if (!g_ascii_isalnum(*p) && *p != '-' && *p != '.')
            return false;
    return mp_mask_domain(run) == (gsize)(slash - run);
}

/* An address that is a field of its own: "https://x.example,tim@example.org,". */
static bool
is_field(const char *p)
{
    const char *begin = p;
    gsize n;

    while (*p != '@' && *p != '/' && (n = mp_mask_local_octets(p)) > 0)
        p += n;
    if (p == begin || *p != '@' || (n = mp_mask_domain(p + 1)) == 0)
        return false;
    p += 1 + n;
    return *p == '\0' || strchr(" \t\r\n,;|)>\"", *p) != NULL;
}

static bool
ends_url(const char *p)
{
    gunichar c;

    if ((guchar)*p < 0x80)
        return (guchar)*p <= ' ' || strchr("<>\"`|\\", *p) != NULL || *p == 127;
    c = g_utf8_get_char_validated(p, -1);
    return c >= (gunichar)-2 || g_unichar_isspace(c) || g_unichar_ispunct(c);
}

gsize
mp_mask_url(const char *p)
{
    const char *begin = p;
    gsize round = 0, square = 0;

    for (; !ends_url(p); p++) {
        round += *p == '(';
        square += *p == '[';
        if ((*p == ')' && round-- == 0) || (*p == ']' && square-- == 0))
            break;
        if ((*p == ',' || *p == ';') && is_field(p + 1))
            break;
        if ((guchar)*p >= 0x80)
            p = g_utf8_next_char(p) - 1;
    }
    return (gsize)(p - begin);
}
