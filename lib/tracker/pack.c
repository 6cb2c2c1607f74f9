/* The objects of a batch as one pack stream; see pack.h. */
#include "tracker/pack.h"

#include <git2/sys/odb_backend.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "tracker/delta.h"
#include "tracker/git.h"

#define DEFLATE_LEVEL 1  /* most octets are object ids, which no level makes smaller */
#define DELTA_DEPTH   50 /* as Git's own: a longer chain makes reading slow */
#define OFS_DELTA     6  /* gitformat-pack: a type that libgit2 has no public name for here */

struct MpPack {
    git_odb *odb;
    GByteArray *stream;  /* header, then objects */
    GHashTable *objects; /* git_oid * → Stored * */
    z_stream deflater;
    guint32 count;
};

typedef struct {
    GString *bytes;
    guint offset; /* in the stream */
    guint depth;  /* deltas down to a whole object */
} Stored;

static guint
oid_hash(gconstpointer key)
{
    guint hash;

    memcpy(&hash, ((const git_oid *)key)->id, sizeof hash);
    return hash;
}

static gboolean
oid_equal(gconstpointer a, gconstpointer b)
{
    return git_oid_equal(a, b);
}

static void
stored_free(gpointer data)
{
    Stored *stored = data;

    g_string_free(stored->bytes, TRUE);
    g_free(stored);
}

MpPack *
mp_pack_new(git_odb *odb)
{
    MpPack *pack = g_new0(MpPack, 1);
    static const guint8 header[12] = {'P', 'A', 'C', 'K', 0, 0, 0, 2, 0, 0, 0, 0};

    pack->odb = odb;
    pack->stream = g_byte_array_sized_new(1 << 16);
    g_byte_array_append(pack->stream, header, sizeof header);
    pack->objects = g_hash_table_new_full(oid_hash, oid_equal, g_free, stored_free);
    if (deflateInit(&pack->deflater, DEFLATE_LEVEL) != Z_OK)
        g_error("deflateInit: out of memory"); /* as GLib's own allocations end */
    return pack;
}

void
mp_pack_free(MpPack *pack)
{
    if (pack == NULL)
        return;
    deflateEnd(&pack->deflater);
    g_hash_table_unref(pack->objects);
    g_byte_array_unref(pack->stream);
    g_free(pack);
}

/* Type and length in the variable form of gitformat-pack: four bits of length, then seven each. */
static void
append_header(GByteArray *stream, int type, gsize length)
{
    guint8 octet = (guint8)(type << 4 | (int)(length & 15));

    for (length >>= 4; length > 0; length >>= 7) {
        octet |= 0x80;
        g_byte_array_append(stream, &octet, 1);
        octet = length & 0x7f;
    }
    g_byte_array_append(stream, &octet, 1);
}

static bool
append_deflated(MpPack *pack, const void *bytes, gsize length, GError **error)
{
    z_stream *z = &pack->deflater;
    guint start = pack->stream->len;
    gsize bound;

    deflateReset(z);
    bound = deflateBound(z, length);
    if (bound > G_MAXUINT / 2 || start > G_MAXUINT / 2)
        return mp_fail(error, MP_ERROR_INPUT, "a batch of more than 2 GiB");
    g_byte_array_set_size(pack->stream, start + (guint)bound);
    z->next_in = (Bytef *)bytes;
    z->avail_in = (uInt)length;
    z->next_out = pack->stream->data + start;
    z->avail_out = (uInt)bound;
    if (deflate(z, Z_FINISH) != Z_STREAM_END)
        return mp_fail(error, MP_ERROR_TEMPORARY, "cannot deflate an object");
    g_byte_array_set_size(pack->stream, start + (guint)bound - z->avail_out);
    return true;
}

/* How far back the base begins, in the big-endian form of OFS_DELTA, where each further octet
 * stands for one more than its bits say. */
