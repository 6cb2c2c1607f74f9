/* The parent's side of worker.h: requests in a queue, one child, and what becomes of both. */
#include "message/worker.h"
#include "message/sandbox.h"
#include "message/worker_private.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

const MpWorkerBudget mp_worker_budget_default = {
    .wall_ms = 10 * 1000,
    .cpu_ms = 2 * 1000,
    .memory = 64 * 1024 * 1024,
};

/* Kept whole until it is answered, so that another child can be asked again. */
typedef struct {
    GByteArray *frame;
    gsize sent; /* of the frame, to the present child */
    int fd;
    gsize memory; /* that it may take, and the most bytes that its answer can have */
    guint deaths; /* of children that it was put to */
} Request;

struct MpWorker {
    char **argv;
    MpWorkerBudget budget;
    GQueue requests; /* Request *, the oldest first */
    pid_t pid;       /* 0: no child */
    int socket;
    bool is_greeted;    /* this child has said what its sandbox is */
    GByteArray *in;     /* the frame that is being received */
    guint64 own_memory; /* of this child: its address space at the start */
    rlim_t limit;       /* of this child: what its address space is limited to; 0: nothing */
    guint sandbox, starts;
};

static void
request_free(Request *request)
{
    g_byte_array_unref(request->frame);
    if (request->fd >= 0)
        close(request->fd);
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
    close(worker->socket);
    worker->socket = -1;
    worker->pid = 0;
    worker->is_greeted = false;
    worker->limit = 0;
    g_byte_array_set_size(worker->in, 0);
    for (GList *link = worker->requests.head; link != NULL; link = link->next)
        ((Request *)link->data)->sent = 0;
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

/* ---- the socket ---- */

typedef enum { STEP_DONE, STEP_WAIT, STEP_DEAD } Step;

static ssize_t
send_some(const MpWorker *worker, const Request *request)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};
    struct iovec part = {request->frame->data + request->sent, request->frame->len - request->sent};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (request->sent == 0 && request->fd >= 0) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(header), &request->fd, sizeof(int));
    }
    return sendmsg(worker->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool
must_wait(void)
{
    /* ETOOMANYREFS: too many descriptors under way, until the child takes some */
    return errno == EAGAIN || errno == EINTR || errno == ETOOMANYREFS || errno == ENOBUFS;
}

/*
 * The child's memory is limited from here, since a child that is taken over would lift a limit that
 * it could set. A limit is for one request, whatever is asked beside it, so that a request with
 * another one waits until those before it are answered.
 */
static bool
may_begin(MpWorker *worker, const Request *request)
{
    /* in whole MiB, so that one mail after the other needs no new limit */
    rlim_t most = worker->own_memory + ((request->memory >> 20) + 1) * (1 << 20);
    const struct rlimit limits = {most, RLIM_INFINITY};

    if (!worker->is_greeted)
        return false;
    if (most == worker->limit || (worker->sandbox & MP_SANDBOX_MEMORY) == 0)
        return true;
    if (request != g_queue_peek_head(&worker->requests))
        return false;
    if (prlimit(worker->pid, RLIMIT_AS, &limits, NULL) != 0)
        worker->sandbox &= ~(guint)MP_SANDBOX_MEMORY;
    worker->limit = most;
    return true;
}

/* Sends of all requests what the socket takes, as far as they may begin. */
static Step
send_requests(MpWorker *worker)
{
    for (GList *link = worker->requests.head; link != NULL; link = link->next) {
        Request *request = link->data;
        if (request->sent == 0 && !may_begin(worker, request))
            break;
        while (request->sent < request->frame->len) {
            ssize_t count = send_some(worker, request);
            if (count <= 0)
                return must_wait() ? STEP_WAIT : STEP_DEAD;
            request->sent += (gsize)count;
        }
    }
    return STEP_DONE;
}

/* STEP_DONE when the frame is whole, STEP_DEAD also for one that is none or is longer than `most`.
 */
static Step
receive_frame(MpWorker *worker, gsize most)
{
    while (true) {
        const MpFrame *frame = (const MpFrame *)(gconstpointer)worker->in->data;
        gsize have = worker->in->len, want = sizeof *frame;

        if (have >= sizeof *frame) {
            if (frame->magic != MP_FRAME_MAGIC || frame->version != MP_FRAME_VERSION ||
                frame->length > most)
                return STEP_DEAD;
            want += frame->length;
        }
        if (have >= sizeof *frame && have == want)
            return STEP_DONE;

        gsize room = MIN(want - have, 1024 * 1024);
        g_byte_array_set_size(worker->in, (guint)(have + room));
        ssize_t count = recv(worker->socket, worker->in->data + have, room, MSG_DONTWAIT);
        int problem = errno;
        g_byte_array_set_size(worker->in, (guint)(have + (gsize)MAX(count, 0)));
        errno = problem;
        if (count <= 0)
            return count < 0 && must_wait() ? STEP_WAIT : STEP_DEAD;
    }
}

/* The value in the frame, and room for the next one. Whether it is in normal form is for the taker.
 */
static GVariant *
take_frame(MpWorker *worker, const char *type)
{
    g_autoptr(GBytes) whole = g_byte_array_free_to_bytes(worker->in);
    g_autoptr(GBytes) bytes =
        g_bytes_new_from_bytes(whole, sizeof(MpFrame), g_bytes_get_size(whole) - sizeof(MpFrame));

    worker->in = g_byte_array_new();
    g_autoptr(GVariant) value =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(type), bytes, FALSE));
    return g_variant_is_normal_form(value) ? g_steal_pointer(&value) : NULL;
}

