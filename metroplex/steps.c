/* Commands given by a command; see steps.h. */
#include "steps.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/process.h"
#include "base/program.h"

static void
show(const char *const *argv, bool to_stderr)
{
    FILE *out = to_stderr ? stderr : stdout;

    fputc('$', out);
    for (; *argv != NULL; argv++) {
        g_autofree char *shown = mp_escape(*argv);

        fprintf(out, " %s", shown);
    }
    fputc('\n', out);
    fflush(NULL); /* before what the program prints */
}

int
mp_step_run(const char *program, const char *const *words, bool to_stderr, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_auto(GStrv) environment = g_get_environ();
    g_autofree char *path = mp_program_path(program);
    int status;

    g_ptr_array_add(argv, (gpointer)program);
    for (; *words != NULL; words++)
        g_ptr_array_add(argv, (gpointer)*words);
    g_ptr_array_add(argv, NULL);
    show((const char *const *)argv->pdata, to_stderr);
    const MpProcessStart start = {
        .path = path,
        .argv = (const char *const *)argv->pdata,
        .environment = (const char *const *)environment,
        .fds = {-1, to_stderr ? STDERR_FILENO : STDOUT_FILENO, STDERR_FILENO},
        .n_fds = 3,
        .group = MP_GROUP_OF_PARENT, /* an interrupt from the terminal reaches both */
    };
    pid_t pid = mp_process_start(&start);
    if (pid < 0) {
        mp_fail_errno(error, "cannot start %s", program);
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) {
            mp_fail_errno(error, "cannot wait for %s", program);
            return -1;
        }
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    mp_fail(error, MP_ERROR_TEMPORARY, "%s was ended by signal %d", program, WTERMSIG(status));
    return -1;
}
