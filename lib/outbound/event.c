/* One event, from its file to its end. */
#include "outbound/internal.h"

#include <sysexits.h>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"

#define SHORTEST_WAIT 60 /* seconds, for a change that is not in the tracker yet */
#define LONGEST_WAIT  7200

static void
work_free(Work *work)
{
    mp_event_file_free(work->file);
    notice_free(work->notice);
    mp_thread_free(work->thread);
    g_free(work->link);
    g_clear_pointer(&work->muted, g_hash_table_unref);
    g_free(work);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Work, work_free)

/* --- Begin ----------------------------------------------------------------------------------- */

/* The thread's Notice, NULL where the KEY is not in the tracker. */
static bool
find_notice(const MpInstance *instance, const MpEvent *event, Notice **notice, GError **error)
{
    NoticeFacts facts = {.kind = event->kind,
                         .thread = event->thread,
                         .actor = event->actor,
                         .key = event->key,
                         .date = event->created};
    bool found;

    *notice = NULL;
    return mp_tracker_find_key(instance->tracker, event->thread, event->key, &found, &facts.comment,
                               error) &&
           (!found || notice_load(instance, &facts, notice, error));
}

/* Another host's change may not have reached this tracker, an administrator may have restored an
 * older one: the event is true, so it waits, the longer the older it is. */
static bool
postpone(Pass *pass, const MpQueued *queued, const MpEvent *event, GError **error)
{
    gint64 now = mp_time_now();
    gint64 wait = CLAMP((now - event->created) / 4, SHORTEST_WAIT, LONGEST_WAIT);

    mp_warn("Event %s is not in thread %" G_GUINT64_FORMAT
            " of the tracker yet: waiting %" G_GINT64_FORMAT " s",
            event->key, event->thread, wait);
    return mp_outbox_postpone(pass->instance->outbox, queued, now + wait, error);
}

/* The one account that an answer is for, at its own first address; nobody if it is gone. */
static GPtrArray *
response_recipients(const Work *work, const MpResponse *response, GError **error)
{
    g_autoptr(GPtrArray) recipients =
        g_ptr_array_new_with_free_func((GDestroyNotify)mp_event_recipient_free);
    g_autoptr(MpUser) user = NULL;

    if (!mp_accounts_user(work->pass->instance->accounts, response->user, &user, error))
        return NULL;
    if (user != NULL && user->emails->len > 0)
        g_ptr_array_add(recipients,
                        mp_event_recipient_new(user->id, user->emails->pdata[0], response->reason));
    return g_steal_pointer(&recipients);
}

static bool
expand(Work *work, GError **error)
{
    const Notice *notice = work->notice;
    const MpResponse *response = mp_event_file_event(work->file)->response;
    g_autoptr(GPtrArray) recipients = NULL;

    if (mp_event_file_is_expanded(work->file))
        return true;
    g_assert(response != NULL || notice != NULL); /* only an answer needs none */
    recipients = response != NULL
                     ? response_recipients(work, response, error)
                     : mp_notification_recipients(notice->subscribers, notice->repository,
                                                  mp_event_file_event(work->file)->actor,
                                                  work->pass->instance->accounts, error);
    return recipients != NULL && mp_event_file_expand(work->file, recipients, mp_time_now(), error);
}

static void
hand_out(Work *work)
{
    const GPtrArray *recipients = mp_event_file_recipients(work->file);
    g_autoptr(GPtrArray) due = g_ptr_array_new();
    gint64 now = mp_time_now();

    for (guint i = 0; i < recipients->len; i++)
        if (mp_event_recipient_is_due(recipients->pdata[i], now))
            g_ptr_array_add(due, recipients->pdata[i]);
    mp_info("Announcing %s of thread %" G_GUINT64_FORMAT " to %u of %u recipients",
            mp_event_file_event(work->file)->key, mp_event_file_event(work->file)->thread, due->len,
            recipients->len);
    g_atomic_int_add(&work->outstanding, (gint)due->len);
    for (guint i = 0; i < due->len; i++) {
        Task *task = g_new(Task, 1);

        *task = (Task){work, due->pdata[i]};
        mp_pool_push(work->pass->pool, task);
    }
}

/* A thread that is gone, or cannot be read, only costs the answer its link. */
static bool
open_response(Work *work, const MpEvent *event, GError **error)
{
    const MpInstance *instance = work->pass->instance;
    g_autoptr(GError) fault = NULL;

    if (event->thread != 0)
        mp_tracker_thread(instance->tracker, event->thread, &work->thread, &fault);
    if (work->thread != NULL) {
        g_autoptr(MpRepository) repository =
            mp_tracker_repository(instance->tracker, work->thread->repository, &fault);
        work->link = repository != NULL ? g_strdup(repository->link) : NULL;
    }
    if (fault != NULL)
        mp_warn("Answering without a link: %s", fault->message);
    return expand(work, error);
}

static bool
open_work(Work *work, const MpQueued *queued, GError **error)
{
    const MpInstance *instance = work->pass->instance;

    work->file = mp_event_file_open(instance->outbox, queued, MP_EVENT_WRITE, error);
    if (work->file == NULL)
        return false;
    if (mp_event_file_event(work->file)->response != NULL)
        return open_response(work, mp_event_file_event(work->file), error);
    if (!find_notice(instance, mp_event_file_event(work->file), &work->notice, error))
        return false;
    if (work->notice == NULL) {
        postpone(work->pass, queued, mp_event_file_event(work->file), error);
        return false;
    }
    work->muted = mp_notification_muted(work->notice->subscribers);
    return expand(work, error);
}

bool
event_begin(Pass *pass, const MpQueued *queued, GError **error)
{
    g_autoptr(Work) work = g_new0(Work, 1);
    GError *fault = NULL;
    bool is_open;

    work->pass = pass;
    work->outstanding = 1;
    g_mutex_lock(&pass->reading);
    is_open = open_work(work, queued, &fault);
    g_mutex_unlock(&pass->reading);
    if (fault != NULL) {
        g_propagate_error(error, fault);
        return false;
    }
    if (!is_open)
        return true; /* gone, or postponed */
    g_mutex_lock(&pass->mutex);
    pass->open_events++;
    g_mutex_unlock(&pass->mutex);
    hand_out(work);
    event_release(g_steal_pointer(&work));
    return true;
}

/* --- End ------------------------------------------------------------------------------------- */

static bool
finish(Work *work, GError **error)
{
    static const char *const ends[] = {
        [MP_EVENT_STAYS] = "stays",
        [MP_EVENT_RETRIES] = "moves to outbox/retry",
        [MP_EVENT_FAILED] = "moves to outbox/failed",
        [MP_EVENT_DONE] = "is done",
    };
    MpEventEnd end;

    if (!mp_event_file_finish(work->file, &end, error))
        return false;
    mp_info("Event %s %s", mp_event_file_event(work->file)->key, ends[end]);
    return true;
}

void
event_release(Work *work)
{
    Pass *pass = work->pass;
    GError *error = NULL;

    if (!g_atomic_int_dec_and_test(&work->outstanding))
        return;
    if (!finish(work, &error))
        pass_fail(pass, error);
    work_free(work);
    g_mutex_lock(&pass->mutex);
    pass->open_events--;
    g_cond_broadcast(&pass->changed);
    g_mutex_unlock(&pass->mutex);
}
