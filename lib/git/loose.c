/* Objects that are files: "TYPE SP SIZE NUL CONTENT", deflated; see loose.h. */
#include "git/loose.h"

#include <errno.h>
#include <fcntl.h>
#include <git2/sys/odb_backend.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"

#if __has_include(<git2/sys/errors.h>) /* where later ones have it */
#include <git2/sys/errors.h>
#endif

/* Behind packs, which have two as well and were added before it: what a pack has needs no file, be
 * that damaged or not. Before libgit2's own for files, which has one. */
#define PRIORITY    2
#define HEADER_MAX  32 /* "commit 18446744073709551615" */
#define CHUNK       16384
#define OBJECT_PATH (2 + 1 + GIT_OID_HEXSZ - 2 + 1)

typedef struct {
    git_odb_backend backend;
    int objects;
} Loose;

typedef struct {
    MpFd fd;
    z_stream stream;
    bool is_over; /* the stream is at its end */
    guchar in[CHUNK];
    char header[HEADER_MAX]; /* and maybe the beginning of what is behind it */
    gsize n_header, n_read;  /* octets of the header with its NUL, and of all that is in there */
    git_object_t type;
    size_t size;
} Reading;

static int
fail_damaged(void)
{
    git_error_set_str(GIT_ERROR_ODB, "a loose object is damaged");
    return -1;
}

static int
fail_errno(void)
{
    git_error_set_str(GIT_ERROR_OS, g_strerror(errno));
    return -1;
}

static int
open_object(Reading *reading, const Loose *loose, const git_oid *id)
{
    char path[OBJECT_PATH];
    struct stat status;

    git_oid_pathfmt(path, id);
    path[OBJECT_PATH - 1] = '\0';
    path[2] = '\0';
    g_auto(MpFd) directory =
        openat(loose->objects, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory >= 0)
        reading->fd = openat(directory, path + 3, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (reading->fd < 0)
        return errno == ENOENT ? GIT_ENOTFOUND : fail_errno();
    if (fstat(reading->fd, &status) < 0)
        return fail_errno();
    return S_ISREG(status.st_mode) ? 0 : fail_damaged();
}

/* Inflates until there are so many octets, or the stream is at its end. */
static int
inflate_some(Reading *reading, void *out, gsize length, gsize *n)
{
    z_stream *stream = &reading->stream;

    *n = 0;
    stream->next_out = out;
    stream->avail_out = (uInt)length;
    while (stream->avail_out > 0 && !reading->is_over) {
        if (stream->avail_in == 0) {
            ssize_t got = TEMP_FAILURE_RETRY(read(reading->fd, reading->in, CHUNK));

            if (got <= 0)
                return got < 0 ? fail_errno() : fail_damaged();
            stream->next_in = reading->in;
            stream->avail_in = (uInt)got;
        }
        int code = inflate(stream, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END)
            return fail_damaged();
        reading->is_over = code == Z_STREAM_END;
    }
    *n = length - stream->avail_out;
    return 0;
}

static bool
parse_header(Reading *reading)
{
    const char *nul = memchr(reading->header, '\0', reading->n_read);
    const char *space = nul != NULL ? memchr(reading->header, ' ', reading->n_read) : NULL;
    guint64 size;

    if (space == NULL || space > nul ||
        !g_ascii_string_to_unsigned(space + 1, 10, 0, G_MAXSIZE - 1, &size, NULL))
        return false;
    g_autofree char *type = g_strndup(reading->header, (gsize)(space - reading->header));
    reading->type = git_object_string2type(type);
    reading->size = size;
    reading->n_header = (gsize)(nul - reading->header) + 1;
    return git_object_typeisloose(reading->type);
}

static int
begin(Reading *reading, const Loose *loose, const git_oid *id)
{
    *reading = (Reading){.fd = -1};
    if (inflateInit(&reading->stream) != Z_OK)
        return fail_damaged();
    int code = open_object(reading, loose, id);
    if (code == 0)
        code = inflate_some(reading, reading->header, HEADER_MAX, &reading->n_read);
    return code != 0 || parse_header(reading) ? code : fail_damaged();
}

static void
end(Reading *reading)
{
    inflateEnd(&reading->stream);
    mp_fd_clear(&reading->fd);
}

static int
read_header(size_t *size, git_object_t *type, git_odb_backend *backend, const git_oid *id)
{
    Reading reading;
    int code = begin(&reading, (const Loose *)backend, id);

    *size = reading.size;
    *type = reading.type;
    end(&reading);
    return code;
}

/* Neither less nor more than the header says. */
static int
read_content(Reading *reading, char *content)
{
    gsize n = reading->n_read - reading->n_header, more = 0;
    char rest;

    if (n > reading->size)
        return fail_damaged();
    memcpy(content, reading->header + reading->n_header, n);
    int code = inflate_some(reading, content + n, reading->size - n, &more);
    if (code != 0 || n + more < reading->size)
        return code != 0 ? code : fail_damaged();
    content[reading->size] = '\0';
    code = inflate_some(reading, &rest, 1, &more);
    return code != 0 || more == 0 ? code : fail_damaged();
}

static int
read_object(void **bytes, size_t *size, git_object_t *type, git_odb_backend *backend,
            const git_oid *id)
{
    Reading reading;
    int code = begin(&reading, (const Loose *)backend, id);

    *size = reading.size;
    *type = reading.type;
    *bytes = code == 0 && *size < G_MAXUINT ? git_odb_backend_data_alloc(backend, *size + 1) : NULL;
    if (code == 0 && *bytes == NULL)
        code = -1;
    if (code == 0)
        code = read_content(&reading, *bytes);
    if (code != 0 && *bytes != NULL)
        git_odb_backend_data_free(backend, *bytes);
    end(&reading);
    return code;
}

static void
loose_free(git_odb_backend *backend)
{
    Loose *loose = (Loose *)backend;

    mp_fd_clear(&loose->objects);
    g_free(loose);
}

bool
mp_loose_add(git_odb *odb, int objects)
{
    Loose *loose = g_new0(Loose, 1);

    git_odb_init_backend(&loose->backend, GIT_ODB_BACKEND_VERSION);
    loose->backend.read = read_object;
    loose->backend.read_header = read_header;
    loose->backend.free = loose_free;
    loose->objects = fcntl(objects, F_DUPFD_CLOEXEC, 0);
    if (loose->objects >= 0 && git_odb_add_backend(odb, &loose->backend, PRIORITY) == 0)
        return true;
    loose_free(&loose->backend);
    return false;
}
