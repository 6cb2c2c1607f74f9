/* The worker process: what it survives, and what it cannot do. The test program itself is the
 * child. */
#include "worker/internal.h"
#include "worker/sandbox.h"
#include "message/parse.h"

#include "base/error.h"
#include "base/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SWITCH      "--serve-as-message-worker"
#define SHORT_LIVED "--greet-and-die"

static const char *const child[] = {"/proc/self/exe", SWITCH, NULL};
static const char mail[] =
    "From: tim@example.org\nSubject: hello\nMessage-ID: <1@example.org>\n\nHello.\n";

/* ---- what the child may be asked ---- */

static bool
run_crash(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    (void)request;
    (void)answer;
    (void)error;
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would catch it */
    raise(SIGSEGV);
    return false;
}

static bool
run_loop(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    (void)request;
    (void)answer;
    (void)error;
    for (volatile guint i = 0;; i++)
        ;
    return false;
}

static bool
run_sleep(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    (void)request;
    (void)answer;
    (void)error;
    poll(NULL, 0, -1);
    return false;
}

/* As one whose socket fails it. */
static bool
run_leave(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    (void)request;
    (void)answer;
    (void)error;
    _exit(0);
}

static bool
run_allocate(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    (void)answer;
    (void)error;
    gsize size = mp_frame_number(request->args);
    char *memory = g_malloc(size);

    for (gsize i = 0; i < size; i += 4096)
        memory[i] = 1;
    g_free(memory);
    return true;
}

static bool
run_babble(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    (void)answer;
    (void)error;
    ssize_t written = write(MP_WORKER_SOCKET, request->bytes, request->length);

    poll(NULL, 0, written > 0 ? -1 : 0);
    return false;
}

static bool
run_refuse(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    (void)request;
    (void)answer;
    return mp_fail(error, MP_ERROR_INPUT, "too-large: as told");
}

/* The next request dies: as if the memory had been spoilt. */
static bool
run_spoil(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    (void)request;
    (void)answer;
    (void)error;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGUSR1, &ignore, NULL);
    return true;
}

static bool
is_spoilt(void)
{
    struct sigaction now;

    sigaction(SIGUSR1, NULL, &now);
    return now.sa_handler == SIG_IGN;
}

static bool
run_spoilt(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    return is_spoilt() ? run_crash(request, answer, error) : true;
}

/* Nonsense in a frame that is whole. */
static bool
run_rave(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    (void)error;
    request->args->at = request->args->end;
    mp_frame_add_text(answer, "no message");
    return true;
}

static bool
run_rave_if_spoilt(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    return is_spoilt() ? run_rave(request, answer, error)
                       : mp_worker_run_parse(request, answer, error);
}

static bool
run_environment(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    guint open_files = 0;
    extern char **environ;

    (void)request;
    (void)error;
    for (int i = 0; i < 16; i++)
        open_files += lseek(i, 0, SEEK_CUR) >= 0 || errno != EBADF;
    mp_frame_add_number(answer, open_files);
    mp_frame_add_number(answer, g_strv_length(environ));
    mp_frame_add_text(answer, environ[0] == NULL ? "" : environ[0]);
    return true;
}

static int
try_open(void)
{
    return open("/etc/passwd", O_RDONLY);
}

static int
try_create(void)
{
    return open("/tmp/metroplex-test-escape", O_CREAT | O_WRONLY, 0600);
}

static int
try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int
try_connect(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(25)};

    return connect(MP_WORKER_SOCKET, (struct sockaddr *)&address, sizeof address);
}

static int
try_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid;
}

static int
try_exec(void)
{
    return execl("/bin/true", "true", NULL);
}

static int
try_kill(void)
{
    return kill(getppid(), 0);
}

