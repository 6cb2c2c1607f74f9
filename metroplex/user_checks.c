/* Checks of an account's facts; see user_checks.h. */
#include "user_checks.h"

#include <string.h>

#include "base/domain.h"
#include "base/error.h"
#include "base/escape.h"
#include "tracker/guests.h"

#define NAME_MAX_CHARACTERS 200
#define EMAIL_MAX           254 /* RFC 5321, section 4.5.3.1.3, without the angle brackets */

static char *
refuse(const char *what, const char *value, const char *why, GError **error)
{
    g_autofree char *shown = mp_escape_word(value);

    mp_fail(error, MP_ERROR_INPUT, "%s is not a %s: %s", shown, what, why);
    return NULL;
}

char *
mp_checked_login(const char *login, GError **error)
{
    if (mp_is_guest_login(login))
        return refuse("login", login, "guest- is kept for guests", error);
    if (mp_is_login(login))
        return g_strdup(login);
    return refuse("login", login, "it takes letters, digits and single inner hyphens, at most 39",
                  error);
}

char *
mp_checked_name(const char *name, GError **error)
{
    g_autofree char *line = mp_one_line(name);

    if (!g_utf8_validate(name, -1, NULL))
        return refuse("name", name, "it is not UTF-8", error);
    if (*line == '\0' || strcmp(line, name) != 0)
        return refuse("name", name, "it takes one line, without controls and needless blanks",
                      error);
    if (g_utf8_strlen(line, -1) > NAME_MAX_CHARACTERS)
        return refuse("name", name, "it is longer than 200 characters", error);
    return g_steal_pointer(&line);
}

static bool
is_visible(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return false;
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (g_unichar_isspace(c) || mp_is_deceptive(c))
            return false;
    }
    return true;
}

static bool
is_own_domain(const MpConfig *config, const char *domain)
{
    g_autofree char *reply = mp_config_reply_domain(config);

    return g_ascii_strcasecmp(domain, reply) == 0 || mp_config_is_noreply_domain(config, domain);
}

char *
mp_checked_email(const MpConfig *config, const char *email, GError **error)
{
    const char *what = "mail address", *at = strchr(email, '@');
    g_autofree char *ascii = NULL;

    if (!is_visible(email))
        return refuse(what, email, "it holds a blank or a control character, or is not UTF-8",
                      error);
    if (at == NULL || strchr(at + 1, '@') != NULL)
        return refuse(what, email, "it takes one @", error);
    if (!mp_is_local_part(email, (gsize)(at - email)))
        return refuse(what, email,
                      "what stands before the @ takes letters, digits, !#$%&'*+/=?^_`{|}~- and "
                      "single inner dots, at most 64 octets",
                      error);
    ascii = g_hostname_to_ascii(at + 1);
    g_autofree char *domain = g_ascii_strdown(ascii != NULL ? ascii : "", -1);
    if (!mp_is_hostname(domain))
        return refuse(what, email, "what stands behind the @ is not a host name", error);
    if (strchr(domain, '.') == NULL && strcmp(domain, "localhost") != 0)
        return refuse(what, email, "what stands behind the @ has no dot in it", error);
    g_autofree char *whole = g_strdup_printf("%.*s@%s", (int)(at - email), email, domain);
    if (strlen(whole) > EMAIL_MAX)
        return refuse(what, email, "it is longer than 254 octets", error);
    if (is_own_domain(config, domain) || g_ascii_strcasecmp(whole, config->noreply_address) == 0)
        return refuse(what, email, "it is an address of this installation's own", error);
    return g_steal_pointer(&whole);
}