/* Until a frame is there; STEP_WAIT if it is not there in time. */
static Step
wait_for_frame(MpWorker *worker, gsize most, gint64 deadline)
{
    while (true) {
        Step sending = send_requests(worker), receiving = receive_frame(worker, most);
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;
        struct pollfd socket = {worker->socket, POLLIN, 0};

        if (receiving != STEP_WAIT || left <= 0)
            return receiving;
        if (sending == STEP_WAIT)
            socket.events |= POLLOUT;
        /* a descriptor too many shows in no event, so look again soon */
        if (poll(&socket, 1, sending == STEP_WAIT ? (int)MIN(left, 10) : (int)left) < 0 &&
            errno != EINTR)
            return STEP_DEAD;
    }
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
        return mp_fail_errno(error, "cannot examine the mail");
    if (!S_ISREG(st.st_mode))
        return mp_fail(error, MP_ERROR_INPUT, "malformed: not a regular file");
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

/* The child reads at most `most` bytes of the file. */
static bool
send_request(MpWorker *worker, const char *operation, GVariant *args, int fd, gsize most,
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
        return mp_fail(error, MP_ERROR_TEMPORARY, "cannot hand a mail to the worker: %s",
                       g_strerror(errno));

    gsize memory = worker->budget.memory + size + g_variant_get_size(taken);
    g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_new(
        MP_REQUEST_TYPE, operation, fd >= 0, (guint64)size, worker->budget.cpu_ms, taken));
    Request *request = g_new0(Request, 1);
    *request = (Request){.frame = frame_of(value), .fd = copy, .memory = memory};
    g_queue_push_tail(&worker->requests, request);
    (void)send_requests(worker); /* if the child is dead, mp_worker_receive finds out */
    return true;
}

bool
mp_worker_send(MpWorker *worker, const char *operation, GVariant *args, int fd, GError **error)
{
    return send_request(worker, operation, args, fd, G_MAXSIZE, error);
}

/* ---- answers ---- */

static bool
give_up(MpMessageFault *fault, GError **error, const char *what)
{
    *fault = MP_FAULT_UNPARSABLE;
    return mp_fail(error, MP_ERROR_INPUT, "unparsable: the parser %s", what);
}

/* The first frame of a child. If there is none, no child will ever work. */
static bool
await_greeting(MpWorker *worker, gint64 deadline, GError **error)
{
    if (worker->is_greeted)
        return true;
    Step step = wait_for_frame(worker, 64, deadline);
    g_autoptr(GVariant) hello = step == STEP_DONE ? take_frame(worker, MP_HELLO_TYPE) : NULL;

    if (hello == NULL) {
        MpWorkerDeath death;
        g_autofree char *how = step == STEP_WAIT ? NULL : mp_worker_reap(worker->pid, &death);
        if (how == NULL)
            kill_child(worker);
        else
            forget_child(worker);
        return mp_fail(error, MP_ERROR_TEMPORARY, "the worker %s does not start: it %s",
                       worker->argv[0], how == NULL ? "says nothing" : how);
    }
    g_variant_get(hello, MP_HELLO_TYPE, &worker->sandbox, &worker->own_memory);
    worker->is_greeted = true;
    return true;
}