static int
try_kill_thread(void)
{
    return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int
try_ptrace(void)
{
    return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int
try_new_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED
               ? -1
               : 0;
}

static int
try_unlink(void)
{
    return unlink("/tmp/metroplex-test-escape");
}

static int
try_stat(void)
{
    struct stat st;

    return stat("/etc/passwd", &st);
}

static int
try_other_limits(void)
{
    return (int)syscall(SYS_prlimit64, 1, RLIMIT_NOFILE, NULL, NULL);
}

static const struct {
    const char *name;
    int (*attempt)(void);
} escapes[] = {
    {"open a file", try_open},
    {"create a file", try_create},
    {"make a socket", try_socket},
    {"connect", try_connect},
    {"fork", try_fork},
    {"exec", try_exec},
    {"kill", try_kill},
    {"kill a thread", try_kill_thread},
    {"ptrace", try_ptrace},
    {"make code", try_new_code},
    {"unlink", try_unlink},
    {"stat", try_stat},
    {"change limits", try_other_limits},
};

static bool
run_escape(const MpWorkerRequest *request, GByteArray *answer, GError **error)
{
    (void)request;
    (void)error;
    for (gsize i = 0; i < G_N_ELEMENTS(escapes); i++)
        mp_frame_add_flag(answer, escapes[i].attempt() == -1);
    return true;
}

static const MpWorkerOperation operations[] = {
    MP_WORKER_PARSE,
    {"crash", run_crash},
    {"loop", run_loop},
    {"sleep", run_sleep},
    {"leave", run_leave},
    {"allocate", run_allocate},
    {"babble", run_babble},
    {"refuse", run_refuse},
    {"spoil", run_spoil},
    {"spoilt", run_spoilt},
    {"rave", run_rave},
    {"rave if spoilt", run_rave_if_spoilt},
    {"environment", run_environment},
    {"escape", run_escape},
    {NULL},
};

/* As the kernel's need of memory may end a child that waits. */
static void
greet_and_die(void)
{
    g_autoptr(GByteArray) hello = mp_worker_frame_new(0);

    mp_frame_add_number(hello, 0);
    mp_frame_add_number(hello, 0);
    mp_worker_frame_end(hello);
    (void)shutdown(MP_WORKER_SOCKET, SHUT_RD);
    if (send(MP_WORKER_SOCKET, hello->data, hello->len, 0) > 0)
        raise(SIGKILL);
}

/* Before the test framework's main. */
__attribute__((constructor)) static void
serve(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], SWITCH) == 0)
        _exit(mp_worker_main(MP_WORKER_SOCKET, operations));
    if (argc == 2 && strcmp(argv[1], SHORT_LIVED) == 0)
        greet_and_die();
}

/* ---- the tests ---- */

static bool
keep_answer(GBytes *answer, gpointer to, GError **error)
{
    (void)error;
    *(GBytes **)to = g_bytes_ref(answer);
    return true;
}

static GBytes *
receive(MpWorker *worker, MpMessageFault *fault, GError **error)
{
    GBytes *answer;

    return mp_worker_receive_on_mail(worker, keep_answer, &answer, fault, error) ? answer : NULL;
}

static GBytes *
call(MpWorker *worker, const char *operation, const GByteArray *args, int fd, MpMessageFault *fault,
     GError **error)
{
    return mp_worker_send(worker, operation, args, fd, error) ? receive(worker, fault, error)
                                                              : NULL;
}

static GByteArray *
mebibytes(guint64 n)
{
    GByteArray *args = g_byte_array_new();

    mp_frame_add_number(args, n << 20);
    return args;
}

static MpWorker *
worker_with(guint wall_ms, guint cpu_ms)
{
    MpWorker *worker = mp_worker_new(child);
    MpWorkerBudget budget = {.wall_ms = wall_ms, .cpu_ms = cpu_ms, .memory = 64 * 1024 * 1024};

    mp_worker_set_budget(worker, &budget);
    return worker;
}

static MpWorker *
new_worker(void)
{
    return worker_with(6000, 300);
}

/* A virtual machine that has just started takes half a second to give 80 MiB. */
static MpWorker *
patient_worker(void)
{
    return worker_with(60000, 20000);
}

static int
file_of(const char *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    int fd = mp_memory_file(bytes, length, &error);

    cr_assert_geq(fd, 0);
    return fd;
}

static void
assert_mail_is_read(MpWorker *worker, const char *after)
{
    g_autoptr(GError) error = NULL;
    MpMessageFault fault = MP_FAULT_MALFORMED;
    int fd = file_of(mail, sizeof mail - 1);
    g_autoptr(MpMessage) message = mp_worker_parse(worker, fd, NULL, &fault, &error);

    close(fd);
    cr_assert_not_null(message, "after %s: %s", after, error == NULL ? "" : error->message);
    cr_assert_eq(fault, MP_FAULT_NONE);
    cr_assert_str_eq(message->plain, "Hello.\n");
    cr_assert_str_eq(message->message_id, "<1@example.org>");
}

static void
count_complaint(const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
    (void)domain;
    (void)level;
    (void)message;
    ++*(guint *)user_data;
}

