/* One event, from its file to its end. */
#include "outbound/internal.h"

#include <sysexits.h>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"

#define SHORTEST_WAIT 60 /* seconds, for a change that is not in the tracker yet */
#define LONGEST_WAIT  7200

#define SKIPPED_IN_LOG 20 /* accounts in a line */

void
mp_announcement_free(MpAnnouncement *announcement)
{
    if (announcement == NULL)
        return;
    mp_event_file_free(announcement->file);
    mp_notice_free(announcement->notice);
    mp_thread_free(announcement->thread);
    g_free(announcement->link);
    g_clear_pointer(&announcement->held, g_ptr_array_unref);
    g_free(announcement);
}

/* --- Begin ----------------------------------------------------------------------------------- */

/* The MpNotice of an event; NULL where its KEY is not in the tracker. */
static bool
find_notice(const MpInstance *instance, MpNoticeFacts facts, MpNotice **notice, GError **error)
{
    bool found;

    *notice = NULL;
    return mp_instance_find_key(instance, facts.thread, facts.key, &found, &facts.comment, NULL,
                                error) &&
           (!found || mp_notice_load(instance, &facts, notice, error));
}

/* Another host's change may not have reached this tracker, an administrator may have restored an
 * older one: the event is true, so it waits, the longer the older it is. */
static bool
postpone(MpOutbound *outbound, const MpQueued *queued, const MpEvent *event, GError **error)
{
    gint64 now = mp_time_now();
    gint64 wait = mp_time_spread(CLAMP((now - event->created) / 4, SHORTEST_WAIT, LONGEST_WAIT));

    mp_warn("Event %s is not in thread %" G_GUINT64_FORMAT
            " of the tracker yet: waiting %" G_GINT64_FORMAT " s",
            event->key, event->thread, wait);
    return mp_outbox_postpone(outbound->instance->outbox, queued, now + wait, error);
}

MpAudience *
mp_announcement_audience(const MpAnnouncement *announcement)
{
    const MpEvent *event = mp_event_file_event(announcement->file);
    const MpNotice *notice = announcement->notice;

    if (notice != NULL)
        return mp_notification_audience(notice->subscribers, notice->repository, event->actor,
                                        notice->actor->hears_own);
    MpAudience *audience = mp_audience_new();
    if (event->digest != NULL)
        mp_audience_add(audience, event->digest->user, event->digest->reason);
    else if (event->response != NULL)
        mp_audience_add(audience, event->response->user, event->response->reason);
    else
        mp_audience_add(audience, 0, mp_event_kind_name(event->kind)); /* whom it names */
    return audience;
}

/* The event's file goes when all is done; the log keeps who was not told, and why. */
static void
log_skipped(const MpEvent *event, const MpAudience *audience)
{
    g_autoptr(GString) who = g_string_new(NULL);
    guint n = MIN(audience->skipped->len, SKIPPED_IN_LOG);

    for (guint i = 0; i < n; i++) {
        const MpEventRecipient *skipped = audience->skipped->pdata[i];

        g_string_append_printf(who, "%saccount %" G_GUINT64_FORMAT " (%s)", i > 0 ? ", " : "",
                               skipped->user, skipped->reply);
    }
    if (audience->n_skipped > n)
        g_string_append_printf(who, " and %u more", audience->n_skipped - n);
    if (n > 0)
        mp_info("Event %s: not told are %s", event->key, who->str);
}

static bool
expand(MpAnnouncement *announcement, GError **error)
{
    MpEventFile *file = announcement->file;

    if (mp_event_file_is_expanded(file))
        return true;
    if (!mp_event_file_expand(file, mp_announcement_audience(announcement), mp_time_now(), error))
        return false;
    log_skipped(mp_event_file_event(file), mp_event_file_audience(file));
    return true;
}

static void
hand_out(MpAnnouncement *announcement)
{
    const GPtrArray *recipients = mp_event_file_recipients(announcement->file);
    g_autoptr(GPtrArray) due = g_ptr_array_new();
    gint64 now = mp_time_now();

    for (guint i = 0; i < recipients->len; i++)
        if (mp_event_recipient_is_due(recipients->pdata[i], now))
            g_ptr_array_add(due, recipients->pdata[i]);
    mp_info("Announcing %s of thread %" G_GUINT64_FORMAT " to %u of %u recipients",
            mp_event_file_event(announcement->file)->key,
            mp_event_file_event(announcement->file)->thread, due->len, recipients->len);
    mp_outbound_count_due(announcement->outbound, due->len);
    g_atomic_int_add(&announcement->outstanding, (gint)due->len);
    for (guint i = 0; i < due->len; i++) {
        MpDispatch *message = g_new0(MpDispatch, 1);

        message->announcement = announcement;
        message->recipient = due->pdata[i];
        mp_turn_take(message);
        mp_pool_push(announcement->outbound->pool, message);
    }
}

/* A thread that is gone, or cannot be read, only costs the response its link. */
static void
read_response(MpAnnouncement *announcement, const MpEvent *event)
{
    const MpInstance *instance = announcement->outbound->instance;
    g_autoptr(GError) why = NULL;

    if (event->thread != 0)
        mp_tracker_thread(instance->tracker, event->thread, &announcement->thread, &why);
    if (announcement->thread != NULL) {
        g_autoptr(MpRepository) repository =
            mp_tracker_repository(instance->tracker, announcement->thread->repository, &why);
        announcement->link = g_strdup(
            repository != NULL ? mp_notification_template(instance->config, repository) : "");
    }
    if (why != NULL)
        mp_warn("Answering without a link: %s", why->message);
}

