/* Once, or for a while; see loop.h. */
#include "cli/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "base/signal.h"
#include "base/time.h"
#include "cli/command.h"

#define TIMER_MS 5000
#define STEP_MS  100 /* when only what works beside the loop is waited for */

/* -1 where inotify cannot be had: too many users of it, or an old kernel. */
static int
watch(const char *path)
{
    g_auto(MpFd) fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd >= 0 && inotify_add_watch(fd, path, IN_MOVED_TO | IN_CREATE) >= 0)
        return g_steal_fd(&fd);
    mp_warn("Cannot watch %s, looking every %d s instead: %s", path, TIMER_MS / 1000,
            g_strerror(errno));
    return -1;
}

/* The signals are blocked between the question whether one came and ppoll(2): none is missed. */
static bool
poll_or_stop(int inotify, gint64 milliseconds)
{
    struct pollfd polled = {.fd = inotify, .events = POLLIN};
    const struct timespec time = {milliseconds / 1000, (milliseconds % 1000) * 1000000};
    sigset_t stop, before;
    bool has_come;

    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    has_come = !mp_is_stopped() && ppoll(&polled, 1, &time, &before) > 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return has_come;
}

static void
wait_for_more(const MpLoop *loop, int inotify, gint64 milliseconds)
{
    char events[4096];

    if (poll_or_stop(inotify, milliseconds) && loop->linger > 0)
        (void)poll_or_stop(-1, loop->linger);
    while (inotify >= 0 && read(inotify, events, sizeof events) > 0)
        continue; /* the pass looks for itself */
}

static gint64
until_due(gint64 next_due)
{
    gint64 seconds = MAX(next_due - mp_time_now(), 0);

    return MIN(seconds, TIMER_MS / 1000) * 1000 + 1; /* nobody waits longer */
}

static bool
run_for(const MpLoop *loop, gpointer user_data, GError **error)
{
    gint64 end = g_get_monotonic_time() + (gint64)loop->seconds * G_USEC_PER_SEC;
    g_auto(MpFd) inotify = watch(loop->watched);

    if (inotify >= 0 && loop->also_watched != NULL)
        (void)inotify_add_watch(inotify, loop->also_watched, IN_MOVED_TO);

    while (!mp_is_stopped()) {
        gint64 next_due = G_MAXINT64, wait;

        if (!loop->pass(user_data, &next_due, error))
            return false;
        if (mp_is_stopped())
            break;
        gint64 left = (end - g_get_monotonic_time()) / 1000;
        bool is_busy = loop->step != NULL && loop->step(user_data, left > 0);
        if (left <= 0 && !is_busy)
            break;
        wait = left > 0 ? MIN(left, TIMER_MS) : STEP_MS;
        wait_for_more(loop, inotify, MIN(wait, until_due(next_due)));
    }
    return true;
}

static bool
run_once(const MpLoop *loop, gpointer user_data, GError **error)
{
    gint64 next_due = G_MAXINT64;
    bool good = loop->pass(user_data, &next_due, error), may_start = true;

    while (loop->step != NULL && loop->step(user_data, may_start) && !mp_is_stopped()) {
        (void)poll_or_stop(-1, STEP_MS);
        may_start = false;
    }
    return good;
}

int
mp_loop_seconds(const char *command, bool is_once, const char *given)
{
    g_autofree char *shown = mp_escape_word(given);
    gint64 seconds = MP_LOOP_SECONDS;

    if (given != NULL && is_once)
        mp_usage_error(command, "--once and --for exclude each other");
    else if (given == NULL || g_ascii_string_to_signed(given, 10, 0, G_MAXINT, &seconds, NULL))
        return (int)seconds;
    else
        mp_usage_error(command, "--for %s: not a number of seconds", shown);
    return -1;
}

bool
mp_loop_run(const MpLoop *loop, gpointer user_data, GError **error)
{
    return loop->is_once ? run_once(loop, user_data, error) : run_for(loop, user_data, error);
}
