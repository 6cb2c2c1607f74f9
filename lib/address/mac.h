/* Inside of lib/address: what the signatures of all kinds of addresses have in common. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* One field of a MAC's input; the octet 0 behind it delimits, since no field holds one. */
void mp_mac_feed(GHmac *hmac, const char *field);

/* The first `size` octets of what was fed, at most 32; nothing can be fed any more. */
void mp_mac_end(GHmac *hmac, guint8 *mac, gsize size);

/* As lower-case hexadecimal digits, two an octet, and a final 0. */
void mp_mac_print(const guint8 *mac, gsize size, char *digits);

/* Takes so many octets, in digits of any case, from the text at *p. */
bool mp_mac_take(const char **p, guint8 *mac, gsize size);

/* Every octet is looked at, wherever the first difference is. */
bool mp_mac_equal(const guint8 *a, const guint8 *b, gsize size);
