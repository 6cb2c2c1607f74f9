/*
 * Work on untrusted bytes, done in a child process that can do nothing else.
 *
 * The child is a program of its own, started by exec: it has no key, no lock, no descriptor but its
 * socket, no environment, and dies with its parent. Before the first byte from outside it locks
 * itself in (sandbox.h). A request that crashes it, stalls it or takes too much fails alone: the
 * child is killed, and a new one does the next request.
 *
 * Requests are answered in the order in which they were sent. To keep both processes busy, send
 * one more before taking an answer:
 *
 *     mp_worker_send(worker, "parse", args, fd[0], &error);
 *     for (i = 0; i < n; i++) {
 *         if (i + 1 < n)
 *             mp_worker_send(worker, "parse", args, fd[i + 1], &error);
 *         good = mp_worker_receive(worker, believe, &result, &outcome, &error);
 *     }
 *
 * A worker belongs to the thread that made it: if that thread ends, the kernel kills the child.
 */
#pragma once

#include "worker/frame.h"

/* ---- the parent's side ---- */

typedef struct MpWorker MpWorker;

/* The resources that one request may take. */
typedef struct {
    guint wall_ms;
    guint cpu_ms;
    gsize memory; /* over what the process has at its start, and over the size of the request */
} MpWorkerBudget;

/* 10 s, 2 s, 64 MiB. */
extern const MpWorkerBudget mp_worker_budget_default;

/*
 * argv starts the child, argv[0] being the file to execute.
 * Nothing is started before the first request.
 */
MpWorker *mp_worker_new(const char *const *argv);
void mp_worker_free(MpWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpWorker, mp_worker_free)

/* Starts the child before it is needed, so that it gets ready beside what the caller does. Should
 * it fail, the first request tries again and tells why. */
void mp_worker_start(MpWorker *worker);

void mp_worker_set_budget(MpWorker *worker, const MpWorkerBudget *budget);

/*
 * Asks for one operation on what is in the file `fd` (-1: none), a regular file or a memfd, read
 * from its beginning. args (NULL: none; frame.h) stays the caller's. The descriptor is duplicated,
 * so the caller may close it. Never waits. MP_ERROR_TEMPORARY if there can be no child;
 * MP_ERROR_INPUT if fd is not a regular file: then nothing was sent.
 */
bool mp_worker_send(MpWorker *worker, const char *operation, const GByteArray *args, int fd,
                    GError **error);

/* The same, of the first `most` bytes of the file. */
bool mp_worker_send_start(MpWorker *worker, const char *operation, const GByteArray *args, int fd,
                          gsize most, GError **error);

typedef enum {
    MP_WORKER_ANSWERED,    /* it gave an answer, or reported an error */
    MP_WORKER_DIED,        /* the child did not survive the request, or answered nonsense */
    MP_WORKER_HINDERED,    /* the child could not read the file, or its socket failed */
    MP_WORKER_UNAVAILABLE, /* no child can be started */
} MpWorkerOutcome;

/*
 * Makes of an answer what the caller needs, `to` being the caller's, and believes nothing of it:
 * false and MP_ERROR_INPUT if it is none that this operation can give. Who wants to keep texts of
 * it keeps the bytes.
 */
typedef bool (*MpWorkerBelieve)(GBytes *answer, gpointer to, GError **error);

/*
 * Takes the answer to the oldest request. False and
 * - the operation's own error, with MP_WORKER_ANSWERED: the other requests go on;
 * - MP_ERROR_INPUT with MP_WORKER_DIED: the other requests go on. A crash, no answer in time, or
 * one that is not believed, is tried again in a new child before it counts, since the request
 * before may have caused it, a kernel short of memory, or a machine that stood still;
 * - MP_ERROR_TEMPORARY with MP_WORKER_HINDERED (EIO, no descriptor, the file was cut meanwhile):
 *   this request may fare better in a later run, the others go on;
 * - MP_ERROR_TEMPORARY with MP_WORKER_UNAVAILABLE: all requests are dropped.
 * `outcome` may be NULL.
 */
bool mp_worker_receive(MpWorker *worker, MpWorkerBelieve believe, gpointer to,
                       MpWorkerOutcome *outcome, GError **error);

/* Takes answers that are there already, for mp_worker_receive() to give: the child stops when the
 * socket is full of them. Does not wait. To be called now and then by whoever has other work while
 * many requests are under way. */
void mp_worker_drain(MpWorker *worker);

/* Ends the child, and drops all that was asked: for who cannot take the answers any more. */
void mp_worker_drop(MpWorker *worker);

/* Requests sent and not received, and the octets that they keep. */
guint mp_worker_pending(const MpWorker *worker);
gsize mp_worker_pending_size(const MpWorker *worker);

/* The number of the last request, and of the one whose answer is the next (0: none): for who asks
 * much ahead, and must not take one answer for another. */
guint64 mp_worker_last(const MpWorker *worker);
guint64 mp_worker_next(const MpWorker *worker);

/* The protections in force around the child (sandbox.h: MP_SANDBOX_…), once it has answered; 0
 * before. To be logged once if it is less than MP_SANDBOX_WHOLE. */
guint mp_worker_sandbox(const MpWorker *worker);

/* How many children were started, and how many of them were killed or died. */
guint mp_worker_starts(const MpWorker *worker);

/* ---- the child's side ---- */

typedef struct {
    MpFrameReader *args;
    const char *bytes; /* of the file, NULL without one */
    gsize length;
} MpWorkerRequest;

/* One thing the child can do; a table of them ends with a row whose name is NULL. */
typedef struct {
    const char *name;

    /* Reads the arguments, to their end, and adds the answer to the frame; false and an error,
     * whatever was added: MP_ERROR_INPUT or MP_ERROR_TEMPORARY, as the parent believes no other.
     * Runs inside the sandbox: no files, no clock zone, no new code. */
    bool (*run)(const MpWorkerRequest *request, GByteArray *answer, GError **error);

    /* Called once before the sandbox closes, may be NULL: load files, compile patterns with JIT. */
    void (*prepare)(void);
} MpWorkerOperation;

/* The descriptor of the child's socket. */
#define MP_WORKER_SOCKET 3

/* The child's main: serves requests until the parent is gone, and gives the exit status. */
int mp_worker_main(int socket, const MpWorkerOperation *operations);
