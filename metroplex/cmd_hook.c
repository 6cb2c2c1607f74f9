/*
 * metroplex hook: gives what is due in DATA/hook to [inbound] on-comment, as JSON lines. Started by
 * a run (instance/hook.h). What the program took, by exiting with 0, is deleted after that: at
 * least once.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "commands.h"
#include "instance/hook.h"
#include "instance/order.h"
#include "thread.h"

#define BATCH_MAX   256
#define BYTES_MAX   (16 * 1024 * 1024)
#define RETRY_MIN_S 60
#define RETRY_MAX_S 3600
#define GIVE_UP_S   432000
#define SHOWN_MAX   500 /* octets of a complaint in the log */

typedef struct {
    MpInstance *instance;
    GPtrArray *due; /* MpQueued */
    guint next;
} Work;

/* --- What it is given ---------------------------------------------------------------------------
 */

/* The comment as a line; empty where there is none any more. False: it cannot be read now. */
static bool
append_line(Work *work, const MpEvent *event, GString *input, GError **error)
{
    MpTracker *tracker = work->instance->tracker;
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(MpComment) comment = NULL;
    guint64 number;
    bool found;

    if (!mp_tracker_thread(tracker, event->thread, &thread, error) ||
        !mp_instance_find_key(work->instance, event->thread, event->key, &found, &number, NULL,
                              error) ||
        (found && !mp_tracker_comment(tracker, event->thread, number, &comment, error)))
        return false;
    if (thread == NULL || comment == NULL) { /* an administrator may take away either */
        mp_warn("on-comment: thread %" G_GUINT64_FORMAT " has no comment %s any more",
                event->thread, event->key);
        return true;
    }
    JsonObject *object = thread_json_of_comment(comment);
    mp_json_number(object, "thread", event->thread);
    mp_json_text(object, "repository", thread->repository);
    mp_json_text(object, "key", event->key);
    g_autofree char *line = mp_json_line(object);
    g_string_append_printf(input, "%s\n", line);
    return true;
}

/* --- What becomes of it --------------------------------------------------------------------------
 */

/* Each time twice as long: the wait is the age. */
static bool
put_off(Work *work, const MpQueued *queued, GError **error)
{
    gint64 created = mp_time_now();
    g_autoptr(MpEventFile) file =
        mp_event_file_open(work->instance->hooks, queued, MP_EVENT_READ, NULL);

    if (file != NULL)
        created = mp_event_file_event(file)->created;
    gint64 age = MAX(mp_time_now() - created, 0);
    if (age > GIVE_UP_S || file == NULL) {
        mp_error("on-comment: giving up on %s of thread %" G_GUINT64_FORMAT
                 "; it is kept in hook/hold",
                 queued->key, file != NULL ? mp_event_file_event(file)->thread : 0);
        return mp_outbox_hold(work->instance->hooks, queued, error);
    }
    return mp_outbox_postpone(work->instance->hooks, queued,
                              mp_time_now() + CLAMP(age, RETRY_MIN_S, RETRY_MAX_S), error);
}

/* A comment that failed before is given alone, so that it does not hold up the others. */
static GPtrArray *
take_batch(Work *work, GString *input)
{
    GPtrArray *batch = g_ptr_array_new();

    while (work->next < work->due->len && batch->len < BATCH_MAX && input->len < BYTES_MAX) {
        const MpQueued *queued = g_ptr_array_index(work->due, work->next);
        g_autoptr(GError) why = NULL;

        if (batch->len > 0 && queued->queue == MP_QUEUE_RETRY)
            break;
        work->next++;
        g_autoptr(MpEventFile) file =
            mp_event_file_open(work->instance->hooks, queued, MP_EVENT_READ, &why);
        if (file != NULL && append_line(work, mp_event_file_event(file), input, &why))
            g_ptr_array_add(batch, (gpointer)queued);
        if (why != NULL)
            mp_error("on-comment: %s", why->message);
        if (why != NULL && !put_off(work, queued, NULL))
            work->next = work->due->len; /* the disk is full, or the like */
        if (queued->queue == MP_QUEUE_RETRY && batch->len > 0)
            break;
    }
    return batch;
}

static bool
log_end(const char *program, guint n, const MpHookEnd *end, gint64 begun)
{
    g_autofree char *shown = mp_escape(program);
    g_autofree char *complaint =
        mp_escape_bytes(end->complaint, MIN(strlen(end->complaint), SHOWN_MAX));
    bool good =
        end->is_started && !end->is_late && WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0;
    double seconds = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
    g_autofree char *what = !end->is_started ? g_strdup("not started")
                            : end->is_late   ? g_strdup("killed, its time was over")
                            : WIFSIGNALED(end->status)
                                ? g_strdup_printf("killed by signal %d", WTERMSIG(end->status))
                                : g_strdup_printf("status %d", WEXITSTATUS(end->status));

    mp_log(good ? MP_LOG_INFO : MP_LOG_WARN, "on-comment: %s: %u %s, %s after %.1f s%s%s", shown, n,
           mp_plural(n, "comment", "comments"), what, seconds, *complaint != '\0' ? ": " : "",
           complaint);
    return good;
}

static bool
settle(Work *work, const GPtrArray *batch, bool taken, GError **error)
{
    for (guint i = 0; i < batch->len; i++) {
        const MpQueued *queued = g_ptr_array_index(batch, i);

        if (!(taken ? mp_outbox_drop(work->instance->hooks, queued, error)
                    : put_off(work, queued, error)))
            return false;
    }
    return true;
}

static bool
work_off(MpInstance *instance, GError **error)
{
    const MpConfig *config = instance->config;
    gint64 until = g_get_monotonic_time() + (gint64)config->hook_timeout * G_USEC_PER_SEC;
    g_autoptr(GPtrArray) due = mp_outbox_due(instance->hooks, mp_time_now(), NULL, error);
    Work work = {instance, due, 0};

    if (due != NULL)
        mp_instance_order(instance, instance->hooks, due);
    while (due != NULL && work.next < due->len && g_get_monotonic_time() < until) {
        g_autoptr(GString) input = g_string_new(NULL);
        g_autoptr(GPtrArray) batch = take_batch(&work, input);
        gint64 begun = g_get_monotonic_time();
        MpHookEnd end = {0};
        bool taken = input->len == 0;

        if (!taken) {
            mp_hook_execute(config->on_comment, input->str, input->len, config->hook_timeout, &end);
            taken = log_end(config->on_comment, batch->len, &end, begun);
            g_free(end.complaint);
        }
        if (!settle(&work, batch, taken, error))
            return false;
    }
    return due != NULL;
}

int
cmd_hook(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, NULL, "", "Gives new comments to [inbound] on-comment.", 0, 0, &argc,
                     &argv);
    if (!mp_instance_open(&instance, &options, &error))
        return mp_report(error);
    if (instance.hooks == NULL)
        return EX_OK;
    if (chdir("/") != 0)
        return EX_OSERR;
    g_autofree char *path = mp_config_path(instance.config, "hook/lock");
    g_autoptr(MpLock) lock = mp_lock_take(path, MP_LOCK_TRY, &error);
    if (lock == NULL && error == NULL)
        return EX_OK; /* another one is at it */
    if (lock == NULL || !work_off(&instance, &error)) {
        mp_error("on-comment: %s", error->message);
        return mp_error_exit_status(error);
    }
    return EX_OK;
}
