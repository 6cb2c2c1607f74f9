/* The one way in which anything changes; see transaction.h. */
#include "instance/transaction.h"

#include <time.h>

#include "base/error.h"
#include "base/log.h"
#include "instance/purge.h"
#include "tracker/share.h"

#define CONFLICT_TRIES 20
#define LATE_PUSH_S    3600 /* far longer than a server works on a push that we gave up */

MpEvent *
mp_transaction_event(const MpInstance *instance, MpEventKind kind, const char *key, guint64 thread,
                     guint64 actor)
{
    MpEvent *event = g_new0(MpEvent, 1);

    event->key = g_strdup(key);
    event->kind = kind;
    event->thread = thread;
    event->actor = actor;
    event->created = (gint64)time(NULL);
    event->host = g_strdup(instance->host);
    return event;
}

MpActor
mp_transaction_actor(const MpUser *user)
{
    gint64 now = (gint64)time(NULL);

    return (MpActor){user->id, user->login, user->name, now, now};
}

typedef bool (*Takes)(const MpEvent *event);

static bool
publish_in(MpOutbox *outbox, GPtrArray *events, Takes takes, GError **error)
{
    for (guint i = 0; i < events->len; i++) {
        const MpEvent *event = g_ptr_array_index(events, i);

        if ((takes == NULL || takes(event)) && !mp_outbox_publish(outbox, event->key, error))
            return false;
    }
    return events->len == 0 || mp_outbox_sync_published(outbox, error);
}

/* The moment of truth of a response: an event whose record is another mail's is not wanted. */
static bool
record_responses(MpInstance *instance, GPtrArray *events, GError **error)
{
    bool has_responses = false;

    for (guint i = events->len; i-- > 0;) {
        const MpEvent *event = g_ptr_array_index(events, i);

        if (event->response == NULL)
            continue;
        MpResponded responded = mp_outbox_record_response(instance->outbox, event->response, error);
        has_responses = true;
        if (responded == MP_RESPONDED_ERROR ||
            (responded == MP_RESPONDED_OTHER &&
             !mp_outbox_discard(instance->outbox, event->key, error)))
            return false;
        if (responded == MP_RESPONDED_OTHER)
            g_ptr_array_remove_index(events, i);
    }
    return !has_responses || mp_outbox_sync_responded(instance->outbox, error);
}

static bool
publish(MpInstance *instance, GPtrArray *events, GError **error)
{
    return record_responses(instance, events, error) &&
           publish_in(instance->outbox, events, NULL, error) &&
           (instance->hooks == NULL ||
            publish_in(instance->hooks, events, mp_staging_is_for_hook, error));
}

/* --- What became of staged events: by the tracker alone, whoever asks ------------------------- */

/* A push that we lost sight of may still land, so its events are kept for a while. */
static bool
may_still_come(const MpInstance *instance, const MpEvent *event)
{
    return mp_tracker_is_shared(instance->tracker) &&
           (gint64)time(NULL) - event->created < LATE_PUSH_S;
}

static bool
drop(MpOutbox *outbox, const MpEvent *event, const char *why, GError **error)
{
    mp_info("Recovered event %s of thread %" G_GUINT64_FORMAT ": dropped, %s", event->key,
            event->thread, why);
    return mp_outbox_discard(outbox, event->key, error);
}

/* A response has no commit: it came true with its record. */
static bool
settle_response(MpOutbox *outbox, const MpEvent *event, GError **error)
{
    MpResponded responded = mp_outbox_responded(outbox, event->response, error);

    if (responded == MP_RESPONDED_ERROR)
        return false;
    if (responded != MP_RESPONDED_THIS)
        return drop(outbox, event, "the answer was not given", error);
    mp_info("Recovered event %s of thread %" G_GUINT64_FORMAT ": published", event->key,
            event->thread);
    return mp_outbox_sync_responded(outbox, error) && mp_outbox_publish(outbox, event->key, error);
}

/* It was redacted before it was announced, or is not there yet, or never will be. */
static bool
settle_missing(MpInstance *instance, MpOutbox *outbox, const MpEvent *event, GError **error)
{
    guint64 comment;
    bool found;

    if (!mp_instance_find_key(instance, event->thread, event->key, &found, &comment, NULL, error))
        return false;
    if (found)
        return drop(outbox, event, "it was redacted", error);
    return may_still_come(instance, event) || drop(outbox, event, "its change was not made", error);
}

