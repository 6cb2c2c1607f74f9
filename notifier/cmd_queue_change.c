/*
 * notifier queue retry, hold, release, drop: an administrator's moves. They wait for no run: what
 * it has in its hands is changed as it puts it down (outbox/outbox.h, mp_outbox_change).
 */
#include "commands.h"
#include "queue.h"

#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

#define BIT(queue) (1u << (queue))
#define ANY        (BIT(MP_N_QUEUES) - 1)
#define TRIES      5 /* to find an event where it moves to */

typedef struct {
    MpChange change;
    guint from; /* the queues whose events it takes; with --all or a filter these and no others */
    guint all;
    const char *details;
} Change;

static const Change changes[] = {
    {MP_CHANGE_RETRY, ANY & ~BIT(MP_QUEUE_HOLD), BIT(MP_QUEUE_RETRY) | BIT(MP_QUEUE_FAILED),
     "Makes everybody of these events who is deferred or has failed due at once; with a filter,\n"
     "those whom it leaves."},
    {MP_CHANGE_HOLD, ANY, BIT(MP_QUEUE_NEW) | BIT(MP_QUEUE_RETRY),
     "Sets these events aside: nothing of them is sent until they are released, by a run at work\n"
     "neither. With a filter, events of which somebody whom it leaves waits."},
    {MP_CHANGE_RELEASE, BIT(MP_QUEUE_HOLD), BIT(MP_QUEUE_HOLD),
     "Puts held events back into the queue."},
    {MP_CHANGE_DROP, ANY, ANY,
     "Deletes these events: whoever has not got the message never will. With a filter, only what\n"
     "is left for those whom it leaves. --failed is --state failed."},
};

static const Change *
find_change(const char *word)
{
    MpChange change = MP_CHANGE_RETRY;

    g_assert(mp_change_parse(word, &change));
    return &changes[change];
}

typedef struct {
    MpInstance instance;
    const Change *change;
    QueueFilter filter;
    gboolean all, failed;
    GError *left; /* why the first of the events that could not be changed was left */
} Job;

static void
job_clear(Job *job)
{
    g_clear_error(&job->left);
    queue_filter_clear(&job->filter);
    mp_instance_close(&job->instance);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Job, job_clear)

/* Where it lies, but for what a notifier at work has still to do. */
static MpQueue
queue_of(const Job *job, const MpQueued *queued)
{
    return mp_outbox_requested(job->instance.outbox, queued->key, 0) == MP_REQUESTED_HOLD
               ? MP_QUEUE_HOLD
               : queued->queue;
}

/* `users`: only these, or NULL. */
static bool
change_one(Job *job, const MpQueued *queued, const GArray *users, bool *is_there, GError **error)
{
    const char *word = mp_change_name(job->change->change);

    if (!mp_outbox_change(job->instance.outbox, queued, job->change->change, users, is_there,
                          error))
        return false;
    if (*is_there && users != NULL)
        mp_info("Queue: %s %s (%s), %u %s", word, queued->key, mp_queue_name(queued->queue),
                users->len, mp_plural(users->len, "recipient", "recipients"));
    else if (*is_there)
        mp_info("Queue: %s %s (%s)", word, queued->key, mp_queue_name(queued->queue));
    return true;
}

/* Where it lies, if this can be done with it there. */
static MpQueued *
find_named(Job *job, const char *key, GError **error)
{
    g_autoptr(MpQueued) queued = mp_outbox_resolve(job->instance.outbox, key, error);

    if (queued == NULL)
        return NULL;
    if ((job->change->from & BIT(queue_of(job, queued))) == 0)
        return mp_fail_null(error, MP_ERROR_INPUT, "event %s is in %s: cannot %s it", queued->key,
                            mp_queue_name(queue_of(job, queued)),
                            mp_change_name(job->change->change));
    return g_steal_pointer(&queued);
}

static bool
change_named(Job *job, const char *key, GError **error)
{
    bool is_there = false;

    for (int i = 0; i < TRIES && !is_there; i++) {
        g_autoptr(MpQueued) queued = find_named(job, key, error);

        if (queued == NULL || !change_one(job, queued, NULL, &is_there, error))
            return false;
    }
    return is_there || mp_fail(error, MP_ERROR_INPUT, "event %s is gone", key);
}

/* All are looked for before the first is changed: one that is not there stops all. The KEYs that
 * are meant, each once, in order. */
static GPtrArray *
find_all_named(Job *job, int n, char **names, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);

    for (int i = 0; i < n; i++) {
        g_autoptr(MpQueued) queued = find_named(job, names[i], error);

        if (queued == NULL)
            return NULL;
        if (!g_ptr_array_find_with_equal_func(keys, queued->key, g_str_equal, NULL))
            g_ptr_array_add(keys, g_strdup(queued->key));
    }
    return g_steal_pointer(&keys);
}

static bool
change_all_named(Job *job, int n, char **names, GError **error)
{
    g_autoptr(GPtrArray) keys = find_all_named(job, n, names, error);

    for (guint i = 0; keys != NULL && i < keys->len; i++)
        if (!change_named(job, keys->pdata[i], error))
            return false;
    return keys != NULL;
}

/* --- By --all and by a filter --------------------------------------------------------------- */

typedef struct {
    GArray *users; /* guint64 */
    bool is_found; /* by the filter, if it is only an event */
} Choice;

static void
choose(const QueueRow *row, gpointer user_data)
{
    Choice *choice = user_data;

    choice->is_found = true;
    if (row->recipient != NULL)
        g_array_append_val(choice->users, row->recipient->user);
}

