/* The table of checks, and how it is walked; see check.h. */
#include "check/internal.h"

#include <grp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/names.h"
#include "base/protect.h"
#include "base/text.h"
#include "check/trip.h"
#include "check/zone.h"

static const struct {
    const char *name;
    const MpCheck *checks;
    const gsize *n_checks;
    bool is_asked_for; /* runs only where it is named */
} groups[] = {
    {"config", mp_checks_config, &mp_checks_config_n, false},
    {"files", mp_checks_files, &mp_checks_files_n, false},
    {"dns", mp_checks_dns, &mp_checks_dns_n, false},
    {"postfix", mp_checks_postfix, &mp_checks_postfix_n, false},
    {"outbound", mp_checks_outbound, &mp_checks_outbound_n, false},
    {"inbound", mp_checks_inbound, &mp_checks_inbound_n, true},
    {"pushes", mp_checks_pushes, &mp_checks_pushes_n, false},
    {"timers", mp_checks_timers, &mp_checks_timers_n, false},
    {"queue", mp_checks_queue, &mp_checks_queue_n, false},
};

const char *const *
mp_check_groups(void)
{
    static const char *names[G_N_ELEMENTS(groups) + 1];

    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
        names[i] = groups[i].name;
    return names;
}

/* --- Verdicts ----------------------------------------------------------------------------------
 */

static const char *const verdict_names[] = {"ok", "warning", "failed", "unknown"};

const char *
mp_verdict_name(MpVerdict verdict)
{
    return verdict_names[verdict];
}

const char *
mp_verdict_word(MpVerdict verdict)
{
    static const char *const words[] = {N_("ok"), N_("warning"), N_("failed"), N_("unknown")};

    return _(words[verdict]);
}

static int
status_of(const MpFinding *finding)
{
    if (finding->verdict == MP_CHECK_FAILED)
        return 2;
    return finding->verdict == MP_CHECK_OK || finding->is_out_of_sight ? 0 : 1;
}

/* --- Findings ----------------------------------------------------------------------------------
 */

static void
tell(MpChecker *checker, MpFinding *finding, const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);

    finding->group = checker->check->group;
    finding->name = checker->check->name;
    finding->title = _(checker->check->title);
    finding->found = g_utf8_make_valid(text, -1);
    if (finding->verdict != MP_CHECK_OK && finding->advice == NULL &&
        checker->check->advice != NULL)
        finding->advice = g_strdup(_(checker->check->advice));
    checker->status = MAX(checker->status, status_of(finding));
    checker->tell(finding, checker->user_data);
    g_free(finding->found);
    g_free(finding->expected);
    g_free(finding->advice);
}

static char *
valid(const char *text)
{
    return text != NULL ? g_utf8_make_valid(text, -1) : NULL;
}

void
mp_check_ok(MpChecker *checker, const char *format, ...)
{
    MpFinding finding = {.verdict = MP_CHECK_OK};
    va_list args;

    va_start(args, format);
    tell(checker, &finding, format, args);
    va_end(args);
}

void
mp_check_tell(MpChecker *checker, MpVerdict verdict, const char *expected, const char *advice,
              const char *format, ...)
{
    MpFinding finding = {.verdict = verdict, .expected = valid(expected), .advice = valid(advice)};
    va_list args;

    va_start(args, format);
    tell(checker, &finding, format, args);
    va_end(args);
}

void
mp_check_out_of_sight(MpChecker *checker, const char *expected, const char *advice,
                      const char *format, ...)
{
    MpFinding finding = {.verdict = MP_CHECK_UNKNOWN,
                         .expected = valid(expected),
                         .advice = valid(advice),
                         .is_out_of_sight = true};
    va_list args;

    va_start(args, format);
    tell(checker, &finding, format, args);
    va_end(args);
}

/* --- Whose eyes --------------------------------------------------------------------------------
 */

/* The real user stays root, so that the effective one can be put back. */
void
mp_check_as_owner(const MpChecker *checker)
{
    if (!checker->is_root)
        return;
    if (setegid(checker->gid) < 0 || seteuid(checker->uid) < 0)
        g_error("cannot look as user %u", (unsigned)checker->uid);
    mp_protect_process(); /* a change of user undoes it where fs.suid_dumpable says so */
}

void
mp_check_as_root(const MpChecker *checker)
{
    if (!checker->is_root)
        return;
    if (seteuid(0) < 0 || setegid(0) < 0)
        g_error("cannot be root again");
    mp_protect_process();
}

static void
find_owner(MpChecker *checker)
{
    struct stat st;

    checker->uid = geteuid();
    checker->gid = getegid();
    if (checker->uid != 0 || checker->config == NULL || stat(checker->config->data, &st) < 0 ||
        st.st_uid == 0)
        return;
    checker->uid = st.st_uid;
    checker->gid = st.st_gid;
    checker->is_root = setgroups(0, NULL) == 0;
}

/* --- Running -----------------------------------------------------------------------------------
 */

/* Where the configuration cannot be read, the group that says why is the only one with sense. */
static void
run_group(MpChecker *checker, gsize group)
{
    for (gsize i = 0; i < *groups[group].n_checks; i++) {
        checker->check = &groups[group].checks[i];
        if (checker->config != NULL || (group == 0 && i == 0)) {
            checker->check->run(checker);
        } else if (group != 0) {
            mp_check_tell(checker, MP_CHECK_UNKNOWN, _("a configuration that can be read"),
                          _("Mend the configuration first: metroplex check config"),
                          _("the configuration cannot be read"));
            break;
        }
    }
}

static bool
is_wanted(gsize group, const char *const *wanted)
{
    return wanted != NULL ? g_strv_contains(wanted, groups[group].name)
                          : !groups[group].is_asked_for;
}

int
mp_check_run(const MpCheckWishes *wishes, const char *const *wanted, MpCheckTell tell_finding,
             gpointer user_data)
{
    g_auto(MpInstance) instance = {0};
    MpChecker checker = {
        .wishes = wishes, .instance = &instance, .tell = tell_finding, .user_data = user_data};

    (void)mp_instance_configure(&instance, wishes->options->config_file, wishes->options->data,
                                NULL);
    checker.config = instance.config;
    find_owner(&checker);
    mp_check_as_owner(&checker);
    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
        if (is_wanted(i, wanted))
            run_group(&checker, i);
    mp_check_as_root(&checker);
    mp_zone_free(checker.zone);
    mp_trip_free(checker.trip);
    return checker.status;
}
