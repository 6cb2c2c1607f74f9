/* The parent's side of worker.h: requests in a queue, one child, and what becomes of both. */
#include "worker/worker.h"
#include "worker/internal.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DRAINED_MAX (8 * 1024 * 1024) /* octets of answers that wait here; then the child waits */

const MpWorkerBudget mp_worker_budget_default = {
    .wall_ms = 10 * 1000,
    .cpu_ms = 2 * 1000,
    .memory = 64 * 1024 * 1024,
};

static void
request_free(MpWorkerItem *request)
{
    g_byte_array_unref(request->frame);
    g_clear_pointer(&request->answer, g_bytes_unref);
    mp_fd_clear(&request->fd);
    g_free(request);
}

MpWorker *
mp_worker_new(const char *const *argv)
{
    MpWorker *worker = g_new0(MpWorker, 1);

    worker->argv = g_strdupv((char **)(gsize)argv);
    worker->budget = mp_worker_budget_default;
    worker->socket = -1;
    worker->in = g_byte_array_new();
    g_queue_init(&worker->requests);
    g_queue_init(&worker->drained);
    return worker;
}

void
mp_worker_set_budget(MpWorker *worker, const MpWorkerBudget *budget)
{
    worker->budget = *budget;
}

guint
mp_worker_pending(const MpWorker *worker)
{
    return worker->requests.length + worker->drained.length;
}

gsize
mp_worker_pending_size(const MpWorker *worker)
{
    return worker->asked_size;
}

guint64
mp_worker_last(const MpWorker *worker)
{
    return worker->n_asked;
}

guint64
mp_worker_next(const MpWorker *worker)
{
    const GList *first =
        worker->drained.head != NULL ? worker->drained.head : worker->requests.head;

    return first != NULL ? ((const MpWorkerItem *)first->data)->number : 0;
}

guint
mp_worker_sandbox(const MpWorker *worker)
{
    return worker->sandbox;
}

guint
mp_worker_starts(const MpWorker *worker)
{
    return worker->starts;
}

static void
ask_anew(const GQueue *items)
{
    for (GList *link = items->head; link != NULL; link = link->next)
        ((MpWorkerItem *)link->data)->sent = 0;
}

static void
forget_child(MpWorker *worker)
{
    mp_fd_clear(&worker->socket);
    worker->pid = 0;
    worker->is_greeted = false;
    worker->limit = 0;
    g_byte_array_set_size(worker->in, 0);
    ask_anew(&worker->requests);
    ask_anew(&worker->drained); /* where an answer is not believed */
}

static void
kill_child(MpWorker *worker)
{
    MpWorkerDeath death;

    if (worker->pid == 0)
        return;
    kill(worker->pid, SIGKILL);
    g_free(mp_worker_reap(worker->pid, &death));
    forget_child(worker);
}

static void
drop_all(MpWorker *worker)
{
    g_queue_clear_full(&worker->requests, (GDestroyNotify)request_free);
    g_queue_clear_full(&worker->drained, (GDestroyNotify)request_free);
    worker->drained_size = worker->asked_size = 0;
}

void
mp_worker_drop(MpWorker *worker)
{
    kill_child(worker);
    drop_all(worker);
}

void
mp_worker_free(MpWorker *worker)
{
    if (worker == NULL)
        return;
    mp_worker_drop(worker);
    g_byte_array_unref(worker->in);
    g_strfreev(worker->argv);
    g_free(worker);
}

/* ---- requests ---- */

static void
drop_oldest(MpWorker *worker)
{
    MpWorkerItem *oldest = g_queue_pop_head(&worker->requests);

    worker->asked_size -= oldest->frame->len;
    request_free(oldest);
}

static GByteArray *
frame_of(const char *operation, bool has_file, gsize size, guint cpu_ms, const GByteArray *args)
{
    GByteArray *frame = mp_worker_frame_new(64 + (args != NULL ? args->len : 0));

    mp_frame_add_text(frame, operation);
    mp_frame_add_flag(frame, has_file);
    mp_frame_add_number(frame, size);
    mp_frame_add_number(frame, cpu_ms);
    if (args != NULL)
        g_byte_array_append(frame, args->data, args->len);
    mp_worker_frame_end(frame);
    return frame;
}

static bool
measure(int fd, gsize *size, GError **error)
{
    struct stat st;

    *size = 0;
    if (fd < 0)
        return true;
    if (fstat(fd, &st) != 0)
        return mp_fail_errno(error, "cannot examine the file");
    if (!S_ISREG(st.st_mode))
        return mp_fail(error, MP_ERROR_INPUT, "not a regular file");
    *size = (gsize)st.st_size;
    return true;
}

