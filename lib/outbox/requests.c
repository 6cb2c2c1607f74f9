/*
 * What an administrator asks of an event while a notifier may have it in its hands: see outbox.h.
 *
 * Who works on an event has its file locked (mp_outbox_claim). Who finds it so leaves a request
 *
 *   outbox/requests/KEY    "hold", "drop", …: the last one counts
 *
 * which the notifier looks at before each message, and obeys when it puts the event down; or, if it
 * dies first, the next one before it begins. All of that happens under a lock of its own, which
 * nobody has for longer than a few files' moves: so no command waits for a run.
 */
#include "outbox/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "outbox/internal.h"
#include "outbox/request_file.h"

MpLock *
mp_outbox_lock_changes(const MpOutbox *outbox, GError **error)
{
    g_autofree char *path =
        g_build_filename(outbox->path, mp_outbox_directories[DIRECTORY_REQUESTS], NULL);

    return mp_lock_take_directory(path, MP_LOCK_WAIT, error);
}

/* --- The claim ------------------------------------------------------------------------------ */

int
mp_outbox_claim(const MpOutbox *outbox, const MpQueued *queued, MpLockMode mode, bool *is_busy,
                GError **error)
{
    int directory = outbox->fd[queued->queue];
    g_autofree char *path = mp_outbox_show(queued->queue, queued->name);
    g_auto(MpFd) fd =
        openat(directory, queued->name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat mine, there;

    *is_busy = false;
    if (fd < 0 && errno == ENOENT)
        return -1;
    if (fd < 0 || fstat(fd, &mine) < 0) {
        mp_fail_errno(error, "cannot open %s", path);
        return -1;
    }
    if (!mp_lock_descriptor(fd, mode)) {
        *is_busy = mode == MP_LOCK_TRY && errno == EWOULDBLOCK;
        if (!*is_busy)
            mp_fail_errno(error, "cannot lock %s", path);
        return -1;
    }
    if (fstatat(directory, queued->name, &there, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            mp_fail_errno(error, "cannot look at %s", path);
        return -1;
    }
    if (there.st_ino != mine.st_ino || there.st_dev != mine.st_dev)
        return -1; /* moved before we had it */
    return g_steal_fd(&fd);
}

/* --- Obeyed --------------------------------------------------------------------------------- */

/* In the event's file: what is for some recipients only, and that they are due again. */
static bool
note(MpEventFile *file, MpChange change, const GArray *users, GError **error)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;

    return change == MP_CHANGE_RETRY ? mp_event_file_retry(file, users, now, error)
                                     : mp_event_file_drop(file, users, now, error);
}

/* *fd is the claim of the event, which is taken. */
static bool
note_in(MpOutbox *outbox, const MpQueued *queued, MpChange change, const GArray *users, int *fd,
        GError **error)
{
    g_autoptr(MpEventFile) file = mp_event_file_take(outbox, queued, fd, error);

    if (file == NULL || !note(file, change, users, error))
        return false;
    if (mp_event_file_is_done(file))
        return mp_outbox_drop(outbox, queued, error);
    return change == MP_CHANGE_DROP || mp_outbox_release(outbox, queued, error);
}

static bool
apply(MpOutbox *outbox, const MpQueued *queued, MpChange change, const GArray *users, int *fd,
      GError **error)
{
    switch (change) {
    case MP_CHANGE_RETRY:
        return note_in(outbox, queued, change, users, fd, error);
    case MP_CHANGE_HOLD:
        return mp_outbox_hold(outbox, queued, error);
    case MP_CHANGE_RELEASE:
        return queued->queue != MP_QUEUE_HOLD || mp_outbox_release(outbox, queued, error);
    case MP_CHANGE_DROP:
        return users != NULL && users->len > 0 ? note_in(outbox, queued, change, users, fd, error)
                                               : mp_outbox_drop(outbox, queued, error);
    }
    return true;
}

/* The lock of the requests is held. One that is left from before comes first. */
static bool
change_locked(MpOutbox *outbox, const MpQueued *queued, MpChange change, const GArray *users,
              bool *is_there, GError **error)
{
    bool is_busy;
    GError *why = NULL;
    g_auto(MpFd) fd = mp_outbox_claim(outbox, queued, MP_LOCK_TRY, &is_busy, &why);

    *is_there = fd >= 0 || is_busy;
    if (why != NULL) {
        g_propagate_error(error, why);
        return false;
    }
    if (!*is_there)
        return true;
    return is_busy || mp_request_is_there(outbox, queued->key)
               ? mp_request_write(outbox, queued->key, change, users, error)
               : apply(outbox, queued, change, users, &fd, error);
}

bool
mp_outbox_change(MpOutbox *outbox, const MpQueued *queued, MpChange change, const GArray *users,
                 bool *is_there, GError **error)
{
    g_autoptr(MpLock) lock = mp_outbox_lock_changes(outbox, error);

    return lock != NULL && change_locked(outbox, queued, change, users, is_there, error);
}

/* --- The notifier's side -------------------------------------------------------------------- */

typedef struct {
    bool is_held, is_dropped;
} Wish;

/* What concerns recipients is noted, what concerns the file is told. */
static bool
follow(MpEventFile *file, const GArray *requests, Wish *wish, GError **error)
{
    for (guint i = 0; i < requests->len; i++) {
        const MpRequest *request = &g_array_index(requests, MpRequest, i);
        bool is_for_all = request->users->len == 0;

        if (request->change == MP_CHANGE_HOLD || request->change == MP_CHANGE_RELEASE)
            wish->is_held = request->change == MP_CHANGE_HOLD;
        else if (request->change == MP_CHANGE_DROP && is_for_all)
            wish->is_dropped = true;
        else if (!note(file, request->change, request->users, error))
            return false;
    }
    return true;
}

/* An event of which nothing is left to do has come to its end, whatever was asked. */
static bool
put_down(MpEventFile *file, const GArray *requests, MpEventEnd *end, GError **error)
{
    Wish wish = {0};

    if (!follow(file, requests, &wish, error))
        return false;
    if (mp_event_file_is_done(file) || (!wish.is_held && !wish.is_dropped))
        return mp_event_file_finish(file, end, error);
    *end = wish.is_dropped ? MP_EVENT_DROPPED : MP_EVENT_HELD;
    return mp_event_file_leave(file, *end, error);
}

bool
mp_event_file_end(MpOutbox *outbox, MpEventFile *file, MpEventEnd *end, GError **error)
{
    g_autofree char *key = g_strdup(mp_event_file_event(file)->key);
    g_autoptr(MpLock) lock = mp_outbox_lock_changes(outbox, error);
    g_autoptr(MpEventFile) owned = file; /* let go before the lock is */
    g_autoptr(GArray) requests = lock != NULL ? mp_requests_read(outbox, key, error) : NULL;

    return requests != NULL && put_down(owned, requests, end, error) &&
           mp_request_withdraw(outbox, key, error);
}

bool
mp_outbox_is_halted(const MpOutbox *outbox)
{
    return mp_request_is_there(outbox, MP_REQUEST_HOLD_ALL);
}

/* Until this is at its end, whoever dies and whatever a power cut brings back is held by the next
 * run: so the moves between are synced together. */
static bool
begin_halt(MpOutbox *outbox, GError **error)
{
    return outbox->syncs_later =
               mp_request_write(outbox, MP_REQUEST_HOLD_ALL, MP_CHANGE_HOLD, NULL, error);
}

static bool
end_halt(MpOutbox *outbox, GError **error)
{
    bool is_synced = !outbox->syncs_later || mp_outbox_sync(outbox, error);

    outbox->syncs_later = false;
    return is_synced && mp_request_withdraw(outbox, MP_REQUEST_HOLD_ALL, error);
}

bool
mp_outbox_halt(MpOutbox *outbox, bool is_halted, GError **error)
{
    g_autoptr(MpLock) lock = mp_outbox_lock_changes(outbox, error);

    return lock != NULL && (is_halted ? begin_halt : end_halt)(outbox, error);
}

bool
mp_outbox_ask_to_look(MpOutbox *outbox, GError **error)
{
    g_autoptr(MpLock) lock = mp_outbox_lock_changes(outbox, error);

    return lock != NULL && mp_request_write(outbox, MP_REQUEST_LOOK, MP_CHANGE_RETRY, NULL, error);
}

bool
mp_outbox_is_asked_to_look(MpOutbox *outbox)
{
    return unlinkat(outbox->fd[DIRECTORY_REQUESTS], MP_REQUEST_LOOK, 0) == 0;
}

/* What cannot be done will not be done later either, and is about this event alone: it is told. */
static bool
pass_over(GError *why, GError **error)
{
    if (g_error_matches(why, MP_ERROR, MP_ERROR_TEMPORARY)) {
        g_propagate_error(error, why);
        return false;
    }
    mp_warn("%s", why->message);
    g_error_free(why);
    return true;
}

static bool
hold_what_is_left(MpOutbox *outbox, GError **error)
{
    for (MpQueue queue = MP_QUEUE_NEW; queue <= MP_QUEUE_RETRY; queue++) {
        g_autoptr(GPtrArray) list = mp_outbox_list(outbox, queue, error);
        bool is_there;

        if (list == NULL)
            return false;
        for (guint i = 0; i < list->len; i++) {
            GError *why = NULL;

            if (!change_locked(outbox, list->pdata[i], MP_CHANGE_HOLD, NULL, &is_there, &why) &&
                !pass_over(why, error))
                return false;
        }
    }
    return true;
}

/* What a command that died has left of `hold --all`. */
static bool
finish_halt(MpOutbox *outbox, GError **error)
{
    outbox->syncs_later = true;
    bool is_held = hold_what_is_left(outbox, error);

    return end_halt(outbox, is_held ? error : NULL) && is_held;
}

/* One after the other, each where the one before has left the event; it may be gone then. */
static bool
apply_all(MpOutbox *outbox, const char *key, const GArray *requests, GError **error)
{
    for (guint i = 0; i < requests->len; i++) {
        const MpRequest *request = &g_array_index(requests, MpRequest, i);
        GError *why = NULL;
        g_autoptr(MpQueued) queued = mp_outbox_find(outbox, key, &why);
        bool is_busy = false;
        g_auto(MpFd) fd =
            queued != NULL ? mp_outbox_claim(outbox, queued, MP_LOCK_WAIT, &is_busy, &why) : -1;

        if (why != NULL) {
            g_propagate_error(error, why);
            return false;
        }
        if (fd >= 0 && !apply(outbox, queued, request->change, request->users, &fd, error))
            return false;
    }
    return true;
}

static bool
settle(MpOutbox *outbox, const char *key, GError **error)
{
    GError *why = NULL;
    g_autoptr(GArray) requests = mp_requests_read(outbox, key, &why);

    if (requests == NULL && !g_error_matches(why, MP_ERROR, MP_ERROR_INPUT)) {
        g_propagate_error(error, why);
        return false;
    }
    if ((requests == NULL || !apply_all(outbox, key, requests, &why)) && !pass_over(why, error))
        return false;
    return mp_request_withdraw(outbox, key, error);
}

bool
mp_outbox_settle(MpOutbox *outbox, GError **error)
{
    g_autofree char *path =
        g_build_filename(outbox->path, mp_outbox_directories[DIRECTORY_REQUESTS], NULL);
    g_autoptr(MpLock) lock = mp_outbox_lock_changes(outbox, error);
    g_autoptr(GPtrArray) names = lock != NULL ? mp_list_directory(path, NULL, NULL, error) : NULL;

    if (names == NULL)
        return false;
    for (guint i = 0; i < names->len; i++)
        if (mp_is_event_key(names->pdata[i]) && !settle(outbox, names->pdata[i], error))
            return false;
    return !g_ptr_array_find_with_equal_func(names, MP_REQUEST_HOLD_ALL, g_str_equal, NULL) ||
           finish_halt(outbox, error);
}
