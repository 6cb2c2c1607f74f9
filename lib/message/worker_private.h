/* What goes over the socket between worker.c and worker_main.c, and how a child is started. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Before each value; both ends are the same program on the same machine. */
typedef struct {
    guint32 magic, version;
    guint64 length;
} MpFrame;

#define MP_FRAME_MAGIC   0x4d504c58U
#define MP_FRAME_VERSION 1

/* The first frame from the child: flags of its sandbox, and its address space before any mail. */
#define MP_HELLO_TYPE "(ut)"

/* operation, has a file, size of the file, CPU in ms, arguments (unit if none). With a file its
 * descriptor comes with the first byte. */
#define MP_REQUEST_TYPE "(sbtuv)"

/* 0 or 1 + MpErrorKind, the error's message or "", the answer (unit if none). */
#define MP_ANSWER_TYPE "(usv)"

/* Starts argv with the other end of *socket as its MP_WORKER_SOCKET, nothing else open, and an
 * empty environment; it dies with this thread. */
bool mp_worker_spawn(const char *const *argv, pid_t *pid, int *socket, GError **error);

typedef enum {
    MP_DEATH_BY_SIGNAL, /* a crash, or killed here */
    MP_DEATH_BY_CPU,    /* its processor time was over */
    MP_DEATH_BY_ITSELF, /* it ended as a program does: its socket failed it */
} MpWorkerDeath;

/* Kills the child, waits for it, and tells how it had ended if it had: "was killed by signal 11".
 */
char *mp_worker_reap(pid_t pid, MpWorkerDeath *death);