/* Another host announces its own; who that is counts only where there are several. */
static bool
settle_event(MpInstance *instance, MpOutbox *outbox, const MpEvent *event, GError **error)
{
    g_autofree char *host = NULL;
    bool is_there;

    if (event->response != NULL)
        return settle_response(outbox, event, error);
    if (!mp_tracker_host_of_key(instance->tracker, event->thread, event->key, &is_there, &host,
                                error))
        return false;
    if (!is_there)
        return settle_missing(instance, outbox, event, error);
    if (mp_tracker_is_shared(instance->tracker) && host != NULL &&
        g_strcmp0(host, event->host) != 0)
        return drop(outbox, event, "another host made the change", error);
    mp_info("Recovered event %s of thread %" G_GUINT64_FORMAT ": published", event->key,
            event->thread);
    return mp_outbox_publish(outbox, event->key, error);
}

/* A damaged thread keeps its own events waiting, and nobody else's. */
static bool
is_kept_for_damage(const MpEvent *event, GError *why)
{
    if (why == NULL || mp_error_is_temporary(why))
        return false;
    mp_error("Event %s of thread %" G_GUINT64_FORMAT " waits: %s", event->key, event->thread,
             why->message);
    return true;
}

static bool
settle_in(MpInstance *instance, MpOutbox *outbox, GError **error)
{
    g_autoptr(GPtrArray) staged = mp_outbox_staged(outbox, error);

    for (guint i = 0; staged != NULL && i < staged->len; i++) {
        const MpEvent *event = g_ptr_array_index(staged, i);
        g_autoptr(GError) why = NULL;

        if (settle_event(instance, outbox, event, &why) || is_kept_for_damage(event, why))
            continue;
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    return staged != NULL && (staged->len == 0 || mp_outbox_sync_published(outbox, error));
}

/* The events, and what is due to on-comment: by the same rules. */
static bool
settle(MpInstance *instance, GError **error)
{
    return settle_in(instance, instance->outbox, error) &&
           (instance->hooks == NULL || settle_in(instance, instance->hooks, error));
}

bool
mp_transaction_catch_up(MpInstance *instance, GError **error)
{
    return mp_instance_fetch(instance, error) && mp_purge_follow(instance, error) &&
           settle(instance, error);
}

/* What is staged is settled by the tracker as its server has it. */
static bool
fetch_if_staged(MpInstance *instance, GError **error)
{
    MpOutbox *const queues[] = {instance->outbox, instance->hooks};

    for (gsize i = 0; i < G_N_ELEMENTS(queues) && !instance->is_current; i++) {
        g_autoptr(GPtrArray) staged =
            queues[i] != NULL ? mp_outbox_staged(queues[i], error) : g_ptr_array_new();

        if (staged == NULL || (staged->len > 0 && !mp_instance_fetch(instance, error)))
            return false;
    }
    return true;
}

/* --- A batch ---------------------------------------------------------------------------------- */

/* With the first batch of ours: who shares the tracker under which name. */
static bool
introduce(MpInstance *instance, MpBatch *batch, GError **error)
{
    return !mp_tracker_is_shared(instance->tracker) || instance->is_registered ||
           mp_batch_set_host(batch, instance->host, instance->uuid, error);
}

/* Where nothing is pushed the server says nothing of the tip on which that was decided. */
static bool
is_unproved(const MpInstance *instance, const MpBatch *batch)
{
    return !instance->is_current && mp_batch_is_empty(batch);
}

/* Where nobody knows whether it came true, the events stay staged for settle(). */
static MpCommitResult
try_once(MpInstance *instance, MpTransactionBuild build, gpointer user_data, bool *is_outrun,
         GError **error)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)mp_event_free);
    g_autoptr(MpBatch) batch = mp_batch_begin(instance->tracker);
    g_autoptr(MpStaging) staging = mp_staging_new(instance->outbox, instance->hooks);

    *is_outrun = false;
    instance->staging = staging;
    bool is_built =
        build(instance, batch, events, user_data, error) && introduce(instance, batch, error);
    instance->staging = NULL;
    if (!is_built)
        return MP_FAILED;
    if (is_unproved(instance, batch))
        return MP_CONFLICT;
    mp_staging_close(staging, events);
    if (!mp_batch_commit_begin(batch, error))
        return MP_FAILED;
    while ((mp_staging_is_busy(staging) || mp_batch_is_busy(batch)) &&
           mp_tracker_beside(instance->tracker))
        continue;
    if (!mp_staging_end(staging, events, error))
        return MP_FAILED;
    g_autoptr(GError) why = NULL;
    MpCommitResult result = mp_batch_commit(batch, &why);
    *is_outrun = result == MP_CONFLICT;
    if (!*is_outrun && result != MP_UNFOUNDED && !mp_error_is_refused(why))
        mp_staging_keep(staging);
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return MP_FAILED;
    }
    if (result != MP_COMMITTED)
        return result;
    instance->is_registered = true;
    instance->is_current = true;
    return publish(instance, events, error) ? MP_COMMITTED : MP_FAILED;
}

