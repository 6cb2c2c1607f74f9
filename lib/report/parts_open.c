/* What a report is made of, opened: each file with the rights that it takes; see parts.h. */
#include "report/parts.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/protect.h"
#include "base/time.h"
#include "report/mail_log.h"

#define DAY 86400

/* As lib/check does it: the real user stays root, so that the effective one can be put back. */
static void
find_owner(MpReport *report)
{
    struct stat st;

    if (geteuid() != 0 || report->instance->config == NULL ||
        stat(report->instance->config->data, &st) < 0 || st.st_uid == 0 || setgroups(0, NULL) < 0)
        return;
    report->owner = st.st_uid;
    report->owner_group = st.st_gid;
}

/* Postfix's log is root's, or a group's that our user is not in. */
static void
open_mail_log(MpReport *report)
{
    g_autoptr(GError) error = NULL;

    report->mail_log = mp_mail_log_open(report->since, &error);
    if (report->mail_log == NULL)
        mp_report_note(report, "mail.log", error->message);
}

bool
mp_report_open(MpReport *report, const MpReportWishes *wishes, GError **error)
{
    g_autoptr(GError) why = NULL;

    mp_protect_process();
    *report = (MpReport){.options = wishes->options,
                         .instance = g_new0(MpInstance, 1),
                         .now = mp_time_now(),
                         .is_offline = wishes->is_offline,
                         .notes = g_ptr_array_new_with_free_func(g_free),
                         .line = g_string_new(NULL)};
    report->since = report->now - (gint64)wishes->days * DAY;
    (void)mp_instance_configure(report->instance, wishes->options->config_file,
                                wishes->options->data, &why);
    report->redaction = mp_redaction_new(report->instance->config, wishes->masks, error);
    if (report->redaction == NULL)
        return false;
    if (why != NULL)
        mp_report_note(report, "settings", why->message);
    open_mail_log(report);
    find_owner(report);
    mp_report_as_owner(report);
    return true;
}

void
mp_report_close(MpReport *report)
{
    if (report->instance == NULL)
        return;
    mp_report_as_root(report);
    mp_instance_close(report->instance);
    g_clear_pointer(&report->instance, g_free);
    g_clear_pointer(&report->mail_log, mp_log_files_free);
    g_clear_pointer(&report->redaction, mp_redaction_free);
    g_clear_pointer(&report->notes, g_ptr_array_unref);
    g_string_free(report->line, TRUE);
}
