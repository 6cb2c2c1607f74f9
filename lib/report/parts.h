/*
 * Inside of lib/report: what the bundle and the diagnostics tell of an installation, part by part.
 * Each part is written as lines, masked, to a sink; nothing is changed, locked or logged.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "cli/command.h"
#include "instance/instance.h"
#include "report/log_files.h"
#include "report/redact.h"

typedef struct {
    const MpOptions *options;
    MpInstance *instance; /* its configuration is NULL where that cannot be loaded */
    MpRedaction *redaction;
    MpLogFiles *mail_log; /* or NULL */
    gint64 now, since;    /* seconds: what is older is left out of logs and outcomes */
    bool is_offline;      /* no check that asks another host */
    uid_t owner;          /* of the data directory, with whose eyes all of it is read; or 0 */
    gid_t owner_group;
    GPtrArray *notes; /* char *: what could not be seen, and why */
    void (*write)(const char *bytes, gsize length, gpointer sink);
    gpointer sink;
    GString *line; /* for the writers */
} MpReport;

typedef struct {
    const MpOptions *options;
    int days; /* that logs and outcomes are told of */
    bool masks, is_offline;
} MpReportWishes;

/*
 * Opens what there is. A configuration that cannot be loaded is noted: those who need help have
 * such. Root opens Postfix's log and knows the secrets again, and from then on looks with the eyes
 * of the data directory's owner. False with *error set only where there is no randomness.
 */
bool mp_report_open(MpReport *report, const MpReportWishes *wishes, GError **error);
void mp_report_close(MpReport *report); /* root is root again */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpReport, mp_report_close)

/* With the owner's eyes from here on, and as root again; without effect for others. */
void mp_report_as_owner(const MpReport *report);
void mp_report_as_root(const MpReport *report);

/* One line, masked here. */
void mp_report_line(MpReport *report, const char *line, gsize length);
void mp_report_print(MpReport *report, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What could not be seen. */
void mp_report_note(MpReport *report, const char *place, const char *why);

/* --- The parts. All but the first three need a configuration --- */

void mp_report_settings(MpReport *report);
void mp_report_versions(MpReport *report);
void mp_report_checks(MpReport *report);
void mp_report_status(MpReport *report);
void mp_report_postfix(MpReport *report);
void mp_report_queue(MpReport *report);
void mp_report_repositories(MpReport *report);
void mp_report_runs(MpReport *report);   /* the last ones */
void mp_report_ledger(MpReport *report); /* and the counts */

/* The lines since `since`: metroplex.log and notifier.log, outcomes, Postfix's records that are
 * about us. */
void mp_report_our_log(MpReport *report, const char *name);
void mp_report_outcomes(MpReport *report);
void mp_report_mail_log(MpReport *report);

/* The last `most` lines of level WARN or ERROR of a log of ours, or outcomes of failure. */
void mp_report_last_warnings(MpReport *report, const char *name, guint most);
void mp_report_last_failures(MpReport *report, guint most);

/* A text file below a directory, whole; the name of it is no path. */
void mp_report_file(MpReport *report, const char *directory, const char *name);

/* A mail, whole but for what is masked; also within base64, where that is text. */
void mp_report_mail(MpReport *report, const char *directory, const char *name);
