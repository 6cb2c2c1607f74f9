/* A deflater that does not search; see deflate.h. */
#include "git/deflate.h"

#include <string.h>
#include <zlib.h>

#define LITERAL_BITS 9  /* at most */
#define SPARE        16 /* octets for what is not a literal, and to store eight at once */
#define MATCH_MIN    3
#define MATCH_MAX    10 /* lengths up to here have no further bits */
#define PERIOD_MAX   32768

/* Fewer than eight bits that wait for more, the first one lowest. */
typedef struct {
    guint64 bits;
    guint count;
    guint8 *at;
} Writer;

/* Eight octets are stored whatever is full of them: a branch here would be mispredicted often. */
static void
put(Writer *writer, guint bits, guint count)
{
    guint64 octets;

    writer->bits |= (guint64)bits << writer->count;
    writer->count += count;
    octets = GUINT64_TO_LE(writer->bits);
    memcpy(writer->at, &octets, sizeof octets);
    writer->at += writer->count / 8;
    writer->bits >>= writer->count & ~7u;
    writer->count &= 7;
}

/* A code of Huffman's goes with its highest bit first. */
static guint
reverse(guint code, guint count)
{
    guint reversed = 0;

    for (guint i = 0; i < count; i++)
        reversed |= (code >> i & 1) << (count - 1 - i);
    return reversed;
}

/* The fixed code of each octet (RFC 1951, section 3.2.6). */
typedef struct {
    guint16 code, count;
} Literal;

static const Literal *
literals(void)
{
    static Literal table[256];
    static gsize is_made = 0;

    if (g_once_init_enter(&is_made)) {
        for (guint octet = 0; octet < 256; octet++)
            table[octet] = octet < 144 ? (Literal){(guint16)reverse(0x30 + octet, 8), 8}
                                       : (Literal){(guint16)reverse(0x190 + octet - 144, 9), 9};
        g_once_init_leave(&is_made, 1);
    }
    return table;
}

/* How many octets at `p` repeat those `period` before. */
static gsize
repeated(const guint8 *p, const guint8 *end, gsize period)
{
    const guint8 *earlier = p - period;
    gsize most = MIN((gsize)(end - p), MATCH_MAX), n = 0;

    while (n < most && p[n] == earlier[n])
        n++;
    return n;
}

/* A distance's code says its two highest bits; the others follow. */
static void
put_distance(Writer *writer, gsize distance)
{
    guint value = (guint)distance - 1;
    guint further = value < 4 ? 0 : g_bit_storage(value) - 2;
    guint code = value < 4 ? value : 2 * (further + 1) + (value >> further & 1);

    put(writer, reverse(code, 5), 5);
    put(writer, value & ((1u << further) - 1), further);
}

static void
put_block(Writer *writer, const guint8 *bytes, gsize length, gsize period)
{
    const Literal *table = literals();
    const guint8 *end = bytes + length;

    put(writer, 1 | 1 << 1, 3); /* the last block, and of the fixed codes */
    for (const guint8 *p = bytes; p < end;) {
        gsize n = period > 0 && p - bytes >= (gssize)period ? repeated(p, end, period) : 0;

        if (n >= MATCH_MIN) {
            put(writer, reverse((guint)(n - MATCH_MIN) + 1, 7), 7);
            put_distance(writer, period);
            p += n;
        } else {
            put(writer, table[*p].code, table[*p].count);
            p++;
        }
    }
    put(writer, 0, 7); /* the end of the block */
    put(writer, 0, 7); /* up to a whole octet */
}

void
mp_deflate_ids(GByteArray *into, const void *bytes, gsize length, gsize period)
{
    static const guint8 header[] = {0x78, 0x01};
    guint32 sum = GUINT32_TO_BE((guint32)adler32_z(1, bytes, length));
    guint start = into->len;
    Writer writer = {0};

    g_byte_array_set_size(into, start + (guint)(sizeof header + length * LITERAL_BITS / 8 + SPARE));
    writer.at = into->data + start;
    memcpy(writer.at, header, sizeof header);
    writer.at += sizeof header;
    put_block(&writer, bytes, length, period <= PERIOD_MAX ? period : 0);
    g_byte_array_set_size(into, (guint)(writer.at - into->data));
    g_byte_array_append(into, (const guint8 *)&sum, sizeof sum);
}