static bool
ensure_child(MpWorker *worker, GError **error)
{
    if (worker->pid != 0)
        return true;
    if (!mp_worker_spawn((const char *const *)worker->argv, &worker->pid, &worker->socket, error)) {
        worker->pid = 0;
        return false;
    }
    worker->starts++;
    return true;
}

void
mp_worker_start(MpWorker *worker)
{
    (void)ensure_child(worker, NULL);
}

bool
mp_worker_send_start(MpWorker *worker, const char *operation, const GByteArray *args, int fd,
                     gsize most, GError **error)
{
    gsize size;

    if (!measure(fd, &size, error))
        return false;
    size = MIN(size, most);
    /* bytes that nobody asked for: this child is no longer ours */
    if (worker->requests.length == 0 && worker->in->len > 0)
        kill_child(worker);
    if (!ensure_child(worker, error))
        return false;
    int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0 && copy < 0)
        return mp_fail(error, MP_ERROR_TEMPORARY, "cannot hand a file to the worker: %s",
                       g_strerror(errno));

    MpWorkerItem *request = g_new0(MpWorkerItem, 1);
    *request = (MpWorkerItem){
        .frame = frame_of(operation, fd >= 0, size, worker->budget.cpu_ms, args),
        .fd = copy,
        .memory = worker->budget.memory + size + (args != NULL ? args->len : 0),
        .number = ++worker->n_asked,
    };
    worker->asked_size += request->frame->len;
    g_queue_push_tail(&worker->requests, request);
    (void)mp_worker_send_requests(worker); /* if the child is dead, mp_worker_receive finds out */
    return true;
}

bool
mp_worker_send(MpWorker *worker, const char *operation, const GByteArray *args, int fd,
               GError **error)
{
    return mp_worker_send_start(worker, operation, args, fd, G_MAXSIZE, error);
}

/* ---- answers ---- */

/* Ends the child, and tells what is to be said of it. */
static char *
end_child(MpWorker *worker, MpWorkerStep step, MpWorkerDeath *death)
{
    char *how;

    if (worker->pid == 0) { /* what is blamed was drained, and its child is gone */
        *death = MP_DEATH_BY_SIGNAL;
        return g_strdup("answered nonsense");
    }
    if (step == STEP_WAIT || step == STEP_FAILED) {
        kill_child(worker);
        *death = MP_DEATH_BY_SIGNAL;
        return g_strdup(step == STEP_WAIT ? "took too long" : "cannot be asked");
    }
    kill(worker->pid, step == STEP_DONE ? SIGKILL : 0);
    how = mp_worker_reap(worker->pid, death);
    forget_child(worker);
    return how;
}

static bool
take_greeting(MpWorker *worker)
{
    g_autoptr(GBytes) hello = mp_worker_take_frame(worker);
    MpFrameReader reader = mp_frame_read(hello);

    worker->sandbox = (guint)mp_frame_number(&reader);
    worker->own_memory = mp_frame_number(&reader);
    return mp_frame_is_read(&reader);
}

/* The first frame of a child. If there is none, no child will ever work. */
static bool
await_greeting(MpWorker *worker, gint64 deadline, GError **error)
{
    if (worker->is_greeted)
        return true;
    MpWorkerStep step = mp_worker_wait_for_frame(worker, 64, deadline);

    if (step != STEP_DONE || !take_greeting(worker)) {
        MpWorkerDeath death;
        g_autofree char *how = end_child(worker, step, &death);

        if (access(worker->argv[0], X_OK) != 0) /* as in a directory that does not let us in */
            return mp_fail(error, MP_ERROR_TEMPORARY, "the worker %s cannot be executed: %s",
                           worker->argv[0], g_strerror(errno));
        return mp_fail(error, MP_ERROR_TEMPORARY, "the worker %s does not start: it %s",
                       worker->argv[0], how);
    }
    worker->is_greeted = true;
    return true;
}

/* The operation's own error is an answer as well, in *refusal. False for what can be none. */
static bool
open_answer(GBytes *frame, MpWorkerBelieve believe, gpointer to, GError **refusal, GError **error)
{
    MpFrameReader reader = mp_frame_read(frame);
    guint64 status = mp_frame_number(&reader);

    if (status == 0 && !reader.is_broken) {
        g_autoptr(GBytes) answer =
            g_bytes_new_from_bytes(frame, sizeof status, (gsize)(reader.end - reader.at));
        return believe(answer, to, error);
    }
    const char *message = mp_frame_text(&reader);
    bool is_own = status - 1 == MP_ERROR_INPUT || status - 1 == MP_ERROR_TEMPORARY;
    if (!mp_frame_is_read(&reader) || !is_own)
        return mp_fail(error, MP_ERROR_INPUT, "the parser answered nonsense");
    *refusal = g_error_new(MP_ERROR, (gint)status - 1, "%s", message);
    return true;
}

