/* metroplex diagnostics: one text about the installation. What it tells is lib/report's. */
#include <sysexits.h>

#include "base/error.h"
#include "commands.h"
#include "report/diagnostics.h"

int
cmd_diagnostics(int argc, char **argv)
{
    gboolean unmasked = FALSE, offline = FALSE;
    const GOptionEntry entries[] = {
        MP_OPTION_UNMASKED(unmasked),
        {"offline", 0, 0, G_OPTION_ARG_NONE, &offline, "without checks that ask other hosts", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpReport) report = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(
        &options, entries, "[--unmasked] [--offline]",
        "Prints one text about the installation, without secrets: versions, settings,\n"
        "checks, queue, what went wrong last. For example:\n"
        "metroplex diagnostics >diagnostics.txt",
        0, 0, &argc, &argv);
    g_setenv("LC_ALL", "C", TRUE); /* who helps may read no other language */
    const MpReportWishes wishes = {
        .options = &options, .days = 7, .masks = !unmasked, .is_offline = offline};
    if (!mp_report_open(&report, &wishes, &error))
        return mp_report(error);
    mp_diagnostics_print(&report);
    return EX_OK;
}
