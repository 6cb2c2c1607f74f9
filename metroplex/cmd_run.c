/*
 * metroplex without a subcommand: the cron job. One pass, or polling for a while; what is a mail's
 * way is in lib/inbound/inbound.c.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/signal.h"
#include "base/time.h"
#include "cli/loop.h"
#include "commands.h"
#include "inbound/inbound.h"
#include "instance/hook.h"
#include "instance/idle.h"
#include "instance/upkeep.h"
#include "ledger/ledger.h"
#include "run_lock.h"
#include "watch/watch.h"

#define BATCHES 16 /* between two looks at how many packs there are */

typedef struct {
    MpInstance *instance;
    MpInbound inbound;
    MpWatch *watch;   /* NULL where nothing is changed */
    MpLock *run_lock; /* only one run at a time; commands from a terminal do not take it */
    const MpOptions *options;
    MpUpkeep upkeep; /* likewise, where packs have become many */
    guint n_batches;
    MpHook hook; /* on-comment at work, beside us */
} Run;

static bool
is_dry_run(const Run *run)
{
    return run->inbound.tell != NULL;
}

/* --- The loop ------------------------------------------------------------------------------- */

/* Each batch adds a pack: where mail comes without an end, upkeep waits for none. */
static void
look_at_packs(gpointer user_data)
{
    Run *run = user_data;

    if (++run->n_batches % BATCHES == 0)
        mp_upkeep_step(&run->upkeep, run->instance->config, run->options, true);
}

/* Until a listing finds nothing: what arrives during a pass is seen by the next. */
static bool
take_mail(Run *run, GError **error)
{
    bool found = true;

    while (found && !mp_is_stopped())
        if (!mp_inbound_pass(&run->inbound, &found, error))
            return false;
    return true;
}

/* Whatever stops it, mail goes on; the next run looks again. */
static void
stop_watching(Run *run, GError *why)
{
    mp_error("What was pushed is not told by this run any more: %s", why->message);
    g_clear_pointer(&run->watch, mp_watch_free);
    if (run->inbound.first_deferral == NULL)
        run->inbound.first_deferral = g_error_copy(why);
}

static bool
watch_step(Run *run)
{
    g_autoptr(GError) why = NULL;
    bool is_more;

    mp_watch_listen(run->watch);
    if (mp_watch_step(run->watch, &is_more, &why))
        return is_more;
    stop_watching(run, why);
    return false;
}

/* Mail goes first, and between any two batches of what happened in Git. */
static bool
pass_until_empty(gpointer user_data, gint64 *next_due, GError **error)
{
    Run *run = user_data;
    bool is_more = true;

    (void)next_due; /* a mail is due when it is there */
    while (is_more && !mp_is_stopped()) {
        is_more = false;
        if (!take_mail(run, error))
            return false;
        if (run->watch != NULL)
            is_more = watch_step(run);
    }
    return true;
}

static bool
step_children(gpointer user_data, bool may_start)
{
    Run *run = user_data;
    bool hooks = mp_hook_step(&run->hook, run->instance->config, run->options, may_start);

    return mp_upkeep_step(&run->upkeep, run->instance->config, run->options, may_start) || hooks;
}

/* --- Given files ---------------------------------------------------------------------------- */

/* Each file is a batch of its own: it was named, so what becomes of it is told. */
static bool
process_file(Run *run, const char *path, GError **error)
{
    g_autoptr(GPtrArray) mails = g_ptr_array_new_with_free_func((GDestroyNotify)mp_mail_free);
    MpMail *mail = mp_maildir_take_file(run->inbound.maildir, path, error);

    if (mail == NULL)
        return false;
    g_ptr_array_add(mails, mail);
    return mp_inbound_locked_batch(&run->inbound, mails, error);
}

static int
process_files(Run *run, char **paths)
{
    int status = EX_OK;

    for (; *paths != NULL; paths++) {
        g_autoptr(GError) error = NULL;

        if (process_file(run, *paths, &error))
            continue;
        mp_report(error);
        if (status == EX_OK || mp_error_exit_status(error) > status)
            status = mp_error_exit_status(error);
    }
    if (status == EX_OK)
        status = mp_error_exit_status(run->inbound.first_deferral);
    return status == EX_OK && run->inbound.n_failure > 0 ? EX_DATAERR : status;
}

