/* metroplex check: what lib/check finds, printed for people, or as JSON for programs. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/text.h"
#include "check/check.h"
#include "cli/colour.h"
#include "cli/output.h"
#include "commands.h"

#define COLUMNS 80
#define INDENT  12

typedef struct {
    bool json;
    const char *group; /* the one that was printed last */
    guint counts[4];   /* by verdict */
} Report;

/* --- For people --------------------------------------------------------------------------------
 */

/* The text in lines of at most COLUMNS, from column `at` on; the others begin at INDENT. */
static void
print_wrapped(const char *text, int at)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    int column = at;

    for (char **word = words; *word != NULL; word++) {
        int width = (int)g_utf8_strlen(*word, -1);

        if (word != words && column + 1 + width > COLUMNS) {
            printf("\n%*s%s", INDENT, "", *word);
            column = INDENT + width;
        } else {
            printf("%s%s", word == words ? "" : " ", *word);
            column += width + (word == words ? 0 : 1);
        }
    }
    printf("\n");
}

static void
print_line(const char *title, const char *text, int at)
{
    g_autofree char *line = g_strdup_printf(_("%s: %s"), title, text);
    g_autofree char *shown = mp_escape(line);

    print_wrapped(shown, at);
}

static void
print_verdict(MpVerdict verdict)
{
    static const MpColour colours[] = {MP_GREEN, MP_YELLOW, MP_RED, MP_YELLOW};
    const char *word = mp_verdict_word(verdict);
    int width = (int)g_utf8_strlen(word, -1);

    printf("  ");
    mp_print_in_colour(colours[verdict], word);
    printf("%*s", MAX(INDENT - 2 - width, 1), "");
}

static void
print_finding(Report *report, const MpFinding *finding)
{
    if (report->group != finding->group)
        printf("%s%s\n", report->group != NULL ? "\n" : "", finding->group);
    report->group = finding->group;
    print_verdict(finding->verdict);
    print_line(finding->title, finding->found, INDENT);
    if (finding->expected != NULL) {
        printf("%*s", INDENT, "");
        print_line(_("expected"), finding->expected, INDENT);
    }
    if (finding->advice != NULL) {
        printf("%*s", INDENT, "");
        print_line(_("to do"), finding->advice, INDENT);
    }
}

static void
sum_up(const Report *report)
{
    printf(_("\n%u ok, %u warnings, %u failed, %u unknown\n"), report->counts[MP_CHECK_OK],
           report->counts[MP_CHECK_WARNING], report->counts[MP_CHECK_FAILED],
           report->counts[MP_CHECK_UNKNOWN]);
}

/* --- For programs ------------------------------------------------------------------------------
 */

static void
print_json(const MpFinding *finding)
{
    JsonObject *object = json_object_new();

    mp_json_text(object, "group", finding->group);
    mp_json_text(object, "check", finding->name);
    mp_json_text(object, "verdict", mp_verdict_name(finding->verdict));
    mp_json_text(object, "found", finding->found);
    mp_json_text(object, "expected", finding->expected);
    mp_json_text(object, "advice", finding->advice);
    mp_json_print(object);
}

static void
tell(const MpFinding *finding, gpointer user_data)
{
    Report *report = user_data;

    report->counts[finding->verdict]++;
    if (report->json)
        print_json(finding);
    else
        print_finding(report, finding);
    fflush(stdout); /* the next one may take its time */
}

/* --- The command -------------------------------------------------------------------------------
 */

/* The groups that were named, NULL for none; false if one is no group. "all" is all of them. */
static bool
find_groups(char **words, const char *const **groups)
{
    const char *const *all = mp_check_groups();

    *groups = *words != NULL ? (const char *const *)words : NULL;
    for (char **word = words; *word != NULL; word++) {
        if (strcmp(*word, "all") == 0)
            *groups = all;
        else if (!g_strv_contains(all, *word))
            return false;
    }
    return true;
}

static int
wrong_group(const char *command)
{
    g_autofree char *names = g_strjoinv(", ", (char **)mp_check_groups());

    return mp_usage_error(command, "the groups are %s, all", names);
}

int
cmd_check(int argc, char **argv)
{
    gboolean json = FALSE;
    g_autofree char *dns = NULL, *selector = NULL;
    const GOptionEntry entries[] = {
        MP_OPTION_JSON(json),
        {"dns", 0, 0, G_OPTION_ARG_FILENAME, &dns,
         "dns: ask this server instead of the system's (port 53)", "SERVER[:PORT]"},
        {"selector", 0, 0, G_OPTION_ARG_FILENAME, &selector,
         "dns: by which the SMTP server signs with DKIM", "NAME"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    Report report = {0};
    const char *const *groups;

    mp_options_parse(&options, entries,
                     "[--json] [--dns SERVER[:PORT]] [--selector NAME] [GROUP…|all]",
                     "Looks whether everything works, and says what to do where it does not.\n"
                     "Groups: config, files, dns, timers, queue.\n"
                     "Exits 0 if all is well, 1 with warnings, 2 with failures. For example:\n"
                     "metroplex check files timers",
                     0, G_MAXINT, &argc, &argv);
    if (!find_groups(argv + 1, &groups))
        return wrong_group(argv[0]);
    if (dns != NULL && !mp_check_is_dns_server(dns))
        return mp_usage_error(argv[0], "--dns wants an IP address, and :PORT if it is not 53");
    if (selector != NULL && !mp_is_hostname(selector))
        return mp_usage_error(argv[0], "--selector wants a name such as mail2026");
    report.json = json;
    if (json)
        g_setenv("LC_ALL", "C", TRUE); /* what programs read is English everywhere */
    const MpCheckWishes wishes = {.options = &options, .dns = dns, .selector = selector};
    int status = mp_check_run(&wishes, groups, tell, &report);
    if (!json)
        sum_up(&report);
    return status;
}
