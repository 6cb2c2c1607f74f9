/* ustar in gzip, as a stream; see bundle_tar.h. */
#include "report/bundle_tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/file.h"

#define BLOCK      512
#define BUFFER     (64 * 1024)
#define NAME_MAX_  96 /* of the 100 octets of a head; the top is in its prefix */
#define MANIFEST   "SHA256SUMS"
#define SIZE_LIMIT G_GUINT64_CONSTANT(077777777777) /* eleven octal digits */

struct MpTar {
    int fd;
    char *top;
    gint64 now;
    MpFd spool;
    z_stream deflater;
    GString *pending; /* of the member, not yet in the spool */
    GChecksum *sum;
    guint64 size;
    GString *manifest;
    GHashTable *names;
    guint members;
    GError *fault; /* the first, of the member */
    char in[BUFFER], out[BUFFER];
};

/* A file without a name, where its file system has such; else one whose name is gone at once. */
static int
open_spool(int directory, GError **error)
{
    int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    g_autofree char *name = g_strdup_printf(".metroplex-%d.spool", (int)getpid());

    if (fd >= 0)
        return fd;
    fd = openat(directory, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        mp_fail_errno(error, "cannot make a file to spool into");
    else
        unlinkat(directory, name, 0);
    return fd;
}

MpTar *
mp_tar_new(int fd, const char *top, int directory, gint64 now, GError **error)
{
    g_auto(MpFd) spool = open_spool(directory, error);
    MpTar *tar;

    if (spool < 0)
        return NULL;
    tar = g_new0(MpTar, 1);
    tar->fd = fd;
    tar->top = g_strdup(top);
    tar->now = now;
    tar->spool = g_steal_fd(&spool);
    tar->pending = g_string_sized_new(BUFFER);
    tar->sum = g_checksum_new(G_CHECKSUM_SHA256);
    tar->manifest = g_string_new(NULL);
    tar->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (deflateInit2(&tar->deflater, 5, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        g_error("no memory to compress");
    return tar;
}

void
mp_tar_free(MpTar *tar)
{
    if (tar == NULL)
        return;
    deflateEnd(&tar->deflater);
    mp_fd_clear(&tar->spool);
    g_string_free(tar->pending, TRUE);
    g_string_free(tar->manifest, TRUE);
    g_checksum_free(tar->sum);
    g_hash_table_unref(tar->names);
    g_clear_error(&tar->fault);
    g_free(tar->top);
    g_free(tar);
}

guint
mp_tar_members(const MpTar *tar)
{
    return tar->members;
}

/* --- The stream ------------------------------------------------------------------------------- */

static bool
deflate_into(MpTar *tar, const void *bytes, gsize length, int flush, GError **error)
{
    tar->deflater.next_in = (Bytef *)(gsize)bytes;
    tar->deflater.avail_in = (uInt)length;
    do {
        tar->deflater.next_out = (Bytef *)tar->out;
        tar->deflater.avail_out = BUFFER;
        if (deflate(&tar->deflater, flush) == Z_STREAM_ERROR)
            g_error("zlib lost its state");
        if (!mp_write_all(tar->fd, tar->out, BUFFER - tar->deflater.avail_out, error))
            return false;
    } while (tar->deflater.avail_out == 0);
    return true;
}

static void
octal(char *field, gsize length, guint64 number)
{
    g_snprintf(field, (gulong)length, "%0*" G_GINT64_MODIFIER "o", (int)length - 1, number);
}

static bool
write_head(MpTar *tar, const char *name, GError **error)
{
    char head[BLOCK] = "";
    guint sum = 0;

    g_strlcpy(head, name, 100);
    octal(head + 100, 8, 0600);
    octal(head + 108, 8, 0);
    octal(head + 116, 8, 0);
    octal(head + 124, 12, tar->size);
    octal(head + 136, 12, (guint64)MAX(tar->now, 0));
    head[156] = '0'; /* a regular file */
    memcpy(head + 257, "ustar\00000", 8);
    g_strlcpy(head + 345, tar->top, 155);
    memset(head + 148, ' ', 8); /* as the sum is made */
    for (gsize i = 0; i < BLOCK; i++)
        sum += (guchar)head[i];
    g_snprintf(head + 148, 7, "%06o", sum);
    return deflate_into(tar, head, BLOCK, Z_NO_FLUSH, error);
}

/* --- Members ---------------------------------------------------------------------------------- */

void
mp_tar_begin(MpTar *tar)
{
    g_string_truncate(tar->pending, 0);
    g_checksum_reset(tar->sum);
    tar->size = 0;
    g_clear_error(&tar->fault);
    if (ftruncate(tar->spool, 0) < 0 || lseek(tar->spool, 0, SEEK_SET) < 0)
        mp_fail_errno(&tar->fault, "cannot spool");
}

static void
flush(MpTar *tar)
{
    if (tar->fault == NULL && tar->pending->len > 0 &&
        mp_write_all(tar->spool, tar->pending->str, tar->pending->len, &tar->fault))
        g_checksum_update(tar->sum, (const guchar *)tar->pending->str, (gssize)tar->pending->len);
    g_string_truncate(tar->pending, 0);
}

void
mp_tar_add(MpTar *tar, const void *bytes, gsize length)
{
    g_string_append_len(tar->pending, bytes, (gssize)length);
    tar->size += length;
    if (tar->pending->len >= BUFFER)
        flush(tar);
}

/* What a file system, a shell and a head all bear; and not taken yet. */
static char *
fit_name(MpTar *tar, const char *name)
{
    g_autofree char *fit = g_strndup(name, NAME_MAX_ - 8);

    for (char *p = fit; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && strchr("-_.,=+:/", *p) == NULL)
            *p = '_';
    g_autofree char *unique = g_strdup(fit);
    for (guint n = 2; !g_hash_table_add(tar->names, g_strdup(unique)); n++) {
        g_free(unique);
        unique = g_strdup_printf("%s.%u", fit, n);
    }
    return g_steal_pointer(&unique);
}

static bool
copy_spool(MpTar *tar, GError **error)
{
    static const char zeros[BLOCK];
    guint64 left = tar->size;

    if (lseek(tar->spool, 0, SEEK_SET) < 0)
        return mp_fail_errno(error, "cannot read what was spooled");
    while (left > 0) {
        ssize_t n = read(tar->spool, tar->in, MIN(left, BUFFER));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return mp_fail_errno(error, "cannot read what was spooled");
        if (!deflate_into(tar, tar->in, (gsize)n, Z_NO_FLUSH, error))
            return false;
        left -= (guint64)n;
    }
    return deflate_into(tar, zeros, (BLOCK - tar->size % BLOCK) % BLOCK, Z_NO_FLUSH, error);
}

static bool
write_member(MpTar *tar, const char *name, GError **error)
{
    flush(tar);
    if (tar->fault != NULL) {
        g_propagate_error(error, g_steal_pointer(&tar->fault));
        return false;
    }
    if (tar->size > SIZE_LIMIT)
        return mp_fail(error, MP_ERROR_INPUT, "%s is too large for an archive", name);
    tar->members++;
    return write_head(tar, name, error) && copy_spool(tar, error);
}

bool
mp_tar_end(MpTar *tar, const char *name, char **written, GError **error)
{
    g_autofree char *fit = fit_name(tar, name);

    if (!write_member(tar, fit, error))
        return false;
    g_string_append_printf(tar->manifest, "%s  %s\n", g_checksum_get_string(tar->sum), fit);
    if (written != NULL)
        *written = g_steal_pointer(&fit);
    return true;
}

bool
mp_tar_finish(MpTar *tar, GError **error)
{
    static const char end[2 * BLOCK];

    mp_tar_begin(tar);
    mp_tar_add(tar, tar->manifest->str, tar->manifest->len);
    return write_member(tar, MANIFEST, error) &&
           deflate_into(tar, end, sizeof end, Z_FINISH, error);
}
