/* Random values; see random.h. */
#include "base/random.h"

#include <sys/random.h>

#include "base/error.h"
#include "base/file.h"

#define MOST_OCTETS 256 /* what getrandom(2) gives whole */

char *
mp_random_hex(gsize octets, GError **error)
{
    guint8 bytes[MOST_OCTETS];
    char *hex = g_malloc(2 * octets + 1);

    g_assert(octets <= sizeof bytes);
    if (getrandom(bytes, octets, 0) != (gssize)octets) {
        g_free(hex);
        return mp_fail_errno_null(error, "cannot get random octets");
    }
    for (gsize i = 0; i < octets; i++)
        g_snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    mp_wipe(bytes, sizeof bytes);
    return hex;
}
