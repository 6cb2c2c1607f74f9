/* The types of the configuration's values: a check for each. */
#include "base/internal.h"

#include <string.h>

#include "base/domain.h"
#include "base/escape.h"
#include "base/names.h"
#include "base/text.h"

#define LINK_SIZE_MAX 1000 /* octets */

bool
mp_is_hostname(const char *text)
{
    gsize length = strlen(text), label = 0;

    if (length == 0 || length > 253)
        return false;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '.') {
            if (label == 0 || p[-1] == '-')
                return false;
            label = 0;
        } else if (g_ascii_isalnum(*p) || (*p == '-' && label > 0)) {
            if (++label > 63)
                return false;
        } else {
            return false;
        }
    }
    return label > 0 && text[length - 1] != '-';
}

/* An IPv6 address may be in the brackets of a URL. A name whose last label is all digits is none
 * (RFC 1123, section 2.1): a mistyped IPv4 address. */
static bool
is_server(const char *text)
{
    gsize length = strlen(text);
    bool is_bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
    g_autofree char *bare = is_bracketed ? g_strndup(text + 1, length - 2) : g_strdup(text);
    const char *dot = strrchr(text, '.'), *last = dot != NULL ? dot + 1 : text;

    if (g_hostname_is_ip_address(bare))
        return strchr(bare, '%') == NULL && (!is_bracketed || strchr(bare, ':') != NULL);
    return mp_is_hostname(text) && last[strspn(last, "0123456789")] != '\0';
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]". */
static bool
is_address_literal(const char *text)
{
    static const char ipv6[] = "[IPv6:";
    gsize length = strlen(text);
    bool is_ipv6 = g_ascii_strncasecmp(text, ipv6, strlen(ipv6)) == 0;
    gsize begin = is_ipv6 ? strlen(ipv6) : 1;

    if (length <= begin + 1 || text[0] != '[' || text[length - 1] != ']')
        return false;
    g_autofree char *bare = g_strndup(text + begin, length - begin - 1);
    return g_hostname_is_ip_address(bare) && strchr(bare, '%') == NULL &&
           (strchr(bare, ':') != NULL) == is_ipv6;
}

bool
mp_is_mail_address(const char *text)
{
    const char *at = strrchr(text, '@');

    return at != NULL && mp_is_local_part(text, (gsize)(at - text)) && mp_is_hostname(at + 1);
}

/* Tokens of RFC 2045, section 5.1, between spaces and commas. */
static bool
is_words(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!g_ascii_isgraph(*p) ? *p != ' ' : *p != ',' && strchr("()<>@;:\\\"/[]?=", *p) != NULL)
            return false;
    return true;
}

/* A name of RFC 5321's dot-string, or with a domain behind it. */
static bool
is_mail_name(const char *text)
{
    g_autofree char *address =
        strchr(text, '@') != NULL ? g_strdup(text) : g_strconcat(text, "@localhost", NULL);

    return mp_is_mail_address(address) &&
           text[strspn(text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "@._+=-")] == '\0' &&
           text[0] != '-';
}

static bool
is_allowed_empty(const MpConfigKey *key, const char *value)
{
    return value[0] == '\0' && key->fallback != NULL && key->fallback[0] == '\0';
}

/* A remote is one that git takes and cannot take for anything else: no option, no relative path, no
 * `ext::program`. It holds no password, which the configuration and ps(1) would show. */
static const char *
fault_of_remote(const char *value)
{
    static const char *const schemes[] = {"ssh://", "https://", "http://", "git://", "file:///"};
    const char *colon = strchr(value, ':'), *slash = strchr(value, '/'), *at = strchr(value, '@');

    if (value[0] == '/' || value[0] == '\0')
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        const char *host = value + strlen(schemes[i]);

        if (!g_str_has_prefix(value, schemes[i]))
            continue;
        gsize length = strcspn(host, "/");
        at = memchr(host, '@', length);
        if (at != NULL && memchr(host, ':', (gsize)(at - host)) != NULL)
            return N_("holds a password: leave that to Git's credential helpers or ~/.netrc");
        return length > 0 || value[0] == 'f' ? NULL : N_("names no host");
    }
    if (at != NULL && at > value && colon != NULL && at < colon &&
        (slash == NULL || colon < slash) && colon[1] != ':' && colon[1] != '\0' &&
        g_ascii_isalnum(value[0]))
        return NULL;
    return N_(
        "is none of ssh://…, USER@HOST:PATH, https://…, http://…, git://…, and an absolute path");
}

bool
mp_is_web_url(const char *value)
{
    g_autofree char *host = NULL;

    if (!g_str_has_prefix(value, "https://") && !g_str_has_prefix(value, "http://"))
        return false;
    if (strpbrk(value, " <>\"\\^`{|}") != NULL)
        return false;
    return g_uri_split_network(value, G_URI_FLAGS_NONE, NULL, &host, NULL, NULL) && host != NULL &&
           *host != '\0' && g_uri_is_valid(value, G_URI_FLAGS_NONE, NULL);
}

