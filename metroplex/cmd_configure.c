/*
 * metroplex configure: makes the machine do as the settings say. Postfix is lib/postfix's, what
 * starts the programs timers.c's, the data directory init's; here they are put in order, and told.
 */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/process.h"
#include "check/check.h"
#include "cli/command.h"
#include "commands.h"
#include "init.h"
#include "postfix/postfix.h"
#include "timers.h"

#define STATUS_DIFFERS 1
#define OWNER          "metroplex" /* the user that the package makes */

typedef struct {
    MpOptions options;
    MpConfig *config;
    MpPostfixFacts facts;
    char *verify, *opendkim, *owner; /* as options say, or NULL */
    bool is_checked;                 /* at the end */
    MpPostfix *postfix;
    GPtrArray *timers; /* those that are to be enabled */
} Configure;

static void
clear(Configure *configure)
{
    if (configure->timers != NULL)
        g_ptr_array_unref(configure->timers);
    g_clear_pointer(&configure->postfix, mp_postfix_free);
    g_clear_pointer(&configure->config, mp_config_free);
    mp_postfix_facts_clear(&configure->facts);
    mp_options_clear(&configure->options);
    g_free(configure->verify);
    g_free(configure->opendkim);
    g_free(configure->owner);
}

/* --- What there is ------------------------------------------------------------------------------
 */

static bool
is_default_config(const Configure *configure)
{
    return strcmp(configure->config->file, MP_DEFAULT_CONFIG) == 0;
}

/* What `metroplex WORDS` prints, or NULL: as a process of its own, which becomes the owner of the
 * data. */
static char *
ask_self(const Configure *configure, const char *const *words)
{
    g_auto(MpProcess) process = {0};
    g_auto(GStrv) environment = g_get_environ();
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    g_ptr_array_add(argv, configure->facts.program);
    for (const char *const *word = words; *word != NULL; word++)
        g_ptr_array_add(argv, (gpointer)*word);
    g_ptr_array_add(argv, (gpointer) "--config");
    g_ptr_array_add(argv, configure->config->file);
    g_ptr_array_add(argv, NULL);
    if (!mp_process_run(&process, (const char *const *)argv->pdata,
                        (const char *const *)environment, 60, NULL) ||
        process.status != 0)
        return NULL;
    return g_steal_pointer(&process.out);
}

/* Whether a first mail opens a thread anywhere. */
static void
find_openings(Configure *configure)
{
    const char *const words[] = {"repository", "list", "--json", NULL};
    g_autofree char *repositories = ask_self(configure, words);
    g_auto(GStrv) lines = g_strsplit(repositories != NULL ? repositories : "", "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        g_autoptr(JsonNode) node = json_from_string(*line, NULL);
        JsonObject *object =
            node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

        configure->facts.has_openings |=
            object != NULL &&
            strcmp(json_object_get_string_member_with_default(object, "open", "off"), "off") != 0;
    }
}

/* The login of the first active account; the caller's, or NULL. */
static char *
find_account(const Configure *configure)
{
    const char *const words[] = {"user", "list", "--json", NULL};
    g_autofree char *users = ask_self(configure, words);
    g_auto(GStrv) lines = g_strsplit(users != NULL ? users : "", "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        g_autoptr(JsonNode) node = json_from_string(*line, NULL);
        JsonObject *user =
            node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

        if (user != NULL &&
            strcmp(json_object_get_string_member_with_default(user, "state", ""), "active") == 0)
            return g_strdup(json_object_get_string_member_with_default(user, "login", NULL));
    }
    return NULL;
}

/* The policy service takes only addresses of accounts; where there is none yet, there is no such.
 */
static void
find_self_test(Configure *configure)
{
    g_autofree char *login = find_account(configure);
    const char *const words[] = {"address", "0", login, NULL};

    if (login == NULL)
        return;
    configure->facts.self_test = ask_self(configure, words);
    if (configure->facts.self_test != NULL)
        g_strstrip(configure->facts.self_test);
}

static bool
load(Configure *configure, GError **error)
{
    g_autofree char *file = g_canonicalize_filename(configure->options.config_file, NULL);

    configure->config = mp_config_load(file, configure->options.data, error);
    if (configure->config == NULL ||
        !mp_postfix_facts(&configure->facts, configure->config, configure->owner, error))
        return false;
    if (configure->verify != NULL)
        configure->facts.verify =
            strcmp(configure->verify, "opendkim") == 0 ? MP_VERIFY_OPENDKIM : MP_VERIFY_NONE;
    if (configure->opendkim != NULL)
        configure->facts.opendkim = g_canonicalize_filename(configure->opendkim, NULL);
    find_openings(configure);
    if (mp_postfix_asks_policy(configure->config, &configure->facts))
        find_self_test(configure);
    configure->postfix = mp_postfix_open(configure->config, &configure->facts, error);
    configure->timers = is_default_config(configure) ? timers_missing() : g_ptr_array_new();
    return configure->postfix != NULL;
}

/* --- The difference ----------------------------------------------------------------------------
 */

static int
show_difference(const Configure *configure)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = mp_postfix_difference(configure->postfix, &error);
    bool is_complete = init_is_complete(configure->config);

    if (text == NULL)
        return mp_report(error);
    if (!is_complete)
        printf("metroplex init makes what is missing in %s\n", configure->config->data);
    fputs(text, stdout);
    for (guint i = 0; i < configure->timers->len; i++)
        printf("systemctl enable --now %s\n", (char *)g_ptr_array_index(configure->timers, i));
    if (*text != '\0' || !is_complete || configure->timers->len > 0)
        return STATUS_DIFFERS;
    printf("nothing to do: the machine is as %s says\n", configure->config->file);
    return EX_OK;
}

