/*
 * metroplex fsck: the invariants of tracker.git and accounts.git (lib/tracker), and whether the
 * events of the outbox announce what is there. It only reads.
 *
 * The outbox is looked at last, and the tracker at a tip from after the outbox was listed: what is
 * published is in the tracker before.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/lock.h"
#include "commands.h"
#include "output.h"
#include "site.h"
#include "tracker/fsck.h"

#define PROGRESS_US 200000

typedef struct {
    MpSite *site;
    bool json;
    bool is_terminal; /* standard error: shows how far it is */
    bool is_line_open;
    gint64 begun, shown; /* microseconds */
    guint64 faults, events;
} Check;

/* --- Telling -------------------------------------------------------------------------------- */

static void
close_line(Check *check)
{
    if (check->is_line_open)
        fprintf(stderr, "\r\033[K");
    check->is_line_open = false;
}

static void
tell_json(const MpFault *fault)
{
    JsonObject *object = json_object_new();
    g_autofree char *path = g_utf8_make_valid(fault->path, -1);
    g_autofree char *what = g_utf8_make_valid(fault->what, -1);
    g_autofree char *remedy = g_utf8_make_valid(fault->remedy, -1);

    mp_json_text(object, "repository", fault->repository);
    mp_json_text(object, "path", path);
    mp_json_text(object, "fault", fault->code);
    mp_json_text(object, "what", what);
    mp_json_text(object, "mend", remedy);
    mp_json_print(object);
}

static void
tell(const MpFault *fault, gpointer user_data)
{
    Check *check = user_data;
    g_autofree char *path = mp_escape(fault->path);
    g_autofree char *what = mp_escape(fault->what);
    g_autofree char *remedy = mp_escape(fault->remedy);

    check->faults++;
    close_line(check);
    if (check->json)
        tell_json(fault);
    else
        printf("%s:%s: %s: %s\n    mend: %s\n", fault->repository, path, fault->code, what, remedy);
}

