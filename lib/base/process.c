/* Another program, run to its end; see process.h. */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

#define OUTPUT_MAX 65536 /* octets that are kept of each stream */
#define N_STREAMS  2     /* standard output and standard error */

void
mp_process_clear(MpProcess *program)
{
    g_clear_pointer(&program->out, g_free);
    g_clear_pointer(&program->err, g_free);
}

/* Between fork and exec, where only async-signal-safe calls are allowed. Does not return. */
static void
become_child(const char *path, const char *const *argv, const char *const *environment,
             const int *write_ends, pid_t parent)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    int null = open("/dev/null", O_RDWR);
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, &standard, NULL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setsid();
    /* a parent that died before prctl never kills us, so look whether it is still there */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
        _exit(127);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(write_ends[0], STDOUT_FILENO) < 0 ||
        dup2(write_ends[1], STDERR_FILENO) < 0)
        _exit(127);
    if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
        for (int i = STDERR_FILENO + 1; i < (int)sysconf(_SC_OPEN_MAX); i++)
            (void)close(i);
    execve(path, (char *const *)(gsize)argv, (char *const *)(gsize)environment);
    _exit(127);
}

static pid_t
start(const char *path, const char *const *argv, const char *const *environment,
      const int *write_ends)
{
    sigset_t all, before;
    pid_t parent = getpid();

    /* no handler of ours may run in the child */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        become_child(path, argv, environment, write_ends, parent);
    int problem = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = problem;
    return pid;
}

/* What there is to read now; false when the stream has ended. */
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
 * Reads both streams until the program ends; false if the time was over first. Not until the
 * streams end: what it left behind (ssh's ControlPersist) may hold them open for hours.
 */
static bool
read_until_end(pid_t pid, const int *fds, GString **into, gint64 deadline)
{
    struct pollfd polled[N_STREAMS + 1];
    int process = pidfd_open(pid, 0);

    for (int i = 0; i < N_STREAMS; i++)
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    polled[N_STREAMS] = (struct pollfd){.fd = process, .events = POLLIN};
    while (process >= 0 && polled[N_STREAMS].revents == 0) {
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;

        if (left <= 0)
            break;
        if (poll(polled, N_STREAMS + 1, (int)MIN(left + 1, 60000)) < 0)
            continue; /* a signal; what it means is for the caller's loop */
        for (int i = 0; i < N_STREAMS; i++)
            if (polled[i].fd >= 0 && polled[i].revents != 0 && !take_all(polled[i].fd, into[i]))
                polled[i].fd = -1; /* poll(2) leaves it alone from here on */
    }
    for (int i = 0; i < N_STREAMS; i++)
        take_all(fds[i], into[i]);
    if (process >= 0)
        close(process);
    return process >= 0 && polled[N_STREAMS].revents != 0;
}

/* Who was too slow goes with all that it started. */
static void
reap(MpProcess *program, pid_t pid)
{
    int status = 0;

    if (program->is_too_slow)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    program->status = WIFEXITED(status) && !program->is_too_slow ? WEXITSTATUS(status) : -1;
}

static bool
run(MpProcess *program, const char *path, const char *const *argv, const char *const *environment,
    int pipes[N_STREAMS][2], int seconds, GError **error)
{
    const int write_ends[] = {pipes[0][1], pipes[1][1]};
    const int read_ends[] = {pipes[0][0], pipes[1][0]};
    GString *text[] = {g_string_new(NULL), g_string_new(NULL)};
    gint64 deadline =
        seconds > 0 ? g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC : G_MAXINT64;
    pid_t pid = start(path, argv, environment, write_ends);
    bool good = pid > 0;

    if (!good)
        mp_fail_errno(error, "cannot start %s", path);
    for (int i = 0; i < N_STREAMS; i++) {
        close(pipes[i][1]);
        pipes[i][1] = -1;
    }
    if (good) {
        program->is_too_slow = !read_until_end(pid, read_ends, text, deadline);
        reap(program, pid);
    }
    program->out = g_string_free(text[0], FALSE);
    program->err = g_string_free(text[1], FALSE);
    return good;
}

bool
mp_process_run(MpProcess *program, const char *const *argv, const char *const *environment,
               int seconds, GError **error)
{
    g_autofree char *path = g_find_program_in_path(argv[0]);
    int pipes[N_STREAMS][2] = {{-1, -1}, {-1, -1}};
    bool good;

    *program = (MpProcess){.status = -1};
    if (path == NULL)
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s is not installed", argv[0]);
    if (pipe2(pipes[0], O_CLOEXEC) < 0 || pipe2(pipes[1], O_CLOEXEC) < 0 ||
        fcntl(pipes[0][0], F_SETFL, O_NONBLOCK) < 0 || fcntl(pipes[1][0], F_SETFL, O_NONBLOCK) < 0)
        good = mp_fail_errno(error, "cannot make a pipe for %s", argv[0]);
    else
        good = run(program, path, argv, environment, pipes, seconds, error);
    for (int i = 0; i < N_STREAMS * 2; i++)
        if (pipes[i / 2][i % 2] >= 0)
            close(pipes[i / 2][i % 2]);
    return good;
}
