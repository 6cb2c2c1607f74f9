/* Locks; see lock.h. */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

struct MpLock {
    int fd;
};

bool
mp_lock_descriptor(int fd, MpLockMode mode)
{
    int operation = mode == MP_LOCK_TRY ? LOCK_EX | LOCK_NB : LOCK_EX;
    int rc;

    do
        rc = flock(fd, operation);
    while (rc < 0 && errno == EINTR);
    return rc == 0;
}

static MpLock *
lock_descriptor(int *fd, const char *path, MpLockMode mode, GError **error)
{
    if (*fd < 0)
        return mp_fail_errno_null(error, "cannot open the lock %s", path);
    if (!mp_lock_descriptor(*fd, mode)) {
        if (mode == MP_LOCK_TRY && errno == EWOULDBLOCK)
            return NULL;
        return mp_fail_errno_null(error, "cannot lock %s", path);
    }
    MpLock *lock = g_new0(MpLock, 1);
    lock->fd = g_steal_fd(fd);
    return lock;
}

MpLock *
mp_lock_take(const char *path, MpLockMode mode, GError **error)
{
    g_auto(MpFd) fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    return lock_descriptor(&fd, path, mode, error);
}

MpLock *
mp_lock_take_directory(const char *path, MpLockMode mode, GError **error)
{
    g_auto(MpFd) fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return lock_descriptor(&fd, path, mode, error);
}

void
mp_lock_stamp(const MpLock *lock)
{
    (void)futimens(lock->fd, NULL); /* what is only looked at stops no run */
}

void
mp_lock_release(MpLock *lock)
{
    if (lock == NULL)
        return;
    close(lock->fd);
    g_free(lock);
}
