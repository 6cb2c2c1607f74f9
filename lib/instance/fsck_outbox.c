/*
 * The check of outbox/ and hook/; see fsck_outbox.h.
 *
 * The tracker is looked at as of a tip from after the events were listed: what is published is in
 * the tracker before.
 */
#include "instance/fsck_outbox.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/lock.h"

#define DAY_S 86400 /* longer than anything is put off */

typedef struct {
    MpInstance *instance;
    const MpFsckHooks *hooks;
    guint64 *events;
    MpOutbox *outbox;
    const char *name; /* "outbox" or "hook" */
    bool is_hook;
    GHashTable *waiting;      /* char *: KEYs of new/ and retry/ */
    GPtrArray *foreign_files; /* char *: paths that were told already */
} Check;

static void
tell(Check *check, const char *code, const char *path, char *remedy, char *what)
{
    g_autofree char *owned_remedy = remedy, *owned_what = what;
    const MpFault fault = {check->name, path, code, what, remedy};

    check->hooks->found(&fault, check->hooks->user_data);
}

/* --- One event -------------------------------------------------------------------------------- */

/* Whether an event announces a change of the tracker: a response to a mail does not. */
static bool
is_of_tracker(MpEventKind kind)
{
    switch (kind) {
    case MP_EVENT_OPENED:
    case MP_EVENT_COMMENT:
    case MP_EVENT_CLOSED:
    case MP_EVENT_REOPENED:
    case MP_EVENT_LOCKED:
    case MP_EVENT_UNLOCKED:
    case MP_EVENT_RENAMED:
    case MP_EVENT_LABELED:
    case MP_EVENT_UNLABELED:
    case MP_EVENT_ASSIGNED:
    case MP_EVENT_UNASSIGNED:
    case MP_EVENT_PUSHED:
    case MP_EVENT_HEAD_PUSHED:
    case MP_EVENT_MERGED:
    case MP_EVENT_HEAD_DELETED:
    case MP_EVENT_REFERENCED:
        return true;
    case MP_EVENT_RESPONSE:
    case MP_EVENT_TEST:
    case MP_EVENT_MENDED:
    case MP_EVENT_DIGEST:
        return false;
    }
    return false;
}

static void
check_actor(Check *check, const MpEvent *event, const char *path)
{
    if (event->actor != 0 && !mp_accounts_gave(check->instance->accounts, event->actor))
        tell(check, "no-user", path,
             g_strdup("restore the account in accounts.git, or drop the event"),
             g_strdup_printf("its actor, account %" G_GUINT64_FORMAT ", does not exist",
                             event->actor));
}

