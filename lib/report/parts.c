/* The parts that are no logs; see parts.h. */
#include "report/parts.h"

#include <ares.h>
#include <curl/curl.h>
#include <git2.h>
#include <gmime/gmime.h>
#include <pcre2.h>
#include <stdarg.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/process.h"
#include "base/protect.h"
#include "base/text.h"
#include "base/time.h"
#include "check/check.h"
#include "ledger/ledger.h"
#include "outbox/outbox.h"
#include "outbox/server_state.h"
#include "report/status.h"
#include "settings/settings.h"

#define EVENTS_MAX     10000 /* of a queue, that are told one by one */
#define RECIPIENTS_MAX 1000  /* of an event, likewise */

/* --- Eyes and lines --------------------------------------------------------------------------- */

void
mp_report_as_owner(const MpReport *report)
{
    if (report->owner == 0)
        return;
    if (setegid(report->owner_group) < 0 || seteuid(report->owner) < 0)
        g_error("cannot look as user %u", (unsigned)report->owner);
    mp_protect_process();
}

void
mp_report_as_root(const MpReport *report)
{
    if (report->owner == 0)
        return;
    if (seteuid(0) < 0 || setegid(0) < 0)
        g_error("cannot be root again");
    mp_protect_process();
}

void
mp_report_line(MpReport *report, const char *line, gsize length)
{
    g_string_truncate(report->line, 0);
    mp_redact(report->redaction, line, length, report->line);
    g_string_append_c(report->line, '\n');
    report->write(report->line->str, report->line->len, report->sink);
}

void
mp_report_print(MpReport *report, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args);
    va_end(args);
    for (char *p = line; *p != '\0'; p++)
        if (*p == '\n')
            *p = ' ';
    mp_report_line(report, line, strlen(line));
}

void
mp_report_note(MpReport *report, const char *place, const char *why)
{
    g_autofree char *note = g_strdup_printf("%s: %s", place, why);

    g_ptr_array_add(report->notes, mp_redacted(report->redaction, note));
}

/* --- Settings --------------------------------------------------------------------------------- */

static const char *
value_of(const MpSettingValue *v)
{
    if (v->key == NULL)
        return v->is_set > 0 ? "(set)" : v->is_set == 0 ? "(not set)" : "(cannot be seen)";
    return v->value != NULL ? v->value : "(not shown)";
}

void
mp_report_settings(MpReport *report)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpSettings) settings = mp_settings_read(report->options->config_file, false, &error);

    if (settings == NULL) {
        mp_report_note(report, "settings", error->message);
        return;
    }
    mp_report_print(report, "%s%s%s", settings->file, settings->fault != NULL ? ": " : "",
                    settings->fault != NULL ? settings->fault : "");
    for (guint i = 0; i < settings->values->len; i++) {
        const MpSettingValue *v = settings->values->pdata[i];
        g_autofree char *value = mp_redacted(report->redaction, value_of(v));

        /* The value was masked by itself, so that no name before it hides a word like "(set)". */
        g_autofree char *line = g_strdup_printf("%s = %s%s\n", v->setting->name, value,
                                                v->is_from_file ? "" : "  (default)");
        report->write(line, strlen(line), report->sink);
        if (v->fault != NULL)
            mp_report_print(report, "    ! %s", v->fault);
    }
    for (guint i = 0; i < settings->unknown->len; i++)
        mp_report_print(report, "! unknown: %s", (const char *)settings->unknown->pdata[i]);
}

/* --- Versions --------------------------------------------------------------------------------- */

/* The first line of what a program says. */
static void
tell_program(MpReport *report, const char *name, const char *const *argv)
{
    g_auto(MpProcess) process = {0};
    g_auto(GStrv) environment =
        g_environ_setenv(g_get_environ(), "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", TRUE);
    g_autoptr(GError) error = NULL;

    if (!mp_process_run(&process, argv, (const char *const *)environment, 20, &error)) {
        mp_report_print(report, "%s: not installed", name);
        return;
    }
    process.out[strcspn(process.out, "\n")] = '\0';
    mp_report_print(report, "%s: %s", name, *process.out != '\0' ? process.out : "says nothing");
}

