/* UTF-8 validated; see utf8.h. */
#include "base/utf8.h"

#include <string.h>

#define OF_EACH(octet) (G_GUINT64_CONSTANT(0x0101010101010101) * (octet))

/* In both a borrow or a carry begins only at an octet that is none of these already. */

static bool
are_ascii(guint64 octets)
{
    return ((octets | (octets - OF_EACH(1))) & OF_EACH(0x80)) == 0;
}

static bool
are_printable(guint64 octets)
{
    return ((octets | (octets - OF_EACH(' ')) | (octets + OF_EACH(1))) & OF_EACH(0x80)) == 0;
}

static bool
is_plain(char c, bool is_line)
{
    return is_line ? c >= ' ' && c < 127 : c > 0 && (guchar)c < 128;
}

/* Octets at the beginning that are ASCII and none of those that are forbidden. */
static gsize
count_plain(const char *octets, gsize length, bool is_line)
{
    gsize n = 0;
    guint64 eight;

    for (; n + sizeof eight <= length; n += sizeof eight) {
        memcpy(&eight, octets + n, sizeof eight);
        if (is_line ? !are_printable(eight) : !are_ascii(eight))
            break;
    }
    while (n < length && is_plain(octets[n], is_line))
        n++;
    return n;
}

static bool
is_valid(const char *octets, gsize length, bool is_line)
{
    for (gsize at = count_plain(octets, length, is_line); at < length;
         at += count_plain(octets + at, length - at, is_line)) {
        gsize begin = at;

        while (at < length && (guchar)octets[at] >= 128)
            at++;
        if (at == begin || !g_utf8_validate_len(octets + begin, at - begin, NULL))
            return false;
    }
    return true;
}

bool
mp_is_ascii_line(const char *octets, gsize length)
{
    return count_plain(octets, length, true) == length;
}

bool
mp_is_text(const char *octets, gsize length)
{
    return is_valid(octets, length, false);
}

bool
mp_is_line(const char *octets, gsize length)
{
    return is_valid(octets, length, true);
}