/* Its standard error goes nowhere, so nobody else would see them. */
Test(message_worker, what_is_made_before_the_first_request_is_made_without_complaints)
{
    guint complaints = 0;

    g_log_set_default_handler(count_complaint, &complaints);
    mp_worker_prepare_parse();
    cr_assert_eq(complaints, 0, "%u complaints", complaints);
}

Test(message_worker, no_child_before_the_first_request)
{
    g_autoptr(MpWorker) worker = new_worker();

    cr_assert_eq(mp_worker_starts(worker), 0);
    assert_mail_is_read(worker, "nothing");
    assert_mail_is_read(worker, "a mail");
    cr_assert_eq(mp_worker_starts(worker), 1);
}

Test(message_worker, one_bad_mail_never_costs_another)
{
    static const struct {
        const char *operation, *bytes, *says;
    } cases[] = {
        {"crash", NULL, "signal 11"},
        {"loop", NULL, "too"}, /* much processor time, or long where the machine is busy */
        {"sleep", NULL, "too long"},
        {"babble", "this is no frame, whatever it may be", "signal"},
        {"babble", "XLPM\1\0\0\0\377\377\377\377\377\377\0\0", "signal"},
    };
    g_autoptr(MpWorker) worker = new_worker();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *name = cases[i].operation;
        g_autoptr(GError) error = NULL;
        MpMessageFault fault = MP_FAULT_NONE;
        int fd = cases[i].bytes == NULL ? -1 : file_of(cases[i].bytes, 16);
        g_autoptr(GBytes) answer = call(worker, name, NULL, fd, &fault, &error);

        if (fd >= 0)
            close(fd);
        cr_assert_null(answer, "%s", name);
        cr_assert_eq(fault, MP_FAULT_UNPARSABLE, "%s", name);
        cr_assert(g_error_matches(error, MP_ERROR, MP_ERROR_INPUT), "%s", name);
        cr_assert(g_str_has_prefix(error->message, "unparsable: "), "%s", error->message);
        cr_assert_not_null(strstr(error->message, cases[i].says), "%s: %s", name, error->message);
        assert_mail_is_read(worker, name);
    }
}

Test(message_worker, what_cannot_be_read_just_now_is_not_the_mails_fault)
{
    static const char *const names[] = {"parse", "leave"};
    g_autoptr(MpWorker) worker = new_worker();

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        MpMessageFault fault = MP_FAULT_NONE;
        int fd = file_of(mail, sizeof mail - 1);
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
        int unreadable = open(path, O_WRONLY | O_CLOEXEC);

        cr_assert(i == 0 ? mp_worker_send_parse(worker, unreadable, NULL, NULL)
                         : mp_worker_send(worker, names[i], NULL, fd, NULL));
        close(fd);
        close(unreadable);
        g_autoptr(GBytes) answer = receive(worker, &fault, &error);
        cr_assert_null(answer, "%s", names[i]);
        cr_assert_eq(fault, MP_FAULT_PASSING, "%s: %d", names[i], fault);
        cr_assert(mp_error_is_temporary(error), "%s: %s", names[i], error->message);
        assert_mail_is_read(worker, names[i]);
    }
}

/* A socket that takes nothing, and whose other end is open. */
Test(message_worker, a_request_that_cannot_be_sent_is_not_waited_for, .timeout = 60)
{
    const MpWorkerBudget budget = {.wall_ms = 3600000, .cpu_ms = 2000, .memory = 64 * 1024 * 1024};
    g_autoptr(MpWorker) worker = new_worker();
    int ends[2];

    mp_worker_set_budget(worker, &budget);
    assert_mail_is_read(worker, "nothing");
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    cr_assert_eq(shutdown(ends[0], SHUT_WR), 0);
    cr_assert_geq(dup2(ends[0], worker->socket), 0);
    close(ends[0]);
    assert_mail_is_read(worker, "a socket that takes nothing");
    cr_assert_eq(mp_worker_starts(worker), 2);
    close(ends[1]);
}

/* As where the kernel has no memory: sendmsg fails, whatever the child does. */
static void
spoil_newest(MpWorker *worker)
{
    MpWorkerItem *newest = g_queue_peek_tail(&worker->requests);

    cr_assert_eq(newest->sent, 0, "the child has not said yet that it is there");
    close(newest->fd);
    newest->fd = INT_MAX;
}

static void
assert_nothing_came(MpWorker *worker, MpMessageFault expected)
{
    g_autoptr(GError) error = NULL;
    MpMessageFault fault = MP_FAULT_NONE;
    g_autoptr(GBytes) answer = receive(worker, &fault, &error);

    cr_assert_null(answer);
    cr_assert_eq(fault, expected, "%d: %s", fault, error->message);
    cr_assert_eq(mp_error_is_temporary(error), expected == MP_FAULT_PASSING, "%s", error->message);
}

