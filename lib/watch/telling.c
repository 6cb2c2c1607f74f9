/*
 * What all that is told of Git has in common: who did it, the event of a thread, and the line of
 * the log.
 */
#include "base/log.h"
#include "base/time.h"
#include "instance/change.h"
#include "instance/transaction.h"
#include "watch/bell.h"
#include "watch/internal.h"

void
mp_watch_say(MpWatchBatch *batch, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(batch->lines, g_strdup_vprintf(format, args));
    va_end(args);
}

void
mp_watch_log(const char *repository, const GPtrArray *lines)
{
    for (guint i = 0; lines != NULL && i < lines->len; i++)
        mp_info("Told %s: %s", repository, (const char *)lines->pdata[i]);
}

/* --- Who did it ----------------------------------------------------------------------------- */

void
mp_pusher_clear(MpPusher *pusher)
{
    g_clear_pointer(&pusher->name, g_free);
    g_clear_pointer(&pusher->account, mp_user_free);
}

bool
mp_watch_find_pusher(const MpWatchBatch *batch, const char *ref, const char *after,
                     MpPusher *pusher, GError **error)
{
    const char *name = mp_bells_pusher(batch->bells, batch->instance->config,
                                       mp_repo_owner(batch->repo), ref, after);

    *pusher = (MpPusher){.name = name != NULL ? mp_watch_masked(batch, name) : NULL};
    return name == NULL || !mp_is_login(name) ||
           mp_accounts_user_by_login(batch->instance->accounts, name, &pusher->account, error);
}

MpActor
mp_watch_actor(const char *name)
{
    gint64 now = mp_time_now();

    name = *name != '\0' ? name : "unknown";
    return (MpActor){0, name, name, now, now};
}

MpActor
mp_watch_pusher_actor(const MpPusher *pusher, const char *otherwise)
{
    if (pusher->account != NULL)
        return mp_transaction_actor(pusher->account);
    return mp_watch_actor(pusher->name != NULL ? pusher->name : otherwise);
}

/* --- The event ------------------------------------------------------------------------------ */

bool
mp_watch_tell(MpWatchBatch *batch, guint64 thread, MpThreadEvent *event, const MpActor *actor,
              bool is_announced, GError **error)
{
    bool has_changed;

    if (is_announced ? !mp_change_thread(batch->instance, batch->batch, batch->events, thread,
                                         event, actor, &has_changed, error)
                     : !mp_batch_change(batch->batch, thread, event, actor, &has_changed, error))
        return false;
    if (has_changed) {
        g_autofree char *what = mp_thread_event_text(event);

        mp_watch_say(batch, "thread %" G_GUINT64_FORMAT ", %s, by %s", thread, what, actor->login);
    }
    return true;
}
