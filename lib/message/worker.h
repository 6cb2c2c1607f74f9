/*
 * Work on untrusted bytes, done in a child process that can do nothing else.
 *
 * The child is this program again, started by exec: it has no key, no lock, no descriptor but its
 * socket, no environment, and dies with its parent. Before the first byte from outside it locks
 * itself in (sandbox.h). A request that crashes it, stalls it or takes too much fails alone: the
 * child is killed, and a new one does the next request.
 *
 * Requests are answered in the order in which they were sent. To keep both processes busy, send
 * one more before taking an answer:
 *
 *     mp_worker_send_parse(worker, fd[0], NULL, &error);
 *     for (i = 0; i < n; i++) {
 *         if (i + 1 < n)
 *             mp_worker_send_parse(worker, fd[i + 1], NULL, &error);
 *         message = mp_worker_receive_message(worker, &fault, &error);
 *     }
 *
 * A worker belongs to the thread that made it: if that thread ends, the kernel kills the child.
 */
#pragma once

#include "message/message.h"

#include <glib.h>
#include <stdbool.h>

/* ---- the parent's side ---- */

typedef struct MpWorker MpWorker;

/* What one request may take. */
typedef struct {
    guint wall_ms;
    guint cpu_ms;
    gsize memory; /* over what the process has at its start, and over the size of the request */
} MpWorkerBudget;

/* DESIGN section 13: 10 s, 2 s, 64 MiB. */
extern const MpWorkerBudget mp_worker_budget_default;

/*
 * argv starts the child, argv[0] being the file to execute: {"/proc/self/exe", "worker", NULL}.
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
 * from its beginning. args (NULL: none) is taken, if floating. The descriptor is duplicated, so the
 * caller may close it. Never waits. MP_ERROR_TEMPORARY if there can be no child; MP_ERROR_INPUT if
 * fd is not a regular file: then nothing was sent.
 */
bool
mp_worker_send(MpWorker *worker, const char *operation, GVariant *args, int fd, GError **error);

/*
 * The answer to the oldest request, which is the caller's. NULL and
 * - MP_ERROR_INPUT with the fault that the operation reported, or MP_FAULT_UNPARSABLE if it did not
 *   survive: the other requests go on. A crash is tried again in a new child before it counts,
 *   since the culprit may have been the request before, or the kernel, short of memory;
 * - MP_ERROR_TEMPORARY with MP_FAULT_PASSING if the child could not read the file (EIO, no
 *   descriptor, the file was cut meanwhile) or its socket: this request may fare better in a later
 *   run, the others go on;
 * - MP_ERROR_TEMPORARY with MP_FAULT_NONE if no child can be started: all requests are dropped.
 * The answer's type is as the child says: check it, and believe nothing in it.
 */
GVariant *mp_worker_receive(MpWorker *worker, MpMessageFault *fault, GError **error);

/* Send and receive in one; no other request may be under way. */
GVariant *mp_worker_call(MpWorker *worker, const char *operation, GVariant *args, int fd,
                         MpMessageFault *fault, GError **error);

/* Requests sent and not received. */
guint mp_worker_pending(const MpWorker *worker);

/* The operation "parse", and its answer believed as far as mp_message_from_variant does. */
bool mp_worker_send_parse(MpWorker *worker, int fd, const MpLimits *limits, GError **error);
MpMessage *mp_worker_receive_message(MpWorker *worker, MpMessageFault *fault, GError **error);
MpMessage *mp_worker_parse(MpWorker *worker, int fd, const MpLimits *limits, MpMessageFault *fault,
                           GError **error);

/* A descriptor of a file in memory with these bytes, for mp_worker_send; the caller closes it. */
int mp_worker_memory_file(const void *bytes, gsize length, GError **error);

/* What protects from the child (sandbox.h: MP_SANDBOX_…), once it has answered; 0 before. To be
 * logged once if it is less than MP_SANDBOX_WHOLE. */
guint mp_worker_sandbox(const MpWorker *worker);

/* How many children were started, and how many of them were killed or died. */
guint mp_worker_starts(const MpWorker *worker);

/* ---- the child's side ---- */

typedef struct {
    GVariant *args; /* of the type that `args` in the operation's row says; NULL if that is NULL */
    const char *bytes; /* of the file, NULL without one */
    gsize length;
} MpWorkerRequest;

/* One thing the child can do; a table of them ends with a row whose name is NULL. */
typedef struct {
    const char *name;
    const char *args; /* GVariant type of its arguments, NULL if it takes none */

    /* Returns the answer (floating is fine), or NULL and an error; a fault is told by its first
     * word (mp_message_fault). Runs inside the sandbox: no files, no clock zone, no new code. */
    GVariant *(*run)(const MpWorkerRequest *request, GError **error);

    /* Called once before the sandbox closes, may be NULL: load files, compile patterns with JIT. */
    void (*prepare)(void);
} MpWorkerOperation;

/* The row for "parse": {"parse", MP_WORKER_PARSE_ARGS, mp_worker_run_parse,
 * mp_worker_prepare_parse}. */
#define MP_WORKER_PARSE_ARGS "ay"
GVariant *mp_worker_run_parse(const MpWorkerRequest *request, GError **error);
void mp_worker_prepare_parse(void);
/* Releases of clang-format disagree about this. */
/* clang-format off */
#define MP_WORKER_PARSE {"parse", MP_WORKER_PARSE_ARGS, mp_worker_run_parse, mp_worker_prepare_parse}
/* clang-format on */

/* Where the child finds its socket. */
#define MP_WORKER_SOCKET 3

/* The child's main: serves requests until the parent is gone, and gives the exit status. */
int mp_worker_main(int socket, const MpWorkerOperation *operations);