Test(message_worker, a_request_that_cannot_be_sent_is_left_for_later_and_no_other_is)
{
    g_autoptr(MpWorker) worker = new_worker();
    g_autoptr(GByteArray) size = mebibytes(40);
    g_autoptr(GError) error = NULL;
    int fd = file_of(mail, sizeof mail - 1);

    cr_assert(mp_worker_send(worker, "allocate", size, -1, &error));
    cr_assert(mp_worker_send_parse(worker, fd, NULL, &error));
    spoil_newest(worker);
    close(fd);
    g_autoptr(GBytes) answer = receive(worker, NULL, &error);
    cr_assert_not_null(answer, "%s", error != NULL ? error->message : "");
    cr_assert_eq(mp_worker_starts(worker), 1, "nobody dies for a request behind");
    assert_nothing_came(worker, MP_FAULT_PASSING);
    assert_mail_is_read(worker, "a request that could not be sent");
}

/* Nor is one whose answer cannot be read, however often. */
Test(message_worker, a_socket_that_fails_is_no_mails_fault)
{
    g_autoptr(MpWorker) worker = new_worker();
    int fd = file_of(mail, sizeof mail - 1);

    assert_mail_is_read(worker, "nothing");
    cr_assert(mp_worker_send_parse(worker, fd, NULL, NULL));
    ((MpWorkerItem *)g_queue_peek_head(&worker->requests))->deaths = 1;
    int kept = dup(worker->socket); /* or the child would see its end, and go by itself */
    cr_assert_geq(dup2(fd, worker->socket), 0); /* ENOTSOCK */
    close(fd);
    assert_nothing_came(worker, MP_FAULT_PASSING);
    close(kept);
    assert_mail_is_read(worker, "a socket that failed");
}

Test(message_worker, what_is_not_answered_in_time_is_asked_once_more)
{
    const MpWorkerBudget budget = {.wall_ms = 500, .cpu_ms = 2000, .memory = 64 * 1024 * 1024};
    g_autoptr(MpWorker) worker = new_worker();

    assert_mail_is_read(worker, "nothing");
    mp_worker_set_budget(worker, &budget);
    cr_assert(mp_worker_send(worker, "sleep", NULL, -1, NULL));
    assert_nothing_came(worker, MP_FAULT_UNPARSABLE);
    cr_assert_eq(mp_worker_starts(worker), 2);
}

/* A child that ends by itself, before anything was asked of it. */
Test(message_worker, a_child_that_was_never_asked_is_no_mails_fault)
{
    static const char *const short_lived[] = {"/proc/self/exe", SHORT_LIVED, NULL};
    g_autoptr(MpWorker) worker = mp_worker_new(short_lived);
    int fd = file_of(mail, sizeof mail - 1);

    cr_assert(mp_worker_send_parse(worker, fd, NULL, NULL));
    close(fd);
    assert_nothing_came(worker, MP_FAULT_PASSING);
}

Test(message_worker, memory_is_bounded_and_given_back, .timeout = 120)
{
    g_autoptr(MpWorker) worker = patient_worker();
    static const struct {
        guint mebibytes;
        bool fits;
    } cases[] = {{40, true}, {40, true}, {70, false}, {40, true}, {4000, false}, {60, true}};

    assert_mail_is_read(worker, "nothing");
    if ((mp_worker_sandbox(worker) & MP_SANDBOX_MEMORY) == 0)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        MpMessageFault fault;
        g_autoptr(GByteArray) size = mebibytes(cases[i].mebibytes);
        g_autoptr(GBytes) answer = call(worker, "allocate", size, -1, &fault, &error);

        cr_assert_eq(answer != NULL, cases[i].fits, "%u MiB", cases[i].mebibytes);
        cr_assert_eq(fault, cases[i].fits ? MP_FAULT_NONE : MP_FAULT_UNPARSABLE);
    }
    assert_mail_is_read(worker, "all of them");
}

