/*
 * Group timers: whether something starts the two programs, and when they ran last. A run takes a
 * lock first, and stamps its file with the time.
 */
#include "check/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "base/time.h"
#include "ledger/ledger.h"

#define RUN_LATE 300 /* seconds: a run begins every minute, or two */
#define PATIENCE 10  /* seconds for systemctl */

#define CRON_FILE "/etc/cron.d/metroplex"

static bool
has_systemd(void)
{
    return faccessat(AT_FDCWD, "/run/systemd/system", F_OK, 0) == 0;
}

/* --- systemd -----------------------------------------------------------------------------------
 */

static const char *const units[] = {"metroplex.path", "metroplex.timer", "notifier.timer"};

/* The value of a property in what `systemctl show` printed; the caller's. */
static char *
property_of(const char *shown, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(shown, "\n", -1);
    gsize length = strlen(name);

    for (char **line = lines; *line != NULL; line++)
        if (strncmp(*line, name, length) == 0 && (*line)[length] == '=')
            return g_strdup(*line + length + 1);
    return g_strdup("");
}

/* What systemctl(1) says of a unit; NULL, told as unknown, if it says nothing. */
static char *
ask_systemd(MpChecker *checker, const char *unit)
{
    const char *const argv[] = {
        "systemctl",  "show",
        "--no-pager", "--property=LoadState,ActiveState,UnitFileState,Result,ExecMainStatus",
        unit,         NULL};
    g_autofree char *path = g_strdup_printf("PATH=%s", g_getenv("PATH"));
    const char *const environment[] = {path, "LC_ALL=C", NULL};
    g_auto(MpProcess) process = {0};
    g_autoptr(GError) error = NULL;

    if (mp_process_run(&process, argv, environment, PATIENCE, &error) && process.status == 0)
        return g_steal_pointer(&process.out);
    mp_check_tell(checker, MP_CHECK_UNKNOWN, _("an answer of systemctl"), NULL, "%s: %s", unit,
                  error != NULL ? error->message : process.err);
    return NULL;
}

static void
check_unit(MpChecker *checker, const char *unit)
{
    const char *expected = _("enabled, and active");
    g_autofree char *enable = g_strdup_printf("systemctl enable --now %s", unit);
    g_autofree char *shown = ask_systemd(checker, unit);

    if (shown == NULL)
        return;
    g_autofree char *load = property_of(shown, "LoadState");
    g_autofree char *active = property_of(shown, "ActiveState");
    g_autofree char *enabled = property_of(shown, "UnitFileState");
    if (strcmp(load, "loaded") != 0)
        mp_check_tell(checker, MP_CHECK_FAILED, expected,
                      _("Install it: make install, or the package"), _("%s is not there (%s)"),
                      unit, load);
    else if (strcmp(active, "active") != 0)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, enable, _("%s is %s"), unit, active);
    else if (g_str_has_prefix(enabled, "enabled"))
        mp_check_ok(checker, _("%s is enabled and active"), unit);
    else
        mp_check_tell(checker, MP_CHECK_WARNING, expected, enable,
                      _("%s is active, but not after the next boot (%s)"), unit, enabled);
}

static void
check_cron(MpChecker *checker)
{
    if (faccessat(AT_FDCWD, CRON_FILE, F_OK, 0) == 0)
        mp_check_ok(checker, _("%s starts both programs every minute"), CRON_FILE);
    else
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("systemd's timers, or lines in cron"), NULL,
                      _("no systemd runs here, and there is no %s"), CRON_FILE);
}