/* --- Applied, and taken back -------------------------------------------------------------------
 */

static void
print_step(const char *step, G_GNUC_UNUSED gpointer user_data)
{
    printf("%s\n", step);
    fflush(stdout);
}

/* As a process of its own, which becomes the owner of the data. */
static bool
run_init(const Configure *configure, GError **error)
{
    g_auto(MpProcess) process = {0};
    g_auto(GStrv) environment = g_get_environ();
    const char *argv[] = {
        configure->facts.program, "init", "--config", configure->config->file, NULL, NULL, NULL};

    if (geteuid() == 0) {
        argv[4] = "--owner";
        argv[5] = configure->owner != NULL ? configure->owner : configure->facts.user;
    }
    if (!mp_process_run(&process, argv, (const char *const *)environment, 600, error))
        return false;
    fputs(process.out, stdout);
    fflush(stdout);
    return process.status == 0 ||
           mp_fail(error, MP_ERROR_INSTALLATION, "metroplex init: %s", g_strstrip(process.err));
}

static void
print_finding(const MpFinding *finding, G_GNUC_UNUSED gpointer user_data)
{
    g_autofree char *found = mp_escape_again(finding->found), *advice = NULL;

    if (finding->verdict == MP_CHECK_OK || finding->is_out_of_sight)
        return;
    printf("%s: %s: %s\n", mp_verdict_word(finding->verdict), finding->title, found);
    if (finding->advice == NULL)
        return;
    advice = mp_escape_again(finding->advice);
    printf("  %s\n", advice);
}

/* What is not right yet, which may be others' to do, such as DNS. */
static void
check(const Configure *configure)
{
    const MpCheckWishes wishes = {.options = &configure->options};

    if (!configure->is_checked)
        return;
    print_step("metroplex check", NULL);
    if (mp_check_run(&wishes, NULL, print_finding, NULL) == 0)
        printf("all is well\n");
}

static bool
apply(Configure *configure, GError **error)
{
    bool is_complete = init_is_complete(configure->config);
    bool differs = mp_postfix_differs(configure->postfix);

    if (!is_complete && !run_init(configure, error))
        return false;
    if (differs && !mp_postfix_apply(configure->postfix, print_step, NULL, error))
        return false;
    if (!timers_enable(configure->timers, error))
        return false;
    if (is_complete && !differs && configure->timers->len == 0)
        printf("nothing to do: the machine is as %s says\n", configure->config->file);
    if (!timers_are_of_systemd() || !is_default_config(configure))
        timers_tell_cron(configure->config->file);
    check(configure);
    return true;
}

static bool
revert(GError **error)
{
    bool is_done = false;

    if (!mp_postfix_revert(print_step, NULL, &is_done, error))
        return false;
    if (!is_done)
        printf("nothing to put back: Postfix has nothing of ours\n");
    return true;
}

/* --- The command -------------------------------------------------------------------------------
 */

static int
run(Configure *configure, bool applies)
{
    g_autoptr(GError) error = NULL;

    if (!load(configure, &error))
        return mp_report(error);
    if (!applies)
        return show_difference(configure);
    return apply(configure, &error) ? EX_OK : mp_report(error);
}

int
cmd_configure(int argc, char **argv)
{
    gboolean applies = FALSE, reverts = FALSE, unchecked = FALSE;
    Configure configure = {.facts = {.verify = MP_VERIFY_AS_IS}};
    const GOptionEntry entries[] = {
        {"apply", 0, 0, G_OPTION_ARG_NONE, &applies, "make it so, after a trial; as root", NULL},
        {"revert", 0, 0, G_OPTION_ARG_NONE, &reverts,
         "put Postfix back as it was before, byte for byte", NULL},
        {"no-check", 0, 0, G_OPTION_ARG_NONE, &unchecked,
         "with --apply: leave out `metroplex check` at the end", NULL},
        {"verify", 0, 0, G_OPTION_ARG_STRING, &configure.verify,
         "opendkim: have it write Authentication-Results; none: no more", "opendkim|none"},
        {"opendkim-conf", 0, 0, G_OPTION_ARG_FILENAME, &configure.opendkim,
         "with --verify opendkim: its configuration (/etc/opendkim.conf)", "FILE"},
        {"owner", 0, 0, G_OPTION_ARG_FILENAME, &configure.owner,
         "whom the data is to belong to, where there is none yet (" OWNER ")", "USER"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;
    int status;

    mp_options_parse(&configure.options, entries,
                     "[--apply [--no-check] | --revert] [--verify opendkim|none "
                     "[--opendkim-conf FILE]] [--owner USER]",
                     "Shows how Postfix, the data directory and the timers differ from what the\n"
                     "configuration says: status 0 if they do not, 1 if they do. For example\n"
                     "\n"
                     "  metroplex configure | less\n"
                     "  metroplex configure --apply\n",
                     0, 0, &argc, &argv);
    configure.is_checked = !unchecked;
    if (applies && reverts)
        status = mp_usage_error(argv[0], "--apply and --revert exclude each other");
    else if (reverts)
        status = revert(&error) ? EX_OK : mp_report(error);
    else
        status = run(&configure, applies);
    clear(&configure);
    return status;
}