/* A limit is set for one request at a time, and the largest beside it gives it nothing. */
Test(message_worker, the_memory_of_a_request_is_its_own_whatever_is_asked_beside_it, .timeout = 120)
{
    static const struct {
        guint file, allocated; /* MiB */
        bool fits;
    } cases[] = {{20, 60, true}, {0, 70, false}, {20, 60, true}, {0, 40, true}, {0, 70, false}};
    g_autoptr(MpWorker) worker = patient_worker();
    g_autofree char *bytes = g_malloc0(20 << 20);

    assert_mail_is_read(worker, "nothing");
    if ((mp_worker_sandbox(worker) & MP_SANDBOX_MEMORY) == 0)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        int fd = file_of(bytes, (gsize)cases[i].file << 20);
        g_autoptr(GByteArray) size = mebibytes(cases[i].allocated);

        cr_assert(mp_worker_send(worker, "allocate", size, fd, NULL));
        close(fd);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) answer = receive(worker, NULL, NULL);
        cr_assert_eq(answer != NULL, cases[i].fits, "%zu", i);
    }
}

Test(message_worker, answers_come_in_order_whatever_dies_between)
{
    static const char *const names[] = {"parse", "crash", "parse", "refuse", "loop",
                                        "parse", "crash", "crash", "parse"};
    g_autoptr(MpWorker) worker = new_worker();
    int fd = file_of(mail, sizeof mail - 1);

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        cr_assert(strcmp(names[i], "parse") == 0
                      ? mp_worker_send_parse(worker, fd, NULL, NULL)
                      : mp_worker_send(worker, names[i], NULL, -1, NULL));
    close(fd);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        MpMessageFault fault;
        g_autoptr(GBytes) answer = receive(worker, &fault, NULL);
        MpMessageFault expected = strcmp(names[i], "parse") == 0    ? MP_FAULT_NONE
                                  : strcmp(names[i], "refuse") == 0 ? MP_FAULT_TOO_LARGE
                                                                    : MP_FAULT_UNPARSABLE;
        cr_assert_eq(fault, expected, "%zu: %s gives %d", i, names[i], fault);
        cr_assert_eq(answer != NULL, expected == MP_FAULT_NONE);
    }
    cr_assert_eq(mp_worker_pending(worker), 0);
}

/* Takes what comes, until nothing is asked any more or the rest is for who asks for it; a child
 * that hangs says nothing. */
static void
drain(MpWorker *worker)
{
    guint left, octets;

    do {
        struct pollfd socket = {worker->socket, POLLIN, 0};

        left = worker->requests.length;
        octets = worker->in->len;
        if (left == 0 || worker->pid == 0 || poll(&socket, 1, 500) <= 0)
            return;
        mp_worker_drain(worker);
    } while (worker->requests.length < left || worker->in->len > octets);
}

/* Of a child that has been asked before. */
static void
ask_for_long_mails(MpWorker *worker, guint n, gsize octets)
{
    g_autofree char *body = g_strnfill(octets, 'x');
    g_autofree char *long_mail = g_strconcat(mail, body, "\n", NULL);
    int fd = file_of(long_mail, strlen(long_mail));

    assert_mail_is_read(worker, "nothing");
    for (guint i = 0; i < n; i++)
        cr_assert(mp_worker_send_parse(worker, fd, NULL, NULL));
    close(fd);
}

/* More than a socket holds: a child that nobody listens to would stop. */
Test(message_worker, answers_are_taken_before_anybody_asks_for_them, .timeout = 120)
{
    enum { MAILS = 64, OCTETS = 64 * 1024 };
    g_autoptr(MpWorker) worker = new_worker();

    ask_for_long_mails(worker, MAILS, OCTETS);
    drain(worker);
    cr_assert_eq(worker->drained.length, MAILS);
    cr_assert_eq(mp_worker_pending(worker), MAILS);
    for (guint i = 0; i < MAILS; i++) {
        g_autoptr(MpMessage) message = mp_worker_receive_message(worker, NULL, NULL);
        cr_assert_eq(strlen(message->plain), strlen("Hello.\n") + OCTETS + 1);
    }
    cr_assert_eq(mp_worker_pending(worker), 0);
    cr_assert_eq(worker->drained_size, 0);
    assert_mail_is_read(worker, "all");
    cr_assert_eq(mp_worker_starts(worker), 1);
}

