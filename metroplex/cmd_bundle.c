/* metroplex bundle: an archive for who helps. What goes in is lib/report's. */
#include <stdio.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "commands.h"
#include "report/bundle.h"

#define DAYS_MAX 3650

static void
print_member(const char *name, gint64 octets, const char *what, gpointer unused)
{
    g_autofree char *size = octets >= 0 ? g_format_size((guint64)octets) : g_strdup("");

    (void)unused;
    printf("%-16s %12s  %s\n", name, size, what);
}

static void
print_notes(const MpReport *report)
{
    for (guint i = 0; i < report->notes->len; i++) {
        g_autofree char *shown = mp_escape(report->notes->pdata[i]);

        printf("not seen: %s\n", shown);
    }
}

static int
write_bundle(MpReport *report, const MpBundleWishes *wishes)
{
    g_autofree char *shown = mp_escape(wishes->file);
    g_autoptr(GError) error = NULL;
    MpBundle bundle;

    if (!mp_bundle_write(&bundle, report, wishes, &error))
        return mp_report(error);
    g_autofree char *size = g_format_size(bundle.octets);
    print_notes(report);
    printf("%s: %u files, %s\n", shown, bundle.members, size);
    return EX_OK;
}

int
cmd_bundle(int argc, char **argv)
{
    gboolean list = FALSE, unmasked = FALSE, mail = FALSE, force = FALSE, offline = FALSE;
    int days = 7;
    const GOptionEntry entries[] = {
        {"list", 0, 0, G_OPTION_ARG_NONE, &list, "say what would go in, and write nothing", NULL},
        {"days", 0, 0, G_OPTION_ARG_INT, &days, "of logs and outcomes (7)", "N"},
        {"include-mail", 0, 0, G_OPTION_ARG_NONE, &mail, "with the mails that were refused", NULL},
        MP_OPTION_UNMASKED(unmasked),
        {"offline", 0, 0, G_OPTION_ARG_NONE, &offline, "without checks that ask other hosts", NULL},
        {"force", 0, 0, G_OPTION_ARG_NONE, &force, "replace FILE", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpReport) report = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(
        &options, entries,
        "[--list] [--days N] [--include-mail] [--unmasked] [--offline] [--force] [FILE]",
        "Writes an archive for who helps: settings, checks, logs, queue, without\n"
        "secrets. For example: metroplex bundle --days 2 /tmp/for-support.tgz",
        0, 1, &argc, &argv);
    if (days < 1 || days > DAYS_MAX)
        return mp_usage_error(argv[0], "--days is 1 to %d", DAYS_MAX);
    if (list == (argc == 2))
        return mp_usage_error(argv[0], "either FILE or --list");
    g_setenv("LC_ALL", "C", TRUE); /* who helps may read no other language */
    const MpReportWishes wishes = {
        .options = &options, .days = days, .masks = !unmasked, .is_offline = offline};
    const MpBundleWishes bundle = {.file = argv[1], .includes_mail = mail, .may_replace = force};
    if (!mp_report_open(&report, &wishes, &error))
        return mp_report(error);
    if (!list)
        return write_bundle(&report, &bundle);
    mp_bundle_list(&report, &bundle, print_member, NULL);
    print_notes(&report);
    return EX_OK;
}
