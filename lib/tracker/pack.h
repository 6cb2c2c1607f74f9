/*
 * Inside of lib/tracker: the objects of a batch as one pack stream (gitformat-pack, version 2).
 *
 * Each object is hashed and deflated once, into memory, and the whole stream is handed to the
 * object database, which indexes it, syncs pack, index and directory, and renames them into place.
 * Nobody asks whether an object exists already: a miss would rescan the pack directory.
 */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

typedef struct MpPack MpPack;

MpPack *mp_pack_new(git_odb *odb);
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

/* Whether anything was added. */
bool mp_pack_is_empty(const MpPack *pack);

/* The bytes of an object that was added and is not in the database yet; NULL if it is not here. */
const GString *mp_pack_get(const MpPack *pack, const git_oid *id);

/* Writes and syncs the pack. After this the objects are in the database, whoever dies. */
bool mp_pack_write(MpPack *pack, GError **error);
