/* The one way in which anything changes; see transaction.h. */
#include "transaction.h"

#include <time.h>

#include "base/error.h"
#include "base/log.h"

#define OUTRUN_TRIES 20

MpEvent *
mp_transaction_event(const MpSite *site, MpEventKind kind, const char *key, guint64 thread, guint64 actor)
{
    MpEvent *event = g_new0(MpEvent, 1);

    event->key = g_strdup(key);
    event->kind = kind;
    event->thread = thread;
    event->actor = actor;
    event->created = (gint64)time(NULL);
    event->host = g_strdup(site->host);
    return event;
}

MpActor
mp_transaction_actor(const MpUser *user)
{
    gint64 now = (gint64)time(NULL);

    return (MpActor){user->id, user->login, user->name, now, now};
}

/* The hook hears of comments, opening posts included. */
static bool
goes_to_hook(const MpEvent *event)
{
    return event->kind == MP_EVENT_COMMENT || event->kind == MP_EVENT_OPENED;
}

typedef bool (*Takes)(const MpEvent *event);

static bool
stage_in(MpOutbox *outbox, GPtrArray *events, Takes takes, GError **error)
{
    for (guint i = 0; i < events->len; i++) {
        const MpEvent *event = g_ptr_array_index(events, i);

        if ((takes == NULL || takes(event)) && !mp_outbox_stage(outbox, event, error))
            return false;
    }
    return events->len == 0 || mp_outbox_sync_staged(outbox, error);
}

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

static bool
stage(MpSite *site, GPtrArray *events, GError **error)
{
    return (site->hooks == NULL || stage_in(site->hooks, events, goes_to_hook, error)) &&
           stage_in(site->outbox, events, NULL, error);
}

static bool
publish(MpSite *site, GPtrArray *events, GError **error)
{
    return publish_in(site->outbox, events, NULL, error) &&
           (site->hooks == NULL || publish_in(site->hooks, events, goes_to_hook, error));
}

/* What was staged for a batch that did not come true. A failure here is mended by the next run. */
static void
discard_in(MpOutbox *outbox, GPtrArray *events)
{
    for (guint i = 0; i < events->len; i++) {
        const MpEvent *event = g_ptr_array_index(events, i);
        g_autoptr(GError) error = NULL;

        if (!mp_outbox_discard(outbox, event->key, &error))
            mp_warn("%s", error->message);
    }
}

static void
discard(MpSite *site, GPtrArray *events)
{
    discard_in(site->outbox, events);
    if (site->hooks != NULL)
        discard_in(site->hooks, events);
}

static MpCommitResult
try_once(MpSite *site, MpTransactionBuild build, gpointer user_data, GError **error)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)mp_event_free);
    g_autoptr(MpBatch) batch = mp_batch_begin(site->tracker);

    if (!build(site, batch, events, user_data, error))
        return MP_FAILED;
    if (!stage(site, events, error)) {
        discard(site, events);
        return MP_FAILED;
    }
    MpCommitResult result = mp_batch_commit(batch, error);
    if (result != MP_COMMITTED) {
        discard(site, events);
        return result;
    }
    return publish(site, events, error) ? MP_COMMITTED : MP_FAILED;
}

bool
mp_transaction_run(MpSite *site, MpTransactionBuild build, gpointer user_data, GError **error)
{
    for (int i = 0; i < OUTRUN_TRIES; i++) {
        MpCommitResult result = try_once(site, build, user_data, error);

        if (result != MP_OUTRUN)
            return result == MP_COMMITTED;
        mp_info("The tracker moved while a batch was built; building it again");
        if (!mp_site_refresh(site, error))
            return false;
    }
    return mp_fail(error, MP_ERROR_TEMPORARY, "the tracker keeps moving: outrun %d times", OUTRUN_TRIES);
}

static bool
recover_event(MpSite *site, MpOutbox *outbox, const MpEvent *event, GError **error)
{
    guint64 comment;
    g_autoptr(GError) why = NULL;
    bool came_true = mp_tracker_find_key(site->tracker, event->thread, event->key, &comment, &why);

    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    mp_info("Recovered event %s of thread %" G_GUINT64_FORMAT ": %s", event->key, event->thread,
            came_true ? "published" : "dropped, its change was not made");
    return came_true ? mp_outbox_publish(outbox, event->key, error)
                     : mp_outbox_discard(outbox, event->key, error);
}

static bool
recover_in(MpSite *site, MpOutbox *outbox, GError **error)
{
    g_autoptr(GPtrArray) staged = mp_outbox_staged(outbox, error);

    for (guint i = 0; staged != NULL && i < staged->len; i++)
        if (!recover_event(site, outbox, g_ptr_array_index(staged, i), error))
            return false;
    return staged != NULL && (staged->len == 0 || mp_outbox_sync_published(outbox, error));
}

bool
mp_transaction_recover(MpSite *site, GError **error)
{
    g_autofree char *tracker = mp_config_path(site->config, "tracker.git");
    g_autofree char *accounts = mp_config_path(site->config, "accounts.git");

    return mp_tracker_clean_up(tracker, error) && mp_tracker_clean_up(accounts, error) &&
           recover_in(site, site->outbox, error) &&
           (site->hooks == NULL || recover_in(site, site->hooks, error));
}