const char *const mp_link_placeholders[MP_N_LINK_PLACEHOLDERS] = {
    "{repository}", "{kind}", "{number}", "{comment}", "{page}"};

/* What stands for a placeholder in a link is as fit for a URL as this letter. */
static char *
fill_with_letters(const char *template)
{
    g_autoptr(GString) filled = g_string_new(template);

    for (gsize i = 0; i < MP_N_LINK_PLACEHOLDERS; i++)
        g_string_replace(filled, mp_link_placeholders[i], "x", 0);
    return g_string_free(g_steal_pointer(&filled), FALSE);
}

static bool
has_space(const char *text)
{
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
        if (g_unichar_isspace(g_utf8_get_char(p)))
            return true;
    return false;
}

const char *
mp_link_fault(const char *value)
{
    if (!mp_is_visible_line(value) || has_space(value) || strlen(value) > LINK_SIZE_MAX)
        return N_("is not an http or https URL");
    g_autofree char *filled = fill_with_letters(value);
    if (strpbrk(filled, "{}") != NULL)
        return N_(
            "has braces around what is none of {repository}, {kind}, {number}, {comment}, {page}");
    return mp_is_web_url(filled) ? NULL : N_("is not an http or https URL");
}

/* Literals for the translator; the caller looks them up. */
static const char *
fault_of_text(const MpConfigKey *key, const char *value)
{
    switch (key->type) {
    case TYPE_HOST:
        return mp_is_hostname(value) ? NULL : N_("is not a host name");
    case TYPE_HELO:
        return mp_is_hostname(value) || is_address_literal(value)
                   ? NULL
                   : N_("is neither a host name nor an address literal");
    case TYPE_SERVER:
        return is_server(value) ? NULL : N_("is neither a host name nor an IP address");
    case TYPE_PATH:
        return value[0] == '/' ? NULL : N_("is not an absolute path");
    case TYPE_URL:
        return mp_link_fault(value);
    case TYPE_WORDS:
        return is_words(value) ? NULL : N_("is not a list of words between spaces or commas");
    case TYPE_UIDS:
        return is_words(value) && strspn(value, "0123456789 ,") == strlen(value)
                   ? NULL
                   : N_("is not a list of numbers of users between spaces or commas");
    case TYPE_REMOTE:
        return fault_of_remote(value);
    case TYPE_NAME:
        return is_mail_name(value) ? NULL : N_("is neither a mail address nor a name before one");
    case TYPE_MAIL:
        return mp_is_mail_address(value) ? NULL : N_("is not a mail address");
    case TYPE_BOOL:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0
                   ? NULL
                   : N_("is neither true nor false");
    default:
        return NULL;
    }
}

static char *
fault_of_number(const MpConfigKey *key, const char *value, bool translated)
{
    g_autofree char *min = g_strdup_printf("%" G_GINT64_FORMAT, key->min);
    g_autofree char *max = g_strdup_printf("%" G_GINT64_FORMAT, key->max);

    if (g_ascii_string_to_signed(value, 10, key->min, key->max, NULL, NULL))
        return NULL;
    return g_strdup_printf(translated ? _("is not a number from %s to %s")
                                      : "is not a number from %s to %s",
                           min, max);
}

static char *
fault_of_choice(const MpConfigKey *key, const char *value, bool translated)
{
    g_autofree char *all = g_strjoinv(", ", (char **)key->choices);

    if (mp_find_name(key->choices, g_strv_length((char **)key->choices), value) >= 0)
        return NULL;
    return g_strdup_printf(translated ? _("is none of: %s") : "is none of: %s", all);
}

char *
mp_config_fault(const MpConfigKey *key, const char *value, bool translated)
{
    const char *why = N_("holds a control or an invisible character, or is not UTF-8");

    if (mp_is_visible_line(value)) {
        if (key->type == TYPE_INT || key->type == TYPE_SIZE)
            return fault_of_number(key, value, translated);
        if (key->type == TYPE_CHOICE)
            return fault_of_choice(key, value, translated);
        why = is_allowed_empty(key, value) ? NULL : fault_of_text(key, value);
    }
    return why != NULL ? g_strdup(translated ? _(why) : why) : NULL;
}

const char *
mp_config_type_name(const MpConfigKey *key)
{
    static const char *const names[] = {
        [TYPE_HOST] = "host name",
        [TYPE_SERVER] = "host name or IP address",
        [TYPE_HELO] = "host name or address literal",
        [TYPE_TEXT] = "text",
        [TYPE_PATH] = "path",
        [TYPE_URL] = "URL",
        [TYPE_REMOTE] = "Git URL",
        [TYPE_WORDS] = "list",
        [TYPE_UIDS] = "user numbers",
        [TYPE_MAIL] = "mail address",
        [TYPE_NAME] = "mail name",
        [TYPE_BOOL] = "boolean",
        [TYPE_INT] = "number",
        [TYPE_SIZE] = "bytes",
        [TYPE_CHOICE] = "choice",
    };

    return names[key->type];
}
