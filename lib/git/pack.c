/* The objects of a batch as one pack stream; see pack.h. */
#include "git/pack.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h> /* crc32() */

#include "base/error.h"
#include "base/file.h"
#include "git/deflate.h"
#include "git/delta.h"
#include "git/git.h"
#include "git/pack_index.h"

#define DEFLATE_LEVEL 1  /* of twelve: comments are short, and the next repack finds their likes */
#define DELTA_DEPTH   50 /* as Git's own: a longer chain makes reading slow */
#define FILE_MODE     0444 /* as Git's own */
#define OFS_DELTA     6    /* gitformat-pack: a type that libgit2 has no public name for here */

#define HEADER_LENGTH 12 /* of a pack: "PACK", its version, the number of objects */
#define INLINE_MAX    64 /* objects that are not worth a thread: those of a few comments */

/* An object, first in memory only, then in the stream as well. A batch has thousands of them, so
 * that each is one piece of memory, and no larger than it need be. */
typedef struct Stored {
    git_oid id;
    git_object_t type;
    const struct Stored *base; /* of which it is stored as the difference; NULL: as a whole */
    guint depth;               /* deltas down to a whole object */
    guint offset;              /* in the stream; known to who writes that */
    gsize length;
    char bytes[]; /* and a NUL */
} Stored;

/*
 * An object's id is needed at once, its place in the stream not before the end. So objects are
 * hashed where they are made, and deflated by a thread of the pack, in their order: what is under
 * the line below is the thread's while there is one.
 */
struct MpPack {
    GHashTable *objects; /* git_oid * of the values → Stored * */
    GPtrArray *fresh;    /* Stored *: those that nobody was given to write yet */
    gsize n_octets;      /* of all objects */
    GThread *writer;     /* NULL before there is much to do */
    GAsyncQueue *given;  /* to it: GPtrArray * of Stored *; the end of them is an empty one */
    char *repository;    /* into which it writes at the end; or NULL: it does not */
    /* --- */
    GByteArray *stream; /* header, then objects */
    GArray *index;      /* MpPackEntry: all of them */
    struct libdeflate_compressor *deflater;
    bool has_failed;
    bool is_written; /* by the thread; else `error` says why not */
    GError *error;
    gint is_over;    /* from the thread: it is at its end */
    gint is_dropped; /* for the thread: it need not go on */
};

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

