/* Addresses that open a thread; see opening.h. */
#include "address/opening.h"

#include <string.h>

#include "address/parts.h"
#include "base/domain.h"
#include "base/names.h"

#define SHORT_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789._-"

/* RFC 2142, and what our own addresses begin with or are called. */
static const char *const reserved[] = {
    "info",       "marketing",  "sales",  "support", "abuse",     "noc",     "security",
    "postmaster", "hostmaster", "usenet", "news",    "webmaster", "www",     "uucp",
    "ftp",        "reply",      "bounce", "unsub",   "ok",        "noreply", "mention",
};

/* LIST-request is RFC 2142's, section 6. */
static bool
is_reserved(const char *local)
{
    return mp_find_name(reserved, G_N_ELEMENTS(reserved), local) >= 0 ||
           g_str_has_prefix(local, "guest-") || g_str_has_suffix(local, "-request");
}

const char *
mp_opening_fault(const char *local)
{
    gsize length = strlen(local);

    if (length == 0 || length > MP_LOCAL_PART_MAX)
        return "has not from 1 to 64 characters";
    if (strspn(local, SHORT_CHARACTERS) != length)
        return "has other than lower-case letters, digits, '.', '_' and '-'";
    if (!g_ascii_isalnum(local[0]) || !g_ascii_isalnum(local[length - 1]) ||
        strstr(local, "..") != NULL)
        return "begins or ends with other than a letter or digit, or has two dots in a row";
    if (is_reserved(local))
        return "is reserved, by RFC 2142 or for addresses of Metroplex itself";
    return NULL;
}

char *
mp_opening_fold(const char *local)
{
    char *folded = g_ascii_strdown(local, -1);

    return g_strdelimit(folded, "._", '-');
}

char *
mp_opening_parse(const char *text, const char *hostname)
{
    const char *at = strrchr(text, '@');

    if (at == NULL || !mp_is_reply_domain(at + 1, hostname))
        return NULL;
    g_autofree char *local = mp_local_part(text, (gsize)(at - text));
    if (local == NULL || *local == '\0' || strlen(local) > MP_LOCAL_PART_MAX ||
        strchr(local, '+') != NULL)
        return NULL;
    return g_ascii_strdown(local, -1);
}
