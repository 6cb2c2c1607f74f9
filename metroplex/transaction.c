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

static bool
stage(MpSite *site, GPtrArray *events, GError **error)
{
    for (guint i = 0; i < events->len; i++)
        if (!mp_outbox_stage(site->outbox, g_ptr_array_index(events, i), error))
            return false;
    return events->len == 0 || mp_outbox_sync_staged(site->outbox, error);
}

/* The moment of truth of an answer: an event whose record is another mail's is not wanted. */
static bool
record_answers(MpSite *site, GPtrArray *events, GError **error)
{
    bool has_answers = false;

    for (guint i = events->len; i-- > 0;) {
        const MpEvent *event = g_ptr_array_index(events, i);

        if (event->answer == NULL)
            continue;
        MpAnswered answered = mp_outbox_record_answer(site->outbox, event->answer, error);
        has_answers = true;
        if (answered == MP_ANSWERED_ERROR ||
            (answered == MP_ANSWERED_OTHER && !mp_outbox_discard(site->outbox, event->key, error)))
            return false;
        if (answered == MP_ANSWERED_OTHER)
            g_ptr_array_remove_index(events, i);
    }
    return !has_answers || mp_outbox_sync_answered(site->outbox, error);
}

static bool
publish(MpSite *site, GPtrArray *events, GError **error)
{
    if (!record_answers(site, events, error))
        return false;
    for (guint i = 0; i < events->len; i++) {
        const MpEvent *event = g_ptr_array_index(events, i);

        if (!mp_outbox_publish(site->outbox, event->key, error))
            return false;
    }
    return events->len == 0 || mp_outbox_sync_published(site->outbox, error);
}

/* What was staged for a batch that did not come true. A failure here is mended by the next run. */
static void
discard(MpSite *site, GPtrArray *events)
{
    for (guint i = 0; i < events->len; i++) {
        const MpEvent *event = g_ptr_array_index(events, i);
        g_autoptr(GError) error = NULL;

        if (!mp_outbox_discard(site->outbox, event->key, &error))
            mp_warn("%s", error->message);
    }
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
    if (result == MP_OUTRUN)
        discard(site, events);
    if (result != MP_COMMITTED) /* a failed one may have moved the branch: the next run finds out */
        return result;
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

/* An answer came true with its record, all else with its KEY in the tracker. */
static bool
has_come_true(MpSite *site, const MpEvent *event, GError **error)
{
    guint64 comment;

    if (event->answer != NULL)
        return mp_outbox_answered(site->outbox, event->answer, error) == MP_ANSWERED_THIS;
    return mp_tracker_find_key(site->tracker, event->thread, event->key, &comment, error);
}

static bool
recover_event(MpSite *site, const MpEvent *event, GError **error)
{
    g_autoptr(GError) why = NULL;
    bool came_true = has_come_true(site, event, &why);

    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    mp_info("Recovered event %s of thread %" G_GUINT64_FORMAT ": %s", event->key, event->thread,
            came_true ? "published" : "dropped, its change was not made");
    if (came_true && event->answer != NULL && !mp_outbox_sync_answered(site->outbox, error))
        return false;
    return came_true ? mp_outbox_publish(site->outbox, event->key, error)
                     : mp_outbox_discard(site->outbox, event->key, error);
}

bool
mp_transaction_recover(MpSite *site, GError **error)
{
    g_autofree char *tracker = mp_config_path(site->config, "tracker.git");
    g_autofree char *accounts = mp_config_path(site->config, "accounts.git");
    g_autoptr(GPtrArray) staged = NULL;

    if (!mp_tracker_clean_up(tracker, error) || !mp_tracker_clean_up(accounts, error))
        return false;
    staged = mp_outbox_staged(site->outbox, error);
    if (staged != NULL && staged->len > 0 && !mp_tracker_sync(site->tracker, error))
        return false;
    for (guint i = 0; staged != NULL && i < staged->len; i++)
        if (!recover_event(site, g_ptr_array_index(staged, i), error))
            return false;
    return staged != NULL && (staged->len == 0 || mp_outbox_sync_published(site->outbox, error));
}
