/* notifier, notifier --once, notifier --for SECONDS: lock, send what is due, wait for more. */
#include "commands.h"
#include "outbound/outbound.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/signal.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/loop.h"
#include "cli/progress.h"
#include "ledger/ledger.h"

typedef struct {
    gboolean once, dry_run, verbose;
    char *seconds_given, *limit_given;
    int seconds;
    gint64 limit; /* messages; G_MAXUINT: no limit */
} Wishes;

static void
wishes_clear(Wishes *wishes)
{
    g_free(wishes->seconds_given);
    g_free(wishes->limit_given);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wishes, wishes_clear)

typedef struct {
    const Wishes *wishes;
    MpOutbound *outbound;
    MpProgress progress;
    int status;
} Run;

/* --- A pass, and what is shown of it -------------------------------------------------------- */

static void
show_progress(const MpOutboundCounts *counts, gpointer user_data)
{
    mp_progress_show(user_data, "message", counts->done, counts->due);
}

static bool
pass(gpointer user_data, gint64 *next_due, GError **error)
{
    Run *run = user_data;
    bool good = mp_outbound_pass(run->outbound, next_due, &run->status, error);

    mp_progress_end(&run->progress);
    return good;
}

/* For who looks on; cron, which mails what is printed, sees nothing. */
static void
sum_up(Run *run, gint64 begun)
{
    const MpOutboundCounts counts = mp_outbound_counts(run->outbound);
    double seconds = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;

    mp_info("%u sent, %u deferred, %u failed, %u dropped in %.1f s", counts.sent, counts.deferred,
            counts.failed, counts.dropped, seconds);
    if (!run->wishes->verbose && !isatty(STDOUT_FILENO))
        return;
    printf(_("%u sent, %u deferred, %u failed, %u dropped in %.1f s"), counts.sent, counts.deferred,
           counts.failed, counts.dropped, seconds);
    putchar('\n');
}

static int
send_due(const MpInstance *instance, const Wishes *wishes, GError **error)
{
    g_autofree char *new = mp_config_path(instance->config, "outbox/new");
    const MpLoop loop = {
        .is_once = wishes->once, .seconds = wishes->seconds, .watched = new, .pass = pass};
    g_autoptr(MpOutbound) outbound = mp_outbound_new(instance, mp_is_stopped, error);
    Run run = {wishes, outbound, mp_progress_new(), EX_OK};
    gint64 begun = g_get_monotonic_time();

    if (outbound == NULL)
        return run.status;
    mp_outbound_watch(outbound, show_progress, &run.progress);
    if (wishes->limit_given != NULL)
        mp_outbound_limit(outbound, (guint)wishes->limit);
    mp_loop_run(&loop, &run, error);
    sum_up(&run, begun);
    return run.status;
}

static int
report(const GError *error)
{
    mp_error("%s", error->message); /* standard error has it as well */
    return mp_error_exit_status(error);
}

static bool
is_enabled(const MpInstance *instance)
{
    if (!instance->config->enabled)
        mp_info("Mail is not enabled ([smtp] enabled = false): nothing is sent");
    return instance->config->enabled;
}

static int
run(MpInstance *instance, const Wishes *wishes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpLock) lock = NULL;
    gint64 begun = mp_time_now();
    int status;

    if (!is_enabled(instance))
        return EX_OK;
    if (!mp_instance_open_outbox(instance, &error))
        return report(error);
    lock = mp_instance_lock_outbox(instance, MP_LOCK_TRY, &error);
    if (lock == NULL) {
        if (error != NULL)
            return report(error);
        mp_info("Another notifier is running");
        return EX_OK;
    }
    mp_lock_stamp(lock);
    if (!mp_instance_open_keys(instance, &error) || !mp_instance_open_tracker(instance, &error))
        return report(error);
    status = send_due(instance, wishes, &error);
    if (error != NULL)
        status = report(error);
    else if (mp_is_stopped())
        status = EX_OK;
    if (mp_is_stopped())
        mp_info("Stopped by a signal");
    mp_ledger_note_end(instance->config->data, "notifier", begun, status);
    return status;
}

