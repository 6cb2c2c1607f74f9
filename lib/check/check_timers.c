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

#define RUN_LATE   300 /* seconds: a run begins every minute, or two */
#define FIRST_RUNS 180 /* seconds in which what was just enabled need not have done anything */
#define PATIENCE   10  /* seconds for systemctl */

#define CRON_FILE "/etc/cron.d/metroplex"

bool
mp_check_has_systemd(void)
{
    return faccessat(AT_FDCWD, "/run/systemd/system", F_OK, 0) == 0;
}

/* --- systemd -----------------------------------------------------------------------------------
 */

/* Without the first ones no mail is taken or sent; the others keep the house at night. */
static const struct {
    const char *name;
    MpVerdict missing;
} units[] = {
    {"metroplex.path", MP_CHECK_FAILED},         {"metroplex.timer", MP_CHECK_FAILED},
    {"notifier.timer", MP_CHECK_FAILED},         {"metroplex-repack.timer", MP_CHECK_WARNING},
    {"metroplex-prune.timer", MP_CHECK_WARNING},
};

#define PROPERTIES                                                                                 \
    "--property=LoadState,ActiveState,UnitFileState,Result,ExecMainStatus,"                        \
    "ExecMainExitTimestampMonotonic,ActiveEnterTimestampMonotonic,NextElapseUSecMonotonic"

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
    const char *const argv[] = {"systemctl", "show", "--no-pager", PROPERTIES, unit, NULL};
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

void
mp_check_unit(MpChecker *checker, const char *unit, MpVerdict missing)
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
        mp_check_tell(checker, missing, expected, _("Install it: make install, or the package"),
                      _("%s is not there (%s)"), unit, load);
    else if (strcmp(active, "active") != 0)
        mp_check_tell(checker, missing, expected, enable, _("%s is %s"), unit, active);
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
    if (!mp_check_has_systemd()) {
        check_cron(checker);
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        mp_check_unit(checker, units[i].name, units[i].missing);
}

/* --- What was only just enabled -----------------------------------------------------------------
 */

/* Microseconds of "1h 2min 3.5s", as systemd prints them; -1 if that is none ("infinity"). */
static gint64
timespan(const char *text)
{
    static const struct {
        const char *unit;
        double us;
    } units_of_time[] = {{"us", 1},          {"ms", 1e3},          {"s", 1e6},
                         {"min", 60e6},      {"h", 3600e6},        {"d", 86400e6},
                         {"w", 7 * 86400e6}, {"month", 2629800e6}, {"y", 31557600e6}};
    double sum = 0;

    for (const char *p = text; *p != '\0'; p += strspn(p, " ")) {
        char *end = NULL;
        double n = g_ascii_strtod(p, &end);
        gsize length = strcspn(end, " "), i = 0;

        while (i < G_N_ELEMENTS(units_of_time) &&
               (strlen(units_of_time[i].unit) != length ||
                strncmp(end, units_of_time[i].unit, length) != 0))
            i++;
        if (end == p || i == G_N_ELEMENTS(units_of_time))
            return -1;
        sum += n * units_of_time[i].us;
        p = end + length;
    }
    return *text != '\0' ? (gint64)sum : -1;
}

typedef struct {
    char *since; /* how long ago it was enabled; NULL: not just now, or nobody knows */
    char *until; /* how long until it starts its program, or NULL */
} Start;

static void
start_clear(Start *start)
{
    g_free(start->since);
    g_free(start->until);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Start, start_clear)

static void
look_at_timer(const char *shown, Start *start)
{
    g_autofree char *active = property_of(shown, "ActiveState");
    g_autofree char *entered = property_of(shown, "ActiveEnterTimestampMonotonic");
    g_autofree char *next = property_of(shown, "NextElapseUSecMonotonic");
    gint64 now = g_get_monotonic_time(), begun = g_ascii_strtoll(entered, NULL, 10);
    gint64 due = timespan(next);

    if (strcmp(active, "active") != 0 || begun <= 0 || now - begun > FIRST_RUNS * G_USEC_PER_SEC)
        return;
    start->since = mp_duration((now - begun) / G_USEC_PER_SEC);
    if (due > now)
        start->until = mp_duration((due - now) / G_USEC_PER_SEC + 1);
}

/* cron reads its files every minute. */
static void
look_at_cron(const MpConfig *config, Start *start)
{
    struct stat cron, settings;

    if (stat(CRON_FILE, &cron) < 0 || stat(config->file, &settings) < 0)
        return;
    gint64 age = mp_time_now() - (gint64)MAX(cron.st_ctime, settings.st_ctime);
    if (age <= FIRST_RUNS)
        start->since = mp_duration(age);
}

static void
look_at_start(MpChecker *checker, const char *timer, Start *start)
{
    g_autofree char *shown = mp_check_has_systemd() ? ask_systemd(checker, timer) : NULL;

    if (shown != NULL)
        look_at_timer(shown, start);
    else if (!mp_check_has_systemd())
        look_at_cron(checker->config, start);
}

/* What cannot have happened yet is no failure: true, and told, where the program is started only
 * since now. */
static bool
is_only_begun(MpChecker *checker, const char *program, const char *expected)
{
    g_autofree char *timer = g_strdup_printf("%s.timer", program);
    const char *starter = mp_check_has_systemd() ? timer : CRON_FILE;
    const char *advice = _("Look again then: metroplex check timers");
    g_auto(Start) start = {NULL};

    look_at_start(checker, timer, &start);
    if (start.since == NULL)
        return false;
    if (start.until != NULL)
        mp_check_out_of_sight(checker, expected, advice,
                              _("%s was enabled %s ago, and starts %s in %s"), starter, start.since,
                              program, start.until);
    else
        mp_check_out_of_sight(checker, expected, advice,
                              _("%s was enabled %s ago, and starts %s within a minute"), starter,
                              start.since, program);
    return true;
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
        if (!is_only_begun(checker, program, expected))
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
    else if (age <= RUN_LATE)
        mp_check_ok(checker, _("%s ran last %s ago"), program, ago);
    else if (!is_only_begun(checker, program, expected))
        mp_check_tell(checker, MP_CHECK_FAILED, expected, NULL, _("%s ran last %s ago"), program,
                      ago);
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
    g_autofree char *ended = property_of(shown, "ExecMainExitTimestampMonotonic");
    if (strcmp(ended, "0") == 0)
        return; /* none ended since the machine started, and what each run noted says the rest */
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

    if (run.ended == 0) {
        if (!is_only_begun(checker, program, _("exit status 0")))
            mp_check_tell(checker, MP_CHECK_UNKNOWN, _("exit status 0"), advice,
                          _("%s: no run has ended yet"), program);
    } else if (run.status == 0)
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
    if (mp_check_has_systemd()) {
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
    {"timers", "pages", N_("Pages"), mp_check_pages, N_("metroplex pages says what is in the way")},
};
const gsize mp_checks_timers_n = G_N_ELEMENTS(mp_checks_timers);
