/* The diagnostics: the parts of a bundle that fit into one text; see diagnostics.h. */
#include "report/diagnostics.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"

#define LAST 20 /* lines of each kind that tells of trouble */

static void
warnings_in(MpReport *report)
{
    mp_report_last_warnings(report, "metroplex.log", LAST);
}

static void
warnings_out(MpReport *report)
{
    mp_report_last_warnings(report, "notifier.log", LAST);
}

static void
failures(MpReport *report)
{
    mp_report_last_failures(report, LAST);
}

static const struct {
    const char *title;
    void (*write)(MpReport *report);
    bool needs_configuration;
} sections[] = {
    {"Versions", mp_report_versions, false},
    {"Settings", mp_report_settings, false},
    {"Checks", mp_report_checks, false},
    {"Status", mp_report_status, true},
    {"Postfix", mp_report_postfix, true},
    {"Runs and counts", mp_report_runs, true},
    {"Queue", mp_report_queue, true},
    {"Repositories", mp_report_repositories, true},
    {"The last mails that were refused", failures, true},
    {"The last warnings of metroplex", warnings_in, true},
    {"The last warnings of notifier", warnings_out, true},
};

static void
print(const char *bytes, gsize length, gpointer unused)
{
    g_autofree char *shown = mp_escape_bytes_again(bytes, length - (bytes[length - 1] == '\n'));

    (void)unused;
    puts(shown);
}

void
mp_diagnostics_print(MpReport *report)
{
    report->write = print;
    for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
        if (sections[i].needs_configuration && report->instance->config == NULL)
            continue;
        printf("%s=== %s\n", i > 0 ? "\n" : "", sections[i].title);
        mp_redaction_begin(report->redaction);
        sections[i].write(report);
        fflush(stdout); /* the next one may take its time */
    }
    if (report->notes->len > 0)
        printf("\n=== Not seen\n");
    for (guint i = 0; i < report->notes->len; i++) {
        const char *note = report->notes->pdata[i];

        print(note, strlen(note), NULL);
    }
}
