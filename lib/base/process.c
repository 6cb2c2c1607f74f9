/* Other programs; see process.h. */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

#define OUTPUT_MAX 65536 /* octets that are kept of each stream */
#define N_STREAMS  2     /* standard output and standard error */
#define STACK_SIZE 32768 /* for what a child does before it is another program */

void
mp_process_clear(MpProcess *process)
{
    g_clear_pointer(&process->out, g_free);
    g_clear_pointer(&process->err, g_free);
}

/* --- Starting one: before exec only async-signal-safe calls are allowed ------------------------
 */

static void
reset_signals(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, &standard, NULL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Each is moved above the numbers that are to be given away before the first one is given. */
static bool
take_descriptors(const MpProcessStart *start)
{
    int null = open("/dev/null", O_RDWR), from[MP_PROCESS_FDS], n = (int)start->n_fds;

    if (null < 0)
        return false;
    for (int i = 0; i < n; i++)
        if ((from[i] = fcntl(start->fds[i] >= 0 ? start->fds[i] : null, F_DUPFD, n)) < 0)
            return false;
    for (int i = 0; i < n; i++)
        if (dup2(from[i], i) < 0)
            return false;
    if (close_range((unsigned)n, ~0U, 0) != 0)
        for (int i = n; i < (int)sysconf(_SC_OPEN_MAX); i++)
            (void)close(i);
    return true;
}

/* On its own standard error, where it has one: who started it reads that. */
static void
complain(const char *path, int code)
{
    const char *const words[] = {"cannot execute ", path, ": ", strerrordesc_np(code), "\n"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (write(STDERR_FILENO, words[i], strlen(words[i])) < 0)
            return;
}

typedef struct {
    const MpProcessStart *start;
    pid_t parent;
} Child;

static int
become_child(void *data)
{
    const MpProcessStart *start = ((const Child *)data)->start;

    reset_signals();
    if (start->group == MP_SESSION_OF_ITS_OWN)
        (void)setsid();
    else if (start->group == MP_GROUP_OF_ITS_OWN)
        (void)setpgid(0, 0);
    /* a parent that died before prctl never kills us, so look whether it is still there */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
        getppid() != ((const Child *)data)->parent || !take_descriptors(start))
        _exit(127);
    execve(start->path, (char *const *)(gsize)start->argv,
           (char *const *)(gsize)start->environment);
    complain(start->path, errno);
    _exit(126);
}

/*
 * As vfork(2), on a stack of its own: the child has our memory, and we stand still, until it
 * becomes the other program. A fork would copy the table of our pages, and each page that we write
 * to afterwards: with the packs and trees of a large batch that takes longer than what git does.
 */
static pid_t
spawn(const MpProcessStart *start)
{
    _Alignas(16) char stack[STACK_SIZE];
    Child child = {start, getpid()};

    return clone(become_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &child);
}

pid_t
mp_process_start(const MpProcessStart *start)
{
    sigset_t all, before;

    g_assert(start->n_fds <= MP_PROCESS_FDS);
    /* no handler of ours may run in the child */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = spawn(start);
    int problem = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid > 0 && start->group == MP_GROUP_OF_ITS_OWN)
        (void)setpgid(pid, pid); /* whoever is first */
    errno = problem;
    return pid;
}

/* --- To its end ---------------------------------------------------------------------------------
 */

/* Reads what there is now; false when the stream has ended. */
static bool
take_all(int fd, GString *into)
{
    char buffer[8192];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        if (into->len < OUTPUT_MAX)
            g_string_append_len(into, buffer, MIN(n, (gssize)(OUTPUT_MAX - into->len)));
    return n < 0 && (errno == EINTR || errno == EAGAIN);
}

/*
 * Reads both streams until the program ends, which `end` tells; false if the time was over first.
 * Not until the streams end: what it left behind (ssh's ControlPersist) may hold them open for
 * hours.
 */
