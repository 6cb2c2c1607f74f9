/*
 * metroplex configure: makes the machine do as the settings say. Postfix is lib/postfix's, what
 * starts the programs timers.c's, the data directory init's; here they are put in order, and told.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/process.h"
#include "commands.h"
#include "cli/command.h"
#include "init.h"
#include "postfix/postfix.h"
#include "timers.h"

#define STATUS_DIFFERS 1
#define OWNER          "metroplex" /* the user that the package makes */

typedef struct {
    MpOptions options;
    MpConfig *config;
    MpPostfixFacts facts;
    char *program, *user;
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
    g_free(configure->program);
    g_free(configure->user);
    mp_options_clear(&configure->options);
}

/* --- What there is ------------------------------------------------------------------------------
 */

static bool
is_default_config(const Configure *configure)
{
    return strcmp(configure->config->file, MP_DEFAULT_CONFIG) == 0;
}

/* Whom the data belongs to, or is to belong to. */
static bool
find_owner(Configure *configure, const char *owner, GError **error)
{
    const char *data = configure->config->data;
    const struct passwd *entry;
    struct stat st;

    if (stat(data, &st) == 0)
        entry = getpwuid(st.st_uid);
    else
        entry = getpwnam(owner != NULL ? owner : OWNER);
    if (entry == NULL)
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "there is no user that %s belongs to: make one (adduser --system --group "
                       "--no-create-home " OWNER "), or name one with --owner",
                       data);
    configure->user = g_strdup(entry->pw_name);
    configure->facts.user = configure->user;
    configure->facts.uid = entry->pw_uid;
    configure->facts.gid = entry->pw_gid;
    return true;
}

static bool
load(Configure *configure, const char *owner, GError **error)
{
    g_autofree char *file = g_canonicalize_filename(configure->options.config_file, NULL);

    configure->config = mp_config_load(file, configure->options.data, error);
    if (configure->config == NULL || !find_owner(configure, owner, error))
        return false;
    configure->program = g_file_read_link("/proc/self/exe", NULL);
    configure->facts.program = configure->program;
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
run_init(const Configure *configure, const char *owner, GError **error)
{
    g_auto(MpProcess) process = {0};
    g_auto(GStrv) environment = g_get_environ();
    const char *argv[] = {
        configure->program, "init", "--config", configure->config->file, NULL, NULL, NULL};

    if (geteuid() == 0) {
        argv[4] = "--owner";
        argv[5] = owner != NULL ? owner : configure->user;
    }
    if (!mp_process_run(&process, argv, (const char *const *)environment, 600, error))
        return false;
    fputs(process.out, stdout);
    fflush(stdout);
    return process.status == 0 ||
           mp_fail(error, MP_ERROR_INSTALLATION, "metroplex init: %s", g_strstrip(process.err));
}

static bool
apply(Configure *configure, const char *owner, GError **error)
{
    bool is_complete = init_is_complete(configure->config);
    bool differs = mp_postfix_differs(configure->postfix);

    if (!is_complete && !run_init(configure, owner, error))
        return false;
    if (differs && !mp_postfix_apply(configure->postfix, print_step, NULL, error))
        return false;
    if (!timers_enable(configure->timers, error))
        return false;
    if (is_complete && !differs && configure->timers->len == 0)
        printf("nothing to do: the machine is as %s says\n", configure->config->file);
    if (!timers_are_of_systemd() || !is_default_config(configure))
        timers_tell_cron(configure->config->file);
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
run(Configure *configure, bool applies, const char *owner)
{
    g_autoptr(GError) error = NULL;

    if (!load(configure, owner, &error))
        return mp_report(error);
    if (!applies)
        return show_difference(configure);
    return apply(configure, owner, &error) ? EX_OK : mp_report(error);
}

int
cmd_configure(int argc, char **argv)
{
    gboolean applies = FALSE, reverts = FALSE;
    g_autofree char *verify = NULL, *owner = NULL;
    const GOptionEntry entries[] = {
        {"apply", 0, 0, G_OPTION_ARG_NONE, &applies, "make it so, after a trial; as root", NULL},
        {"revert", 0, 0, G_OPTION_ARG_NONE, &reverts,
         "put Postfix back as it was before, byte for byte", NULL},
        {"verify", 0, 0, G_OPTION_ARG_STRING, &verify,
         "opendkim: have it write Authentication-Results; none: no more", "opendkim|none"},
        {"owner", 0, 0, G_OPTION_ARG_FILENAME, &owner,
         "whom the data is to belong to, where there is none yet (" OWNER ")", "USER"},
        G_OPTION_ENTRY_NULL,
    };
    Configure configure = {.facts = {.verify = MP_VERIFY_AS_IS}};
    g_autoptr(GError) error = NULL;
    int status;

    mp_options_parse(&configure.options, entries,
                     "[--apply | --revert] [--verify opendkim|none] [--owner USER]",
                     "Shows how Postfix, the data directory and the timers differ from what the\n"
                     "configuration says: status 0 if they do not, 1 if they do. For example\n"
                     "\n"
                     "  metroplex configure | less\n"
                     "  metroplex configure --apply\n",
                     0, 0, &argc, &argv);
    if (verify != NULL)
        configure.facts.verify =
            strcmp(verify, "opendkim") == 0 ? MP_VERIFY_OPENDKIM : MP_VERIFY_NONE;
    if (applies && reverts)
        status = mp_usage_error(argv[0], "--apply and --revert exclude each other");
    else if (reverts)
        status = revert(&error) ? EX_OK : mp_report(error);
    else
        status = run(&configure, applies, owner);
    clear(&configure);
    return status;
}
