/*
 * A piece of work that goes on to its end also if who asked for it is killed: between the rename of
 * a file and the reload of Postfix, new processes of Postfix would read what old ones do not know.
 * The child has a session of its own and tells its steps through a pipe. Where it is the child that
 * is killed, we have Postfix read what is written in its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "postfix/internal.h"

static void
tell_parent(const char *step, gpointer user_data)
{
    FILE *pipe = user_data;

    fprintf(pipe, "S%s\n", step);
    fflush(pipe);
}

G_GNUC_NORETURN static void
work_apart(const MpWork *work, MpWorkPiece piece, gpointer data, int fd)
{
    g_autoptr(GError) error = NULL;
    FILE *pipe = fdopen(fd, "w");
    MpWork ours = *work;

    setsid();
    (void)signal(SIGPIPE, SIG_IGN); /* nobody listens any more: all the same */
    ours.progress = tell_parent;
    ours.user_data = pipe;
    if (!piece(&ours, data, &error))
        fprintf(pipe, "E%d %s\n", error->code, g_strdelimit(error->message, "\n", ' '));
    else
        fputs("D\n", pipe);
    fflush(pipe);
    _exit(0);
}

/* Steps as they come, and how it ended; *is_told says whether it came to say so. */
static bool
follow(const MpWork *work, FILE *pipe, bool *is_told, GError **error)
{
    char *line = NULL;
    size_t size = 0;
    bool is_done = false;

    while (getline(&line, &size, pipe) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == 'S')
            mp_work_tell(work, line + 1);
        else if (line[0] == 'E')
            *is_told = !mp_fail(error, (MpErrorKind)atoi(line + 1), "%s", strchr(line, ' ') + 1);
        else
            *is_told = is_done = true;
    }
    free(line);
    return is_done;
}

bool
mp_work_apart(const MpWork *work, MpWorkPiece piece, MpWorkPiece finish, gpointer data,
              GError **error)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return mp_fail_errno(error, "cannot make a pipe");
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        work_apart(work, piece, data, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return mp_fail_errno(error, "cannot start a process");
    }
    FILE *pipe = fdopen(ends[0], "r");
    bool is_told = false, good = follow(work, pipe, &is_told, error);
    fclose(pipe);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (is_told)
        return good;
    return finish(work, data, error) &&
           mp_fail(error, MP_ERROR_TEMPORARY,
                   "the process that changes Postfix was killed: give the command again");
}

void
mp_work_tell(const MpWork *work, const char *step)
{
    if (work->progress != NULL)
        work->progress(step, work->user_data);
}
