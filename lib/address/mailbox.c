/* Mailboxes; see mailbox.h. */
#include "address/mailbox.h"

#include <string.h>

#include "base/domain.h"
#include "base/escape.h"

#define ADDRESS_MAX 254 /* RFC 5321, section 4.5.3.1.3, without the angle brackets */

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
is_own(const MpConfig *config, const char *whole, const char *domain)
{
    g_autofree char *reply = mp_config_reply_domain(config);

    return g_ascii_strcasecmp(domain, reply) == 0 || mp_config_is_noreply_domain(config, domain) ||
           g_ascii_strcasecmp(whole, config->noreply_address) == 0;
}

const char *
mp_mailbox_fault(const MpConfig *config, const char *address, char **mailbox)
{
    const char *at = strchr(address, '@');

    if (!is_visible(address))
        return "it holds a blank or a control character, or is not UTF-8";
    if (at == NULL || strchr(at + 1, '@') != NULL)
        return "it takes one @";
    if (!mp_is_local_part(address, (gsize)(at - address)))
        return "what stands before the @ takes letters, digits, !#$%&'*+/=?^_`{|}~- and "
               "single inner dots, at most 64 octets";
    g_autofree char *ascii = g_hostname_to_ascii(at + 1);
    g_autofree char *domain = g_ascii_strdown(ascii != NULL ? ascii : "", -1);
    if (!mp_is_hostname(domain))
        return "what stands behind the @ is not a host name";
    if (strchr(domain, '.') == NULL && strcmp(domain, "localhost") != 0)
        return "what stands behind the @ has no dot in it";
    g_autofree char *whole = g_strdup_printf("%.*s@%s", (int)(at - address), address, domain);
    if (strlen(whole) > ADDRESS_MAX)
        return "it is longer than 254 octets";
    if (is_own(config, whole, domain))
        return "it is an address of this installation's own";
    *mailbox = g_steal_pointer(&whole);
    return NULL;
}
