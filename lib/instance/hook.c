/* Programs that are started beside a run; see hook.h. */
#include "instance/hook.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/program.h"
#include "base/signal.h"
#include "base/time.h"

#define COMPLAINT_MAX 2000
#define LOOK_MS       20
#define ROUNDS        1000 /* of killing, against a program that goes on forking */

pid_t
mp_hook_start(const char *const *argv, int in, int err)
{
    static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                              NULL};
    const MpProcessStart start = {argv[0],       argv, environment,
                                  {in, -1, err}, 3,    MP_GROUP_OF_ITS_OWN};

    return mp_process_start(&start);
}

/* --- The child of a run ----------------------------------------------------------------------- */

static bool
is_due(const struct dirent *entry, gpointer user_data)
{
    const gint64 *now = user_data;

    return entry->d_name[0] != '.' && g_ascii_strtoll(entry->d_name, NULL, 10) <= *now;
}

static bool
look(const MpConfig *config, bool *has_due, GError **error)
{
    g_autofree char *path_new = mp_config_path(config, "hook/new"),
                    *path_retry = mp_config_path(config, "hook/retry");
    gint64 now = mp_time_now();

    return mp_directory_has(path_new, NULL, NULL, has_due, error) &&
           (*has_due || mp_directory_has(path_retry, is_due, &now, has_due, error));
}

/* What stands in the way is told once, and again after it was gone: we look every few seconds. */
static bool
has_due(MpHook *hook, const MpConfig *config)
{
    g_autoptr(GError) why = NULL;
    bool found, good = look(config, &found, &why);

    if (!good)
        mp_log(hook->is_blind ? MP_LOG_DEBUG : MP_LOG_WARN, "on-comment has to wait: %s",
               why->message);
    hook->is_blind = !good;
    return good && found;
}

bool
mp_hook_is_due(const MpConfig *config)
{
    bool found;

    return *config->on_comment != '\0' && (!look(config, &found, NULL) || found);
}

/* A child that ends by itself has said why in the log. */
static void
take_end(MpHook *hook)
{
    int status = 0;

    if (hook->child == 0 || waitpid(hook->child, &status, WNOHANG) == 0)
        return;
    hook->child = 0;
    if (WIFSIGNALED(status))
        mp_warn("on-comment: metroplex hook was killed by signal %d; it begins again",
                WTERMSIG(status));
}

bool
mp_hook_step(MpHook *hook, const MpConfig *config, const MpOptions *options, bool may_start)
{
    g_autofree char *program = mp_inner_program_path("metroplex-commands");
    const char *argv[] = {program,  "hook",       "--config", options->config_file,
                          "--data", config->data, NULL};

    take_end(hook);
    if (hook->child > 0 || !may_start || *config->on_comment == '\0' || !has_due(hook, config))
        return hook->child > 0;
    hook->child = mp_hook_start(argv, -1, -1);
    if (hook->child < 0) {
        mp_warn("on-comment has to wait: cannot start a process: %s", g_strerror(errno));
        hook->child = 0;
    }
    return hook->child > 0;
}

void
mp_hook_stop(MpHook *hook)
{
    if (hook->child <= 0)
        return;
    kill(hook->child, SIGTERM); /* it ends what it has started, too */
    waitpid(hook->child, NULL, 0);
    hook->child = 0;
}

/* --- Somebody else's program -------------------------------------------------------------------
 */

static void
take_complaint(int fd, GString *complaint)
{
    char buffer[4096];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        g_string_append_len(
            complaint, buffer,
            (gssize)MIN((gsize)n, COMPLAINT_MAX - MIN(complaint->len, COMPLAINT_MAX)));
}

/* False if we have no child, or cannot tell which. */
static bool
kill_children(void)
{
    g_autofree char *text = NULL;
    bool is_any = false;

    if (!g_file_get_contents("/proc/thread-self/children", &text, NULL, NULL))
        return false;
    g_auto(GStrv) pids = g_strsplit_set(g_strstrip(text), " ", -1);
    for (char **pid = pids; *pid != NULL; pid++) {
        pid_t number = (pid_t)g_ascii_strtoll(*pid, NULL, 10);

        if (number > 0) {
            is_any = true;
            kill(number, SIGKILL);
            waitpid(number, NULL, 0);
        }
    }
    return is_any;
}

/* Processes that the program left running end with it: its group, and those in a session of their
 * own, which the kernel hands to us when their parent ends (PR_SET_CHILD_SUBREAPER). */
static void
end_what_it_started(pid_t group)
{
    kill(-group, SIGKILL);
    for (int i = 0; i < ROUNDS && kill_children(); i++)
        continue;
}

/* Until it has ended, or its time has. */
static void
wait_for(pid_t child, int err, gint64 until, MpHookEnd *end, GString *complaint)
{
    struct pollfd p = {.fd = err, .events = POLLIN};

    while (waitpid(child, &end->status, WNOHANG) == 0) {
        if (mp_is_stopped() || g_get_monotonic_time() >= until) {
            end->is_late = true;
            kill(-child, SIGKILL);
            waitpid(child, &end->status, 0);
            break;
        }
        if (poll(&p, 1, LOOK_MS) > 0) {
            take_complaint(err, complaint);
            if ((p.revents & POLLIN) == 0)
                p.fd = -1; /* it closed its standard error: poll() only waits */
        }
    }
    take_complaint(err, complaint);
}

void
mp_hook_execute(const char *program, const char *input, gsize length, int seconds, MpHookEnd *end)
{
    const char *argv[] = {program, NULL};
    g_autoptr(GError) error = NULL;
    GString *complaint = g_string_new(NULL);
    g_auto(MpFd) in = mp_memory_file(input, length, &error), err = -1, to_err = -1;
    pid_t child = -1;

    *end = (MpHookEnd){0};
    mp_catch_signals();
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (in < 0)
        g_string_assign(complaint, error->message);
    else if (!mp_process_pipe(&err, &to_err) || (child = mp_hook_start(argv, in, to_err)) < 0)
        g_string_printf(complaint, "cannot start it: %s", g_strerror(errno));
    mp_fd_clear(&to_err);
    if (child > 0) {
        end->is_started = true;
        wait_for(child, err, g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC, end,
                 complaint);
        end_what_it_started(child);
    }
    end->complaint = g_string_free(complaint, FALSE);
}