Test(message_worker, what_is_taken_early_is_as_much_as_memory_allows, .timeout = 120)
{
    enum { MAILS = 24, OCTETS = 1024 * 1024 };
    g_autoptr(MpWorker) worker = new_worker();

    ask_for_long_mails(worker, MAILS, OCTETS);
    while (worker->drained_size < 8 * OCTETS) {
        struct pollfd socket = {worker->socket, POLLIN, 0};

        cr_assert_gt(poll(&socket, 1, 60 * 1000), 0);
        mp_worker_drain(worker);
    }
    guint taken = worker->drained.length;
    for (guint i = 0; i < 50; i++) {
        struct pollfd socket = {worker->socket, POLLIN, 0};

        cr_assert_gt(poll(&socket, 1, 60 * 1000), 0);
        mp_worker_drain(worker);
    }
    cr_assert_eq(worker->drained.length, taken);
    for (guint i = 0; i < MAILS; i++) {
        g_autoptr(MpMessage) message = mp_worker_receive_message(worker, NULL, NULL);
        cr_assert_not_null(message);
    }
}

Test(message_worker, what_ends_the_child_costs_no_answer_that_was_taken, .timeout = 120)
{
    static const char *const names[] = {"parse", "refuse", "parse", "babble",
                                        "parse", "crash",  "parse"};
    g_autoptr(MpWorker) worker = new_worker();
    struct {
        MpFrameHead head;
        guint8 bytes[8];
    } nonsense = {{MP_FRAME_MAGIC, MP_FRAME_VERSION, 8}, {255, 255, 255, 255, 255, 255, 255, 255}};
    int fd = file_of(mail, sizeof mail - 1);
    int bad = file_of((const char *)&nonsense, sizeof nonsense);

    assert_mail_is_read(worker, "nothing");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        cr_assert(strcmp(names[i], "parse") == 0
                      ? mp_worker_send_parse(worker, fd, NULL, NULL)
                      : mp_worker_send(worker, names[i], NULL,
                                       strcmp(names[i], "babble") == 0 ? bad : -1, NULL));
    close(fd);
    close(bad);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        MpMessageFault fault;

        drain(worker);
        g_autoptr(GBytes) answer = receive(worker, &fault, NULL);
        MpMessageFault expected = strcmp(names[i], "parse") == 0    ? MP_FAULT_NONE
                                  : strcmp(names[i], "refuse") == 0 ? MP_FAULT_TOO_LARGE
                                                                    : MP_FAULT_UNPARSABLE;
        cr_assert_eq(fault, expected, "%zu: %s gives %d", i, names[i], fault);
    }
    cr_assert_eq(mp_worker_pending(worker), 0);
}

/* Whose answers are there, but cannot be: what was asked after them is answered all the same, and
 * nobody gets the answer to another request. */
Test(message_worker, two_answers_that_were_taken_and_are_not_believed_cost_nobody_else,
     .timeout = 120)
{
    static const MpFrameHead head = {MP_FRAME_MAGIC, MP_FRAME_VERSION, 8};
    struct {
        MpFrameHead head;
        guint64 status;
    } lies[] = {{head, G_MAXUINT64}, {head, 1 + MP_ERROR_INSTALLATION}};
    g_autoptr(MpWorker) worker = new_worker();
    int bad = file_of((const char *)lies, sizeof lies);
    MpMessageFault fault;

    assert_mail_is_read(worker, "nothing");
    cr_assert(mp_worker_send(worker, "babble", NULL, bad, NULL));
    close(bad);
    for (guint i = 1; i <= 5; i++) {
        g_autofree char *text =
            g_strdup_printf("From: tim@example.org\nMessage-ID: <m%u@example.org>\n\nHello.\n", i);
        int fd = file_of(text, strlen(text));

        cr_assert(mp_worker_send_parse(worker, fd, NULL, NULL));
        close(fd);
    }
    drain(worker);
    cr_assert_eq(worker->drained.length, 2);
    g_autoptr(GBytes) none = receive(worker, &fault, NULL);
    cr_assert_null(none);
    for (guint i = 1; i <= 5; i++) {
        g_autoptr(MpMessage) message = mp_worker_receive_message(worker, &fault, NULL);
        g_autofree char *wanted = g_strdup_printf("<m%u@example.org>", i);

        cr_assert_eq(fault, MP_FAULT_NONE, "%u", i);
        cr_assert_str_eq(message->message_id, wanted);
    }
}

Test(message_worker, a_mail_that_follows_a_crash_is_read_all_the_same)
{
    g_autoptr(MpWorker) worker = new_worker();
    MpMessageFault fault;
    g_autoptr(GBytes) first = call(worker, "spoil", NULL, -1, &fault, NULL);
    g_autoptr(GBytes) second = call(worker, "spoilt", NULL, -1, &fault, NULL);

    cr_assert_not_null(first);
    cr_assert_not_null(second);
    cr_assert_eq(mp_worker_starts(worker), 2);
}

