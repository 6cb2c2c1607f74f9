/* metroplex check: what lib/check finds, printed for people, or as JSON for programs. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"
#include "base/text.h"
#include "check/check.h"
#include "cli/colour.h"
#include "cli/json.h"
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
    g_autofree char *shown = mp_escape_again(line);

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
    guint n = report->counts[MP_CHECK_WARNING];
    g_autofree char *warnings = g_strdup_printf(_n("%u warning", "%u warnings", n), n);

    printf(_("\n%u ok, %s, %u failed, %u unknown\n"), report->counts[MP_CHECK_OK], warnings,
           report->counts[MP_CHECK_FAILED], report->counts[MP_CHECK_UNKNOWN]);
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

static int
print_from_elsewhere(const MpOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpConfig) config = mp_config_load(options->config_file, options->data, &error);

    if (config == NULL)
        return mp_report(error);
    g_autofree char *lines = mp_check_from_elsewhere(config);
    printf("%s", lines);
    return EX_OK;
}

typedef struct {
    MpOptions options;
    gboolean json, is_local, from_elsewhere;
    int wait;
    char *dns, *selector, *via;
} Arguments;

static void
arguments_clear(Arguments *arguments)
{
    mp_options_clear(&arguments->options);
    g_free(arguments->dns);
    g_free(arguments->selector);
    g_free(arguments->via);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arguments, arguments_clear)

static void
parse(Arguments *a, int *argc, char ***argv)
{
    const GOptionEntry entries[] = {
        MP_OPTION_JSON(a->json),
        {"dns", 0, 0, G_OPTION_ARG_FILENAME, &a->dns,
         "dns: ask this server instead of the system's (port 53)", "SERVER[:PORT]"},
        {"selector", 0, 0, G_OPTION_ARG_FILENAME, &a->selector,
         "dns: by which the SMTP server signs with DKIM", "NAME"},
        {"from-elsewhere", 0, 0, G_OPTION_ARG_NONE, &a->from_elsewhere,
         "print what to run on another machine to try port 25 of this one", NULL},
        {"via", 0, 0, G_OPTION_ARG_FILENAME, &a->via,
         "postfix: ask this probe ({host}, {port}) to try port 25; 2xx means it got there", "URL"},
        {"local", 0, 0, G_OPTION_ARG_NONE, &a->is_local,
         "inbound: hand the mail to Postfix on this machine's port 25", NULL},
        {"wait", 0, 0, G_OPTION_ARG_INT, &a->wait, "inbound: how long a mail may take (120)",
         "SECONDS"},
        G_OPTION_ENTRY_NULL,
    };

    mp_options_parse(
        &a->options, entries,
        "[--json] [--dns SERVER[:PORT]] [--selector NAME] [--via URL] [--local]\n"
        "    [--wait SECONDS] [--from-elsewhere] [GROUP…|all]",
        "Looks whether everything works, and says what to do where it does not.\n"
        "Groups: config, files, dns, postfix, outbound, inbound, pushes, timers, queue.\n"
        "Without one, all but inbound, which sends a mail to itself.\n"
        "Exits 0 if all is well, 1 with warnings, 2 with failures. For example:\n"
        "metroplex check files timers",
        0, G_MAXINT, argc, argv);
}

/* EX_OK, or a wrong use, told. */
static int
check_arguments(const char *command, const Arguments *a)
{
    if (a->dns != NULL && !mp_check_is_dns_server(a->dns))
        return mp_usage_error(command, "--dns wants an IP address, and :PORT if it is not 53");
    if (a->selector != NULL && !mp_is_hostname(a->selector))
        return mp_usage_error(command, "--selector wants a name such as mail2026");
    if (a->via != NULL && !g_str_has_prefix(a->via, "http://") &&
        !g_str_has_prefix(a->via, "https://"))
        return mp_usage_error(command, "--via wants an http or https URL");
    return a->wait >= 1 ? EX_OK
                        : mp_usage_error(command, "--wait %d is no number of seconds", a->wait);
}

static int
run(const Arguments *a, const char *const *groups)
{
    const MpCheckWishes wishes = {.options = &a->options,
                                  .dns = a->dns,
                                  .selector = a->selector,
                                  .via = a->via,
                                  .is_local = a->is_local,
                                  .wait = a->wait};
    Report report = {.json = a->json};

    if (a->json)
        g_setenv("LC_ALL", "C", TRUE); /* what programs read is English everywhere */
    int status = mp_check_run(&wishes, groups, tell, &report);
    if (!a->json)
        sum_up(&report);
    return status;
}

int
cmd_check(int argc, char **argv)
{
    g_auto(Arguments) arguments = {.wait = MP_CHECK_WAIT};
    const char *const *groups;

    parse(&arguments, &argc, &argv);
    if (!find_groups(argv + 1, &groups))
        return wrong_group(argv[0]);
    if (check_arguments(argv[0], &arguments) != EX_OK)
        return EX_USAGE;
    if (arguments.from_elsewhere)
        return print_from_elsewhere(&arguments.options);
    return run(&arguments, groups);
}
