/* Locks: flock(2) on a file, which the kernel releases when the process dies. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct MpLock MpLock;

typedef enum { MP_LOCK_TRY, MP_LOCK_WAIT } MpLockMode;

/*
 * Takes the lock, creating the file if need be. MP_LOCK_TRY returns NULL with *error unset if
 * another process has it; MP_LOCK_WAIT waits. The descriptor is close-on-exec: no child program
 * inherits it.
 */
MpLock *mp_lock_take(const char *path, MpLockMode mode, GError **error);

/* The same of a file that is open: no lock is made, the descriptor holds it. False, with errno set
 * (EWOULDBLOCK if another process has it), where it was not to be had. */
bool mp_lock_descriptor(int fd, MpLockMode mode);

/* Sets the file's time of modification: by that of its lock a run is known to have begun. */
void mp_lock_stamp(const MpLock *lock);

/* The same on a directory that is there, and nothing is made in it. */
MpLock *mp_lock_take_directory(const char *path, MpLockMode mode, GError **error);

void mp_lock_release(MpLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpLock, mp_lock_release)