/* What the filter leaves of one event. An unreadable one is told, and left alone. */
static bool
change_filtered(Job *job, const MpQueued *queued, GError **error)
{
    const QueueRow row = {.instance = &job->instance, .queued = queued};
    g_autoptr(GArray) users = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GError) why = NULL;
    Choice choice = {users, false};
    bool is_there, takes_users = queue_filter_is_of_recipients(&job->filter) &&
                                 (job->change->change == MP_CHANGE_RETRY ||
                                  job->change->change == MP_CHANGE_DROP);

    if (!queue_visit(&row, &job->filter, false, choose, &choice, &why)) {
        mp_warn("%s", why->message);
        return true;
    }
    return !choice.is_found ||
           change_one(job, queued, takes_users && users->len > 0 ? users : NULL, &is_there, error);
}

/* One event stops no other, unless it is the disk that does. */
static bool
leave(Job *job, GError *why, GError **error)
{
    bool is_temporary = g_error_matches(why, MP_ERROR, MP_ERROR_TEMPORARY);

    if (is_temporary)
        g_propagate_error(error, why);
    else if (job->left == NULL)
        job->left = why;
    else {
        mp_warn("%s", why->message);
        g_error_free(why);
    }
    return !is_temporary;
}

static bool
change_listed(Job *job, const MpQueued *queued, GError **error)
{
    bool is_there;

    if ((job->change->all & BIT(queue_of(job, queued))) == 0)
        return true;
    return job->all ? change_one(job, queued, NULL, &is_there, error)
                    : change_filtered(job, queued, error);
}

static bool
change_all(Job *job, GError **error)
{
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++) {
        g_autoptr(GPtrArray) list = mp_outbox_list(job->instance.outbox, queue, error);

        if (list == NULL)
            return false;
        for (guint n = 0; n < list->len; n++) {
            GError *why = NULL;

            if (!change_listed(job, list->pdata[n], &why) && !leave(job, why, error))
                return false;
        }
    }
    return true;
}

/* A run at work begins no message from the first moment on, however long the list is. */
static bool
hold_all(Job *job, GError **error)
{
    return mp_outbox_halt(job->instance.outbox, true, error) && change_all(job, error) &&
           mp_outbox_halt(job->instance.outbox, false, error);
}

static bool
change_many(Job *job, GError **error)
{
    if (job->all && job->change->change == MP_CHANGE_HOLD)
        return hold_all(job, error);
    if (job->all && job->change->change == MP_CHANGE_RELEASE &&
        !mp_outbox_halt(job->instance.outbox, false, error))
        return false;
    return change_all(job, error);
}

/* --- The command ---------------------------------------------------------------------------- */

/* A run that is at work looks for the server itself; else the record says that it is time to. */
static bool
look_for_server(const MpInstance *instance, GError **error)
{
    GError *why = NULL;
    g_autoptr(MpLock) lock = mp_instance_lock_outbox(instance, MP_LOCK_TRY, &why);

    if (why == NULL)
        return lock != NULL ? mp_server_look_soon(instance->outbox, error)
                            : mp_outbox_ask_to_look(instance->outbox, error);
    g_propagate_error(error, why);
    return false;
}

static bool
open_for_change(Job *job, const MpOptions *options, GError **error)
{
    MpInstance *instance = &job->instance;

    return mp_instance_load(instance, options, error) &&
           mp_instance_open_log(instance, "notifier.log", error) &&
           mp_instance_open_outbox(instance, error) &&
           mp_outbox_sync(instance->outbox, error) && /* what one that died has moved */
           (!queue_filter_is_of_recipients(&job->filter) ||
            mp_instance_open_tracker(instance, error)) &&
           queue_filter_prepare(&job->filter, instance, error);
}

static bool
work(Job *job, int n, char **keys, GError **error)
{
    if (n == 0 ? !change_many(job, error) : !change_all_named(job, n, keys, error))
        return false;
    if (job->change->change == MP_CHANGE_RETRY && !look_for_server(&job->instance, error))
        return false;
    if (job->left == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&job->left));
    return false;
}

static void
parse(Job *job, MpOptions *options, int *argc, char ***argv)
{
    const GOptionEntry every = {
        "all", 0, 0, G_OPTION_ARG_NONE, &job->all, "every event there is to do it with", NULL};
    const GOptionEntry failed = {
        "failed", 0, 0, G_OPTION_ARG_NONE, &job->failed, "what has failed: as --state failed",
        NULL};
    bool is_drop = job->change->change == MP_CHANGE_DROP;
    const GOptionEntry entries[] = {is_drop ? failed : every, QUEUE_FILTER_OPTIONS(job->filter),
                                    G_OPTION_ENTRY_NULL};

    mp_options_parse(options, entries,
                     is_drop ? "[--failed] " QUEUE_FILTER_USAGE " [EVENT…]"
                             : "[--all] " QUEUE_FILTER_USAGE " [EVENT…]",
                     job->change->details, 0, G_MAXINT, argc, argv);
    if (job->failed && job->filter.state == NULL)
        job->filter.state = g_strdup("failed");
}

int
cmd_queue_change(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(Job) job = {.change = find_change(mp_command_word(argv[0]))};
    g_autoptr(GError) error = NULL;

    parse(&job, &options, &argc, &argv);
    if ((argc > 1) + job.all + queue_filter_is_any(&job.filter) != 1)
        return mp_usage_error(argv[0], "name events, or %sfilters: one of these",
                              job.change->change == MP_CHANGE_DROP ? "" : "--all, or ");
    if (!open_for_change(&job, &options, &error) || !work(&job, argc - 1, argv + 1, &error))
        return mp_report(error);
    return EX_OK;
}
