/*
 * What a worker can do that has been taken over. An operation with a planted overflow lets the
 * bytes of a "mail" choose where the program goes on; there it tries what an intruder would try,
 * with its own system calls. The same attempts succeed outside of the sandbox, or the test says
 * nothing.
 */
#include "base/error.h"
#include "base/file.h"
#include "inbound/extraction.h"
#include "worker/sandbox.h"
#include "message/parse.h"

#include "scratch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SWITCH "--serve-as-worker-to-be-taken-over"

static const char *const child[] = {"/proc/self/exe", SWITCH, NULL};

/* ---- what an intruder wants ---- */

typedef struct {
    const char *key, *tracker, *service; /* a file, a directory, a listening socket's path */
    guint16 port;
    pid_t victim;
} Targets;

static int
read_key(const Targets *t)
{
    return open(t->key, O_RDONLY);
}

static int
read_key_by_openat2(const Targets *t)
{
    guint64 how[3] = {O_RDONLY, 0, 0};

    return (int)syscall(SYS_openat2, AT_FDCWD, t->key, how, sizeof how);
}

static int
read_key_by_proc(const Targets *t)
{
    g_autofree char *path = g_strconcat("/proc/self/root", t->key, NULL);

    return open(path, O_RDONLY);
}

static int
open_key_as_a_path(const Targets *t)
{
    return open(t->key, O_PATH);
}

static int
look_at_key(const Targets *t)
{
    struct stat st;

    return stat(t->key, &st);
}

static int
handle_of_key(const Targets *t)
{
    struct {
        struct file_handle handle;
        char space[128];
    } h = {.handle = {.handle_bytes = 128}};
    int mount;

    return name_to_handle_at(AT_FDCWD, t->key, &h.handle, &mount, 0);
}

static int
list_tracker(const Targets *t)
{
    return open(t->tracker, O_RDONLY | O_DIRECTORY);
}

static int
write_into_tracker(const Targets *t)
{
    g_autofree char *path = g_build_filename(t->tracker, "planted", NULL);

    return open(path, O_WRONLY | O_CREAT, 0600);
}

static int
make_directory_in_tracker(const Targets *t)
{
    g_autofree char *path = g_strdup_printf("%s/planted-%d", t->tracker, getpid());

    return mkdir(path, 0700);
}

static int
link_key_into_tracker(const Targets *t)
{
    g_autofree char *path = g_strdup_printf("%s/link-%d", t->tracker, getpid());

    return symlink(t->key, path);
}

static int
open_key_to_others(const Targets *t)
{
    return chmod(t->key, 0600); /* what it has, so that the next attempt finds the same */
}

static int
cut_key(const Targets *t)
{
    return truncate(t->key, 4);
}

static int
go_to_tracker(const Targets *t)
{
    return chdir(t->tracker);
}

static int
connect_by_tcp(const Targets *t)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(t->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int
connect_to_service(const Targets *t)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(address.sun_path, t->service, sizeof address.sun_path);
    return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int
send_a_datagram(const Targets *t)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(t->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    return fd < 0 ? -1 : (int)sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address);
}

static int
pair_of_sockets(const Targets *t)
{
    int ends[2];

    (void)t;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static int
a_new_process(const Targets *t)
{
    pid_t pid = fork();

    (void)t;
    if (pid == 0)
        _exit(0);
    return pid < 0 || waitpid(pid, NULL, 0) < 0 ? -1 : 0;
}

/* In place of the process: outside of the sandbox it is tried by a child, which ends with 0. */
static int
another_program(const Targets *t)
{
    (void)t;
    return execl("/bin/true", "true", NULL);
}

static int
another_program_by_descriptor(const Targets *t)
{
    int fd = memfd_create("program", 0);

    (void)t;
    return fd; /* without a file to write, there is nothing to execute either */
}

static int
signal_victim(const Targets *t)
{
    return kill(t->victim, 0);
}

static int
signal_victims_thread(const Targets *t)
{
    return (int)syscall(SYS_tgkill, t->victim, t->victim, 0);
}

static int
handle_of_victim(const Targets *t)
{
    return (int)syscall(SYS_pidfd_open, t->victim, 0);
}

static int
read_victims_memory(const Targets *t)
{
    char mine[8];
    struct iovec here = {mine, sizeof mine}, there = {(void *)(gsize)&child, sizeof mine};

    return (int)process_vm_readv(t->victim, &here, 1, &there, 1, 0);
}

static int
open_victims_memory(const Targets *t)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/mem", (int)t->victim);

    return open(path, O_RDONLY);
}