/* What a digest holds is read once for all the digests of a pass that hold it. */
static MpNotice *
held_notice(MpOutbound *outbound, guint64 thread, const MpDigestEvent *held, GError **error)
{
    MpNotice *notice = g_hash_table_lookup(outbound->held, held->key);
    g_autofree char *key = g_strdup(held->key); /* lives as long as the notice, not the digest */
    const MpNoticeFacts facts = {.kind = held->kind,
                                 .thread = thread,
                                 .actor = held->actor,
                                 .key = key,
                                 .date = held->created};

    if (notice != NULL)
        return notice;
    if (find_notice(outbound->instance, facts, &notice, error) && notice != NULL)
        g_hash_table_insert(outbound->held, g_steal_pointer(&key), notice);
    return notice;
}

/* False without an error: one of them is not in the tracker yet. */
static bool
open_digest(MpAnnouncement *announcement, const MpEvent *event, GError **error)
{
    const GPtrArray *events = event->digest->events;

    announcement->held = g_ptr_array_new();
    for (guint i = 0; i < events->len; i++) {
        MpNotice *notice =
            held_notice(announcement->outbound, event->thread, g_ptr_array_index(events, i), error);

        if (notice == NULL)
            return false;
        g_ptr_array_add(announcement->held, notice->notification);
        announcement->muted = notice->muted;
        announcement->repository = notice->repository->name;
    }
    return true;
}

static bool
open_change(MpAnnouncement *announcement, const MpEvent *event, GError **error)
{
    const MpNoticeFacts facts = {.kind = event->kind,
                                 .thread = event->thread,
                                 .actor = event->actor,
                                 .key = event->key,
                                 .date = event->created};

    if (!find_notice(announcement->outbound->instance, facts, &announcement->notice, error) ||
        announcement->notice == NULL)
        return false;
    announcement->muted = announcement->notice->muted;
    announcement->repository = announcement->notice->repository->name;
    return true;
}

bool
mp_announcement_open(MpAnnouncement *announcement, const MpQueued *queued, MpEventAccess access,
                     GError **error)
{
    const MpInstance *instance = announcement->outbound->instance;
    GError *why = NULL;

    announcement->file = mp_event_file_open(instance->outbox, queued, access, &why);
    if (announcement->file == NULL) {
        if (why != NULL)
            g_propagate_error(error, why);
        return why == NULL;
    }
    const MpEvent *event = mp_event_file_event(announcement->file);
    announcement->is_known = mp_event_is_to_operator(event->kind) || event->response != NULL;
    if (event->response != NULL)
        read_response(announcement, event);
    if (announcement->is_known)
        return true;
    announcement->is_known =
        (event->digest != NULL ? open_digest : open_change)(announcement, event, &why);
    if (why != NULL)
        g_propagate_error(error, g_steal_pointer(&why));
    return announcement->is_known || error == NULL || *error == NULL;
}

/* False as well where there is nothing to be done now. */
static bool
prepare(MpAnnouncement *announcement, const MpQueued *queued, GError **error)
{
    if (!mp_announcement_open(announcement, queued, MP_EVENT_WRITE, error) ||
        announcement->file == NULL)
        return false;
    if (announcement->is_known)
        return expand(announcement, error);
    postpone(announcement->outbound, queued, mp_event_file_event(announcement->file), error);
    return false;
}

bool
mp_announcement_begin(MpOutbound *outbound, const MpQueued *queued, GError **error)
{
    g_autoptr(MpAnnouncement) announcement = g_new0(MpAnnouncement, 1);
    GError *why = NULL;
    bool is_open;

    announcement->outbound = outbound;
    announcement->outstanding = 1;
    g_mutex_lock(&outbound->reading);
    is_open = prepare(announcement, queued, &why);
    g_mutex_unlock(&outbound->reading);
    if (why != NULL) {
        g_propagate_error(error, why);
        return false;
    }
    if (!is_open)
        return true; /* gone, or postponed */
    g_mutex_lock(&outbound->mutex);
    outbound->open_events++;
    g_mutex_unlock(&outbound->mutex);
    hand_out(announcement);
    mp_announcement_release(g_steal_pointer(&announcement));
    return true;
}

/* --- End ------------------------------------------------------------------------------------- */

static bool
finish(MpAnnouncement *announcement, GError **error)
{
    static const char *const ends[] = {
        [MP_EVENT_STAYS] = "stays",
        [MP_EVENT_RETRIES] = "moves to outbox/retry",
        [MP_EVENT_FAILED] = "moves to outbox/failed",
        [MP_EVENT_DONE] = "is done",
        [MP_EVENT_HELD] = "is on hold",
        [MP_EVENT_DROPPED] = "is dropped",
    };
    g_autofree char *key = g_strdup(mp_event_file_event(announcement->file)->key);
    MpEventEnd end;

    mp_digests_note(announcement);
    if (!mp_event_file_end(announcement->outbound->instance->outbox,
                           g_steal_pointer(&announcement->file), &end, error))
        return false;
    mp_info("Event %s %s", key, ends[end]);
    return true;
}

void
mp_announcement_release(MpAnnouncement *announcement)
{
    MpOutbound *outbound = announcement->outbound;
    GError *error = NULL;

    if (!g_atomic_int_dec_and_test(&announcement->outstanding))
        return;
    if (!finish(announcement, &error))
        mp_outbound_fail(outbound, error);
    mp_announcement_free(announcement);
    g_mutex_lock(&outbound->mutex);
    outbound->open_events--;
    g_cond_broadcast(&outbound->changed);
    g_mutex_unlock(&outbound->mutex);
}
