/* metroplex prune: removes what was kept as long as the configuration says. */
#include <stdio.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "commands.h"
#include "inbound/prune.h"
#include "maildir/maildir.h"

static void
print_pruned(const MpPruned *pruned, bool is_dry_run)
{
    const char *verb = is_dry_run ? "would be removed" : "removed";

    for (MpOutcome outcome = MP_OUTCOME_SUCCESS; outcome <= MP_OUTCOME_FAILURE; outcome++) {
        g_autofree char *size =
            g_format_size_full(pruned->octets[outcome], G_FORMAT_SIZE_IEC_UNITS);

        printf("%s: %" G_GUINT64_FORMAT " %s (%s) %s\n", mp_outcome_name(outcome),
               pruned->mails[outcome], mp_plural(pruned->mails[outcome], "mail", "mails"), size,
               verb);
    }
    printf("outcomes: %" G_GUINT64_FORMAT " %s %s\n", pruned->outcomes,
           mp_plural(pruned->outcomes, "line", "lines"), verb);
}

static bool
begin(MpInstance *instance, const MpOptions *options, bool is_dry_run, GError **error)
{
    return mp_instance_load(instance, options, error) &&
           (is_dry_run || (mp_instance_open_log(instance, "metroplex.log", error) &&
                           mp_instance_take_lock(instance, error)));
}

int
cmd_prune(int argc, char **argv)
{
    gboolean dry_run = FALSE;
    const GOptionEntry entries[] = {
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, "say what would be removed, and do nothing",
         NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    MpPruned pruned;

    mp_options_parse(&options, entries, "[--dry-run]",
                     "Removes mails of success/ and failure/ and lines of outcomes that were\n"
                     "kept as long as [inbound] keep-success, keep-failure, keep-outcomes and\n"
                     "keep-size in metroplex.conf(5) say. For example:\n"
                     "metroplex prune --dry-run",
                     0, 0, &argc, &argv);
    if (!begin(&instance, &options, dry_run, &error))
        return mp_report(error);
    bool good = mp_prune(&instance, mp_time_now(), dry_run, &pruned, &error);
    print_pruned(&pruned, dry_run); /* also what was done before something went wrong */
    if (good)
        return EX_OK;
    mp_error("%s", error->message);
    return mp_error_exit_status(error);
}