/*
 * The oldest request ends here without an answer, or is asked again of a new child: once its end
 * may be the doing of the request before, of a kernel that is short of memory, or of a machine that
 * stood still.
 */
static bool
bury_child(MpWorker *worker, MpWorkerStep step, const GError *nonsense, MpWorkerOutcome *outcome,
           GError **error)
{
    MpWorkerItem *oldest = g_queue_peek_head(&worker->requests);
    bool is_asked = step != STEP_FAILED && oldest->sent > 0; /* else it is not to blame */
    MpWorkerDeath death;
    g_autofree char *how = end_child(worker, step, &death);

    if (++oldest->deaths < 2 && !(is_asked && death == MP_DEATH_BY_CPU))
        return true;
    drop_oldest(worker);
    *outcome = MP_WORKER_DIED;
    if (nonsense != NULL)
        return mp_fail(error, MP_ERROR_INPUT, "%s", nonsense->message);
    if (is_asked && death != MP_DEATH_BY_ITSELF)
        return mp_fail(error, MP_ERROR_INPUT, "the parser %s", how);
    *outcome = MP_WORKER_HINDERED; /* no input makes it do that, but a kernel short of memory */
    return mp_fail(error, MP_ERROR_TEMPORARY, "the worker %s", how);
}

/* The answer to the oldest request is there, and believed. */
static bool
end_request(MpWorker *worker, GError *refusal, MpWorkerOutcome *outcome, GError **error)
{
    drop_oldest(worker);
    *outcome =
        refusal != NULL && mp_error_is_temporary(refusal) ? MP_WORKER_HINDERED : MP_WORKER_ANSWERED;
    if (refusal != NULL)
        g_propagate_error(error, refusal);
    return refusal == NULL;
}

/* What holds up a request, or ends the child, is left for when its answer is asked for. */
void
mp_worker_drain(MpWorker *worker)
{
    while (worker->is_greeted && worker->requests.length > 0 &&
           worker->drained_size < DRAINED_MAX) {
        MpWorkerItem *oldest = g_queue_peek_head(&worker->requests);

        (void)mp_worker_send_requests(worker);
        if (mp_worker_receive_frame(worker, oldest->memory) != STEP_DONE)
            return;
        oldest->answer = mp_worker_take_frame(worker);
        worker->drained_size += g_bytes_get_size(oldest->answer);
        g_queue_push_tail(&worker->drained, g_queue_pop_head(&worker->requests));
    }
}

/* The answer that was taken first, whose request is the oldest again; NULL if there is none. */
static GBytes *
take_drained(MpWorker *worker)
{
    MpWorkerItem *item = g_queue_pop_head(&worker->drained);

    if (item == NULL)
        return NULL;
    worker->drained_size -= g_bytes_get_size(item->answer);
    g_queue_push_head(&worker->requests, item);
    return g_steal_pointer(&item->answer);
}

/* The next frame of a child, which is started where there is none. */
static bool
await_frame(MpWorker *worker, MpWorkerStep *step, GBytes **frame, GError **error)
{
    const MpWorkerItem *oldest = g_queue_peek_head(&worker->requests);
    gint64 deadline = g_get_monotonic_time() + (gint64)worker->budget.wall_ms * 1000;

    if (!ensure_child(worker, error) || !await_greeting(worker, deadline, error))
        return false;
    *step = mp_worker_wait_for_frame(worker, oldest->memory, deadline);
    *frame = *step == STEP_DONE ? mp_worker_take_frame(worker) : NULL;
    return true;
}

bool
mp_worker_receive(MpWorker *worker, MpWorkerBelieve believe, gpointer to, MpWorkerOutcome *outcome,
                  GError **error)
{
    MpWorkerOutcome ignored;
    GBytes *drained = take_drained(worker);

    outcome = outcome == NULL ? &ignored : outcome;
    *outcome = MP_WORKER_UNAVAILABLE;
    if (worker->requests.length == 0)
        return mp_fail(error, MP_ERROR_INSTALLATION, "nothing was asked of the worker");

    while (true) {
        g_autoptr(GBytes) frame = g_steal_pointer(&drained);
        g_autoptr(GError) nonsense = NULL;
        MpWorkerStep step = STEP_DONE;
        GError *refusal = NULL;

        if (frame == NULL && !await_frame(worker, &step, &frame, error)) {
            drop_all(worker);
            return false;
        }
        if (frame != NULL && open_answer(frame, believe, to, &refusal, &nonsense))
            return end_request(worker, refusal, outcome, error);
        if (!bury_child(worker, step, nonsense, outcome, error))
            return false;
    }
}
