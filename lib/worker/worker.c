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

const MpWorkerBudget mp_worker_budget_default = {
    .wall_ms = 10 * 1000,
    .cpu_ms = 2 * 1000,
    .memory = 64 * 1024 * 1024,
};

static void
request_free(MpWorkerItem *request)
{
    g_byte_array_unref(request->frame);
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
    return worker->requests.length;
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
forget_child(MpWorker *worker)
{
    mp_fd_clear(&worker->socket);
    worker->pid = 0;
    worker->is_greeted = false;
    worker->limit = 0;
    g_byte_array_set_size(worker->in, 0);
    for (GList *link = worker->requests.head; link != NULL; link = link->next)
        ((MpWorkerItem *)link->data)->sent = 0;
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

void
mp_worker_free(MpWorker *worker)
{
    if (worker == NULL)
        return;
    kill_child(worker);
    g_queue_clear_full(&worker->requests, (GDestroyNotify)request_free);
    g_byte_array_unref(worker->in);
    g_strfreev(worker->argv);
    g_free(worker);
}

/* ---- requests ---- */

static void
drop_oldest(MpWorker *worker)
{
    request_free(g_queue_pop_head(&worker->requests));
}

static GByteArray *
frame_of(GVariant *value)
{
    gsize length = g_variant_get_size(value);
    MpFrame frame = {MP_FRAME_MAGIC, MP_FRAME_VERSION, length};
    GByteArray *bytes = g_byte_array_sized_new((guint)(sizeof frame + length));

    g_byte_array_append(bytes, (const guint8 *)&frame, sizeof frame);
    g_byte_array_append(bytes, g_variant_get_data(value), (guint)length);
    return bytes;
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
mp_worker_send_start(MpWorker *worker, const char *operation, GVariant *args, int fd, gsize most,
                     GError **error)
{
    g_autoptr(GVariant) taken = g_variant_ref_sink(args == NULL ? g_variant_new("()") : args);
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

    gsize memory = worker->budget.memory + size + g_variant_get_size(taken);
    g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_new(
        MP_REQUEST_TYPE, operation, fd >= 0, (guint64)size, worker->budget.cpu_ms, taken));
    MpWorkerItem *request = g_new0(MpWorkerItem, 1);
    *request = (MpWorkerItem){.frame = frame_of(value), .fd = copy, .memory = memory};
    g_queue_push_tail(&worker->requests, request);
    (void)mp_worker_send_requests(worker); /* if the child is dead, mp_worker_receive finds out */
    return true;
}

bool
mp_worker_send(MpWorker *worker, const char *operation, GVariant *args, int fd, GError **error)
{
    return mp_worker_send_start(worker, operation, args, fd, G_MAXSIZE, error);
}

/* ---- answers ---- */

static bool
give_up(MpWorkerOutcome *outcome, GError **error, const char *what)
{
    *outcome = MP_WORKER_DIED;
    return mp_fail(error, MP_ERROR_INPUT, "the parser %s", what);
}

/* Ends the child, and tells what is to be said of it. */
static char *
end_child(MpWorker *worker, MpWorkerStep step, MpWorkerDeath *death)
{
    char *how;

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

/* The first frame of a child. If there is none, no child will ever work. */
static bool
await_greeting(MpWorker *worker, gint64 deadline, GError **error)
{
    if (worker->is_greeted)
        return true;
    MpWorkerStep step = mp_worker_wait_for_frame(worker, 64, deadline);
    g_autoptr(GVariant) hello =
        step == STEP_DONE ? mp_worker_take_frame(worker, MP_HELLO_TYPE) : NULL;

    if (hello == NULL) {
        MpWorkerDeath death;
        g_autofree char *how = end_child(worker, step, &death);

        return mp_fail(error, MP_ERROR_TEMPORARY, "the worker %s does not start: it %s",
                       worker->argv[0], how);
    }
    g_variant_get(hello, MP_HELLO_TYPE, &worker->sandbox, &worker->own_memory);
    worker->is_greeted = true;
    return true;
}

static GVariant *
open_answer(GVariant *answer, MpWorkerOutcome *outcome, GError **error)
{
    guint32 status;
    const char *message;
    g_autoptr(GVariant) result = NULL;

    g_variant_get(answer, "(u&sv)", &status, &message, &result);
    if (status == 0)
        return g_steal_pointer(&result);
    if (status - 1 > MP_ERROR_INSTALLATION)
        return give_up(outcome, error, "answered nonsense"), NULL;

    g_autoptr(GError) why = g_error_new(MP_ERROR, (gint)status - 1, "%s", message);
    *outcome = mp_error_is_temporary(why) ? MP_WORKER_HINDERED : MP_WORKER_ANSWERED;
    g_propagate_error(error, g_steal_pointer(&why));
    return NULL;
}

/*
 * The oldest request ends here without an answer, or is asked again of a new child: once its end
 * may be the doing of the request before, of a kernel that is short of memory, or of a machine that
 * stood still.
 */
static bool
bury_child(MpWorker *worker, MpWorkerStep step, MpWorkerOutcome *outcome, GError **error)
{
    MpWorkerItem *oldest = g_queue_peek_head(&worker->requests);
    bool is_asked = step != STEP_FAILED && oldest->sent > 0; /* else it is not to blame */
    MpWorkerDeath death;
    g_autofree char *how = end_child(worker, step, &death);

    if (++oldest->deaths < 2 && !(is_asked && death == MP_DEATH_BY_CPU))
        return true;
    drop_oldest(worker);
    if (is_asked && death != MP_DEATH_BY_ITSELF)
        return give_up(outcome, error, how);
    *outcome = MP_WORKER_HINDERED; /* no input makes it do that, but a kernel short of memory */
    return mp_fail(error, MP_ERROR_TEMPORARY, "the worker %s", how);
}

GVariant *
mp_worker_receive(MpWorker *worker, MpWorkerOutcome *outcome, GError **error)
{
    MpWorkerOutcome ignored;
    MpWorkerItem *oldest = g_queue_peek_head(&worker->requests);

    outcome = outcome == NULL ? &ignored : outcome;
    *outcome = MP_WORKER_UNAVAILABLE;
    if (oldest == NULL)
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "nothing was asked of the worker");

    while (true) {
        gint64 deadline = g_get_monotonic_time() + (gint64)worker->budget.wall_ms * 1000;
        if (!ensure_child(worker, error) || !await_greeting(worker, deadline, error)) {
            g_queue_clear_full(&worker->requests, (GDestroyNotify)request_free);
            return NULL;
        }
        MpWorkerStep step = mp_worker_wait_for_frame(worker, oldest->memory, deadline);
        g_autoptr(GVariant) answer =
            step == STEP_DONE ? mp_worker_take_frame(worker, MP_ANSWER_TYPE) : NULL;
        if (answer != NULL) {
            drop_oldest(worker);
            *outcome = MP_WORKER_ANSWERED;
            return open_answer(answer, outcome, error);
        }
        if (!bury_child(worker, step, outcome, error))
            return NULL;
    }
}
