/* A child process that inherits nothing; see internal.h. */
#include "worker/internal.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Between fork and exec, where only async-signal-safe calls are allowed. Does not return. */
static void
become_child(const char *const *argv, int socket, pid_t parent)
{
    static char *const environment[] = {(char *)(gsize) "LC_ALL=C.UTF-8", NULL};
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, &standard, NULL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    /* a parent that died before prctl never kills us, so look whether it is still there */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
        _exit(127);

    int null = open("/dev/null", O_RDWR);
    if (null < 0 || (socket = fcntl(socket, F_DUPFD, MP_WORKER_SOCKET)) < 0)
        _exit(127);
    for (int i = 0; i < MP_WORKER_SOCKET; i++)
        if (dup2(null, i) < 0)
            _exit(127);
    if (socket != MP_WORKER_SOCKET && dup2(socket, MP_WORKER_SOCKET) < 0)
        _exit(127);
    if (close_range(MP_WORKER_SOCKET + 1, ~0U, 0) != 0)
        for (int i = MP_WORKER_SOCKET + 1; i < (int)sysconf(_SC_OPEN_MAX); i++)
            (void)close(i);
    execve(argv[0], (char *const *)(gsize)argv, environment);
    _exit(127);
}

bool
mp_worker_spawn(const char *const *argv, pid_t *pid, int *socket, GError **error)
{
    int ends[2];
    sigset_t all, before;
    pid_t parent = getpid();

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return mp_fail(error, MP_ERROR_TEMPORARY, "cannot make a socket for the worker: %s",
                       g_strerror(errno));

    /* no handler of ours may run in the child */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    *pid = fork();
    if (*pid == 0)
        become_child(argv, ends[1], parent);
    int problem = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    close(ends[1]);
    *socket = ends[0];
    if (*pid > 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        return true;
    close(ends[0]);
    return mp_fail(error, MP_ERROR_TEMPORARY, "cannot start the worker: %s", g_strerror(problem));
}

char *
mp_worker_reap(pid_t pid, MpWorkerDeath *death)
{
    int status = 0;

    /* It may be ending right now: its socket closes before it can be waited for. */
    for (int i = 0; waitpid(pid, &status, WNOHANG) == 0; i++) {
        if (i == 20)
            kill(pid, SIGKILL);
        g_usleep(i < 20 ? 500 : 5000);
    }
    *death = !WIFSIGNALED(status)          ? MP_DEATH_BY_ITSELF
             : WTERMSIG(status) == SIGPROF ? MP_DEATH_BY_CPU
                                           : MP_DEATH_BY_SIGNAL;
    switch (*death) {
    case MP_DEATH_BY_ITSELF:
        return g_strdup_printf("ended with status %d", WEXITSTATUS(status));
    case MP_DEATH_BY_CPU:
        return g_strdup("took too much processor time");
    case MP_DEATH_BY_SIGNAL:
        break;
    }
    return g_strdup_printf("was killed by signal %d", WTERMSIG(status));
}