/* As where its memory was spoilt, and it lived on. */
Test(message_worker, a_mail_that_follows_nonsense_is_read_all_the_same)
{
    g_autoptr(MpWorker) worker = new_worker();
    g_autoptr(GByteArray) limits = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    MpMessageFault fault;
    int fd = file_of(mail, sizeof mail - 1);
    g_autoptr(GBytes) first = call(worker, "spoil", NULL, -1, &fault, NULL);

    mp_frame_add_octets(limits, &mp_limits_default, sizeof mp_limits_default);
    cr_assert(mp_worker_send(worker, "rave if spoilt", limits, fd, NULL));
    close(fd);
    g_autoptr(MpMessage) message = mp_worker_receive_message(worker, &fault, &error);
    cr_assert_not_null(message, "%s", error != NULL ? error->message : "");
    cr_assert_eq(mp_worker_starts(worker), 2);
}

Test(message_worker, who_talks_nonsense_is_asked_nothing_more)
{
    g_autoptr(MpWorker) worker = new_worker();
    g_autoptr(GError) error = NULL;
    MpMessageFault fault;

    cr_assert(mp_worker_send(worker, "rave", NULL, -1, NULL));
    cr_assert_null(mp_worker_receive_message(worker, &fault, &error));
    cr_assert_eq(fault, MP_FAULT_UNPARSABLE);
    cr_assert_str_eq(error->message, "unparsable: the parser's answer is no message");
    cr_assert_eq(mp_worker_starts(worker), 2);
    assert_mail_is_read(worker, "nonsense");
    cr_assert_eq(mp_worker_starts(worker), 3);
}

Test(message_worker, hundreds_of_requests_ahead_do_not_block)
{
    g_autoptr(MpWorker) worker = mp_worker_new(child);
    int fd = file_of(mail, sizeof mail - 1);

    for (guint i = 0; i < 600; i++)
        cr_assert(mp_worker_send_parse(worker, fd, NULL, NULL), "%u", i);
    close(fd);
    for (guint i = 0; i < 600; i++) {
        g_autoptr(MpMessage) message = mp_worker_receive_message(worker, NULL, NULL);
        cr_assert_not_null(message, "%u", i);
    }
    cr_assert_eq(mp_worker_starts(worker), 1);
}

Test(message_worker, the_sandbox_denies_everything_but_computing)
{
    g_autoptr(MpWorker) worker = new_worker();
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) answer = call(worker, "escape", NULL, -1, NULL, &error);

    cr_assert_not_null(answer, "%s", error == NULL ? "" : error->message);
    if ((mp_worker_sandbox(worker) & MP_SANDBOX_SECCOMP) == 0)
        cr_skip_test("this kernel has no seccomp");
    MpFrameReader reader = mp_frame_read(answer);
    for (gsize i = 0; i < G_N_ELEMENTS(escapes); i++)
        cr_assert(mp_frame_flag(&reader), "it can %s", escapes[i].name);
    cr_assert(mp_frame_is_read(&reader));
    assert_mail_is_read(worker, "all attempts");
}

Test(message_worker, the_child_inherits_nothing)
{
    int secret = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC */
    g_autoptr(MpWorker) worker = new_worker();

    g_setenv("METROPLEX_TEST_SECRET", "hunter2", TRUE);
    g_autoptr(GBytes) answer = call(worker, "environment", NULL, -1, NULL, NULL);
    close(secret);
    cr_assert_not_null(answer);
    MpFrameReader reader = mp_frame_read(answer);
    cr_assert_eq(mp_frame_number(&reader), 4, "files are open");
    cr_assert_eq(mp_frame_number(&reader), 1, "variables are set");
    cr_assert_str_eq(mp_frame_text(&reader), "LC_ALL=C.UTF-8");
}

