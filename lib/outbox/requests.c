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
#include "base/names.h"
#include "outbox/internal.h"

#define HOLD_ALL      "+hold" /* what no KEY can be */
#define LOOK          "+look"
#define REQUEST_LIMIT (16 * 1024 * 1024)

static const char *const change_names[] = {
    [MP_CHANGE_RETRY] = "retry",
    [MP_CHANGE_HOLD] = "hold",
    [MP_CHANGE_RELEASE] = "release",
    [MP_CHANGE_DROP] = "drop",
};

MP_DEFINE_NAMES(mp_change, MpChange, change_names)

MpLock *
mp_outbox_lock_changes(const MpOutbox *outbox, GError **error)
{
    g_autofree char *path =
        g_build_filename(outbox->path, mp_outbox_directories[DIRECTORY_REQUESTS], NULL);

    return mp_lock_take_directory(path, MP_LOCK_WAIT, error);
}

/* --- The requests --------------------------------------------------------------------------- */

typedef struct {
    MpChange change;
    GArray *users; /* guint64; none: everybody */
} Request;

static void
clear_request(gpointer data)
{
    g_array_unref(((Request *)data)->users);
}

/* "WORD", "WORD\tUSER\tUSER…"; what is no request is none. */
static void
parse_request(const char *line, GArray *requests)
{
    g_auto(GStrv) field = g_strsplit(line, "\t", -1);
    Request request;

    if (field[0] == NULL || !mp_change_parse(field[0], &request.change))
        return;
    request.users = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (char **user = field + 1; *user != NULL; user++) {
        guint64 id = g_ascii_strtoull(*user, NULL, 10);

        g_array_append_val(request.users, id);
    }
    g_array_append_val(requests, request);
}

/* What cannot be looked at may be one. */
static bool
is_requested(const MpOutbox *outbox, const char *name)
{
    return faccessat(outbox->fd[DIRECTORY_REQUESTS], name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           errno != ENOENT;
}

/* Request, in their order. NULL with *error set where there may be some that cannot be read. */
static GArray *
read_requests(const MpOutbox *outbox, const char *key, GError **error)
{
    g_autoptr(GArray) requests = g_array_new(FALSE, FALSE, sizeof(Request));
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;

    g_array_set_clear_func(requests, clear_request);
    if (is_requested(outbox, key) &&
        !mp_read_file(outbox->fd[DIRECTORY_REQUESTS], key, REQUEST_LIMIT, &text, NULL, &why) &&
        is_requested(outbox, key)) { /* else it was done meanwhile */
        g_propagate_prefixed_error(error, g_steal_pointer(&why), "outbox/requests: ");
        return NULL;
    }
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        parse_request(*line, requests);
    return g_steal_pointer(&requests);
}

static bool
write_request(MpOutbox *outbox, const char *name, MpChange change, const GArray *users,
              GError **error)
{
    int directory = outbox->fd[DIRECTORY_REQUESTS];
    g_autofree char *before = NULL;
    g_autoptr(GString) text = NULL;

    if (is_requested(outbox, name) &&
        !mp_read_file(directory, name, REQUEST_LIMIT, &before, NULL, error))
        return false;
    text = g_string_new(before);
    g_string_append(text, mp_change_name(change));
    for (guint i = 0; users != NULL && i < users->len; i++)
        g_string_append_printf(text, "\t%" G_GUINT64_FORMAT, g_array_index(users, guint64, i));
    g_string_append_c(text, '\n');
    if (mp_write_file(directory, name, text->str, text->len, 0640, true, error))
        return true;
    g_prefix_error(error, "outbox/requests: ");
    return false;
}

static bool
withdraw(MpOutbox *outbox, const char *name, GError **error)
{
    if (unlinkat(outbox->fd[DIRECTORY_REQUESTS], name, 0) == 0)
        return mp_sync_directory(outbox->fd[DIRECTORY_REQUESTS], "outbox/requests", error);
    return errno == ENOENT || mp_fail_errno(error, "cannot remove outbox/requests/%s", name);
}

static bool
is_of(const Request *request, guint64 user)
{
    for (guint i = 0; i < request->users->len; i++)
        if (g_array_index(request->users, guint64, i) == user)
            return true;
    return request->users->len == 0;
}

MpRequested
mp_outbox_requested(const MpOutbox *outbox, const char *key, guint64 user)
{
    MpRequested found = MP_REQUESTED_NOTHING;

    if (!is_requested(outbox, key)) /* asked for before each message */
        return found;
    g_autoptr(GArray) requests = read_requests(outbox, key, NULL);
    if (requests == NULL) /* and nothing is sent that may be held */
        return MP_REQUESTED_HOLD;
    for (guint i = 0; i < requests->len && found != MP_REQUESTED_DROP; i++) {
        const Request *request = &g_array_index(requests, Request, i);

        if (request->change == MP_CHANGE_DROP && is_of(request, user))
            found = MP_REQUESTED_DROP;
        else if (request->change == MP_CHANGE_HOLD)
            found = MP_REQUESTED_HOLD;
        else if (request->change == MP_CHANGE_RELEASE)
            found = MP_REQUESTED_NOTHING;
    }
    return found;
}

/* A half-written one is left by a command that died, and written over by the next. */
bool
mp_outbox_is_request(const char *name)
{
    g_autofree char *whole =
        g_str_has_suffix(name, ".tmp") ? g_strndup(name, strlen(name) - 4) : g_strdup(name);

    return mp_is_event_key(whole) || strcmp(whole, HOLD_ALL) == 0 || strcmp(whole, LOOK) == 0;
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
    return is_busy || is_requested(outbox, queued->key)
               ? write_request(outbox, queued->key, change, users, error)
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
        const Request *request = &g_array_index(requests, Request, i);
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
    g_autoptr(GArray) requests = lock != NULL ? read_requests(outbox, key, error) : NULL;

    return requests != NULL && put_down(owned, requests, end, error) &&
           withdraw(outbox, key, error);
}

bool
mp_outbox_is_halted(const MpOutbox *outbox)
{
    return is_requested(outbox, HOLD_ALL);
}

/* Until this is at its end, whoever dies and whatever a power cut brings back is held by the next
 * run: so the moves between are synced together. */
static bool
begin_halt(MpOutbox *outbox, GError **error)
{
    return outbox->syncs_later = write_request(outbox, HOLD_ALL, MP_CHANGE_HOLD, NULL, error);
}

static bool
end_halt(MpOutbox *outbox, GError **error)
{
    bool is_synced = !outbox->syncs_later || mp_outbox_sync(outbox, error);

    outbox->syncs_later = false;
    return is_synced && withdraw(outbox, HOLD_ALL, error);
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

    return lock != NULL && write_request(outbox, LOOK, MP_CHANGE_RETRY, NULL, error);
}

bool
mp_outbox_is_asked_to_look(MpOutbox *outbox)
{
    return unlinkat(outbox->fd[DIRECTORY_REQUESTS], LOOK, 0) == 0;
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
        const Request *request = &g_array_index(requests, Request, i);
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
    g_autoptr(GArray) requests = read_requests(outbox, key, &why);

    if (requests == NULL && !g_error_matches(why, MP_ERROR, MP_ERROR_INPUT)) {
        g_propagate_error(error, why);
        return false;
    }
    if ((requests == NULL || !apply_all(outbox, key, requests, &why)) && !pass_over(why, error))
        return false;
    return withdraw(outbox, key, error);
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
    return !g_ptr_array_find_with_equal_func(names, HOLD_ALL, g_str_equal, NULL) ||
           finish_halt(outbox, error);
}
