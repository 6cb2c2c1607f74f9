/* notifier, notifier --once, notifier --for SECONDS: lock, send what is due, wait for more. */
#include "commands.h"
#include "outbound/outbound.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"

#define DEFAULT_SECONDS 55 /* a cron job a minute */
#define TIMER_SECONDS   5  /* under inotify, which network file systems lack */

static volatile sig_atomic_t stopped;

static void
on_stop_signal(int number G_GNUC_UNUSED)
{
    stopped = 1;
}

static bool
is_stopped(void)
{
    return stopped != 0;
}

static void
catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_stop_signal};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int
watch_new(const MpInstance *instance)
{
    g_autofree char *path = mp_config_path(instance->config, "outbox/new");
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd >= 0 && inotify_add_watch(fd, path, IN_MOVED_TO) >= 0)
        return fd;
    mp_warn("Cannot watch %s, looking every %d s instead: %s", path, TIMER_SECONDS,
            g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Until something may be due, the time is up, or a signal came: blocked between the question
 * whether one came and ppoll(2), so that none is missed. */
static void
wait_for_work(int inotify, gint64 milliseconds)
{
    struct pollfd fd = {.fd = inotify, .events = POLLIN};
    struct timespec time = {milliseconds / 1000, (milliseconds % 1000) * 1000000};
    sigset_t stop, before;
    char events[4096];

    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    if (!is_stopped())
        ppoll(&fd, 1, &time, &before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    while (inotify >= 0 && read(inotify, events, sizeof events) > 0)
        continue; /* the pass looks for itself */
}

static int
poll_for(MpOutbound *outbound, const MpInstance *instance, gint64 seconds, GError **error)
{
    gint64 end = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
    int inotify = watch_new(instance), status = EX_OK;

    while (!is_stopped()) {
        gint64 next_due, left;

        if (!mp_outbound_pass(outbound, &next_due, &status, error))
            break;
        left = (end - g_get_monotonic_time()) / 1000;
        if (left <= 0 || is_stopped())
            break;
        left = MIN(left, TIMER_SECONDS * 1000);
        if (next_due != G_MAXINT64)
            left = MIN(left, MAX(next_due - mp_time_now(), 0) * 1000 + 1);
        wait_for_work(inotify, left);
    }
    if (inotify >= 0)
        close(inotify);
    return status;
}

static int
send_due(const MpInstance *instance, bool once, gint64 seconds, GError **error)
{
    g_autoptr(MpOutbound) outbound = mp_outbound_new(instance, is_stopped, error);
    int status = EX_OK;
    gint64 next_due;

    if (outbound == NULL)
        return status;
    if (!once)
        return poll_for(outbound, instance, seconds, error);
    mp_outbound_pass(outbound, &next_due, &status, error);
    return status;
}

static int
report(const GError *error)
{
    mp_error("%s", error->message); /* standard error has it as well */
    return mp_error_exit_status(error);
}

static int
run(MpInstance *instance, bool once, gint64 seconds)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpLock) lock = NULL;
    int status;

    if (!instance->config->enabled) {
        mp_info("Mail is not enabled ([smtp] enabled = false): nothing is sent");
        return EX_OK;
    }
    if (!mp_instance_open_outbox(instance, &error))
        return report(error);
    lock = mp_instance_lock_outbox(instance, MP_LOCK_TRY, &error);
    if (lock == NULL) {
        if (error != NULL)
            return report(error);
        mp_info("Another notifier is running");
        return EX_OK;
    }
    if (!mp_instance_open_keys(instance, &error) || !mp_instance_open_tracker(instance, &error))
        return report(error);
    status = send_due(instance, once, seconds, &error);
    if (error != NULL)
        return report(error);
    if (is_stopped())
        mp_info("Stopped by a signal");
    return is_stopped() ? EX_OK : status;
}

int
cmd_run(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    gboolean once = FALSE;
    int seconds = DEFAULT_SECONDS;
    const GOptionEntry entries[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &once, "send what is due, and exit", NULL},
        {"for", 0, 0, G_OPTION_ARG_INT, &seconds, "send what falls due for SECONDS (55)",
         "SECONDS"},
        G_OPTION_ENTRY_NULL,
    };

    mp_options_parse(&options, entries, "", "[--once | --for SECONDS]",
                     "Sends the notifications that are due. `notifier --help` lists the commands.",
                     0, 0, &argc, &argv);
    if (seconds < 0)
        return mp_usage_error("--for %d: not a number of seconds", seconds);
    catch_signals();
    if (!mp_instance_load(&instance, &options, &error) ||
        !mp_instance_open_log(&instance, "notifier.log", &error))
        return mp_report(error);
    return run(&instance, once, seconds);
}
