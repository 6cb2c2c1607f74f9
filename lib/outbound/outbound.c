/*
 * The way of what is announced, from top to bottom; mp_outbound_pass() is the program.
 *
 *   settle    what an administrator asked of a run that died        lib/outbox
 *   due       events of new/ and retry/ whose time has come          lib/outbox
 *   server    whether anything can be sent (server.c, sessions.c)    lib/transport
 *   refresh   the tracker and the accounts, as they are now          lib/tracker
 *   begin     one event: its facts, who hears of it (announcement.c) lib/notify
 *   turn      its messages, behind those before to the same person (turns.c)
 *   message   one of its messages: rendered, its outcome (send.c)    lib/notify, lib/outbox
 *   carry     message after message over one session (carry.c)       lib/transport
 *   finish    the event: deleted, to retry/ or failed/ (announcement.c)
 *   digests   one message of all that was put off until now (windows.c, digests.c)
 *
 * Messages are sent by a pool of threads with a connection each, fed event by event: a small event
 * does not wait for a large one, since messages of several events are under way together.
 */
#include "outbound/internal.h"

#include <sysexits.h>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"
#include "instance/order.h"

#define OPEN_EVENTS 64 /* under way at a time: bounds memory and open files */

static void
wait_for_open_events(MpOutbound *outbound, guint at_most)
{
    g_mutex_lock(&outbound->mutex);
    while (outbound->open_events > at_most)
        g_cond_wait(&outbound->changed, &outbound->mutex);
    g_mutex_unlock(&outbound->mutex);
}

static bool
is_over_for_good(MpOutbound *outbound)
{
    bool is_fatal;

    g_mutex_lock(&outbound->mutex);
    is_fatal = outbound->fatal != NULL;
    g_mutex_unlock(&outbound->mutex);
    return is_fatal || outbound->is_stopped() || mp_outbound_is_spent(outbound) ||
           mp_outbox_is_halted(outbound->instance->outbox);
}

/* An event at fault must not stop the others. Only a file that is malformed stays without a status:
 * there is nothing that another run could mend. */
static void
begin_or_skip(MpOutbound *outbound, const MpQueued *queued)
{
    g_autoptr(GError) error = NULL;

    if (mp_announcement_begin(outbound, queued, &error))
        return;
    mp_error("Event %s is left in %s: %s", queued->key, mp_queue_name(queued->queue),
             error->message);
    g_hash_table_add(outbound->skipped, g_strdup(queued->name));
    if (!g_error_matches(error, MP_ERROR, MP_ERROR_INPUT))
        outbound->status = EX_TEMPFAIL;
}

static void
drop_skipped(const MpOutbound *outbound, GPtrArray *due)
{
    for (guint n = due->len; n-- > 0;)
        if (g_hash_table_contains(outbound->skipped, ((MpQueued *)due->pdata[n])->name))
            g_ptr_array_remove_index(due, n);
}

static bool
start_pool(MpOutbound *outbound, GError **error)
{
    if (outbound->pool == NULL)
        outbound->pool =
            mp_pool_new(mp_outbound_carry, outbound->instance->config->smtp_connections, error);
    return outbound->pool != NULL;
}

/* Whether messages can be sent at all; false with *error set where nobody can say. */
static bool
is_server_there(MpOutbound *outbound, GError **error)
{
    if (!mp_outbound_server_is_due(outbound))
        return false;
    outbound->is_down = outbound->is_cleared = false;
    outbound->trial = MP_NO_TRIAL;
    return mp_outbound_open_sessions(outbound, error) && start_pool(outbound, error) &&
           mp_outbound_server_answers(outbound);
}

/* False if an outcome could not be recorded: nothing may be sent any more. */
static bool
check_fatal(MpOutbound *outbound, GError **error)
{
    if (outbound->fatal == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&outbound->fatal));
    return false;
}

/* What was put off until now, as far as it was found due. */
static bool
announce_digests(MpOutbound *outbound, GError **error)
{
    g_autoptr(GPtrArray) keys = NULL;

    if (outbound->noted->len == 0 || is_over_for_good(outbound))
        return true;
    mp_outbound_forget_windows(outbound);
    keys = mp_digests_make(outbound, error);
    for (guint n = 0; keys != NULL && n < keys->len && !is_over_for_good(outbound); n++) {
        const MpQueued queued = {
            .queue = MP_QUEUE_NEW, .name = keys->pdata[n], .key = keys->pdata[n]};

        wait_for_open_events(outbound, OPEN_EVENTS - 1);
        begin_or_skip(outbound, &queued);
    }
    wait_for_open_events(outbound, 0);
    return keys != NULL;
}

static bool
announce(MpOutbound *outbound, GPtrArray *due, GError **error)
{
    const MpInstance *instance = outbound->instance;
    g_autoptr(GError) why = NULL;

    if (!is_server_there(outbound, &why)) {
        if (why == NULL) /* everything waits */
            return check_fatal(outbound, error);
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (!mp_tracker_refresh(instance->tracker, error) ||
        !mp_accounts_refresh(instance->accounts, error))
        return false;
    mp_instance_order(instance, instance->outbox, due);
    g_ptr_array_set_size(outbound->noted, 0);
    g_hash_table_remove_all(outbound->held);
    for (guint n = 0; n < due->len && !is_over_for_good(outbound); n++) {
        wait_for_open_events(outbound, OPEN_EVENTS - 1);
        begin_or_skip(outbound, due->pdata[n]);
    }
    wait_for_open_events(outbound, 0);
    return announce_digests(outbound, error) && check_fatal(outbound, error);
}

/* All that is due, once. */
static bool
pass_once(MpOutbound *outbound, gint64 *next_due, GError **error)
{
    MpOutbox *outbox = outbound->instance->outbox;
    g_autoptr(GPtrArray) due = NULL;

    if (!mp_outbox_settle(outbox, error) || !mp_digests_finish(outbound, error))
        return false;
    if (mp_outbox_is_asked_to_look(outbox))
        outbound->server->probe = 0;
    due = mp_outbox_due(outbox, mp_time_now(), next_due, error);
    if (due == NULL)
        return false;
    drop_skipped(outbound, due);
    if (due->len > 0) {
        bool is_announced = announce(outbound, due, error);

        mp_ledger_add_or_warn(outbound->ledger);
        mp_outbound_count_bounces(outbound);
        if (!is_announced)
            return false;
    }
    return true;
}

bool
mp_outbound_pass(MpOutbound *outbound, gint64 *next_due, int *status, GError **error)
{
    do
        if (!pass_once(outbound, next_due, error))
            return false;
    while (mp_outbound_has_left_out(outbound));
    *status = MAX(*status, outbound->status);
    return true;
}
