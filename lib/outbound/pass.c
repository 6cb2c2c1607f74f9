/*
 * One pass over what is due: a pool of threads with a connection each, fed event by event. A small
 * event does not wait for a large one, since messages of several events are under way together.
 */
#include "outbound/internal.h"

#include <sysexits.h>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"

#define OPEN_EVENTS 64 /* under way at a time: bounds memory and open files */

Pass *
pass_new(const MpInstance *instance, bool (*is_stopped)(void), GError **error)
{
    MpServer *server = mp_server_load(instance->outbox, error);

    if (server == NULL)
        return NULL;
    Pass *pass = g_new0(Pass, 1);
    pass->instance = instance;
    pass->is_stopped = is_stopped;
    pass->server = server;
    pass->skipped = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    pass->sessions = g_async_queue_new_full((GDestroyNotify)mp_smtp_close);
    pass->retired = g_ptr_array_new_with_free_func((GDestroyNotify)mp_smtp_close);
    g_mutex_init(&pass->reading);
    g_mutex_init(&pass->mutex);
    g_cond_init(&pass->changed);
    return pass;
}

void
pass_free(Pass *pass)
{
    if (pass == NULL)
        return;
    mp_pool_free(pass->pool);
    g_ptr_array_unref(pass->retired);
    g_async_queue_unref(pass->sessions);
    g_hash_table_unref(pass->skipped);
    g_clear_error(&pass->fatal);
    mp_server_free(pass->server);
    g_mutex_clear(&pass->reading);
    g_mutex_clear(&pass->mutex);
    g_cond_clear(&pass->changed);
    g_free(pass);
}

bool
pass_is_over(Pass *pass)
{
    bool is_over;

    g_mutex_lock(&pass->mutex);
    is_over = pass->is_down || pass->fatal != NULL;
    g_mutex_unlock(&pass->mutex);
    return is_over || pass->is_stopped();
}

void
pass_fail(Pass *pass, GError *error)
{
    g_mutex_lock(&pass->mutex);
    if (pass->fatal == NULL)
        pass->fatal = g_steal_pointer(&error);
    g_mutex_unlock(&pass->mutex);
    g_clear_error(&error);
}

static void
run_task(gpointer data)
{
    g_autofree Task *task = data;

    send_one(task->work, task->recipient);
    event_release(task->work);
}

/* As many sessions as are configured, and threads to use them. Those that were refused a connection
 * while others had one are left alone for a while: a server may limit connections. */
static bool
prepare(Pass *pass, GError **error)
{
    const MpConfig *config = pass->instance->config;

    if (g_get_monotonic_time() >= pass->retired_until)
        g_ptr_array_set_size(pass->retired, 0);
    while ((int)(pass->live + pass->retired->len) < config->smtp_connections) {
        MpSmtp *smtp = mp_smtp_open(config, error);

        if (smtp == NULL)
            return false;
        g_async_queue_push(pass->sessions, smtp);
        pass->live++;
    }
    if (pass->pool == NULL)
        pass->pool = mp_pool_new(run_task, config->smtp_connections, error);
    return pass->pool != NULL;
}

/* What a session knows of the password is as old as the session. */
static void
close_sessions(Pass *pass)
{
    MpSmtp *smtp;

    while ((smtp = g_async_queue_try_pop(pass->sessions)) != NULL)
        mp_smtp_close(smtp);
    g_ptr_array_set_size(pass->retired, 0);
    pass->live = 0;
}

static void
wait_for_open_events(Pass *pass, guint at_most)
{
    g_mutex_lock(&pass->mutex);
    while (pass->open_events > at_most)
        g_cond_wait(&pass->changed, &pass->mutex);
    g_mutex_unlock(&pass->mutex);
}

static bool
is_over_for_good(Pass *pass)
{
    bool is_fatal;

    g_mutex_lock(&pass->mutex);
    is_fatal = pass->fatal != NULL;
    g_mutex_unlock(&pass->mutex);
    return is_fatal || pass->is_stopped();
}

/* An event at fault must not stop the others. Only a file that is malformed stays without a status:
 * there is nothing that another run could mend. */
static void
begin_or_skip(Pass *pass, const MpQueued *queued)
{
    g_autoptr(GError) error = NULL;

    if (event_begin(pass, queued, &error))
        return;
    mp_error("Event %s is left in %s: %s", queued->key, mp_queue_name(queued->queue),
             error->message);
    g_hash_table_add(pass->skipped, g_strdup(queued->name));
    if (!g_error_matches(error, MP_ERROR, MP_ERROR_INPUT))
        pass->status = EX_TEMPFAIL;
}

static void
drop_skipped(const Pass *pass, GPtrArray *due)
{
    for (guint n = due->len; n-- > 0;)
        if (g_hash_table_contains(pass->skipped, ((MpQueued *)due->pdata[n])->name))
            g_ptr_array_remove_index(due, n);
}

/* Whether messages can be sent at all; false with *error set where nobody can say. */
static bool
is_server_there(Pass *pass, GError **error)
{
    bool was_up = pass->server->state == MP_SERVER_UP;

    if (!server_is_due(pass))
        return false;
    pass->is_down = pass->is_cleared = false;
    if (!was_up)
        close_sessions(pass);
    return prepare(pass, error) && server_answers(pass);
}

static bool
work_on(Pass *pass, const GPtrArray *due, GError **error)
{
    const MpInstance *instance = pass->instance;
    GError *fault = NULL;

    if (!is_server_there(pass, &fault)) {
        if (fault == NULL)
            return pass->fatal == NULL ||
                   (g_propagate_error(error, g_steal_pointer(&pass->fatal)), false);
        g_propagate_error(error, fault);
        return false;
    }
    if (!mp_tracker_refresh(instance->tracker, error) ||
        !mp_accounts_refresh(instance->accounts, error))
        return false;
    for (guint n = 0; n < due->len && !is_over_for_good(pass); n++) {
        wait_for_open_events(pass, OPEN_EVENTS - 1);
        begin_or_skip(pass, due->pdata[n]);
    }
    wait_for_open_events(pass, 0);
    if (pass->fatal == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&pass->fatal));
    return false;
}

bool
pass_run(Pass *pass, gint64 *next_due, int *status, GError **error)
{
    g_autoptr(GPtrArray) due =
        mp_outbox_due(pass->instance->outbox, mp_time_now(), next_due, error);

    if (due == NULL)
        return false;
    drop_skipped(pass, due);
    if (due->len > 0 && !work_on(pass, due, error))
        return false;
    *status = MAX(*status, pass->status);
    return true;
}