static bool
check_change(Check *check, const MpEvent *event, const char *path, const char *remedy,
             GError **error)
{
    MpTracker *tracker = check->instance->tracker;
    g_autoptr(GError) why = NULL;
    g_autoptr(MpThread) thread = NULL;
    guint64 number = 0;
    bool has_key;

    if (!is_of_tracker(event->kind))
        return true;
    if (!mp_tracker_thread(tracker, event->thread, &thread, &why) ||
        !mp_instance_find_key(check->instance, event->thread, event->key, &has_key, &number, NULL,
                              &why)) {
        if (!mp_error_is_temporary(why))
            return true; /* a damaged thread was told */
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (thread == NULL)
        tell(check, "dangling", path, g_strdup(remedy),
             g_strdup_printf("thread %" G_GUINT64_FORMAT " does not exist", event->thread));
    else if (!has_key || (event->kind == MP_EVENT_COMMENT) != (number > 0))
        tell(check, "dangling", path, g_strdup(remedy),
             g_strdup_printf("thread %" G_GUINT64_FORMAT " has no such KEY of a%s", event->thread,
                             event->kind == MP_EVENT_COMMENT ? " comment"
                                                             : "n opening or a change"));
    if (!check->is_hook) /* on-comment is told of the comment's author, by the tracker */
        check_actor(check, event, path);
    return true;
}

/* A digest's events are gone; what they announced must be there. */
static bool
check_event(Check *check, const MpEvent *event, const char *path, const char *remedy,
            GError **error)
{
    const GPtrArray *held = event->digest != NULL ? event->digest->events : NULL;

    ++*check->events;
    for (guint i = 0; held != NULL && i < held->len; i++) {
        const MpDigestEvent *one = g_ptr_array_index(held, i);
        const MpEvent change = {
            .key = one->key, .kind = one->kind, .thread = event->thread, .actor = one->actor};

        if (!check_change(check, &change, path, remedy, error))
            return false;
    }
    return held != NULL || check_change(check, event, path, remedy, error);
}

/* --- What is queued --------------------------------------------------------------------------- */

static char *
how_to_drop(const Check *check, const char *path, const char *name)
{
    return check->is_hook ? g_strdup_printf("rm %s/%s", check->name, path)
                          : g_strdup_printf("notifier queue drop %s", name);
}

/* A clock that went wrong when it was put off, and was set right since. */
static void
check_due(Check *check, const MpQueued *queued, const char *path)
{
    if (queued->due <= (gint64)time(NULL) + DAY_S)
        return;
    g_autoptr(GDateTime) due = g_date_time_new_from_unix_utc(queued->due);
    g_autofree char *when =
        due != NULL ? g_date_time_format(due, "on %Y-%m-%d") : g_strdup("in no known year");
    tell(check, "late", path,
         check->is_hook ? g_strdup_printf("mv hook/%s hook/new/%s", path, queued->key)
                        : g_strdup_printf("notifier queue retry %s", queued->key),
         g_strdup_printf("it is not due before it is %s, and nothing is put off for a day", when));
}

static void
check_once(Check *check, const MpQueued *queued, const char *path)
{
    if (queued->queue != MP_QUEUE_NEW && queued->queue != MP_QUEUE_RETRY)
        return;
    if (!g_hash_table_add(check->waiting, g_strdup(queued->key)))
        tell(check, "twice", path, how_to_drop(check, path, queued->name),
             g_strdup("its KEY waits under another name as well, and would be told twice"));
}

static bool
check_queued(Check *check, const MpQueued *queued, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(MpEventFile) file = mp_event_file_open(check->outbox, queued, MP_EVENT_READ, &why);
    g_autofree char *path = g_strconcat(mp_queue_name(queued->queue), "/", queued->name, NULL);
    g_autofree char *remedy = how_to_drop(check, path, queued->name);

    if (file != NULL) {
        check_due(check, queued, path);
        check_once(check, queued, path);
        return check_event(check, mp_event_file_event(file), path, remedy, error);
    }
    if (why == NULL || /* sent meanwhile */
        g_ptr_array_find_with_equal_func(check->foreign_files, path, g_str_equal, NULL))
        return true;
    if (mp_error_is_temporary(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (g_error_matches(why, MP_ERROR, MP_ERROR_INPUT))
        tell(check, "malformed", path, g_steal_pointer(&remedy), g_strdup(why->message));
    else
        tell(check, "unreadable", path,
             g_strdup_printf("give it to the owner of %s: chown, chmod", check->name),
             g_strdup(why->message));
    return true;
}

/* A staged event is not yet true while a writer is at work; of one that died, it is the next run's
 * to finish. Where we cannot write ourselves, it is not for us to say which of the two it is. */
static bool
check_staged(Check *check, GError **error)
{
    if (faccessat(AT_FDCWD, check->instance->config->data, W_OK, AT_EACCESS) < 0)
        return true;
    g_autofree char *lock_path = mp_config_path(check->instance->config, "lock");
    g_autoptr(MpLock) lock = mp_lock_take(lock_path, MP_LOCK_TRY, error);
    g_autoptr(GPtrArray) staged = NULL;

    if (lock == NULL)
        return error == NULL || *error == NULL;
    if (!mp_instance_refresh(check->instance, error))
        return false;
    staged = mp_outbox_staged(check->outbox, error);
    for (guint i = 0; staged != NULL && i < staged->len; i++) {
        const MpEvent *event = g_ptr_array_index(staged, i);
        g_autofree char *path = g_strconcat("tmp/", event->key, NULL);

        if (!check_event(check, event, path,
                         "the next run of metroplex, or any change by a command, removes it",
                         error))
            return false;
    }
    return staged != NULL;
}

static bool
check_queues(Check *check, GError **error)
{
    GPtrArray *lists[MP_N_QUEUES] = {NULL};
    bool good = true;

    for (int queue = 0; good && queue < MP_N_QUEUES; queue++) {
        lists[queue] = mp_outbox_list(check->outbox, (MpQueue)queue, error);
        good = lists[queue] != NULL;
    }
    good = good && mp_instance_refresh(check->instance, error);
    for (int queue = 0; queue < MP_N_QUEUES; queue++) {
        for (guint i = 0; good && i < lists[queue]->len; i++)
            good = check_queued(check, g_ptr_array_index(lists[queue], i), error);
        g_clear_pointer(&lists[queue], g_ptr_array_unref);
    }
    return good;
}

/* --- All of it -------------------------------------------------------------------------------- */

static bool
check_foreign_files(Check *check, GError **error)
{
    check->foreign_files = mp_outbox_foreign_files(check->outbox, error);
    for (guint i = 0; check->foreign_files != NULL && i < check->foreign_files->len; i++) {
        const char *path = g_ptr_array_index(check->foreign_files, i);

        tell(check, "misplaced", path,
             g_str_has_prefix(path, "answered/")
                 ? g_strdup("remove it; if it was a record, that day's answer may be given again")
                 : g_strdup_printf("move it out of %s: nobody looks at it there", check->name),
             g_strdup("neither an event nor anything else that belongs here"));
    }
    return check->foreign_files != NULL;
}

static bool
check_outbox(Check *check, GError **error)
{
    g_autoptr(GHashTable) waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    check->waiting = waiting;
    bool good = check_foreign_files(check, error) && check_queues(check, error) &&
                check_staged(check, error);
    g_clear_pointer(&check->foreign_files, g_ptr_array_unref);
    return good;
}

/* Also where on-comment was taken out of the configuration: it may come back. */
static bool
check_hook(Check *check, GError **error)
{
    g_autofree char *path = mp_config_path(check->instance->config, "hook");
    g_autoptr(GError) why = NULL;
    g_autoptr(MpOutbox) hook = NULL;

    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return true;
    check->name = "hook";
    check->is_hook = true;
    hook = mp_outbox_open(path, &why);
    check->outbox = hook;
    if (hook != NULL)
        return check_outbox(check, error);
    tell(check, "missing", "",
         g_strdup("make the directory, or remove hook where on-comment is "
                  "not used any more"),
         g_strdup(why->message));
    return true;
}

bool
mp_fsck_outboxes(MpInstance *instance, const MpFsckHooks *hooks, guint64 *events, GError **error)
{
    Check check = {instance, hooks, events, instance->outbox, "outbox", false, NULL, NULL};

    return check_outbox(&check, error) && check_hook(&check, error);
}
