/* Signatures; see mac.h. */
#include "address/mac.h"

#include <string.h>

#include "base/file.h"

void
mp_mac_feed(GHmac *hmac, const char *field)
{
    g_hmac_update(hmac, (const guchar *)field, (gssize)strlen(field) + 1);
}

void
mp_mac_end(GHmac *hmac, guint8 *mac, gsize size)
{
    guint8 digest[32];
    gsize length = sizeof digest;

    g_hmac_get_digest(hmac, digest, &length);
    memcpy(mac, digest, size);
    mp_wipe(digest, sizeof digest);
}

void
mp_mac_print(const guint8 *mac, gsize size, char *digits)
{
    for (gsize i = 0; i < size; i++) {
        *digits++ = "0123456789abcdef"[mac[i] >> 4];
        *digits++ = "0123456789abcdef"[mac[i] & 15];
    }
    *digits = '\0';
}

bool
mp_mac_take(const char **p, guint8 *mac, gsize size)
{
    for (gsize i = 0; i < size; i++) {
        int high = g_ascii_xdigit_value((*p)[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value((*p)[1]);

        if (low < 0)
            return false;
        mac[i] = (guint8)(high << 4 | low);
        *p += 2;
    }
    return true;
}

bool
mp_mac_equal(const guint8 *a, const guint8 *b, gsize size)
{
    volatile guint8 difference = 0;

    for (gsize i = 0; i < size; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}
