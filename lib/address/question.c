/* Addresses by which a question is answered; see question.h. */
#include "address/question.h"

#include <string.h>

#include "address/keys.h"
#include "address/mac.h"
#include "address/parts.h"
#include "base/domain.h"

#define HALF         (MP_QUESTION_MAC_OCTETS / 2)
#define PREFIX       "ok+"
#define VERSION_TEXT "metroplex-question-1"

static void
compute_mac(const GHmac *keyed, const char *key, const char *sender, guint8 *mac)
{
    g_autoptr(GHmac) hmac = g_hmac_copy(keyed), with_sender = NULL;

    mp_mac_feed(hmac, VERSION_TEXT);
    mp_mac_feed(hmac, "ok");
    mp_mac_feed(hmac, key);
    with_sender = g_hmac_copy(hmac);
    mp_mac_end(hmac, mac, HALF);
    if (sender != NULL) {
        g_autofree char *folded = mp_address_fold(sender, false);
        mp_mac_feed(with_sender, folded);
        mp_mac_end(with_sender, mac + HALF, HALF);
    }
}

char *
mp_question_address_make(const MpKeyRing *ring, const char *key, const char *sender,
                         const char *hostname)
{
    guint8 mac[MP_QUESTION_MAC_OCTETS];
    char digits[2 * MP_QUESTION_MAC_OCTETS + 1];

    compute_mac(g_ptr_array_index(ring->keys, 0), key, sender, mac);
    mp_mac_print(mac, sizeof mac, digits);
    return g_strdup_printf(PREFIX "%s-%s@reply.%s", key, digits, hostname);
}

static bool
parse_local(const char *local, MpQuestionAddress *address)
{
    const char *p = local + strlen(PREFIX);

    if (g_ascii_strncasecmp(local, PREFIX, strlen(PREFIX)) != 0)
        return false;
    for (gsize i = 0; i < MP_QUESTION_KEY_DIGITS; i++, p++) {
        if (!g_ascii_isxdigit(*p))
            return false;
        address->key[i] = g_ascii_tolower(*p);
    }
    address->key[MP_QUESTION_KEY_DIGITS] = '\0';
    return *p++ == '-' && mp_mac_take(&p, address->mac, sizeof address->mac) && *p == '\0';
}

bool
mp_question_address_parse(const char *text, const char *hostname, MpQuestionAddress *address)
{
    const char *at = strrchr(text, '@');

    if (at == NULL || !mp_is_reply_domain(at + 1, hostname))
        return false;
    g_autofree char *local = mp_local_part(text, (gsize)(at - text));
    return local != NULL && parse_local(local, address);
}

bool
mp_question_address_verify(const MpKeyRing *ring, const MpQuestionAddress *address,
                           const char *sender)
{
    bool verified = false;

    for (guint i = 0; i < ring->keys->len; i++) {
        guint8 mac[MP_QUESTION_MAC_OCTETS];

        compute_mac(g_ptr_array_index(ring->keys, i), address->key, sender, mac);
        verified |= mp_mac_equal(mac, address->mac, sender != NULL ? sizeof mac : HALF);
    }
    return verified;
}
