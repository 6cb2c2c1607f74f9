/* Signed addresses: making, taking apart, verifying. See address.h. */
#include "address/address.h"

#include <string.h>

#include "address/keys.h"
#include "address/mac.h"
#include "address/parts.h"
#include "base/domain.h"
#include "base/error.h"
#include "base/file.h"

#define MAC_SIZE     20 /* octets: 160 of the 256 bits */
#define HALF_SIZE    (MAC_SIZE / 2)
#define VERSION_TEXT "metroplex-address-2"

static const char *const purpose_names[] = {"reply", "unsub", "bounce"};

const char *
mp_purpose_name(MpPurpose purpose)
{
    return purpose_names[purpose];
}

bool
mp_purpose_parse(const char *name, MpPurpose *purpose)
{
    for (gsize i = 0; i < G_N_ELEMENTS(purpose_names); i++) {
        if (g_ascii_strcasecmp(name, purpose_names[i]) == 0) {
            *purpose = (MpPurpose)i;
            return true;
        }
    }
    return false;
}

/* The two halves of the MAC: over all but the nonce, and with it. Without a nonce the second is
 * zeroes. */
static void
compute_mac(const GHmac *keyed, MpPurpose purpose, const MpAddressSubject *subject,
            guint8 mac[MAC_SIZE])
{
    g_autoptr(GHmac) hmac = g_hmac_copy(keyed), with_nonce = NULL;
    const guint64 numbers[] = {subject->thread, subject->user, subject->epoch};
    char text[24] = {subject->kind, '\0'};

    mp_mac_feed(hmac, VERSION_TEXT);
    mp_mac_feed(hmac, purpose_names[purpose]);
    mp_mac_feed(hmac, text);
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT, numbers[i]);
        mp_mac_feed(hmac, text);
    }
    with_nonce = g_hmac_copy(hmac);
    mp_mac_end(hmac, mac, HALF_SIZE);
    memset(mac + HALF_SIZE, 0, HALF_SIZE);
    if (subject->nonce != NULL) {
        mp_mac_feed(with_nonce, subject->nonce);
        mp_mac_end(with_nonce, mac + HALF_SIZE, HALF_SIZE);
    }
}

char *
mp_address_make(const MpKeyRing *ring, MpPurpose purpose, const MpAddressSubject *subject,
                const char *hostname, GError **error)
{
    guint8 mac[MAC_SIZE];
    char hex[2 * MAC_SIZE + 1];

    compute_mac(g_ptr_array_index(ring->keys, 0), purpose, subject, mac);
    mp_mac_print(mac, sizeof mac, hex);
    g_autofree char *local =
        g_strdup_printf("%s+%c-%" G_GUINT64_FORMAT "-%s-%" G_GUINT64_FORMAT, purpose_names[purpose],
                        subject->kind, subject->thread, hex, subject->user);
    if (strlen(local) > MP_LOCAL_PART_MAX)
        return mp_fail_null(error, MP_ERROR_INPUT,
                            "the address of thread %" G_GUINT64_FORMAT
                            " and user %" G_GUINT64_FORMAT
                            " would have a local part of %" G_GSIZE_FORMAT " octets; RFC 5321 "
                            "allows %d",
                            subject->thread, subject->user, strlen(local), MP_LOCAL_PART_MAX);
    return g_strdup_printf("%s@reply.%s", local, hostname);
}

char *
mp_local_part(const char *local, gsize length)
{
    if (length == 0 || local[0] != '"')
        return g_strndup(local, length);
    if (length < 2 || local[length - 1] != '"')
        return NULL;
    GString *plain = g_string_sized_new(length);
    for (gsize i = 1; i < length - 1; i++) {
        if (local[i] == '\\' && i + 1 < length - 1)
            i++;
        g_string_append_c(plain, local[i]);
    }
    return g_string_free(plain, FALSE);
}

/* A decimal number without sign and leading zero, at most 14 digits: one number, one spelling. */
static bool
take_number(const char **p, guint64 *number)
{
    gsize digits = strspn(*p, "0123456789");

    if (digits == 0 || digits > 14 || (digits > 1 && **p == '0'))
        return false;
    *number = g_ascii_strtoull(*p, NULL, 10);
    *p += digits;
    return true;
}

static bool
take_char(const char **p, char c)
{
    if (g_ascii_tolower(**p) != c)
        return false;
    (*p)++;
    return true;
}

static bool
parse_local(const char *local, MpAddress *address)
{
    const char *plus = strchr(local, '+');

    if (plus == NULL)
        return false;
    g_autofree char *purpose = g_strndup(local, (gsize)(plus - local));
    const char *p = plus + 1;
    if (!mp_purpose_parse(purpose, &address->purpose))
        return false;
    address->kind = (char)g_ascii_tolower(*p);
    if (address->kind != 'i' && address->kind != 'c')
        return false;
    p++;
    return take_char(&p, '-') && take_number(&p, &address->thread) && take_char(&p, '-') &&
           mp_mac_take(&p, address->mac, sizeof address->mac) && take_char(&p, '-') &&
           take_number(&p, &address->user) && *p == '\0';
}

bool
mp_is_reply_domain(const char *domain, const char *hostname)
{
    gsize length = strlen(hostname);
    g_autofree char *folded = g_str_is_ascii(domain) ? NULL : mp_domain_fold(domain);
    const char *ascii = folded != NULL ? folded : domain;

    return g_ascii_strncasecmp(ascii, "reply.", 6) == 0 &&
           g_ascii_strncasecmp(ascii + 6, hostname, length) == 0 &&
           (ascii[6 + length] == '\0' || strcmp(ascii + 6 + length, ".") == 0);
}

MpAddressShape
mp_address_parse(const char *text, const char *hostname, MpAddress *address)
{
    const char *at = strrchr(text, '@');

    if (at == NULL || !mp_is_reply_domain(at + 1, hostname))
        return MP_ADDRESS_FOREIGN;
    g_autofree char *local = mp_local_part(text, (gsize)(at - text));
    return local != NULL && parse_local(local, address) ? MP_ADDRESS_OURS : MP_ADDRESS_FOREIGN;
}

bool
mp_address_verify(const MpKeyRing *ring, const MpAddress *address, const char *nonce, guint64 epoch)
{
    const MpAddressSubject subject = {address->kind, address->thread, nonce, address->user, epoch};
    gsize length = nonce != NULL ? MAC_SIZE : HALF_SIZE;
    bool verified = false;

    for (guint i = 0; i < ring->keys->len; i++) {
        guint8 mac[MAC_SIZE];

        compute_mac(g_ptr_array_index(ring->keys, i), address->purpose, &subject, mac);
        verified |= mp_mac_equal(mac, address->mac, length);
    }
    return verified;
}