static int
limit_victim(const Targets *t)
{
    struct rlimit limits;

    return prlimit(t->victim, RLIMIT_NOFILE, NULL, &limits);
}

static int
lift_own_limit(const Targets *t)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

    (void)t;
    return setrlimit(RLIMIT_AS, &none);
}

/* A limit that is set anew can be the one that is in force: it is the setting that must fail. */
static int
set_own_limit(const Targets *t)
{
    struct rlimit limits;

    (void)t;
    return getrlimit(RLIMIT_AS, &limits) != 0 ? -1 : setrlimit(RLIMIT_AS, &limits);
}

static int
code_at_run_time(const Targets *t)
{
    (void)t;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED
               ? -1
               : 0;
}

static int
data_to_code(const Targets *t)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)t;
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int
a_ring_of_requests(const Targets *t)
{
    char parameters[120] = {0};

    (void)t;
    return (int)syscall(SYS_io_uring_setup, 1, parameters);
}

static int
a_watch(const Targets *t)
{
    (void)t;
    return (int)syscall(SYS_inotify_init1, 0);
}

static int
another_user(const Targets *t)
{
    (void)t;
    return setuid(getuid());
}

static int
a_terminal(const Targets *t)
{
    (void)t;
    return setsid() < 0 ? -1 : 0;
}

static const struct {
    const char *name;
    int (*attempt)(const Targets *targets);
    bool may_fail_outside; /* also an ordinary process may not be let, depending on the machine */
} attempts[] = {
    {"read the key file", read_key, false},
    {"read it by openat2", read_key_by_openat2, false},
    {"read it through /proc", read_key_by_proc, false},
    {"open it as a path", open_key_as_a_path, false},
    {"look at it", look_at_key, false},
    {"get a handle of it", handle_of_key, true},
    {"change its mode", open_key_to_others, false},
    {"list the tracker", list_tracker, false},
    {"write into the tracker", write_into_tracker, false},
    {"make a directory there", make_directory_in_tracker, false},
    {"link the key into it", link_key_into_tracker, false},
    {"go there", go_to_tracker, false},
    {"connect by TCP", connect_by_tcp, false},
    {"connect to a service", connect_to_service, false},
    {"send a datagram", send_a_datagram, false},
    {"make sockets", pair_of_sockets, false},
    {"start a process", a_new_process, false},
    {"make a file in memory", another_program_by_descriptor, false},
    {"signal the parent", signal_victim, false},
    {"signal its thread", signal_victims_thread, false},
    {"get a handle of it (process)", handle_of_victim, true},
    {"read its memory", read_victims_memory, true},
    {"open its memory", open_victims_memory, true},
    {"limit it", limit_victim, true},
    {"lift its own limit of memory", lift_own_limit, true},
    {"set that limit", set_own_limit, false},
    {"make code", code_at_run_time, true},
    {"make data code", data_to_code, true},
    {"make a ring of requests", a_ring_of_requests, true},
    {"watch files", a_watch, true},
    {"change the user", another_user, false},
    {"leave the session", a_terminal, true},
    {"cut the key file", cut_key, false},
    {"become another program", another_program, false},
};

/* For each attempt: true if it worked. The last never returns where it works. */
static void
try_all(const Targets *targets, bool *worked)
{
    for (gsize i = 0; i < G_N_ELEMENTS(attempts); i++)
        worked[i] = attempts[i].attempt(targets) >= 0;
}

/* ---- the child ---- */

typedef bool (*NextStep)(const Targets *targets, GByteArray *answer);

static bool
go_on_as_planned(const Targets *targets, GByteArray *answer)
{
    (void)targets;
    mp_frame_add_text(answer, "not taken over");
    return true;
}