static void
check_starter(MpChecker *checker)
{
    if (!has_systemd()) {
        check_cron(checker);
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        check_unit(checker, units[i]);
}

/* --- Runs --------------------------------------------------------------------------------------
 */

/* Whether any process has a lock on this file: read of the kernel's list, since to try it would
 * turn a run away. */
static bool
is_locked(const struct stat *file)
{
    g_autofree char *text = NULL;
    g_autofree char *wanted = g_strdup_printf(":%llu ", (unsigned long long)file->st_ino);

    if (!g_file_get_contents("/proc/locks", &text, NULL, NULL))
        return false;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (strstr(*line, " FLOCK ") != NULL && strstr(*line, wanted) != NULL)
            return true;
    return false;
}

static void
check_run(MpChecker *checker, const char *lock, const char *program)
{
    const char *expected = _("a run every minute");
    g_autofree char *path = mp_config_path(checker->config, lock);
    struct stat st;

    if (stat(path, &st) < 0 && errno == ENOENT) {
        mp_check_tell(checker, MP_CHECK_FAILED, expected, NULL, _("%s has never run"), program);
        return;
    }
    if (stat(path, &st) < 0) {
        mp_check_tell(checker, MP_CHECK_UNKNOWN, expected, NULL, _("%s cannot be looked at: %s"),
                      path, g_strerror(errno));
        return;
    }
    gint64 age = mp_time_now() - (gint64)st.st_mtime;
    g_autofree char *ago = mp_duration(age);
    if (is_locked(&st))
        mp_check_ok(checker, _("%s is at work, since %s"), program, ago);
    else if (age > RUN_LATE)
        mp_check_tell(checker, MP_CHECK_FAILED, expected, NULL, _("%s ran last %s ago"), program,
                      ago);
    else
        mp_check_ok(checker, _("%s ran last %s ago"), program, ago);
}

static void
check_inbound_run(MpChecker *checker)
{
    check_run(checker, "run.lock", "metroplex");
}

static void
check_outbound_run(MpChecker *checker)
{
    check_run(checker, "outbox/lock", "notifier");
}

static void
check_service(MpChecker *checker, const char *unit, const char *log)
{
    g_autofree char *shown = ask_systemd(checker, unit);
    g_autofree char *advice = g_strdup_printf(_("See journalctl -u %s, and %s/%s"), unit,
                                              checker->config->log_directory, log);

    if (shown == NULL)
        return;
    g_autofree char *result = property_of(shown, "Result");
    g_autofree char *status = property_of(shown, "ExecMainStatus");
    if (strcmp(result, "success") == 0)
        mp_check_ok(checker, _("the last run of %s ended well"), unit);
    else
        mp_check_tell(checker, MP_CHECK_FAILED, _("exit status 0"), advice,
                      _("the last run of %s failed: %s, status %s"), unit, result, status);
}

/* The last octets of a file, from a line's beginning on; the caller's, or NULL. */
static char *
tail_of(const char *path, gsize length)
{
    g_autofree char *tail = g_malloc(length + 1);
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return NULL;
    bool is_cut = fseek(file, -(long)length, SEEK_END) == 0;
    if (!is_cut)
        rewind(file);
    gsize n = fread(tail, 1, length, file);
    fclose(file);
    tail[n] = '\0';
    char *begin = is_cut ? strchr(tail, '\n') : tail;
    return begin != NULL ? g_utf8_make_valid(begin + (is_cut ? 1 : 0), -1) : NULL;
}

/* The last line of level ERROR in the log, where no run after it got on: the caller's, or NULL. */
static char *
last_error(const MpConfig *config, const char *log)
{
    g_autofree char *path = g_build_filename(config->log_directory, log, NULL);
    g_autofree char *tail = tail_of(path, 64 * 1024);
    char *found = NULL;

    if (tail == NULL)
        return NULL;
    g_auto(GStrv) lines = g_strsplit(tail, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        bool is_error = strstr(*line, " ERROR (") != NULL;

        if (is_error || strstr(*line, "metroplex: processing ") != NULL ||
            strstr(*line, " => ") != NULL)
            g_clear_pointer(&found, g_free);
        if (is_error)
            found = g_strdup(*line);
    }
    return found;
}

/* By what each run noted at its end. */
static void
check_note(MpChecker *checker, const char *program, const char *log)
{
    const MpLedgerRun run = mp_ledger_last_run(checker->config->data, program);
    g_autofree char *error = last_error(checker->config, log);
    g_autofree char *advice = g_strdup_printf(_("See %s/%s"), checker->config->log_directory, log);
    g_autofree char *since =
        run.succeeded > 0 ? mp_duration(mp_time_now() - run.succeeded) : g_strdup(_("never"));

    if (run.ended == 0)
        mp_check_tell(checker, MP_CHECK_UNKNOWN, _("exit status 0"), advice,
                      _("%s: no run has ended yet"), program);
    else if (run.status == 0)
        mp_check_ok(checker, _("the last run of %s ended well, %s ago"), program, since);
    else
        mp_check_tell(
            checker, MP_CHECK_FAILED, _("exit status 0"), advice,
            _("the last run of %s ended with status %d (the last that ended well, how long ago: "
              "%s): %s"),
            program, run.status, since, error != NULL ? error : "-");
}

static void
check_end(MpChecker *checker)
{
    if (has_systemd()) {
        check_service(checker, "metroplex.service", "metroplex.log");
        check_service(checker, "notifier.service", "notifier.log");
    }
    check_note(checker, "metroplex", "metroplex.log");
    check_note(checker, "notifier", "notifier.log");
}

const MpCheck mp_checks_timers[] = {
    {"timers", "starter", N_("What starts the programs"), check_starter,
     N_("Put the lines of cron/etc/metroplex.cron where your cron reads them")},
    {"timers", "inbound-run", N_("Last run for mail"), check_inbound_run,
     N_("Start it by hand and read what it says: metroplex --once")},
    {"timers", "outbound-run", N_("Last run for notifications"), check_outbound_run,
     N_("Start it by hand and read what it says: notifier --once")},
    {"timers", "end", N_("How it ended"), check_end,
     N_("Mend what the line says; the next run goes on")},
};
const gsize mp_checks_timers_n = G_N_ELEMENTS(mp_checks_timers);
