/* The child's side of worker.h. */
#include "worker/internal.h"
#include "worker/sandbox.h"
#include "worker/worker.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

/* After a request of this size what the heap has kept is given back. */
#define TRIM_OVER (1024 * 1024)

typedef struct {
    int socket;
    const MpWorkerOperation *operations;
} Child;

/* False at the end of file, or if the parent is not there any more. */
static bool
read_fully(int socket, void *to, gsize length, int *fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;

    while (length > 0) {
        struct iovec part = {to, length};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control.space,
                                 .msg_controllen = fd == NULL ? 0 : sizeof control.space};
        ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (fd != NULL && header != NULL && header->cmsg_type == SCM_RIGHTS)
            memcpy(fd, CMSG_DATA(header), sizeof *fd);
        to = (char *)to + count;
        length -= (gsize)count;
    }
    return true;
}

static bool
write_frame(int socket, GByteArray *frame)
{
    mp_worker_frame_end(frame);
    for (gsize sent = 0; sent < frame->len;) {
        ssize_t count = send(socket, frame->data + sent, frame->len - sent, MSG_NOSIGNAL);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        sent += (gsize)count;
    }
    return true;
}

/* What the next frame holds; NULL when there will be none. */
static GBytes *
read_frame(int socket, int *fd)
{
    MpFrameHead head;

    if (!read_fully(socket, &head, sizeof head, fd) || head.magic != MP_FRAME_MAGIC)
        return NULL;
    g_autofree char *data = g_malloc(head.length);
    if (!read_fully(socket, data, head.length, NULL))
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&data), head.length);
}

static gsize
address_space(void)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
        return 0;
    return g_ascii_strtoull(text, NULL, 10) * (gsize)sysconf(_SC_PAGESIZE);
}

/* The kernel ends us with SIGPROF when the time is over. While we wait for work, none passes. */
static void
limit_cpu(guint milliseconds)
{
    struct itimerval timer = {{0, 0}, {milliseconds / 1000, milliseconds % 1000 * 1000}};

    (void)setitimer(ITIMER_PROF, &timer, NULL);
}

/* A failure here is never the input's fault, so it is temporary. */
static char *
read_file(int fd, gsize size, GError **error)
{
    g_autofree char *bytes = g_malloc(size + 1);
    gsize at = 0;

    if (fd < 0)
        return mp_fail_null(error, MP_ERROR_TEMPORARY, "the worker was given no file");
    while (at < size) {
        ssize_t count = pread(fd, bytes + at, size - at, (off_t)at);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return mp_fail_null(error, MP_ERROR_TEMPORARY, "the worker cannot read it: %s",
                                g_strerror(errno));
        if (count == 0)
            return mp_fail_null(error, MP_ERROR_TEMPORARY, "it was cut short while it was read");
        at += (gsize)count;
    }
    bytes[size] = '\0';
    return g_steal_pointer(&bytes);
}

static const MpWorkerOperation *
find_operation(const Child *child, const char *name)
{
    for (const MpWorkerOperation *row = child->operations; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static bool
run(const Child *child, const char *name, bool has_file, int fd, gsize size, MpFrameReader *args,
    GByteArray *answer, GError **error)
{
    const MpWorkerOperation *operation = find_operation(child, name);
    g_autofree char *bytes = NULL;

    if (operation == NULL)
        return mp_fail(error, MP_ERROR_TEMPORARY, "the worker has no operation %s", name);
    if (has_file && (bytes = read_file(fd, size, error)) == NULL)
        return false;

    MpWorkerRequest request = {args, bytes, has_file ? size : 0};
    if (!operation->run(&request, answer, error))
        return false;
    return mp_frame_is_read(args) ||
           mp_fail(error, MP_ERROR_TEMPORARY, "%s takes other arguments", name);
}

/* An error as the answer, in place of what was added. */
static void
answer_error(GByteArray *answer, const GError *error)
{
    g_byte_array_set_size(answer, sizeof(MpFrameHead));
    mp_frame_add_number(answer, 1U + (guint)(error == NULL ? MP_ERROR_INSTALLATION : error->code));
    mp_frame_add_text(answer, error == NULL ? "no answer" : error->message);
}

/* One request; false when there will be no other. */
static bool
serve(const Child *child)
{
    g_auto(MpFd) fd = -1;
    g_autoptr(GBytes) request = read_frame(child->socket, &fd);
    g_autoptr(GByteArray) answer = mp_worker_frame_new(4096);
    g_autoptr(GError) why = NULL;

    if (request == NULL)
        return false;
    MpFrameReader reader = mp_frame_read(request);
    const char *name = mp_frame_text(&reader);
    bool has_file = mp_frame_flag(&reader);
    gsize size = mp_frame_number(&reader);
    limit_cpu((guint)mp_frame_number(&reader));
    mp_frame_add_number(answer, 0);
    if (!run(child, name, has_file, fd, size, &reader, answer, &why))
        answer_error(answer, why);
    if (!write_frame(child->socket, answer))
        return false;
    if (size > TRIM_OVER)
        malloc_trim(0);
    return true;
}

int
mp_worker_main(int socket, const MpWorkerOperation *operations)
{
    Child child = {.socket = socket, .operations = operations};

    mallopt(M_MMAP_THRESHOLD, 128 * 1024); /* fixed: large blocks go back at once */
    for (const MpWorkerOperation *row = operations; row->name != NULL; row++)
        if (row->prepare != NULL)
            row->prepare();
    guint64 memory = address_space();
    guint sandbox = mp_sandbox_enter();
    if (memory == 0)
        sandbox &= ~(guint)MP_SANDBOX_MEMORY;

    g_autoptr(GByteArray) hello = mp_worker_frame_new(16);
    mp_frame_add_number(hello, sandbox);
    mp_frame_add_number(hello, memory);
    if (!write_frame(socket, hello))
        return EX_UNAVAILABLE;
    while (serve(&child))
        ;
    return EX_OK;
}