static bool
go_on_as_the_intruder_likes(const Targets *targets, GByteArray *answer)
{
    bool worked[G_N_ELEMENTS(attempts)];

    try_all(targets, worked);
    for (gsize i = 0; i < G_N_ELEMENTS(attempts); i++)
        mp_frame_add_flag(answer, worked[i]);
    return true;
}

/* What an information leak would tell. */
static bool
run_where(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    (void)request;
    (void)error;
    mp_frame_add_number(answer, (guint64)(gsize)go_on_as_the_intruder_likes);
    return true;
}

/* The planted fault: the length of what comes is not looked at. */
static bool
run_overflow(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    struct {
        char name[32];
        volatile NextStep next;
    } state = {"", go_on_as_planned};
    Targets targets = {.victim = getppid()};
    char *volatile to = state.name;

    (void)error;
    targets.key = mp_frame_text(request->args);
    targets.tracker = mp_frame_text(request->args);
    targets.service = mp_frame_text(request->args);
    targets.port = (guint16)mp_frame_number(request->args);
    for (gsize i = 0; i < request->length; i++)
        to[i] = request->bytes[i];
    return state.next(&targets, answer);
}

/* Of the right shape, and with a part that no mail has, or an error that no parser has. */
static bool
run_untrue_extract(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    static char *none[] = {NULL};
    g_autoptr(GPtrArray) lines = g_ptr_array_new();
    char reply[] = "reply", elided[] = "";
    const MpExtraction untrue = {
        .part = "../key", .reply = reply, .elided = elided, .cut_ids = none, .lines = lines};

    const char *plain = mp_frame_text_or_null(request->args);

    request->args->at = request->args->end;
    if (g_strcmp0(plain, "refuse") == 0)
        return mp_fail(error, MP_ERROR_INPUT, "as I like");
    mp_extraction_to_frame(&untrue, answer);
    return true;
}

static const MpWorkerOperation operations[] = {
    {"where", run_where, NULL},
    {"extract", run_untrue_extract, NULL},
    {"overflow", run_overflow, NULL},
    MP_WORKER_PARSE,
    {NULL, NULL, NULL},
};

__attribute__((constructor)) static void
serve(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], SWITCH) == 0)
        _exit(mp_worker_main(MP_WORKER_SOCKET, operations));
}

/* ---- the test ---- */

static bool
keep_answer(GBytes *answer, gpointer to, GError **error)
{
    (void)error;
    *(GBytes **)to = g_bytes_ref(answer);
    return true;
}

static GBytes *
call(MpWorker *worker, const char *operation, const GByteArray *args, int fd, GError **error)
{
    GBytes *answer;

    return mp_worker_send(worker, operation, args, fd, error) &&
                   mp_worker_receive(worker, keep_answer, &answer, NULL, error)
               ? answer
               : NULL;
}

static int
listen_on(int family, struct sockaddr *address, socklen_t length)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert(fd >= 0 && bind(fd, address, length) == 0 && listen(fd, 8) == 0, "%s",
              strerror(errno));
    return fd;
}

static void
targets_clear(Targets *targets)
{
    g_free((char *)(gsize)targets->key);
    g_free((char *)(gsize)targets->tracker);
    g_free((char *)(gsize)targets->service);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Targets, targets_clear)

static void
set_up(Targets *targets, const char *directory)
{
    struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    socklen_t length = sizeof tcp;

    *targets = (Targets){.key = g_build_filename(directory, "address-keys", NULL),
                         .tracker = g_build_filename(directory, "tracker.git", NULL),
                         .service = g_build_filename(directory, "service", NULL)};
    cr_assert(g_file_set_contents(targets->key, "a secret\n", -1, NULL) &&
              chmod(targets->key, 0600) == 0);
    cr_assert_eq(mkdir(targets->tracker, 0700), 0);
    g_strlcpy(local.sun_path, targets->service, sizeof local.sun_path);
    (void)listen_on(AF_UNIX, (struct sockaddr *)&local, sizeof local);
    int fd = listen_on(AF_INET, (struct sockaddr *)&tcp, sizeof tcp);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&tcp, &length), 0);
    targets->port = ntohs(tcp.sin_port);
}

