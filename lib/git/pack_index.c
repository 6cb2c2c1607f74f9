/* Where each object of a pack is; see pack_index.h. */
#include "git/pack_index.h"

#include <string.h>

void
mp_pack_append_hash(GByteArray *bytes, git_oid *id)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    gsize length = sizeof id->id;

    g_checksum_update(sum, bytes->data, bytes->len);
    g_checksum_get_digest(sum, id->id, &length);
    g_byte_array_append(bytes, id->id, sizeof id->id);
}

static gint
by_id(gconstpointer a, gconstpointer b)
{
    return git_oid_cmp(&((const MpPackEntry *)a)->id, &((const MpPackEntry *)b)->id);
}

static void
append_number(GByteArray *bytes, guint32 number)
{
    guint32 big_endian = GUINT32_TO_BE(number);

    g_byte_array_append(bytes, (const guint8 *)&big_endian, sizeof big_endian);
}

/* For each first octet of an id: how many begin with it or a smaller one. */
static void
append_fanout(GByteArray *bytes, const GArray *entries)
{
    guint i = 0;

    for (guint octet = 0; octet < 256; octet++) {
        while (i < entries->len && g_array_index(entries, MpPackEntry, i).id.id[0] <= octet)
            i++;
        append_number(bytes, i);
    }
}

GByteArray *
mp_pack_index(GArray *entries, const git_oid *pack)
{
    static const guint8 header[] = {0xff, 't', 'O', 'c', 0, 0, 0, 2};
    GByteArray *bytes = g_byte_array_sized_new(2048 + 28 * entries->len);
    git_oid own;

    g_array_sort(entries, by_id);
    g_byte_array_append(bytes, header, sizeof header);
    append_fanout(bytes, entries);
    for (guint i = 0; i < entries->len; i++)
        g_byte_array_append(bytes, g_array_index(entries, MpPackEntry, i).id.id, GIT_OID_RAWSZ);
    for (guint i = 0; i < entries->len; i++)
        append_number(bytes, g_array_index(entries, MpPackEntry, i).crc);
    for (guint i = 0; i < entries->len; i++)
        append_number(bytes, g_array_index(entries, MpPackEntry, i).offset);
    g_byte_array_append(bytes, pack->id, sizeof pack->id);
    mp_pack_append_hash(bytes, &own);
    return bytes;
}