/* --- The command ---------------------------------------------------------------------------- */

static int
status_of(const Run *run, const GError *error)
{
    if (error != NULL) {
        mp_error("%s", error->message);
        return mp_error_exit_status(error);
    }
    return mp_error_exit_status(run->inbound.first_deferral);
}

/* Without a hook each run finds by itself what was pushed. */
static void
begin_watch(Run *run)
{
    g_autoptr(GError) why = NULL;

    if (is_dry_run(run))
        return;
    run->watch = mp_watch_new(run->instance);
    if (!mp_watch_look_at_all(run->watch, &why))
        stop_watching(run, why);
}

static int
run_over_new(Run *run, bool once, int seconds)
{
    const MpLoop loop = {
        .is_once = once,
        .seconds = seconds,
        .watched = mp_maildir_new_path(run->inbound.maildir),
        .also_watched = *run->instance->config->repositories_root != '\0'
                            ? run->instance->config->pushes
                            : NULL,
        .linger = run->instance->config->linger,
        .pass = pass_until_empty,
        .step = is_dry_run(run) ? NULL : step_children,
    };
    g_autoptr(GError) error = NULL;
    gint64 begun = mp_time_now();
    int status;
    bool good;

    if (!is_dry_run(run)) {
        run->run_lock = run_lock_take(run->instance->config, &error);
        if (error != NULL)
            return mp_report(error);
        if (run->run_lock == NULL) {
            run_lock_say_busy();
            return EX_OK;
        }
    }
    good = (!mp_is_work_left(run->instance->config) || mp_inbound_recover(&run->inbound, &error)) &&
           mp_inbound_pass_held(&run->inbound, &error);
    if (good)
        begin_watch(run);
    if (!is_dry_run(run)) {
        run->inbound.pause = look_at_packs;
        run->inbound.pause_data = run;
    }
    good = good && mp_loop_run(&loop, run, &error);
    mp_hook_stop(&run->hook);
    mp_upkeep_stop(&run->upkeep);
    g_clear_pointer(&run->watch, mp_watch_free);
    status = status_of(run, good ? NULL : error);
    if (!is_dry_run(run))
        mp_ledger_note_end(run->instance->config->data, "metroplex", begun, status);
    mp_lock_release(run->run_lock);
    return status;
}

static int
run_command(MpInstance *instance, const MpOptions *options, bool once, int seconds, bool dry_run,
            char **paths)
{
    g_autoptr(GError) error = NULL;
    Run run = {.instance = instance, .options = options};
    int status;

    if (!instance->config->enabled) {
        mp_info("[smtp] enabled = false: mail is left in new/");
        return EX_OK;
    }
    if (!mp_inbound_open(&run.inbound, instance, &error))
        return mp_report(error);
    run.inbound.tell = dry_run ? mp_inbound_tell_outcome : NULL;
    mp_catch_signals();
    status = *paths != NULL ? process_files(&run, paths) : run_over_new(&run, once, seconds);
    mp_inbound_close(&run.inbound);
    return status;
}

int
cmd_run(int argc, char **argv)
{
    gboolean once = FALSE, dry_run = FALSE;
    g_autofree char *given = NULL;
    const GOptionEntry entries[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &once,
         "one pass over new/, or exactly the given files again", NULL},
        {"for", 0, 0, G_OPTION_ARG_FILENAME, &given, "poll new/ for SECONDS, then exit (55)",
         "SECONDS"},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run,
         "with --once: say what would be done, and do nothing", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "[--for SECONDS | --once [--dry-run] [FILE…]]",
                     "Turns the mails that were delivered into comments.", 0, G_MAXINT, &argc,
                     &argv);
    if ((dry_run && !once) || (argc > 1 && !once))
        return mp_usage_error(
            argv[0], "usage: metroplex [--for SECONDS], or metroplex --once [--dry-run] [FILE…]");
    int seconds = mp_loop_seconds(argv[0], once, given);
    if (seconds < 0)
        return EX_USAGE;
    if (dry_run ? !mp_instance_read(&instance, &options, true, &error)
                : !mp_instance_begin(&instance, &options, &error))
        return mp_report(error);
    if (dry_run || argc > 1)
        mp_log_to_stderr(MP_LOG_INFO);
    return run_command(&instance, &options, once, seconds, dry_run, argv + 1);
}
