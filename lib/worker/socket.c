/* The parent's end of the socket: requests go out and frames come in, and neither blocks. */
#include "worker/internal.h"
#include "worker/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define COPIED_MAX (64 * 1024) /* octets of a frame that is not kept in what it was received in */
#define AHEAD      (16 * 1024) /* octets of the next one */

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
    const MpWorkerItem *last = g_queue_peek_tail(&worker->requests);

    if (last == NULL || last->sent == last->frame->len)
        return STEP_DONE; /* what stands before it went before it */
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

/* The octets of the frame that `in` begins with, head included; 0 while they are not known. False
 * where it begins with none. */
static bool
frame_size(const MpWorker *worker, gsize most, gsize *size)
{
    const MpFrameHead *frame = (const MpFrameHead *)(gconstpointer)worker->in->data;

    *size = 0;
    if (worker->in->len < sizeof *frame)
        return true;
    if (frame->magic != MP_FRAME_MAGIC || frame->version != MP_FRAME_VERSION ||
        frame->length > most)
        return false;
    *size = sizeof *frame + frame->length;
    return true;
}

/* With the end of one frame may come the beginning of the next: that saves a call or two for each.
 */
MpWorkerStep
mp_worker_receive_frame(MpWorker *worker, gsize most)
{
    while (true) {
        gsize have = worker->in->len, want;

        if (!frame_size(worker, most, &want))
            return STEP_DEAD;
        if (want != 0 && have >= want)
            return STEP_DONE;

        gsize room = MIN(MAX(want, have) - have + AHEAD, 1024 * 1024);
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
    const MpFrameHead *frame = (const MpFrameHead *)(gconstpointer)worker->in->data;
    gsize size = head + frame->length;

    if (size <= COPIED_MAX) {
        GBytes *copy = g_bytes_new(worker->in->data + head, size - head);

        g_byte_array_remove_range(worker->in, 0, (guint)size);
        return copy;
    }
    GByteArray *rest = g_byte_array_new();
    g_byte_array_append(rest, worker->in->data + size, worker->in->len - (guint)size);
    g_autoptr(GBytes) whole = g_byte_array_free_to_bytes(g_steal_pointer(&worker->in));
    worker->in = rest;
    return g_bytes_new_from_bytes(whole, head, size - head);
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
