/* A child process that inherits nothing; see internal.h. */
#include "worker/internal.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

bool
mp_worker_spawn(const char *const *argv, pid_t *pid, int *socket, GError **error)
{
    static const char *const environment[] = {"LC_ALL=C.UTF-8", NULL};
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return mp_fail(error, MP_ERROR_TEMPORARY, "cannot make a socket for the worker: %s",
                       g_strerror(errno));

    g_auto(MpFd) ours = ends[0], theirs = ends[1];
    MpProcessStart start = {.path = argv[0],
                            .argv = argv,
                            .environment = environment,
                            .fds = {-1, -1, -1},
                            .n_fds = MP_WORKER_SOCKET + 1,
                            .group = MP_GROUP_OF_PARENT};
    start.fds[MP_WORKER_SOCKET] = theirs;
    *pid = mp_process_start(&start);
    int problem = errno;
    if (*pid > 0 && fcntl(ours, F_SETFL, O_NONBLOCK) == 0) {
        *socket = g_steal_fd(&ours);
        return true;
    }
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
