/* A change of a thread; see change.h. */
#include "instance/change.h"

#include "instance/transaction.h"

MpEventKind
mp_event_kind_of_change(MpThreadChange change)
{
    static const MpEventKind kinds[MP_N_THREAD_CHANGES] = {
        [MP_THREAD_CLOSED] = MP_EVENT_CLOSED,
        [MP_THREAD_REOPENED] = MP_EVENT_REOPENED,
        [MP_THREAD_LOCKED] = MP_EVENT_LOCKED,
        [MP_THREAD_UNLOCKED] = MP_EVENT_UNLOCKED,
        [MP_THREAD_RENAMED] = MP_EVENT_RENAMED,
        [MP_THREAD_LABELED] = MP_EVENT_LABELED,
        [MP_THREAD_UNLABELED] = MP_EVENT_UNLABELED,
        [MP_THREAD_ASSIGNED] = MP_EVENT_ASSIGNED,
        [MP_THREAD_UNASSIGNED] = MP_EVENT_UNASSIGNED,
        [MP_THREAD_PUSHED] = MP_EVENT_PUSHED,
        [MP_THREAD_HEAD_PUSHED] = MP_EVENT_HEAD_PUSHED,
        [MP_THREAD_MERGED] = MP_EVENT_MERGED,
        [MP_THREAD_HEAD_DELETED] = MP_EVENT_HEAD_DELETED,
        [MP_THREAD_REFERENCED] = MP_EVENT_REFERENCED,
    };

    return kinds[change];
}

bool
mp_change_thread(const MpInstance *instance, MpBatch *batch, GPtrArray *events, guint64 thread,
                 MpThreadEvent *event, const MpActor *actor, bool *has_changed, GError **error)
{
    g_free(event->host);
    event->host = g_strdup(instance->host);
    if (!mp_batch_change(batch, thread, event, actor, has_changed, error))
        return false;
    if (*has_changed)
        g_ptr_array_add(events,
                        mp_transaction_event(instance, mp_event_kind_of_change(event->change),
                                             event->key, thread, actor->user));
    return true;
}
