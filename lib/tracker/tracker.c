/* A tracker opened, brought up to date, and shared with other hosts. */
#include "base/error.h"
#include "git/turn.h"
#include "tracker/internal.h"
#include "tracker/share.h"

MpTracker *
mp_tracker_open(const char *path, const char *hostname, GError **error)
{
    g_autoptr(MpTracker) tracker = g_new0(MpTracker, 1);

    return mp_store_open(&tracker->store, path, hostname, error) ? g_steal_pointer(&tracker) : NULL;
}

void
mp_tracker_free(MpTracker *tracker)
{
    if (tracker == NULL)
        return;
    mp_store_close(&tracker->store);
    g_free(tracker);
}

bool
mp_tracker_refresh(MpTracker *tracker, GError **error)
{
    return mp_store_refresh(&tracker->store, error);
}

bool
mp_tracker_sync(const MpTracker *tracker, GError **error)
{
    return mp_store_sync(&tracker->store, error);
}

void
mp_tracker_share(MpTracker *tracker, const char *url, int seconds, const char *host)
{
    mp_store_share(&tracker->store, url, seconds, host);
}

bool
mp_tracker_is_shared(const MpTracker *tracker)
{
    return tracker->store.remote != NULL;
}

bool
mp_tracker_fetch(MpTracker *tracker, GError **error)
{
    return mp_store_fetch(&tracker->store, error);
}

bool
mp_tracker_make_way(MpTracker *tracker, guint attempt, GError **error)
{
    return mp_store_make_way(&tracker->store, attempt, error);
}

bool
mp_tracker_take_turn(MpTracker *tracker, bool *was_anothers, GError **error)
{
    bool good = mp_store_make_way(&tracker->store, 1, error);

    *was_anothers = tracker->store.turn.was_anothers;
    return good;
}

void
mp_tracker_keep_turn(MpTracker *tracker, bool whether)
{
    mp_store_keep_turn(&tracker->store, whether);
}

bool
mp_tracker_has_turn(const MpTracker *tracker)
{
    return mp_store_has_turn(&tracker->store);
}

void
mp_tracker_expect_push(MpTracker *tracker)
{
    mp_store_expect_push(&tracker->store);
}

void
mp_tracker_expect_no_push(MpTracker *tracker)
{
    mp_store_expect_no_push(&tracker->store);
}

void
mp_tracker_leave_turn(MpTracker *tracker)
{
    mp_store_leave_turn(&tracker->store);
}

void
mp_tracker_decide_on(MpTracker *tracker, MpAccounts *accounts)
{
    tracker->store.basis = &accounts->store;
}

void
mp_tracker_work_beside(MpTracker *tracker, bool (*work)(gpointer data), gpointer data)
{
    tracker->store.beside = (MpBeside){work, data};
}

bool
mp_tracker_beside(const MpTracker *tracker)
{
    return mp_beside(&tracker->store.beside);
}

guint64
mp_tracker_seen(const MpTracker *tracker)
{
    return mp_store_seen(&tracker->store);
}

guint
mp_tracker_pushes(const MpTracker *tracker)
{
    return tracker->store.n_pushes;
}

bool
mp_tracker_takes_others(MpTracker *tracker, GError **error)
{
    MpActor actor = mp_program_actor();
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);

    if (!mp_tracker_is_shared(tracker))
        return true;
    tracker->store.turn.is_left_out = true;
    MpCommitResult result =
        mp_chain_commit(&batch->chain, "Does the server take any commit?", &actor, error)
            ? mp_batch_commit(batch, error)
            : MP_FAILED;
    tracker->store.turn.is_left_out = false;
    if (result == MP_UNFOUNDED && (error == NULL || *error == NULL)) /* nothing was sent */
        return mp_fail(error, MP_ERROR_TEMPORARY, "the accounts changed meanwhile");
    return result == MP_COMMITTED || result == MP_CONFLICT;
}