static void
tell_system(MpReport *report)
{
    g_autofree char *name = g_get_os_info(G_OS_INFO_KEY_PRETTY_NAME);
    struct utsname system;

    if (uname(&system) == 0)
        mp_report_print(report, "kernel: %s %s %s", system.sysname, system.release, system.machine);
    mp_report_print(report, "system: %s", name != NULL ? name : "not known");
}

void
mp_report_versions(MpReport *report)
{
    const char *const git[] = {"git", "--version", NULL};
    const char *const postfix[] = {"postconf", "-d", "-h", "mail_version", NULL};
    int major, minor, revision;
    char pcre[64] = "";

    git_libgit2_version(&major, &minor, &revision);
    pcre2_config(PCRE2_CONFIG_VERSION, pcre);
    mp_report_print(report, "metroplex: %s", MP_VERSION);
    tell_system(report);
    mp_report_print(report, "GLib: %u.%u.%u", glib_major_version, glib_minor_version,
                    glib_micro_version);
    mp_report_print(report, "GMime: %u.%u.%u", gmime_major_version, gmime_minor_version,
                    gmime_micro_version);
    mp_report_print(report, "libgit2: %d.%d.%d", major, minor, revision);
    mp_report_print(report, "PCRE2: %s", pcre);
    mp_report_print(report, "c-ares: %s", ares_version(NULL));
    mp_report_print(report, "%s", curl_version());
    tell_program(report, "git", git);
    tell_program(report, "Postfix", postfix);
}

void
mp_report_postfix(MpReport *report)
{
    const char *const argv[] = {"postconf", "-n", NULL};
    g_auto(MpProcess) process = {0};
    g_auto(GStrv) environment =
        g_environ_setenv(g_get_environ(), "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", TRUE);
    g_autoptr(GError) error = NULL;

    if (!mp_process_run(&process, argv, (const char *const *)environment, 20, &error)) {
        mp_report_note(report, "Postfix", error->message);
        return;
    }
    g_auto(GStrv) lines = g_strsplit(process.out, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (**line != '\0')
            mp_report_line(report, *line, strlen(*line));
    if (process.status != 0)
        mp_report_note(report, "Postfix", g_strstrip(process.err));
}

/* --- Checks ----------------------------------------------------------------------------------- */

static void
tell_finding(const MpFinding *finding, gpointer user_data)
{
    MpReport *report = user_data;

    mp_report_print(report, "%-7s  %s/%s  %s", mp_verdict_name(finding->verdict), finding->group,
                    finding->name, finding->found);
    if (finding->expected != NULL)
        mp_report_print(report, "    expected: %s", finding->expected);
    if (finding->advice != NULL)
        mp_report_print(report, "    to do: %s", finding->advice);
}

/* Those that ask no other host. */
static const char *const here[] = {"config", "files", "postfix", "timers", "queue", NULL};

/* Root's own eyes change within, so that it is called as root. */
void
mp_report_checks(MpReport *report)
{
    const MpCheckWishes wishes = {.options = report->options};

    mp_report_as_root(report);
    mp_check_run(&wishes, report->is_offline ? here : NULL, tell_finding, report);
    mp_report_as_owner(report);
    if (report->is_offline)
        mp_report_note(report, "checks", "--offline: only of this host");
}

/* --- Status ----------------------------------------------------------------------------------- */

void
mp_report_status(MpReport *report)
{
    g_auto(MpStatus) status = {0};
    g_autoptr(GError) error = NULL;

    if (!mp_status_gather(&status, report->instance, report->now, &error)) {
        mp_report_note(report, "status", error->message);
        return;
    }
    g_autofree char *text = mp_status_text(&status);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL && (*line[0] != '\0' || line[1] != NULL); line++)
        mp_report_line(report, *line, strlen(*line));
}

/* --- The queue -------------------------------------------------------------------------------- */

