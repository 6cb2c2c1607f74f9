/* The addresses of a field, as they were written. */
#include "message/internal.h"

#include "base/escape.h"

#include <string.h>

/* `"tim"@example.org` is tim@example.org; `"a b"@example.org` needs its quotes (RFC 5321, 4.1.2).
 */
static char *
canonical(const char *address)
{
    char *valid = mp_one_line(address), *at = strrchr(valid, '@');

    if (at == NULL || valid[0] != '"' || at < valid + 3 || at[-1] != '"')
        return valid;
    for (const char *p = valid + 1; p < at - 1; p++)
        if (strchr(" ()<>[]:;@\\,\"", *p) != NULL ||
            (*p == '.' && (p[1] == '.' || p[1] == '"' || p == valid + 1)))
            return valid;
    char *bare = g_strdup_printf("%.*s%s", (int)(at - 1 - (valid + 1)), valid + 1, at);
    g_free(valid);
    return bare;
}

/* GMime shows international domains decoded; what is compared is the address as it was written. */
static const char *
as_written(InternetAddressMailbox *mailbox, const char *value)
{
    const char *address = internet_address_mailbox_get_addr(mailbox);

    if (address == NULL || g_str_is_ascii(address))
        return address == NULL ? "" : address;
    const char *encoded = internet_address_mailbox_get_idn_addr(mailbox);
    return encoded != NULL && strcasestr(value, encoded) != NULL ? encoded : address;
}

/* What an atom has beside letters and digits (RFC 5322, section 3.2.3), but for the question mark
 * of encoded words. */
#define ATOM "!#$%&'*+-/=^_`{|}~"
#define HOST "-"

/* Behind words of letters, digits and these marks with single dots between them; NULL if it begins
 * otherwise. */
static const char *
skip_dotted(const char *p, const char *marks)
{
    for (;; p++) {
        const char *word = p;

        while (g_ascii_isalnum(*p) || (*p != '\0' && strchr(marks, *p) != NULL))
            p++;
        if (p == word)
            return NULL;
        if (*p != '.')
            return p;
    }
}

/* A lone a@b or <a@b>, without anything that could be read in two ways: what a delivering program
 * writes. NULL if it is not that; else the result is the caller's. */
static char *
lone_address(const char *value)
{
    const char *begin = value + (*value == '<'), *end = skip_dotted(begin, ATOM);

    if (end == NULL || *end != '@' || (end = skip_dotted(end + 1, HOST)) == NULL)
        return NULL;
    if (*value == '<' ? strcmp(end, ">") != 0 : *end != '\0')
        return NULL;
    return g_strndup(begin, (gsize)(end - begin));
}

InternetAddressList *
mp_parse_addresses(const MpReading *reading, const char *value)
{
    g_autofree char *recoded = mp_recode_words(value);

    return internet_address_list_parse(reading->options, recoded);
}

static void
each_address(InternetAddressList *list, const char *value, MpAddressFunc func, gpointer data)
{
    for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
        InternetAddress *entry = internet_address_list_get_address(list, i);

        if (INTERNET_ADDRESS_IS_GROUP(entry)) {
            each_address(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(entry)), value,
                         func, data);
        } else if (INTERNET_ADDRESS_IS_MAILBOX(entry)) {
            g_autofree char *spec = canonical(as_written(INTERNET_ADDRESS_MAILBOX(entry), value));
            if (*spec != '\0')
                func(spec, internet_address_get_name(entry), data);
        }
    }
}

void
mp_each_address(MpReading *reading, const char *value, MpAddressFunc func, gpointer data)
{
    g_autofree char *lone = lone_address(value);

    if (lone != NULL) {
        func(lone, NULL, data);
        return;
    }
    g_autoptr(InternetAddressList) list = mp_parse_addresses(reading, value);
    each_address(list, value, func, data);
}
