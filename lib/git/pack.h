/*
 * Inside of lib/git: the objects of a batch as one pack stream (gitformat-pack, version 2).
 *
 * Each object is hashed and deflated once, into memory, and the stream is written as it is, with
 * the index that we know already: git_odb_write_pack() would inflate and hash every object again to
 * find out. Nobody asks whether an object exists already: a miss would rescan the pack directory.
 */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

typedef struct MpPack MpPack;

MpPack *mp_pack_new(void);
void mp_pack_free(MpPack *pack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpPack, mp_pack_free)

/* Adds an object unless this pack has it, and tells its id. */
bool mp_pack_add(MpPack *pack, git_object_t type, const void *bytes, gsize length, git_oid *id,
                 GError **error);

/*
 * The same for the next version of `base`: where the pack has that too, only the difference is
 * stored (OFS_DELTA). A directory of a hundred entries of which one changed takes some forty
 * octets.
 */
bool mp_pack_add_version(MpPack *pack, git_object_t type, const void *bytes, gsize length,
                         const git_oid *base, git_oid *id, GError **error);

/* Lets a thread deflate what was added since, where that is worth one, while the caller goes on. */
void mp_pack_go_on(MpPack *pack);

/*
 * Writing it may begin before mp_pack_write(), which then only waits for the end of that: by the
 * thread, where there is one; else there is nothing to wait for. Nothing may be added any more.
 */
void mp_pack_write_begin(MpPack *pack, const char *repository);
bool mp_pack_is_busy(const MpPack *pack);

/* The bytes of an object that was added and is not in the database yet, with a NUL behind them: the
 * pack's. NULL if it is not here, and *length stays as it is. */
const char *mp_pack_get(const MpPack *pack, const git_oid *id, gsize *length);

/*
 * Writes the pack into a repository, then its index, which makes it a pack that readers see: each
 * under a temporary name (NAME.tmp), synced, renamed into place; then objects/pack is synced. After
 * this the objects are in the database, whoever dies. Nothing may be added any more.
 */
bool mp_pack_write(MpPack *pack, const char *repository, GError **error);

/* The stream of both, as it goes to a server, and the caller's: of one that was written, or NULL,
 * and of a small one that was not and is of no use any more; NULL if that cannot be deflated. */
GByteArray *mp_pack_join(const MpPack *written, MpPack *small);