static GVariant *
open_answer(GVariant *answer, MpMessageFault *fault, GError **error)
{
    guint32 status;
    const char *message;
    g_autoptr(GVariant) result = NULL;

    g_variant_get(answer, "(u&sv)", &status, &message, &result);
    if (status == 0)
        return g_steal_pointer(&result);
    if (status - 1 > MP_ERROR_INSTALLATION)
        return give_up(fault, error, "answered nonsense"), NULL;

    g_autoptr(GError) problem = g_error_new(MP_ERROR, (gint)status - 1, "%s", message);
    *fault = mp_error_is_temporary(problem) ? MP_FAULT_PASSING : mp_message_fault(problem);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

/* The oldest request ends here without an answer, or is asked again of a new child. */
static bool
bury_child(MpWorker *worker, Step step, MpMessageFault *fault, GError **error)
{
    Request *oldest = g_queue_peek_head(&worker->requests);
    MpWorkerDeath death;

    if (step == STEP_WAIT) {
        kill_child(worker);
        drop_oldest(worker);
        return give_up(fault, error, "took too long");
    }
    kill(worker->pid, step == STEP_DONE ? SIGKILL : 0);
    g_autofree char *how = mp_worker_reap(worker->pid, &death);
    forget_child(worker);
    /* once it may be the doing of the request before, or of a kernel that is short of memory */
    if (++oldest->deaths < 2 && death != MP_DEATH_BY_CPU)
        return true;
    drop_oldest(worker);
    if (death != MP_DEATH_BY_ITSELF)
        return give_up(fault, error, how);
    *fault = MP_FAULT_PASSING; /* no mail makes it do that, but a lack of memory in the kernel */
    return mp_fail(error, MP_ERROR_TEMPORARY, "the worker %s", how);
}

GVariant *
mp_worker_receive(MpWorker *worker, MpMessageFault *fault, GError **error)
{
    MpMessageFault ignored;
    Request *oldest = g_queue_peek_head(&worker->requests);

    fault = fault == NULL ? &ignored : fault;
    *fault = MP_FAULT_NONE;
    if (oldest == NULL)
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "nothing was asked of the worker");

    while (true) {
        gint64 deadline = g_get_monotonic_time() + (gint64)worker->budget.wall_ms * 1000;
        if (!ensure_child(worker, error) || !await_greeting(worker, deadline, error)) {
            g_queue_clear_full(&worker->requests, (GDestroyNotify)request_free);
            return NULL;
        }
        Step step = wait_for_frame(worker, oldest->memory, deadline);
        g_autoptr(GVariant) answer = step == STEP_DONE ? take_frame(worker, MP_ANSWER_TYPE) : NULL;
        if (answer != NULL) {
            drop_oldest(worker);
            return open_answer(answer, fault, error);
        }
        if (!bury_child(worker, step, fault, error))
            return NULL;
    }
}

GVariant *
mp_worker_call(MpWorker *worker, const char *operation, GVariant *args, int fd,
               MpMessageFault *fault, GError **error)
{
    g_return_val_if_fail(worker->requests.length == 0, NULL);
    if (fault != NULL)
        *fault = MP_FAULT_NONE;
    return mp_worker_send(worker, operation, args, fd, error)
               ? mp_worker_receive(worker, fault, error)
               : NULL;
}

/* ---- parse ---- */

bool
mp_worker_send_parse(MpWorker *worker, int fd, const MpLimits *limits, GError **error)
{
    limits = limits == NULL ? &mp_limits_default : limits;
    /* one byte over the limit is enough to see that it is over */
    return send_request(worker, "parse",
                        g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, limits, sizeof *limits, 1),
                        fd, limits->mail_bytes + 1, error);
}

MpMessage *
mp_worker_receive_message(MpWorker *worker, MpMessageFault *fault, GError **error)
{
    g_autoptr(GVariant) value = mp_worker_receive(worker, fault, error);
    MpMessage *message = value == NULL ? NULL : mp_message_from_variant(value, error);

    if (value != NULL && message == NULL && fault != NULL)
        *fault = MP_FAULT_UNPARSABLE;
    return message;
}

MpMessage *
mp_worker_parse(MpWorker *worker, int fd, const MpLimits *limits, MpMessageFault *fault,
                GError **error)
{
    g_autoptr(GError) problem = NULL;

    g_return_val_if_fail(worker->requests.length == 0, NULL);
    if (mp_worker_send_parse(worker, fd, limits, &problem))
        return mp_worker_receive_message(worker, fault, error);
    if (fault != NULL)
        *fault = mp_message_fault(problem);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

int
mp_worker_memory_file(const void *bytes, gsize length, GError **error)
{
    int fd = memfd_create("mail", MFD_CLOEXEC);
    gsize at = 0;

    while (fd >= 0 && at < length) {
        ssize_t count = write(fd, (const char *)bytes + at, length - at);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            close(fd);
            fd = -1;
        } else {
            at += (gsize)count;
        }
    }
    if (fd < 0)
        mp_fail(error, MP_ERROR_TEMPORARY, "cannot hold a mail in memory: %s", g_strerror(errno));
    return fd;
}
