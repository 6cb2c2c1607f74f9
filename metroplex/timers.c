/* What starts the programs; see timers.h. */
#include "timers.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/process.h"
#include "cli/command.h"

#define CRON_FILE "/etc/cron.d/metroplex"

static const char *const units[] = {"metroplex.path", "metroplex.timer", "notifier.timer",
                                    "metroplex-repack.timer", "metroplex-prune.timer"};

bool
timers_are_of_systemd(void)
{
    return access("/run/systemd/system", F_OK) == 0;
}

static bool
systemctl(MpProcess *process, const char *const *words, GError **error)
{
    g_auto(GStrv) environment = g_get_environ();

    return mp_process_run(process, words, (const char *const *)environment, 60, error);
}

static bool
is(const char *unit, const char *question)
{
    g_auto(MpProcess) process = {0};
    const char *const words[] = {"systemctl", question, "--quiet", unit, NULL};

    return systemctl(&process, words, NULL) && process.status == 0;
}

GPtrArray *
timers_missing(void)
{
    GPtrArray *missing = g_ptr_array_new_with_free_func(g_free);

    for (gsize i = 0; i < G_N_ELEMENTS(units) && timers_are_of_systemd(); i++)
        if (!is(units[i], "is-enabled") || !is(units[i], "is-active"))
            g_ptr_array_add(missing, g_strdup(units[i]));
    return missing;
}

bool
timers_enable(const GPtrArray *missing, GError **error)
{
    for (guint i = 0; i < missing->len; i++) {
        g_auto(MpProcess) process = {0};
        const char *unit = g_ptr_array_index(missing, i);
        const char *const words[] = {"systemctl", "enable", "--now", unit, NULL};

        printf("enable %s\n", unit);
        fflush(stdout);
        if (!systemctl(&process, words, error))
            return false;
        if (process.status != 0) {
            g_autofree char *why = mp_escape(g_strstrip(process.err));

            return mp_fail(error, MP_ERROR_INSTALLATION, "systemctl enable --now %s: %s", unit,
                           why);
        }
    }
    return true;
}

void
timers_tell_cron(const char *config_file)
{
    g_autofree char *shown = mp_escape(config_file);
    bool is_default = strcmp(config_file, MP_DEFAULT_CONFIG) == 0;

    if (is_default && access(CRON_FILE, F_OK) == 0) {
        printf("cron starts both programs: " CRON_FILE "\n");
        return;
    }
    printf("nothing starts the programs; with cron, these lines in " CRON_FILE " do:\n");
    for (int i = 0; i < 2; i++)
        printf("  * * * * *  metroplex  /usr/bin/%s%s%s\n", i == 0 ? "metroplex" : "notifier",
               is_default ? "" : " --config ", is_default ? "" : shown);
}
