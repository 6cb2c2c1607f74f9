/* Inside of the room: what goes over the socket between parent and child, and how a child is
 * started. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "worker/worker.h"

/* Before what a frame holds (frame.h); both ends are the same program on the same machine. */
typedef struct {
    guint32 magic, version;
    guint64 length;
} MpFrameHead;

#define MP_FRAME_MAGIC   0x4d504c58U
#define MP_FRAME_VERSION 1

/*
 * The first frame from the child: flags of its sandbox, and its address space before any request;
 * two numbers.
 *
 * A request: the operation's name, whether there is a file, its size, the processor time in ms; and
 * the arguments. With a file its descriptor comes with the first byte.
 *
 * An answer: 0, and what the operation answers; or 1 + MpErrorKind, which is that the input is at
 * fault or that it may work later, and the error's message.
 */

/* A frame that is empty yet, with room for its head; the caller's. */
GByteArray *mp_worker_frame_new(gsize room);

/* Writes the head, once all is in it. */
void mp_worker_frame_end(GByteArray *frame);

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

/* --- The parent's side ----------------------------------------------------------------------- */

/* Kept whole until it is answered, so that another child can be asked again. */
typedef struct {
    GByteArray *frame;
    gsize sent; /* of the frame, to the present child */
    int fd;
    gsize memory;   /* that it may take, and the most bytes that its answer can have */
    guint deaths;   /* of children that it was put to */
    guint64 number; /* of all requests */
    GBytes *answer; /* of one that is drained */
} MpWorkerItem;

struct MpWorker {
    char **argv;
    MpWorkerBudget budget;
    GQueue requests;    /* MpWorkerItem *, the oldest first */
    GQueue drained;     /* those that were before them, answered but not asked for yet */
    gsize drained_size; /* octets of the answers */
    gsize asked_size;   /* octets of the requests, of those as well */
    guint64 n_asked;    /* requests so far */
    pid_t pid;          /* 0: no child */
    int socket;
    bool is_greeted;    /* this child has said what its sandbox is */
    GByteArray *in;     /* the frame that is being received */
    guint64 own_memory; /* of this child: its address space at the start */
    rlim_t limit;       /* of this child: what its address space is limited to; 0: nothing */
    guint sandbox, starts;
};

/* --- socket.c --- */

typedef enum {
    STEP_DONE,
    STEP_WAIT,
    STEP_DEAD,   /* the child has ended, or must */
    STEP_FAILED, /* the socket cannot be used, by no fault of the child: no memory, mostly */
} MpWorkerStep;

/* Sends of all requests what the socket takes, as far as they may begin. */
MpWorkerStep mp_worker_send_requests(MpWorker *worker);

/* Sends and receives until a frame of at most `most` bytes is there; STEP_WAIT if it is not there
 * in time, STEP_DEAD also for what is none. */
MpWorkerStep mp_worker_wait_for_frame(MpWorker *worker, gsize most, gint64 deadline);

/* Receives what is there of a frame: STEP_DONE when it is whole, STEP_WAIT when more is to come,
 * STEP_DEAD also for one that is none or is longer than `most`. */
MpWorkerStep mp_worker_receive_frame(MpWorker *worker, gsize most);

/* What that frame holds, and room for the next one. */
GBytes *mp_worker_take_frame(MpWorker *worker);
