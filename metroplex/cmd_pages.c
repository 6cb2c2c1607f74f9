/* metroplex pages: threads as files for any web server (lib/pages). */
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/signal.h"
#include "base/text.h"
#include "cli/loop.h"
#include "commands.h"
#include "instance/instance.h"
#include "pages/pages.h"

#define PROGRESS_US 200000

typedef struct {
    MpInstance *instance;
    MpPages pages;
    bool all;
    bool is_terminal, is_line_open;
    gint64 shown; /* microseconds */
    guint64 faults;
} Run;

/* --- Telling
 * --------------------------------------------------------------------------------------- */

static void
close_line(Run *run)
{
    if (run->is_line_open)
        fprintf(stderr, "\r\033[K");
    run->is_line_open = false;
}

static void
show_progress(guint64 done, guint64 last, gpointer user_data)
{
    Run *run = user_data;
    gint64 now = run->is_terminal ? g_get_monotonic_time() : 0;

    if (!run->is_terminal || now - run->shown < PROGRESS_US)
        return;
    run->shown = now;
    run->is_line_open = true;
    fprintf(stderr, "\rthread %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " (%d %%)\033[K", done,
            last, last > 0 ? (int)MIN(done * 100 / last, 100) : 100);
}

static void
tell_update(const Run *run, const MpPagesDone *done)
{
    g_autofree char *size = g_format_size_full(done->octets, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *shown = mp_escape(run->pages.directory);

    if (done->is_busy) {
        fprintf(stderr, "metroplex: another run is at work in %s; nothing to do\n", shown);
        return;
    }
    if (done->threads == 0 && done->written == 0 && done->removed == 0)
        return;
    printf("%s: %" G_GUINT64_FORMAT " %s%s, %" G_GUINT64_FORMAT " %s (%s) written, "
           "%" G_GUINT64_FORMAT " removed\n",
           shown, done->threads, mp_plural(done->threads, "thread", "threads"),
           done->is_all ? ", all anew" : "", done->written,
           mp_plural(done->written, "file", "files"), size, done->removed);
    fflush(stdout);
}

static void
tell_fault(const char *file, const char *what, gpointer user_data)
{
    Run *run = user_data;
    g_autofree char *shown_file = mp_escape(file), *shown_what = mp_escape(what);

    close_line(run);
    printf("%s: %s\n", shown_file, shown_what);
    run->faults++;
}

/* --- Work
 * ------------------------------------------------------------------------------------------ */

static bool
pass(gpointer user_data, gint64 *next_due, GError **error)
{
    Run *run = user_data;
    MpPagesDone done;
    bool good;

    (void)next_due; /* what changes moves the branch, which is watched */
    if (!mp_tracker_refresh(run->pages.tracker, error))
        return false;
    good = mp_pages_update(&run->pages, run->all, &done, error);
    close_line(run);
    run->all = false;
    if (good)
        tell_update(run, &done);
    return good;
}

static int
update(Run *run, const char *seconds)
{
    g_autofree char *branch = mp_config_path(run->pages.config, "tracker.git/refs/heads");
    MpLoop loop = {.is_once = seconds == NULL,
                   .watched = branch,
                   .linger = run->pages.config->linger,
                   .pass = pass};
    g_autoptr(GError) error = NULL;

    loop.seconds = mp_loop_seconds("pages", loop.is_once, seconds);
    if (loop.seconds < 0)
        return EX_USAGE;
    mp_catch_signals();
    return mp_loop_run(&loop, run, &error) ? EX_OK : mp_report(error);
}

static int
check(Run *run)
{
    g_autoptr(GError) error = NULL;
    MpPagesCounts counts;

    if (!mp_pages_check(&run->pages, tell_fault, run, &counts, &error))
        return mp_report(error);
    close_line(run);
    printf("%" G_GUINT64_FORMAT " %s, %" G_GUINT64_FORMAT " %s, and those of %" G_GUINT64_FORMAT
           " %s (%" G_GUINT64_FORMAT " %s elsewhere): %" G_GUINT64_FORMAT " %s\n",
           counts.files, mp_plural(counts.files, "file", "files"), counts.links,
           mp_plural(counts.links, "link", "links"), counts.notifications,
           mp_plural(counts.notifications, "notification", "notifications"), counts.elsewhere,
           mp_plural(counts.elsewhere, "leads", "lead"), run->faults,
           mp_plural(run->faults, "fault", "faults"));
    return run->faults == 0 ? EX_OK : EX_DATAERR;
}

/* The tracker alone: accounts are nothing that pages may show. */
static bool
open_tracker(MpInstance *instance, const MpOptions *options, GError **error)
{
    if (!mp_instance_load(instance, options, error))
        return false;
    g_autofree char *path = mp_config_path(instance->config, "tracker.git");
    instance->tracker = mp_tracker_open(path, instance->config->hostname, error);
    return instance->tracker != NULL;
}

int
cmd_pages(int argc, char **argv)
{
    gboolean all = FALSE, only_check = FALSE;
    g_autofree char *seconds = NULL;
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "write everything anew, not only what changed",
         NULL},
        {"for", 0, 0, G_OPTION_ARG_FILENAME, &seconds,
         "update whenever something changes, for SECONDS", "SECONDS"},
        {"check", 0, 0, G_OPTION_ARG_NONE, &only_check,
         "write nothing; look whether every link leads somewhere", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries,
                     "[--all] [--for SECONDS] [DIR]\n  metroplex pages --check [DIR]",
                     "Brings the pages in DIR, or [pages] directory, to what the threads say now:\n"
                     "HTML that any web server gives out, with feeds. For example:\n"
                     "metroplex pages /var/lib/metroplex/pages",
                     0, 1, &argc, &argv);
    if (only_check && (all || seconds != NULL))
        return mp_usage_error(argv[0], "--check stands alone");
    if (argc > 1 && argv[1][0] == '\0')
        return mp_usage_error(argv[0], "DIR is empty");
    if (!open_tracker(&instance, &options, &error))
        return mp_report(error);
    Run run = {.instance = &instance, .all = all, .is_terminal = isatty(STDERR_FILENO)};
    run.pages =
        (MpPages){instance.config, instance.tracker,
                  argc > 1 ? argv[1] : instance.config->pages_directory, show_progress, &run};
    return only_check ? check(&run) : update(&run, seconds);
}