/* --- Without sending ------------------------------------------------------------------------ */

static void
tell(const MpRehearsed *r, gpointer user_data)
{
    guint *n = user_data;
    g_autofree char *address = mp_escape(r->address), *reason = mp_escape(r->reason);
    g_autofree char *who = r->login != NULL
                               ? g_strdup(r->login)
                               : g_strdup_printf("account %" G_GUINT64_FORMAT, r->user);
    g_autofree char *place = r->comment != NULL
                                 ? g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                                                   r->event->thread, r->comment->number)
                                 : g_strdup_printf("%" G_GUINT64_FORMAT, r->event->thread);

    *n += r->address != NULL && !r->is_more;
    printf("%-32s %-8s %-16s %s %s%s%s\n", r->event->key, place, who, address,
           r->dropped != NULL ? "not told: " : "", r->dropped != NULL ? r->dropped : reason,
           r->is_in_digest ? ", in a digest" : "");
}

static int
rehearse(MpInstance *instance, const MpOptions *options, const Wishes *wishes)
{
    g_autoptr(GError) error = NULL;
    guint n = 0;

    if (!mp_instance_read(instance, options, true, &error) ||
        !mp_outbound_rehearse(instance, (guint)wishes->limit, tell, &n, &error))
        return mp_report(error);
    printf(_n("%u message would be sent.", "%u messages would be sent.", n), n);
    putchar('\n');
    return EX_OK;
}

/* --- The command ---------------------------------------------------------------------------- */

/* A wrong use is told, and false. */
static bool
check_wishes(Wishes *wishes)
{
    g_autofree char *shown = mp_escape_word(wishes->limit_given);

    wishes->limit = G_MAXUINT;
    if (wishes->limit_given != NULL &&
        !g_ascii_string_to_signed(wishes->limit_given, 10, 1, G_MAXINT, &wishes->limit, NULL)) {
        mp_usage_error("", "--limit %s: not a number of messages", shown);
        return false;
    }
    if (wishes->seconds_given != NULL && (wishes->limit_given != NULL || wishes->dry_run)) {
        mp_usage_error("", "--for goes neither with --limit nor with --dry-run");
        return false;
    }
    wishes->seconds = mp_loop_seconds("", wishes->once, wishes->seconds_given);
    wishes->once |= wishes->limit_given != NULL;
    return wishes->seconds >= 0;
}

int
cmd_run(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_auto(Wishes) wishes = {0};
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &wishes.once, "send what is due, and exit", NULL},
        {"for", 0, 0, G_OPTION_ARG_FILENAME, &wishes.seconds_given,
         "send what falls due for SECONDS (55)", "SECONDS"},
        {"limit", 0, 0, G_OPTION_ARG_FILENAME, &wishes.limit_given,
         "send COUNT messages at most, such as 10, and exit", "COUNT"},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &wishes.dry_run,
         "print what would be sent now, and to whom; change nothing", NULL},
        {"verbose", 0, 0, G_OPTION_ARG_NONE, &wishes.verbose,
         "print a line of what was done, as on a terminal", NULL},
        G_OPTION_ENTRY_NULL,
    };

    mp_options_parse(&options, entries,
                     "[--once | --for SECONDS | --limit COUNT] [--dry-run] [--verbose]",
                     "Sends the notifications that are due. `notifier --help` lists the commands.",
                     0, 0, &argc, &argv);
    if (!check_wishes(&wishes))
        return EX_USAGE;
    mp_catch_signals();
    if (wishes.dry_run)
        return rehearse(&instance, &options, &wishes);
    if (!mp_instance_load(&instance, &options, &error) ||
        !mp_instance_open_log(&instance, "notifier.log", &error))
        return mp_report(error);
    return run(&instance, &wishes);
}