static void
append_distance(GByteArray *stream, guint distance)
{
    guint8 octets[8];
    gsize at = sizeof octets - 1;

    octets[at] = distance & 0x7f;
    while (distance >>= 7)
        octets[--at] = 0x80 | (guint8)(--distance & 0x7f);
    g_byte_array_append(stream, octets + at, (guint)(sizeof octets - at));
}

static void
remember(MpPack *pack, const git_oid *id, const void *bytes, gsize length, guint offset,
         guint depth)
{
    Stored *stored = g_new0(Stored, 1);

    stored->bytes = g_string_new_len(bytes, (gssize)length);
    stored->offset = offset;
    stored->depth = depth;
    g_hash_table_insert(pack->objects, g_memdup2(id, sizeof *id), stored);
    pack->count++;
}

static bool
add_whole(MpPack *pack, git_object_t type, const void *bytes, gsize length, const git_oid *id,
          GError **error)
{
    guint offset = pack->stream->len;

    append_header(pack->stream, type, length);
    if (!append_deflated(pack, bytes, length, error))
        return false;
    remember(pack, id, bytes, length, offset, 0);
    return true;
}

static bool
add_difference(MpPack *pack, const Stored *base, const void *bytes, gsize length, const git_oid *id,
               GError **error)
{
    guint offset = pack->stream->len, depth = base->depth + 1;
    g_autoptr(GString) delta = mp_delta(base->bytes->str, base->bytes->len, bytes, length);

    append_header(pack->stream, OFS_DELTA, delta->len);
    append_distance(pack->stream, offset - base->offset);
    if (!append_deflated(pack, delta->str, delta->len, error))
        return false;
    remember(pack, id, bytes, length, offset, depth);
    return true;
}

bool
mp_pack_add_version(MpPack *pack, git_object_t type, const void *bytes, gsize length,
                    const git_oid *base, git_oid *id, GError **error)
{
    const Stored *before = base != NULL ? g_hash_table_lookup(pack->objects, base) : NULL;
    git_oid new_id; /* `base` and `id` may be the same */

    if (git_odb_hash(&new_id, bytes, length, type) < 0)
        return mp_git_fail(error, "cannot hash an object");
    *id = new_id;
    if (g_hash_table_contains(pack->objects, id))
        return true;
    return before != NULL && before->depth < DELTA_DEPTH
               ? add_difference(pack, before, bytes, length, id, error)
               : add_whole(pack, type, bytes, length, id, error);
}

bool
mp_pack_add(MpPack *pack, git_object_t type, const void *bytes, gsize length, git_oid *id,
            GError **error)
{
    return mp_pack_add_version(pack, type, bytes, length, NULL, id, error);
}

bool
mp_pack_is_empty(const MpPack *pack)
{
    return pack->count == 0;
}

const GString *
mp_pack_get(const MpPack *pack, const git_oid *id)
{
    const Stored *stored = g_hash_table_lookup(pack->objects, id);

    return stored != NULL ? stored->bytes : NULL;
}

static void
finish_stream(MpPack *pack)
{
    guint32 count = GUINT32_TO_BE(pack->count);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 trailer[20];
    gsize length = sizeof trailer;

    memcpy(pack->stream->data + 8, &count, sizeof count);
    g_checksum_update(sum, pack->stream->data, pack->stream->len);
    g_checksum_get_digest(sum, trailer, &length);
    g_byte_array_append(pack->stream, trailer, sizeof trailer);
}

bool
mp_pack_write(MpPack *pack, GError **error)
{
    git_odb_writepack *writer = NULL;
    git_indexer_progress progress = {0};

    finish_stream(pack);
    if (git_odb_write_pack(&writer, pack->odb, NULL, NULL) < 0)
        return mp_git_fail(error, "cannot begin a pack");
    bool good = writer->append(writer, pack->stream->data, pack->stream->len, &progress) == 0 &&
                writer->commit(writer, &progress) == 0;
    if (!good)
        mp_git_fail(error, "cannot write a pack of %u objects", pack->count);
    writer->free(writer);
    return good;
}
