/* Inside of lib/git: the index of a pack (gitformat-pack, version 2). */
#pragma once

#include <git2.h>
#include <glib.h>

typedef struct {
    git_oid id;
    guint32 offset; /* in the pack */
    guint32 crc;    /* of its octets there, header included */
} MpPackEntry;

/* The index of a pack below 2 GiB of these entries (MpPackEntry), which are sorted by their ids.
 * `pack` is the hash at the pack's end. The result is the caller's. */
GByteArray *mp_pack_index(GArray *entries, const git_oid *pack);

/* Appends the SHA-1 of all octets so far, with which a pack and an index end; *id tells it. */
void mp_pack_append_hash(GByteArray *bytes, git_oid *id);