Test(message_worker, the_child_dies_with_its_parent)
{
    int status = 0;

    /* who loses its parent becomes ours, so we see it end */
    cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    pid_t pid = fork();
    if (pid == 0) {
        g_autoptr(GBytes) answer = NULL;
        MpWorker *worker = mp_worker_new(child);
        answer = call(worker, "environment", NULL, -1, NULL, NULL);
        bool is_sent = mp_worker_send(worker, "sleep", NULL, -1, NULL);
        _exit(is_sent && answer != NULL ? 0 : 1); /* without mp_worker_free */
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
    for (guint i = 0; i < 100 && (pid = waitpid(-1, &status, WNOHANG)) == 0; i++)
        g_usleep(20000);
    cr_assert_gt(pid, 0, "it lives on");
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

Test(message_worker, a_worker_that_cannot_start_is_a_passing_trouble)
{
    static const char *const commands[][3] = {
        {"/nonexistent/metroplex", "worker", NULL},
        {"/bin/true", NULL},
        {"/bin/echo", "hello", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autoptr(MpWorker) worker = mp_worker_new(commands[i]);
        g_autoptr(GError) error = NULL;
        MpMessageFault fault = MP_FAULT_MALFORMED;
        int fd = file_of(mail, sizeof mail - 1);
        g_autoptr(MpMessage) message = mp_worker_parse(worker, fd, NULL, &fault, &error);

        close(fd);
        cr_assert_null(message);
        cr_assert(mp_error_is_temporary(error), "%s: %s", commands[i][0], error->message);
        cr_assert_eq(fault, MP_FAULT_NONE);
    }
}

Test(message_worker, what_is_no_regular_file_is_not_read)
{
    g_autoptr(MpWorker) worker = new_worker();
    g_autoptr(GError) error = NULL;
    MpMessageFault fault = MP_FAULT_NONE;
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

    cr_assert_null(mp_worker_parse(worker, fd, NULL, &fault, &error));
    close(fd);
    cr_assert_eq(fault, MP_FAULT_MALFORMED);
    cr_assert_eq(mp_worker_starts(worker), 0);
}

Test(message_worker, faults_of_a_mail_come_through)
{
    g_autoptr(MpWorker) worker = new_worker();
    g_autofree char *huge = g_malloc0(26 * 1024 * 1024);
    static const char header[] = "Subject: x\n\n";
    const struct {
        const char *bytes;
        gsize length;
        MpMessageFault fault;
    } cases[] = {
        {"", 0, MP_FAULT_MALFORMED},
        {"no mail\n", 8, MP_FAULT_MALFORMED},
        {huge, 26 * 1024 * 1024, MP_FAULT_TOO_LARGE},
        {mail, sizeof mail - 1, MP_FAULT_NONE},
    };

    memcpy(huge, header, sizeof header - 1);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        MpMessageFault fault;
        int fd = file_of(cases[i].bytes, cases[i].length);
        g_autoptr(MpMessage) message = mp_worker_parse(worker, fd, NULL, &fault, NULL);

        close(fd);
        cr_assert_eq(fault, cases[i].fault, "%zu: %d", i, fault);
        cr_assert_eq(message != NULL, fault == MP_FAULT_NONE);
    }
}

Test(message_worker, every_charset_held_is_read_without_a_file)
{
    static const struct {
        const char *charset, *bytes, *text;
    } cases[] = {
        {"koi8-r", "\xF0\xD2\xC9\xD7\xC5\xD4", "Привет"},
        {"windows-1251", "\xCF\xF0\xE8\xE2\xE5\xF2", "Привет"},
        {"iso-8859-2", "\xB1\xE6\xEA", "ąćę"},
        {"iso-8859-15", "\xA4", "€"},
        {"iso-2022-jp", "\x1B$B$3$s$K$A$O\x1B(B", "こんにちは"},
        {"euc-jp", "\xA4\xB3\xA4\xF3", "こん"},
        {"shift_jis", "\x82\xB1\x82\xF1", "こん"},
        {"gb2312", "\xC4\xE3\xBA\xC3", "你好"},
        {"gb18030", "\xC4\xE3\xBA\xC3", "你好"},
        {"big5", "\xA7\x41\xA6\x6E", "你好"},
        {"euc-kr", "\xBE\xC8\xB3\xE7", "안녕"},
        {"utf-7", "+T2BZfQ-", "你好"},
        {"iso-8859-1", "\x93quoted\x94 \xE9", "“quoted” é"},
        {"windows-1256", "\xE3\xD1\xCD\xC8\xC7", "مرحبا"},
    };
    g_autoptr(MpWorker) worker = new_worker();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf("Subject: =?%s?q?%s?=\nContent-Type: text/plain; charset=\"%s\"\n\n%s",
                            cases[i].charset, "x", cases[i].charset, cases[i].bytes);
        int fd = file_of(text, strlen(text));
        g_autoptr(MpMessage) message = mp_worker_parse(worker, fd, NULL, NULL, NULL);

        close(fd);
        cr_assert_not_null(message, "%s", cases[i].charset);
        cr_assert_str_eq(message->plain, cases[i].text, "%s: %s", cases[i].charset, message->plain);
        cr_assert_eq(message->repairs->len, 0, "%s", cases[i].charset);
    }
}