static void
show_progress(guint64 done, guint64 last, gpointer user_data)
{
    Check *check = user_data;
    gint64 now = check->is_terminal ? g_get_monotonic_time() : 0;

    if (!check->is_terminal || now - check->shown < PROGRESS_US)
        return;
    check->shown = now;
    check->is_line_open = true;
    fprintf(stderr, "\rthread %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " (%d %%)\033[K", done,
            last, last > 0 ? (int)MIN(done * 100 / last, 100) : 100);
}

/* --- Events --------------------------------------------------------------------------------- */

static void
tell_event(Check *check, const char *code, const char *path, char *remedy, char *what)
{
    g_autofree char *owned_remedy = remedy, *owned_what = what;
    const MpFault fault = {"outbox", path, code, what, remedy};

    tell(&fault, check);
}

/* Whether an event announces a change of the tracker: an answer to a refusal does not. */
static bool
is_of_tracker(MpEventKind kind)
{
    return kind == MP_EVENT_OPENED || kind == MP_EVENT_COMMENT || kind == MP_EVENT_CLOSED ||
           kind == MP_EVENT_REOPENED;
}

static bool
check_event(Check *check, const MpEvent *event, const char *path, const char *remedy,
            GError **error)
{
    MpTracker *tracker = check->site->tracker;
    g_autoptr(GError) why = NULL;
    guint64 number = 0;

    check->events++;
    if (!is_of_tracker(event->kind))
        return true;
    g_autoptr(MpThread) thread = mp_tracker_thread(tracker, event->thread, &why);
    bool has_key =
        thread != NULL && mp_tracker_find_key(tracker, event->thread, event->key, &number, &why);
    if (why != NULL && mp_error_is_temporary(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (why != NULL)
        return true; /* a damaged thread was told */
    if (thread == NULL)
        tell_event(check, "dangling", path, g_strdup(remedy),
                   g_strdup_printf("thread %" G_GUINT64_FORMAT " does not exist", event->thread));
    else if (!has_key || (event->kind == MP_EVENT_COMMENT) != (number > 0))
        tell_event(check, "dangling", path, g_strdup(remedy),
                   g_strdup_printf(
                       "thread %" G_GUINT64_FORMAT " has no such KEY of a%s", event->thread,
                       event->kind == MP_EVENT_COMMENT ? " comment" : "n opening or a change"));
    g_autoptr(MpUser) actor = mp_accounts_user(check->site->accounts, event->actor, &why);
    if (actor == NULL && why == NULL)
        tell_event(check, "no-user", path,
                   g_strdup("restore the account in accounts.git, or drop the event"),
                   g_strdup_printf("its actor, account %" G_GUINT64_FORMAT ", does not exist",
                                   event->actor));
    return true;
}

static bool
check_queued(Check *check, const MpQueued *queued, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(MpEventFile) file =
        mp_event_file_open(check->site->outbox, queued, MP_EVENT_READ, &why);
    g_autofree char *path = g_strconcat(mp_queue_name(queued->queue), "/", queued->name, NULL);
    g_autofree char *remedy = g_strdup_printf("notifier queue drop %s", queued->name);

    if (file != NULL)
        return check_event(check, mp_event_file_event(file), path, remedy, error);
    if (why == NULL) /* sent meanwhile */
        return true;
    if (mp_error_is_temporary(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    tell_event(check, "malformed", path, g_steal_pointer(&remedy), g_strdup(why->message));
    return true;
}

/* What is staged is not yet true while a writer is at work; of one that died, it is the next run's
 * to finish. */
static bool
check_staged(Check *check, GError **error)
{
    g_autofree char *lock_path = mp_config_path(check->site->config, "lock");
    g_autoptr(MpLock) lock = mp_lock_take(lock_path, MP_LOCK_TRY, error);
    g_autoptr(GPtrArray) staged = NULL;

    if (lock == NULL)
        return error == NULL || *error == NULL;
    if (!mp_site_refresh(check->site, error))
        return false;
    staged = mp_outbox_staged(check->site->outbox, error);
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
check_outbox(Check *check, GError **error)
{
    GPtrArray *lists[MP_N_QUEUES] = {NULL};
    bool good = true;

    for (int queue = 0; good && queue < MP_N_QUEUES; queue++) {
        lists[queue] = mp_outbox_list(check->site->outbox, (MpQueue)queue, error);
        good = lists[queue] != NULL;
    }
    good = good && mp_site_refresh(check->site, error);
    for (int queue = 0; queue < MP_N_QUEUES; queue++) {
        for (guint i = 0; good && i < lists[queue]->len; i++)
            good = check_queued(check, g_ptr_array_index(lists[queue], i), error);
        g_clear_pointer(&lists[queue], g_ptr_array_unref);
    }
    return good && check_staged(check, error);
}

/* --- The command ---------------------------------------------------------------------------- */

static void
sum_up(Check *check, const MpFsckCounts *counts)
{
    double seconds = (double)(g_get_monotonic_time() - check->begun) / G_USEC_PER_SEC;

    close_line(check);
    fprintf(check->json ? stderr : stdout,
            "%" G_GUINT64_FORMAT " accounts, %" G_GUINT64_FORMAT " threads, %" G_GUINT64_FORMAT
            " comments, %" G_GUINT64_FORMAT " KEYs, %" G_GUINT64_FORMAT
            " repositories, %" G_GUINT64_FORMAT " events: %" G_GUINT64_FORMAT
            " faults (%.1f s, %.0f threads/s)\n",
            counts->users, counts->threads, counts->comments, counts->keys, counts->repositories,
            check->events, check->faults, seconds, (double)counts->threads / MAX(seconds, 1e-6));
}

int
cmd_fsck(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "one JSON object a line and a fault", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpSite) site = {0};
    g_autoptr(GError) error = NULL;
    Check check = {
        .site = &site, .is_terminal = isatty(STDERR_FILENO), .begun = g_get_monotonic_time()};
    const MpFsckHooks hooks = {tell, show_progress, &check};
    MpFsckCounts counts;

    mp_options_parse(
        &options, entries, "fsck", "[--json]",
        "Checks the tracker, the accounts and the outbox beyond git fsck, and says how to mend\n"
        "what is wrong. Changes nothing. Exits 0 if all is well, 65 if not.",
        0, 0, &argc, &argv);
    check.json = json;
    if (!mp_site_open(&site, &options, &error) ||
        !mp_fsck(site.tracker, site.accounts, &hooks, &counts, &error) ||
        !check_outbox(&check, &error)) {
        close_line(&check);
        return mp_report(error);
    }
    sum_up(&check, &counts);
    int status = mp_output_status();
    return status != EX_OK ? status : check.faults > 0 ? EX_DATAERR : EX_OK;
}
