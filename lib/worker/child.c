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
write_value(int socket, GVariant *value)
{
    MpFrame frame = {MP_FRAME_MAGIC, MP_FRAME_VERSION, g_variant_get_size(value)};
    struct iovec parts[] = {{&frame, sizeof frame},
                            {(void *)(gsize)g_variant_get_data(value), frame.length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = G_N_ELEMENTS(parts)};

    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t count = sendmsg(socket, &message, MSG_NOSIGNAL);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        for (gsize i = 0, left = (gsize)count; i < G_N_ELEMENTS(parts); i++) {
            gsize taken = MIN(left, parts[i].iov_len);
            parts[i].iov_base = (char *)parts[i].iov_base + taken;
            parts[i].iov_len -= taken;
            left -= taken;
        }
    }
    return true;
}

static GVariant *
read_value(int socket, const char *type, int *fd)
{
    MpFrame frame;

    if (!read_fully(socket, &frame, sizeof frame, fd) || frame.magic != MP_FRAME_MAGIC)
        return NULL;
    g_autofree char *data = g_malloc(frame.length);
    if (!read_fully(socket, data, frame.length, NULL))
        return NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_take(g_steal_pointer(&data), frame.length);
    return g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(type), bytes, FALSE));
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

static GVariant *
run(const Child *child, const char *name, GVariant *args, bool has_file, int fd, gsize size,
    GError **error)
{
    const MpWorkerOperation *operation = find_operation(child, name);
    g_autofree char *bytes = NULL;

    if (operation == NULL)
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "the worker has no operation %s", name);
    if (!g_variant_is_of_type(args,
                              G_VARIANT_TYPE(operation->args == NULL ? "()" : operation->args)))
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s takes other arguments", name);
    if (has_file && (bytes = read_file(fd, size, error)) == NULL)
        return NULL;

    MpWorkerRequest request = {operation->args == NULL ? NULL : args, bytes, has_file ? size : 0};
    return operation->run(&request, error);
}

static GVariant *
answer_of(GVariant *result, const GError *error)
{
    if (result == NULL)
        return g_variant_new("(usv)",
                             1U + (guint)(error == NULL ? MP_ERROR_INSTALLATION : error->code),
                             error == NULL ? "no answer" : error->message, g_variant_new("()"));
    return g_variant_new("(usv)", 0U, "", result);
}

/* One request; false when there will be no other. */
static bool
serve(const Child *child)
{
    g_auto(MpFd) fd = -1;
    g_autoptr(GVariant) request = read_value(child->socket, MP_REQUEST_TYPE, &fd), args = NULL;
    g_autoptr(GError) why = NULL;
    const char *name;
    gboolean has_file;
    guint64 size;
    guint32 cpu;

    if (request == NULL)
        return false;
    g_variant_get(request, "(&sbtuv)", &name, &has_file, &size, &cpu, &args);
    limit_cpu(cpu);
    GVariant *result = run(child, name, args, has_file, fd, size, &why);
    g_autoptr(GVariant) answer = g_variant_ref_sink(answer_of(result, why));
    (void)g_variant_get_data(answer); /* serialised here, while time and memory are limited */
    if (!write_value(child->socket, answer))
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

    g_autoptr(GVariant) hello = g_variant_ref_sink(g_variant_new(MP_HELLO_TYPE, sandbox, memory));
    if (!write_value(socket, hello))
        return EX_UNAVAILABLE;
    while (serve(&child))
        ;
    return EX_OK;
}
