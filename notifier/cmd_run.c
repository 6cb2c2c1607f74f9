/* notifier, notifier --once, notifier --for SECONDS: lock, send what is due, wait for more. */
#include "commands.h"
#include "outbound/outbound.h"

#include <sysexits.h>

#include "base/error.h"
#include "base/log.h"
#include "base/signal.h"
#include "base/time.h"
#include "cli/loop.h"
#include "ledger/ledger.h"

typedef struct {
    MpOutbound *outbound;
    int status;
} Run;

static bool
pass(gpointer user_data, gint64 *next_due, GError **error)
{
    Run *run = user_data;

    return mp_outbound_pass(run->outbound, next_due, &run->status, error);
}

static int
send_due(const MpInstance *instance, bool once, int seconds, GError **error)
{
    g_autofree char *new = mp_config_path(instance->config, "outbox/new");
    const MpLoop loop = {.is_once = once, .seconds = seconds, .watched = new, .pass = pass};
    g_autoptr(MpOutbound) outbound = mp_outbound_new(instance, mp_is_stopped, error);
    Run run = {.outbound = outbound, .status = EX_OK};

    if (outbound != NULL)
        mp_loop_run(&loop, &run, error);
    return run.status;
}

static int
report(const GError *error)
{
    mp_error("%s", error->message); /* standard error has it as well */
    return mp_error_exit_status(error);
}

static int
run(MpInstance *instance, bool once, int seconds)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpLock) lock = NULL;
    gint64 begun = mp_time_now();
    int status;

    if (!instance->config->enabled) {
        mp_info("Mail is not enabled ([smtp] enabled = false): nothing is sent");
        return EX_OK;
    }
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
    status = send_due(instance, once, seconds, &error);
    if (error != NULL)
        status = report(error);
    else if (mp_is_stopped())
        status = EX_OK;
    if (mp_is_stopped())
        mp_info("Stopped by a signal");
    mp_ledger_note_end(instance->config->data, "notifier", begun, status);
    return status;
}

int
cmd_run(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    gboolean once = FALSE;
    g_autofree char *given = NULL;
    const GOptionEntry entries[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &once, "send what is due, and exit", NULL},
        {"for", 0, 0, G_OPTION_ARG_FILENAME, &given, "send what falls due for SECONDS (55)",
         "SECONDS"},
        G_OPTION_ENTRY_NULL,
    };

    mp_options_parse(&options, entries, "[--once | --for SECONDS]",
                     "Sends the notifications that are due. `notifier --help` lists the commands.",
                     0, 0, &argc, &argv);
    int seconds = mp_loop_seconds(once, given);
    if (seconds < 0)
        return EX_USAGE;
    mp_catch_signals();
    if (!mp_instance_load(&instance, &options, &error) ||
        !mp_instance_open_log(&instance, "notifier.log", &error))
        return mp_report(error);
    return run(&instance, once, seconds);
}