/* The same attempts by an ordinary child of the same user: what works there is worth denying. */
static guint
count_outside(Targets *targets)
{
    bool *worked = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    guint n = 0;

    targets->victim = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(20);
        try_all(targets, worked);
        _exit(1);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    worked[G_N_ELEMENTS(attempts) - 1] = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    for (gsize i = 0; i < G_N_ELEMENTS(attempts); i++) {
        cr_expect(worked[i] || attempts[i].may_fail_outside,
                  "outside nobody can %s either: the test is void", attempts[i].name);
        n += worked[i];
    }
    munmap(worked, 4096);
    return n;
}

/* Also by who does not ask what was wrong with the mail. */
Test(message_takeover, an_untrue_extraction_is_not_believed)
{
    g_autoptr(MpWorker) worker = mp_worker_new(child);
    const MpMessage message = {0};
    MpMessageFault fault = MP_FAULT_NONE;
    MpMessageFault *const faults[] = {NULL, &fault};

    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autoptr(GError) error = NULL;

        cr_assert(mp_extraction_send(worker, &message, NULL, false, false, &error), "%s",
                  error != NULL ? error->message : "");
        cr_assert_null(mp_extraction_receive(worker, faults[i], &error));
        cr_assert(g_error_matches(error, MP_ERROR, MP_ERROR_INPUT), "%s", error->message);
        cr_expect_str_eq(error->message, "unparsable: the worker read an unknown part");
    }
    cr_expect_eq(fault, MP_FAULT_UNPARSABLE);
}

/* Which would be as if there were no worker, and would stop each run. */
Test(message_takeover, an_untrue_error_is_about_its_mail_alone)
{
    g_autoptr(MpWorker) worker = mp_worker_new(child);
    const MpMessage message = {.plain = (char *)"refuse"};
    MpMessageFault fault = MP_FAULT_NONE;
    g_autoptr(GError) error = NULL;

    cr_assert(mp_extraction_send(worker, &message, NULL, false, false, NULL));
    cr_assert_null(mp_extraction_receive(worker, &fault, &error));
    cr_expect_eq(fault, MP_FAULT_UNPARSABLE);
    cr_expect_str_eq(error->message, "unparsable: as I like");
}

Test(message_takeover, a_worker_that_is_taken_over_reaches_nothing)
{
    g_autoptr(ScratchPath) directory = scratch_make();
    g_autoptr(MpWorker) worker = mp_worker_new(child);
    g_autoptr(GError) error = NULL;
    g_autofree char *content = NULL;
    char overflow[40] = "this is longer than it may be..";
    g_autoptr(GByteArray) args = g_byte_array_new();
    g_auto(Targets) targets = {0};
    guint inside = 0;

    set_up(&targets, directory);
    g_autoptr(GBytes) where = call(worker, "where", NULL, -1, &error);
    cr_assert_not_null(where, "%s", error != NULL ? error->message : "");
    if ((mp_worker_sandbox(worker) & MP_SANDBOX_SECCOMP) == 0)
        cr_skip_test("this kernel has no seccomp");
    MpFrameReader reader = mp_frame_read(where);
    guint64 address = mp_frame_number(&reader);
    memcpy(overflow + 32, &address, sizeof address);

    int fd = mp_memory_file(overflow, sizeof overflow, &error);
    mp_frame_add_text(args, targets.key);
    mp_frame_add_text(args, targets.tracker);
    mp_frame_add_text(args, targets.service);
    mp_frame_add_number(args, targets.port);
    g_autoptr(GBytes) worked = call(worker, "overflow", args, fd, &error);
    close(fd);
    cr_assert_not_null(worked, "%s", error != NULL ? error->message : "");
    reader = mp_frame_read(worked);
    for (gsize i = 0; i < G_N_ELEMENTS(attempts); i++) {
        bool is_open = mp_frame_flag(&reader);
        cr_expect(!is_open, "it can %s", attempts[i].name);
        inside += is_open;
    }
    cr_assert(mp_frame_is_read(&reader), "it was not taken over");
    cr_expect(g_file_get_contents(targets.key, &content, NULL, NULL));
    cr_expect_str_eq(content, "a secret\n");
    guint outside = count_outside(&targets);
    printf("# %zu attempts: inside %u work, outside %u\n", G_N_ELEMENTS(attempts), inside, outside);
}
