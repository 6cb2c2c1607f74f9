/*
 * Inside of lib/report: an archive that is written as a stream, ustar (POSIX.1-1988) in gzip.
 *
 * A member's head has its length, which is not known before its end: so each is spooled into a file
 * without a name, and memory stays bounded. A head of our own and zlib, which is linked anyway:
 * libarchive would bring half a dozen libraries more into every start of both programs.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct MpTar MpTar;

/* Writes to `fd`, which stays the caller's, members below the directory `top`; spools into
 * `directory`. */
MpTar *mp_tar_new(int fd, const char *top, int directory, gint64 now, GError **error);
void mp_tar_free(MpTar *tar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpTar, mp_tar_free)

/* What a member is made of, between begin and end. What goes wrong is told at its end. */
void mp_tar_begin(MpTar *tar);
void mp_tar_add(MpTar *tar, const void *bytes, gsize length);

/* Writes the member. Its name is made fit for an archive: `*written` (the caller's, may be NULL).
 */
bool mp_tar_end(MpTar *tar, const char *name, char **written, GError **error);

/* The last member, "SHA256SUMS", as `sha256sum -c` reads it, and the archive's end. */
bool mp_tar_finish(MpTar *tar, GError **error);

guint mp_tar_members(const MpTar *tar);