/* Builds on what others made of the tracker meanwhile, or of the accounts. Both are known then, so
 * that nothing has to be fetched while a batch is built. */
static bool
begin_anew(MpInstance *instance, MpCommitResult result, bool is_outrun, guint *n_outrun,
           GError **error)
{
    if (result == MP_UNFOUNDED)
        mp_info("The accounts changed while a batch was built; building it again");
    if (is_outrun) {
        mp_info("The tracker moved while a batch was built; building it again");
        if (!mp_instance_make_way(instance, ++*n_outrun, error))
            return false;
    }
    if (!mp_transaction_catch_up(instance, error))
        return false;
    mp_tracker_expect_push(instance->tracker);
    return true;
}

static bool
try_until_done(MpInstance *instance, MpTransactionBuild build, gpointer user_data, GError **error)
{
    guint n_outrun = 0;

    while (n_outrun < CONFLICT_TRIES) {
        bool is_outrun;
        MpCommitResult result = try_once(instance, build, user_data, &is_outrun, error);

        if (result == MP_COMMITTED || result == MP_FAILED)
            return result == MP_COMMITTED;
        if (!begin_anew(instance, result, is_outrun, &n_outrun, error))
            return false;
    }
    return mp_fail(error, MP_ERROR_TEMPORARY, "the tracker keeps moving: outrun %d times",
                   CONFLICT_TRIES);
}

bool
mp_transaction_try(MpInstance *instance, MpTransactionBuild build, gpointer user_data,
                   GError **error)
{
    bool good = try_until_done(instance, build, user_data, error);

    mp_tracker_expect_no_push(instance->tracker);
    mp_tracker_leave_turn(instance->tracker);
    return good;
}

bool
mp_transaction_is_alone(MpInstance *instance, const GError *refusal, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (mp_tracker_takes_others(instance->tracker, &why))
        return true;
    if (mp_error_is_refused(why))
        return mp_fail(error, MP_ERROR_TEMPORARY, "the server takes no commit at all now: %s",
                       refusal->message);
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

bool
mp_transaction_run(MpInstance *instance, MpTransactionBuild build, gpointer user_data,
                   GError **error)
{
    g_autoptr(GError) why = NULL;

    if (mp_transaction_try(instance, build, user_data, &why))
        return true;
    if (mp_error_is_refused(why)) {
        if (!mp_transaction_is_alone(instance, why, error))
            return false;
        g_clear_error(&why);
        if (mp_transaction_try(instance, build, user_data, &why))
            return true;
    }
    g_prefix_error(&why, "%s",
                   mp_error_is_refused(why) ? "the server refuses what is in it: " : "");
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

bool
mp_transaction_recover(MpInstance *instance, GError **error)
{
    g_autofree char *tracker = mp_config_path(instance->config, "tracker.git");
    g_autofree char *accounts = mp_config_path(instance->config, "accounts.git");

    return mp_tracker_clean_up(tracker, error) && mp_tracker_clean_up(accounts, error) &&
           mp_tracker_sync(instance->tracker, error) &&
           mp_accounts_sync(instance->accounts, error) && fetch_if_staged(instance, error) &&
           mp_purge_finish(instance, NULL, error) && mp_purge_follow(instance, error) &&
           settle(instance, error);
}
