/* Whether two files are one mail; see same.h. */
#include "maildir/same.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define CHUNK 65536

static ssize_t
read_chunk(int fd, char *buffer, off_t at)
{
    ssize_t n;

    do
        n = pread(fd, buffer, CHUNK, at);
    while (n < 0 && errno == EINTR);
    return n;
}

static bool
compare(int a, int b, bool *same, GError **error)
{
    char x[CHUNK], y[CHUNK];
    off_t at = 0;

    for (;;) {
        ssize_t n = read_chunk(a, x, at), m = read_chunk(b, y, at);

        if (n < 0 || m < 0)
            return mp_fail_errno(error, "cannot compare two mails");
        *same = n == m && memcmp(x, y, (gsize)n) == 0;
        if (!*same || n == 0)
            return true;
        at += n;
    }
}

bool
mp_same_content(int fd, int directory, const char *name, bool *same, GError **error)
{
    struct stat a, b;

    *same = false;
    if (fstat(fd, &a) < 0 || fstatat(directory, name, &b, AT_SYMLINK_NOFOLLOW) < 0)
        return mp_fail_errno(error, "cannot look at %s", name);
    if (a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
        *same = true;
        return true;
    }
    if (!S_ISREG(b.st_mode) || a.st_size != b.st_size)
        return true;
    g_auto(MpFd) other = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (other < 0)
        return mp_fail_errno(error, "cannot open %s", name);
    return compare(fd, other, same, error);
}