static void
tell_recipient(MpReport *report, const MpEventRecipient *r)
{
    g_autofree char *due = r->due > 0 ? mp_time_format(r->due) : g_strdup("-");
    g_autofree char *address = mp_escape(r->address);

    mp_report_print(report, "    account %" G_GUINT64_FORMAT " <%s> %s attempts %u due %s: %s",
                    r->user, address, mp_event_recipient_state_name(r->state), r->attempts, due,
                    r->reply != NULL ? r->reply : "-");
}

static void
tell_event(MpReport *report, const MpQueued *queued)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpEventFile) file =
        mp_event_file_open(report->instance->outbox, queued, MP_EVENT_READ, &error);

    if (file == NULL) {
        if (error != NULL)
            mp_report_print(report, "%s/%s: %s", mp_queue_name(queued->queue), queued->name,
                            error->message);
        return;
    }
    const MpEvent *event = mp_event_file_event(file);
    const GPtrArray *recipients = mp_event_file_recipients(file);
    g_autofree char *created = mp_time_format(event->created);
    mp_report_print(report, "%s/%s thread %" G_GUINT64_FORMAT " created %s recipients %u%s",
                    mp_queue_name(queued->queue), queued->name, event->thread, created,
                    recipients->len, mp_event_file_is_expanded(file) ? "" : " so far");
    for (guint i = 0; i < MIN(recipients->len, RECIPIENTS_MAX); i++)
        tell_recipient(report, recipients->pdata[i]);
    const MpAudience *audience = mp_event_file_audience(file);
    for (guint i = 0; i < MIN(audience->skipped->len, RECIPIENTS_MAX); i++)
        tell_recipient(report, audience->skipped->pdata[i]);
}

static void
tell_server(MpReport *report)
{
    static const char *const states[] = {"up", "down", "stopped"};
    g_autoptr(MpServer) server = mp_server_load(report->instance->outbox, NULL);

    if (server == NULL)
        return;
    g_autofree char *since = server->since > 0 ? mp_time_format(server->since) : g_strdup("-");
    mp_report_print(report, "SMTP server: %s since %s, failures %u: %d %s", states[server->state],
                    since, server->failures, server->code,
                    server->reply != NULL ? server->reply : "-");
}

void
mp_report_queue(MpReport *report)
{
    g_autoptr(GError) error = NULL;

    if (!mp_instance_open_outbox(report->instance, &error)) {
        mp_report_note(report, "queue", error->message);
        return;
    }
    tell_server(report);
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++) {
        g_autoptr(GError) why = NULL;
        g_autoptr(GPtrArray) events = mp_outbox_list(report->instance->outbox, queue, &why);

        if (events == NULL) {
            mp_report_note(report, "queue", why->message);
            continue;
        }
        mp_report_print(report, "%s: %u %s", mp_queue_name(queue), events->len,
                        mp_plural(events->len, "event", "events"));
        for (guint i = 0; i < MIN(events->len, EVENTS_MAX); i++)
            tell_event(report, events->pdata[i]);
        if (events->len > EVENTS_MAX)
            mp_report_print(report, "    and %u more", events->len - EVENTS_MAX);
    }
}

void
mp_report_runs(MpReport *report)
{
    static const char *const programs[] = {"metroplex", "notifier"};

    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
        MpLedgerRun run = mp_ledger_last_run(report->instance->config->data, programs[i]);
        g_autofree char *begun = run.begun > 0 ? mp_time_format(run.begun) : g_strdup("never");
        g_autofree char *well =
            run.succeeded > 0 ? mp_time_format(run.succeeded) : g_strdup("never");

        mp_report_print(report, "%s: last run %s, status %d, last success %s", programs[i], begun,
                        run.status, well);
    }
}

void
mp_report_ledger(MpReport *report)
{
    g_autofree char *directory = mp_config_path(report->instance->config, "ledger");

    mp_report_runs(report);
    if (access(directory, F_OK) == 0) /* made by the first run */
        mp_report_file(report, directory, "counts");
}
