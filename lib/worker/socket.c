/* The parent's end of the socket: requests go out and frames come in, and neither blocks. */
#include "worker/internal.h"
#include "worker/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define COPIED_MAX (64 * 1024) /* octets of a frame that is not kept in what it was received in */

GByteArray *
mp_worker_frame_new(gsize room)
{
    GByteArray *frame = g_byte_array_sized_new((guint)(sizeof(MpFrameHead) + room));

    return g_byte_array_set_size(frame, sizeof(MpFrameHead));
}

void
mp_worker_frame_end(GByteArray *frame)
{
    const MpFrameHead head = {MP_FRAME_MAGIC, MP_FRAME_VERSION, frame->len - sizeof head};

    memcpy(frame->data, &head, sizeof head);
}

static ssize_t
send_some(const MpWorker *worker, const MpWorkerItem *request)
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

static MpWorkerStep
step_after_error(void)
{
    return must_wait()                             ? STEP_WAIT
           : errno == EPIPE || errno == ECONNRESET ? STEP_DEAD
                                                   : STEP_FAILED;
}

/*
 * The child's memory is limited from here, since a child that is taken over would lift a limit that
 * it could set. A limit is for one request, whatever is asked beside it, so that a request with
 * another one waits until those before it are answered.
 */
static bool
may_begin(MpWorker *worker, const MpWorkerItem *request)
{
    /* in whole MiB, so that one request after the other needs no new limit */
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

MpWorkerStep
mp_worker_send_requests(MpWorker *worker)
{
    for (GList *link = worker->requests.head; link != NULL; link = link->next) {
        MpWorkerItem *request = link->data;
        if (request->sent == 0 && !may_begin(worker, request))
            break;
        while (request->sent < request->frame->len) {
            ssize_t count = send_some(worker, request);
            if (count <= 0)
                return step_after_error();
            request->sent += (gsize)count;
        }
    }
    return STEP_DONE;
}

MpWorkerStep
mp_worker_receive_frame(MpWorker *worker, gsize most)
{
    while (true) {
        const MpFrameHead *frame = (const MpFrameHead *)(gconstpointer)worker->in->data;
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
            return count < 0 ? step_after_error() : STEP_DEAD;
    }
}

/* What is received into grows by doubling, while answers of a batch wait and live by hundreds: a
 * small one is copied into as much as it needs, a large one goes as it is. */
GBytes *
mp_worker_take_frame(MpWorker *worker)
{
    const gsize head = sizeof(MpFrameHead);
    g_autoptr(GBytes) whole = NULL;

    if (worker->in->len <= COPIED_MAX) {
        GBytes *frame = g_bytes_new(worker->in->data + head, worker->in->len - head);

        g_byte_array_set_size(worker->in, 0);
        return frame;
    }
    whole = g_byte_array_free_to_bytes(worker->in);
    worker->in = g_byte_array_new();
    return g_bytes_new_from_bytes(whole, head, g_bytes_get_size(whole) - head);
}

/* Only what holds up the oldest request counts: a later one has time until it is the oldest. */
static MpWorkerStep
step_after_sending(MpWorker *worker)
{
    MpWorkerStep step = mp_worker_send_requests(worker);
    const MpWorkerItem *oldest = g_queue_peek_head(&worker->requests);
    bool is_sent = oldest == NULL || oldest->sent == oldest->frame->len;

    return is_sent && step != STEP_DONE ? STEP_WAIT : step;
}

MpWorkerStep
mp_worker_wait_for_frame(MpWorker *worker, gsize most, gint64 deadline)
{
    while (true) {
        MpWorkerStep sending = step_after_sending(worker),
                     receiving = mp_worker_receive_frame(worker, most);
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;
        struct pollfd socket = {worker->socket, POLLIN, 0};

        if (receiving != STEP_WAIT || left <= 0)
            return receiving;
        if (sending == STEP_DEAD || sending == STEP_FAILED)
            return sending;
        if (sending == STEP_WAIT)
            socket.events |= POLLOUT;
        /* a descriptor too many shows in no event, so look again soon */
        if (poll(&socket, 1, sending == STEP_WAIT ? (int)MIN(left, 10) : (int)left) < 0 &&
            errno != EINTR)
            return STEP_FAILED;
    }
}
