/* The key ring: the installation's secrets, of which only what an HMAC makes of them is kept. See
 * address.h. */
#include "address/keys.h"

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"

#define SHORTEST_KEY 32 /* characters; what RFC 2104, section 3, asks for as octets of SHA-256 */
#define NEW_KEY      32 /* octets of randomness */

static bool
add_line(MpKeyRing *ring, const char *path, guint number, const char *line, gsize length,
         GError **error)
{
    if (length == 0 || line[0] == '#')
        return true;
    if (length < SHORTEST_KEY)
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "%s: line %u: the key has %" G_GSIZE_FORMAT " characters, at least %d are "
                       "needed",
                       path, number, length, SHORTEST_KEY);
    g_ptr_array_add(ring->keys, g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)line, length));
    return true;
}

static bool
add_lines(MpKeyRing *ring, const char *path, const char *text, GError **error)
{
    guint number = 0;

    for (const char *line = text, *next; *line != '\0'; line = next) {
        const char *end = strchrnul(line, '\n');
        gsize length = (gsize)(end - line);

        next = *end == '\n' ? end + 1 : end;
        while (length > 0 && g_ascii_isspace(line[length - 1]))
            length--;
        if (!add_line(ring, path, ++number, line, length, error))
            return false;
    }
    if (ring->keys->len == 0)
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s: no key in it", path);
    return true;
}

MpKeyRing *
mp_key_ring_load(const char *path, GError **error)
{
    g_autoptr(MpKeyRing) ring = g_new0(MpKeyRing, 1);
    char *text;
    gsize length;

    ring->keys = g_ptr_array_new_with_free_func((GDestroyNotify)g_hmac_unref);
    if (!mp_read_secret(path, &text, &length, error))
        return NULL;
    bool good = add_lines(ring, path, text, error);
    mp_wipe(text, length);
    g_free(text);
    return good ? g_steal_pointer(&ring) : NULL;
}

void
mp_key_ring_free(MpKeyRing *ring)
{
    if (ring == NULL)
        return;
    g_ptr_array_unref(ring->keys);
    g_free(ring);
}

char *
mp_key_generate(GError **error)
{
    return mp_random_hex(NEW_KEY, error);
}
