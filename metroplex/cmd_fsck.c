/*
 * metroplex fsck: the invariants of tracker.git and accounts.git (lib/tracker), then what waits in
 * outbox/ and hook/ (instance/fsck_outbox.c). It only reads.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "commands.h"
#include "instance/fsck_outbox.h"
#include "instance/instance.h"

typedef struct {
    bool json;
    MpProgress progress;
    gint64 begun; /* microseconds */
    guint64 faults;
} Check;

/* --- Telling -------------------------------------------------------------------------------- */

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
    mp_progress_end(&check->progress);
    if (check->json)
        tell_json(fault);
    else
        printf("%s:%s: %s: %s\n    mend: %s\n", fault->repository, path, fault->code, what, remedy);
}

static void
show_progress(guint64 done, guint64 last, gpointer user_data)
{
    Check *check = user_data;

    mp_progress_show(&check->progress, "thread", done, last);
}

/* --- The command ---------------------------------------------------------------------------- */

static void
sum_up(Check *check, const MpFsckCounts *counts, guint64 events)
{
    double seconds = (double)(g_get_monotonic_time() - check->begun) / G_USEC_PER_SEC;

    mp_progress_end(&check->progress);
    fprintf(check->json ? stderr : stdout,
            "%" G_GUINT64_FORMAT " %s, %" G_GUINT64_FORMAT " %s, %" G_GUINT64_FORMAT
            " %s, %" G_GUINT64_FORMAT " %s, %" G_GUINT64_FORMAT " %s, %" G_GUINT64_FORMAT
            " %s: %" G_GUINT64_FORMAT " %s (%.1f s, %.0f threads/s)\n",
            counts->users, mp_plural(counts->users, "account", "accounts"), counts->threads,
            mp_plural(counts->threads, "thread", "threads"), counts->comments,
            mp_plural(counts->comments, "comment", "comments"), counts->keys,
            mp_plural(counts->keys, "KEY", "KEYs"), counts->repositories,
            mp_plural(counts->repositories, "repository", "repositories"), events,
            mp_plural(events, "event", "events"), check->faults,
            mp_plural(check->faults, "fault", "faults"), seconds,
            (double)counts->threads / MAX(seconds, 1e-6));
}

int
cmd_fsck(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        MP_OPTION_JSON(json),
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    Check check = {.progress = mp_progress_new(), .begun = g_get_monotonic_time()};
    const MpFsckHooks hooks = {tell, show_progress, &check};
    MpFsckCounts counts;
    guint64 events = 0;

    mp_options_parse(
        &options, entries, "[--json]",
        "Checks the tracker, the accounts and what waits in outbox and hook, beyond git\n"
        "fsck, and says how to mend what is wrong. Changes nothing. Exits 0 if all is\n"
        "well, 65 if not.",
        0, 0, &argc, &argv);
    check.json = json;
    if (!mp_instance_read(&instance, &options, false, &error) ||
        !mp_fsck(instance.tracker, instance.accounts, &hooks, &counts, &error) ||
        !mp_fsck_outboxes(&instance, &hooks, &events, &error)) {
        mp_progress_end(&check.progress);
        return mp_report(error);
    }
    sum_up(&check, &counts, events);
    return check.faults > 0 ? EX_DATAERR : EX_OK;
}
