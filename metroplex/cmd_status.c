/* metroplex status: what lib/report gathers, written as it is asked for. */
#include <stdio.h>

#include "base/text.h"
#include "base/time.h"
#include "cli/output.h"
#include "commands.h"
#include "report/status.h"

int
cmd_status(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "one JSON object", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_auto(MpStatus) status = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(
        &options, entries, "[--json]",
        "Says how mail is doing: what came in and went out in the last hour, day and\n"
        "month, how long it took, what waits, when the programs ran, and the space.\n"
        "Exits 0 if all is well, 1 with a warning, 2 if something is critical: by the\n"
        "thresholds of [status] in metroplex.conf(5). For example:\n"
        "metroplex status",
        0, 0, &argc, &argv);
    if (json)
        g_setenv("LC_ALL", "C", TRUE); /* what programs read is English everywhere */
    if (!mp_instance_load(&instance, &options, &error) ||
        !mp_status_gather(&status, &instance, mp_time_now(), &error))
        return mp_report(error);
    g_autofree char *text = json ? mp_status_json(&status) : mp_status_text(&status);
    printf("%s%s", text, json ? "\n" : "");
    return (int)status.level;
}
