/* The difference of two versions of a directory; see delta.h. */
#include "git/delta.h"

#include <string.h>

#define INSERT_MAX 127
#define COPY_MAX   0xffff /* version 2 packs allow 24 bits; older readers 16 */

static void
append_size(GString *delta, gsize size)
{
    for (; size >= 0x80; size >>= 7)
        g_string_append_c(delta, (char)(0x80 | (size & 0x7f)));
    g_string_append_c(delta, (char)size);
}

/* One copy instruction: which of four offset and two size octets follow is in its first octet. */
static void
append_copy(GString *delta, gsize offset, gsize size)
{
    gsize at = delta->len;
    guint8 command = 0x80;

    g_string_append_c(delta, 0);
    for (int i = 0; i < 4; i++) {
        if ((offset >> 8 * i & 0xff) == 0)
            continue;
        command |= (guint8)(1 << i);
        g_string_append_c(delta, (char)(offset >> 8 * i & 0xff));
    }
    for (int i = 0; i < 2; i++) {
        if ((size >> 8 * i & 0xff) == 0)
            continue;
        command |= (guint8)(0x10 << i);
        g_string_append_c(delta, (char)(size >> 8 * i & 0xff));
    }
    delta->str[at] = (char)command;
}

static void
append_copies(GString *delta, gsize offset, gsize size)
{
    while (size > 0) {
        gsize n = MIN(size, COPY_MAX);

        append_copy(delta, offset, n);
        offset += n;
        size -= n;
    }
}

static void
append_inserts(GString *delta, const char *bytes, gsize size)
{
    while (size > 0) {
        gsize n = MIN(size, INSERT_MAX);

        g_string_append_c(delta, (char)n);
        g_string_append_len(delta, bytes, (gssize)n);
        bytes += n;
        size -= n;
    }
}

GString *
mp_delta(const char *from, gsize from_length, const char *to, gsize to_length)
{
    GString *delta = g_string_sized_new(64);
    gsize shorter = MIN(from_length, to_length), head = 0, tail = 0;

    while (head < shorter && from[head] == to[head])
        head++;
    while (tail < shorter - head && from[from_length - 1 - tail] == to[to_length - 1 - tail])
        tail++;
    append_size(delta, from_length);
    append_size(delta, to_length);
    append_copies(delta, 0, head);
    append_inserts(delta, to + head, to_length - head - tail);
    append_copies(delta, from_length - tail, tail);
    return delta;
}