static bool
read_until_end(int end, const int *fds, GString **into, gint64 deadline)
{
    struct pollfd polled[N_STREAMS + 1];

    for (int i = 0; i < N_STREAMS; i++)
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    polled[N_STREAMS] = (struct pollfd){.fd = end, .events = POLLIN};
    while (polled[N_STREAMS].revents == 0) {
        gint64 left = MAX((deadline - g_get_monotonic_time()) / 1000, 0);
        int timeout = left > 0 ? (int)MIN(left + 1, 60000) : 0; /* it may have ended long ago */

        if (poll(polled, N_STREAMS + 1, timeout) < 0)
            continue; /* a signal; what it means is for the caller's loop */
        for (int i = 0; i < N_STREAMS; i++)
            if (polled[i].fd >= 0 && polled[i].revents != 0 && !take_all(polled[i].fd, into[i]))
                polled[i].fd = -1; /* poll(2) leaves it alone from here on */
        if (left == 0)
            break;
    }
    for (int i = 0; i < N_STREAMS; i++)
        take_all(fds[i], into[i]);
    return polled[N_STREAMS].revents != 0;
}

static int
wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* Itself as well, where it has not come to make its session yet. */
int
mp_process_kill(pid_t pid)
{
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    return wait_for(pid);
}

static void
reap(MpProcess *process, pid_t pid, bool is_killed)
{
    int status = is_killed ? mp_process_kill(pid) : wait_for(pid);

    process->status = WIFEXITED(status) && !is_killed ? WEXITSTATUS(status) : -1;
}

bool
mp_process_pipe(MpFd *read_end, MpFd *write_end)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    *read_end = ends[0];
    *write_end = ends[1];
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

struct MpRunning {
    pid_t pid;
    MpFd end; /* readable once it has ended */
    MpFd streams[N_STREAMS];
    gint64 begun;
};

void
mp_running_free(MpRunning *running)
{
    if (running == NULL)
        return;
    if (running->pid > 0)
        (void)mp_process_kill(running->pid);
    mp_fd_clear(&running->end);
    for (int i = 0; i < N_STREAMS; i++)
        mp_fd_clear(&running->streams[i]);
    g_free(running);
}

static MpRunning *
begin(const char *const *argv, const char *const *environment, int input, int also, GError **error)
{
    g_autoptr(MpRunning) running = g_new0(MpRunning, 1);
    g_autofree char *path = g_find_program_in_path(argv[0]);
    g_auto(MpFd) to_out = -1, to_err = -1;

    *running = (MpRunning){.end = -1, .streams = {-1, -1}, .begun = g_get_monotonic_time()};
    if (path == NULL)
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s is not installed", argv[0]);
    if (!mp_process_pipe(&running->streams[0], &to_out) ||
        !mp_process_pipe(&running->streams[1], &to_err)) {
        mp_fail_errno(error, "cannot make a pipe for %s", argv[0]);
        return NULL;
    }
    const MpProcessStart start = {path,
                                  argv,
                                  environment,
                                  {input, to_out, to_err, also},
                                  also < 0 ? 3 : 4,
                                  MP_SESSION_OF_ITS_OWN};
    running->pid = mp_process_start(&start);
    running->end = running->pid > 0 ? pidfd_open(running->pid, 0) : -1;
    if (running->end >= 0)
        return g_steal_pointer(&running);
    mp_fail_errno(error, "cannot %s %s", running->pid > 0 ? "watch" : "start", path);
    return NULL;
}

MpRunning *
mp_process_begin(const char *const *argv, const char *const *environment, int also, GError **error)
{
    return begin(argv, environment, -1, also, error);
}

bool
mp_running_is_over(const MpRunning *running)
{
    struct pollfd end = {.fd = running->end, .events = POLLIN};

    return poll(&end, 1, 0) > 0;
}

void
mp_process_end(MpRunning *running, MpProcess *process, int seconds)
{
    GString *text[] = {g_string_new(NULL), g_string_new(NULL)};
    gint64 deadline = seconds > 0 ? running->begun + (gint64)seconds * G_USEC_PER_SEC : G_MAXINT64;

    *process = (MpProcess){.status = -1};
    process->is_too_slow = !read_until_end(running->end, running->streams, text, deadline);
    reap(process, running->pid, process->is_too_slow);
    running->pid = 0;
    process->out = g_string_free(text[0], FALSE);
    process->err = g_string_free(text[1], FALSE);
}

bool
mp_process_feed(MpProcess *process, const char *const *argv, const char *const *environment,
                int input, int seconds, GError **error)
{
    *process = (MpProcess){.status = -1};
    g_autoptr(MpRunning) running = begin(argv, environment, input, -1, error);

    if (running == NULL)
        return false;
    mp_process_end(running, process, seconds);
    return true;
}

bool
mp_process_run(MpProcess *process, const char *const *argv, const char *const *environment,
               int seconds, GError **error)
{
    return mp_process_feed(process, argv, environment, -1, seconds, error);
}
