/*
 * Locks the calling process in before it reads its first untrusted byte: afterwards it can compute,
 * use the descriptors it has, and exit. It can change no limit of its own any more: its parent sets
 * that of its memory. What the kernel lacks is left out and said.
 */
#pragma once

#include <glib.h>

enum {
    MP_SANDBOX_LANDLOCK = 1 << 0, /* no file system, no TCP, no signals to others */
    MP_SANDBOX_SECCOMP = 1 << 1,  /* an allow-list of system calls */
    MP_SANDBOX_MEMORY = 1 << 2,   /* the address space can be limited, from outside */
    MP_SANDBOX_WHOLE = (1 << 3) - 1,
};

/* Enters; there is no way back. Gives what is in force. Resource limits always are. */
guint mp_sandbox_enter(void);