MpPack *
mp_pack_new(void)
{
    MpPack *pack = g_new0(MpPack, 1);
    static const guint8 header[HEADER_LENGTH] = {'P', 'A', 'C', 'K', 0, 0, 0, 2, 0, 0, 0, 0};

    pack->stream = g_byte_array_sized_new(1 << 16);
    g_byte_array_append(pack->stream, header, sizeof header);
    pack->objects = g_hash_table_new_full(oid_hash, oid_equal, NULL, g_free);
    pack->fresh = g_ptr_array_new();
    pack->given = g_async_queue_new();
    pack->index = g_array_new(FALSE, FALSE, sizeof(MpPackEntry));
    pack->deflater = libdeflate_alloc_compressor(DEFLATE_LEVEL);
    if (pack->deflater == NULL)
        g_error("libdeflate: out of memory"); /* as GLib's own allocations end */
    return pack;
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

static void
append_text(MpPack *pack, const Stored *object)
{
    guint start = pack->stream->len;
    gsize bound = libdeflate_zlib_compress_bound(pack->deflater, object->length), used;

    g_byte_array_set_size(pack->stream, start + (guint)bound);
    used = libdeflate_zlib_compress(pack->deflater, object->bytes, object->length,
                                    pack->stream->data + start, bound);
    g_byte_array_set_size(pack->stream, start + (guint)used);
    pack->has_failed |= used == 0;
}

/* The length of the first entry, which most often is that of all: "MODE NAME", a NUL, an id. */
static gsize
length_of_entry(const char *tree, gsize length)
{
    return length > 0 ? strlen(tree) + 1 + GIT_OID_RAWSZ : 0;
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
append_whole(MpPack *pack, const Stored *object)
{
    append_header(pack->stream, object->type, object->length);
    if (object->type == GIT_OBJECT_TREE)
        mp_deflate_ids(pack->stream, object->bytes, object->length,
                       length_of_entry(object->bytes, object->length));
    else
        append_text(pack, object);
}

static void
append_difference(MpPack *pack, const Stored *object)
{
    const Stored *before = object->base;
    g_autoptr(GString) delta =
        mp_delta(before->bytes, before->length, object->bytes, object->length);

    append_header(pack->stream, OFS_DELTA, delta->len);
    append_distance(pack->stream, object->offset - object->base->offset);
    mp_deflate_ids(pack->stream, delta->str, delta->len, 0);
}

static void
append_object(MpPack *pack, Stored *object)
{
    MpPackEntry entry = {object->id, pack->stream->len, 0};

    object->offset = entry.offset;
    if (object->base != NULL)
        append_difference(pack, object);
    else
        append_whole(pack, object);
    entry.crc =
        (guint32)crc32(0, pack->stream->data + entry.offset, pack->stream->len - entry.offset);
    g_array_append_val(pack->index, entry);
}

static void
append_objects(MpPack *pack, const GPtrArray *objects)
{
    for (guint i = 0; i < objects->len; i++)
        append_object(pack, g_ptr_array_index(objects, i));
}

/* The number of objects into the header; the hash of all, which names the pack, to the end. */
static void
finish_stream(GByteArray *stream, guint n_objects, git_oid *id)
{
    guint32 count = GUINT32_TO_BE(n_objects);

    memcpy(stream->data + HEADER_LENGTH - sizeof count, &count, sizeof count);
    mp_pack_append_hash(stream, id);
}

/* A pack that cannot have its index, as on a full disk, would stay there for good, and one of each
 * try. Whose index is there already is what a run that died wrote whole. */
static bool
write_index(const GByteArray *index, int directory, const char *name, const char *pack_name,
            GError **error)
{
    if (mp_write_file(directory, name, index->data, index->len, FILE_MODE, true, error))
        return true;
    if (faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        unlinkat(directory, pack_name, 0);
    return false;
}

/* Once all is in the stream. */
static bool
write_files(MpPack *pack, const char *repository, GError **error)
{
    g_autofree char *path = g_build_filename(repository, "objects/pack", NULL);
    git_oid id;

    if (pack->has_failed)
        return mp_fail(error, MP_ERROR_TEMPORARY, "cannot deflate an object");
    finish_stream(pack->stream, pack->index->len, &id);
    g_autoptr(GByteArray) index = mp_pack_index(pack->index, &id);
    g_autofree char *pack_name = g_strdup_printf("pack-%s.pack", git_oid_tostr_s(&id));
    g_autofree char *index_name = g_strdup_printf("pack-%s.idx", git_oid_tostr_s(&id));
    g_auto(MpFd) directory = mp_open_directory(path, error);
    bool good = directory >= 0 &&
                mp_write_file(directory, pack_name, pack->stream->data, pack->stream->len,
                              FILE_MODE, false, error) &&
                write_index(index, directory, index_name, pack_name, error);

    if (!good)
        g_prefix_error(error, "cannot write a pack into %s: ", path);
    return good;
}

static bool
is_dropped(const MpPack *pack)
{
    return g_atomic_int_get(&pack->is_dropped) != 0;
}

static gpointer
run_writer(gpointer data)
{
    MpPack *pack = data;
    bool is_end = false;

    while (!is_end) {
        g_autoptr(GPtrArray) objects = g_async_queue_pop(pack->given);

        is_end = objects->len == 0;
        if (!is_dropped(pack))
            append_objects(pack, objects);
    }
    if (pack->repository != NULL && !is_dropped(pack))
        pack->is_written = write_files(pack, pack->repository, &pack->error);
    g_atomic_int_set(&pack->is_over, 1);
    return NULL;
}

static void
give(MpPack *pack)
{
    g_async_queue_push(pack->given, pack->fresh);
    pack->fresh = g_ptr_array_new();
}

/* Where there can be no thread, all is written at the end. */
void
mp_pack_go_on(MpPack *pack)
{
    if (pack->fresh->len <= INLINE_MAX)
        return;
    if (pack->writer == NULL)
        pack->writer = g_thread_try_new("pack", run_writer, pack, NULL);
    if (pack->writer != NULL)
        give(pack);
}

static void
give_end(MpPack *pack)
{
    if (pack->fresh->len > 0)
        give(pack);
    give(pack);
}

static void
end_writer(MpPack *pack)
{
    if (pack->writer == NULL)
        return;
    if (pack->repository == NULL)
        give_end(pack);
    g_thread_join(g_steal_pointer(&pack->writer));
}

void
mp_pack_free(MpPack *pack)
{
    if (pack == NULL)
        return;
    g_atomic_int_set(&pack->is_dropped, 1);
    end_writer(pack);
    libdeflate_free_compressor(pack->deflater);
    g_ptr_array_unref(pack->fresh);
    g_async_queue_unref(pack->given);
    g_hash_table_unref(pack->objects);
    g_array_unref(pack->index);
    g_byte_array_unref(pack->stream);
    g_clear_error(&pack->error);
    g_free(pack->repository);
    g_free(pack);
}

/* Offsets are 31 bits, in the index too. What is deflated may be a little longer. */
static bool
has_room(const MpPack *pack, gsize length, GError **error)
{
    return (length <= G_MAXUINT / 4 && pack->n_octets <= G_MAXUINT / 4) ||
           mp_fail(error, MP_ERROR_INPUT, "a batch of more than 1 GiB");
}

static void
add(MpPack *pack, git_object_t type, const void *bytes, gsize length, const git_oid *id,
    const Stored *base)
{
    Stored *object = g_malloc(sizeof *object + length + 1);
    bool is_whole = base == NULL || base->depth >= DELTA_DEPTH;

    *object = (Stored){.id = *id,
                       .type = type,
                       .base = is_whole ? NULL : base,
                       .depth = is_whole ? 0 : base->depth + 1,
                       .length = length};
    if (length > 0) /* of nothing `bytes` may be NULL */
        memcpy(object->bytes, bytes, length);
    object->bytes[length] = '\0';
    pack->n_octets += length;
    g_hash_table_insert(pack->objects, &object->id, object);
    g_ptr_array_add(pack->fresh, object);
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
    if (!has_room(pack, length, error))
        return false;
    add(pack, type, bytes, length, id, before);
    return true;
}

bool
mp_pack_add(MpPack *pack, git_object_t type, const void *bytes, gsize length, git_oid *id,
            GError **error)
{
    return mp_pack_add_version(pack, type, bytes, length, NULL, id, error);
}

const char *
mp_pack_get(const MpPack *pack, const git_oid *id, gsize *length)
{
    const Stored *stored = g_hash_table_lookup(pack->objects, id);

    if (stored == NULL)
        return NULL;
    *length = stored->length;
    return stored->bytes;
}

void
mp_pack_write_begin(MpPack *pack, const char *repository)
{
    if (pack->writer == NULL)
        return;
    pack->repository = g_strdup(repository);
    give_end(pack);
}

bool
mp_pack_is_busy(const MpPack *pack)
{
    return pack->repository != NULL && !g_atomic_int_get(&pack->is_over);
}

bool
mp_pack_write(MpPack *pack, const char *repository, GError **error)
{
    end_writer(pack);
    if (pack->repository == NULL) { /* what the thread was not given, or all */
        append_objects(pack, pack->fresh);
        g_ptr_array_set_size(pack->fresh, 0);
        return write_files(pack, repository, error);
    }
    if (!pack->is_written)
        g_propagate_error(error, g_steal_pointer(&pack->error));
    return pack->is_written;
}

static void
leave_out(MpPack *pack, const MpPack *other)
{
    for (guint i = pack->fresh->len; i-- > 0;) {
        const Stored *object = g_ptr_array_index(pack->fresh, i);

        if (g_hash_table_contains(other->objects, &object->id))
            g_ptr_array_remove_index(pack->fresh, i);
    }
}

/* Distances are to what stands before, so that objects keep theirs. None may be there twice. */
GByteArray *
mp_pack_join(const MpPack *written, MpPack *small)
{
    if (written != NULL)
        leave_out(small, written);
    if (written != NULL && small->fresh->len == 0)
        return g_byte_array_ref(written->stream);

    GByteArray *stream = g_byte_array_new();
    guint n_objects = small->fresh->len;
    git_oid id;

    append_objects(small, small->fresh);
    if (written != NULL) {
        n_objects += written->index->len;
        g_byte_array_append(stream, written->stream->data, written->stream->len - GIT_OID_RAWSZ);
    } else {
        g_byte_array_append(stream, small->stream->data, HEADER_LENGTH);
    }
    g_byte_array_append(stream, small->stream->data + HEADER_LENGTH,
                        small->stream->len - HEADER_LENGTH);
    finish_stream(stream, n_objects, &id);
    if (small->has_failed)
        g_clear_pointer(&stream, g_byte_array_unref);
    return stream;
}
