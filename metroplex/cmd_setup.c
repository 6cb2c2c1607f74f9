/*
 * metroplex setup: a first day. Asks for what nobody but the administrator knows, each answer
 * checked as it is given, shows what will be done, and does it by the commands that are there for
 * each part: init, settings, configure, notifier test.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/text.h"
#include "cli/colour.h"
#include "cli/command.h"
#include "commands.h"
#include "settings/settings.h"
#include "setup_ask.h"
#include "steps.h"

#define OWNER "metroplex" /* the user that the package makes */

typedef struct {
    MpOptions options;
    char *owner;
    MpSettings *now;   /* what the configuration says; NULL if there is none yet */
    GPtrArray *names;  /* the settings that are answered (const char *), and what (char *) */
    GPtrArray *values; /* likewise, in the same order */
    char *password;    /* or NULL: stays as it is */
    char *test;        /* where the test mail goes; "" for nowhere */
} Setup;

static void
clear(Setup *setup)
{
    mp_options_clear(&setup->options);
    g_free(setup->owner);
    g_clear_pointer(&setup->now, mp_settings_free);
    g_ptr_array_unref(setup->names);
    g_ptr_array_unref(setup->values);
    mp_password_free(setup->password);
    g_free(setup->test);
}

/* --- What is known without asking ------------------------------------------------------------ */

static const char *
answer_to(const Setup *setup, const char *name)
{
    for (guint i = 0; i < setup->names->len; i++)
        if (strcmp(g_ptr_array_index(setup->names, i), name) == 0)
            return g_ptr_array_index(setup->values, i);
    return "";
}

static void
take(Setup *setup, const char *name, const char *value)
{
    g_ptr_array_add(setup->names, (gpointer)name);
    g_ptr_array_add(setup->values, g_strdup(value));
}

/* What the configuration says by itself, or NULL. */
static const char *
said(const Setup *setup, const char *name)
{
    const MpSettingValue *v = setup->now != NULL ? mp_settings_get(setup->now, name) : NULL;

    return v != NULL && v->is_from_file && v->fault == NULL ? v->value : NULL;
}

/* What is said of a server is not said of another one. */
static bool
is_another_server(const Setup *setup)
{
    const MpSettingValue *v =
        setup->now != NULL ? mp_settings_get(setup->now, "smtp.address") : NULL;

    return v != NULL && g_strcmp0(v->value, answer_to(setup, "smtp.address")) != 0;
}

static bool
is_this_machine(const char *server)
{
    return strcmp(server, "localhost") == 0 || strcmp(server, "::1") == 0 ||
           g_str_has_prefix(server, "127.");
}

/* A host name that has a domain can be others' way to here. */
static char *
guess_hostname(void)
{
    const char *name = g_get_host_name();

    return g_strdup(mp_is_hostname(name) && strchr(name, '.') != NULL ? name : "");
}

/* What an empty answer means: what holds, else what most have. */
static char *
fallback_of(const Setup *setup, const char *name)
{
    bool is_local = is_this_machine(answer_to(setup, "smtp.address"));
    const char *host = answer_to(setup, "instance.hostname");
    const char *is = said(setup, name);
    bool is_same_host = g_strcmp0(host, said(setup, "instance.hostname")) == 0;
    bool is_of_server = strcmp(name, "smtp.port") == 0 || strcmp(name, "smtp.authentication") == 0;

    if (strcmp(name, "smtp.noreply-address") == 0 && !is_same_host)
        return g_strconcat("noreply@", host, NULL);
    if (is != NULL && !(is_of_server && is_another_server(setup)))
        return g_strdup(is);
    if (strcmp(name, "instance.hostname") == 0)
        return guess_hostname();
    if (strcmp(name, "smtp.address") == 0)
        return g_strdup("localhost");
    if (strcmp(name, "smtp.port") == 0)
        return g_strdup(is_local ? "25" : "587");
    if (strcmp(name, "smtp.authentication") == 0)
        return g_strdup(is_local ? "none" : "login");
    if (strcmp(name, "smtp.noreply-address") == 0)
        return g_strconcat("noreply@", host, NULL);
    return g_strdup("");
}

/* What follows from the answers, where the configuration does not say. */
static void
conclude(Setup *setup)
{
    bool is_local = is_this_machine(answer_to(setup, "smtp.address"));
    const char *port = answer_to(setup, "smtp.port");
    bool is_said = said(setup, "smtp.tls") != NULL && !is_another_server(setup) &&
                   g_strcmp0(port, said(setup, "smtp.port")) == 0;

    take(setup, "smtp.enabled", "true");
    take(setup, "smtp.transport", "smtp");
    if (!is_said)
        take(setup, "smtp.tls",
             strcmp(port, "465") == 0 ? "implicit"
             : is_local               ? "none"
                                      : "starttls");
}

/* --- Questions ------------------------------------------------------------------------------- */

static char *
fault_of_setting(const char *answer, gpointer key)
{
    if (*answer == '\0')
        return g_strdup(_("is needed"));
    return mp_config_fault(key, answer, true);
}

static char *
fault_of_support(const char *answer, gpointer unused)
{
    const MpConfigKey *mail = mp_config_find_key("smtp.noreply-address"),
                      *page = mp_config_find_key("instance.url");
    bool is_page = strstr(answer, "://") != NULL;

    (void)unused;
    return *answer != '\0' ? mp_config_fault(is_page ? page : mail, answer, true) : NULL;
}

static char *
fault_of_test(const char *answer, gpointer unused)
{
    const MpConfigKey *mail = mp_config_find_key("smtp.noreply-address");

    (void)unused;
    return *answer != '\0' ? mp_config_fault(mail, answer, true) : NULL;
}

static bool
ask_setting(Setup *setup, const char *name, GError **error)
{
    const MpConfigKey *key = mp_config_find_key(name);
    const char *label = _(mp_setting_find(name)->label);
    g_autofree char *choices =
        key->choices != NULL ? g_strjoinv(", ", (char **)key->choices) : NULL;
    g_autofree char *question =
        choices != NULL ? g_strdup_printf("%s (%s)", label, choices) : g_strdup(label);
    g_autofree char *fallback = fallback_of(setup, name);
    g_autofree char *answer = mp_ask(question, fallback, fault_of_setting, (gpointer)key, error);

    if (answer != NULL)
        take(setup, name, answer);
    return answer != NULL;
}

/* An empty one leaves the password as it is, if there is one. */
static bool
ask_password(Setup *setup, GError **error)
{
    const MpSettingValue *v =
        setup->now != NULL ? mp_settings_get(setup->now, MP_SETTING_PASSWORD) : NULL;
    bool is_set = v != NULL && v->is_set == 1;
    const char *prompt = is_set ? _("Password (empty: as it is)") : _("Password");

    for (;;) {
        setup->password = mp_password_read(prompt, true, error);
        if (setup->password == NULL)
            return false;
        if (!isatty(STDIN_FILENO))
            printf("%s: %s\n", prompt, *setup->password != '\0' ? "********" : "");
        if (*setup->password != '\0')
            return true;
        g_clear_pointer(&setup->password, mp_password_free);
        if (is_set)
            return true;
        if (!mp_ask_again(NULL, _("is needed"), error))
            return false;
    }
}

static bool
ask_login(Setup *setup, GError **error)
{
    return strcmp(answer_to(setup, "smtp.authentication"), "none") == 0 ||
           (ask_setting(setup, "smtp.username", error) && ask_password(setup, error));
}

static bool
ask_support(Setup *setup, GError **error)
{
    g_autofree char *fallback = fallback_of(setup, "smtp.support-address");
    g_autofree char *answer = mp_ask(_("Support: an email address or a URL (empty for none)"),
                                     fallback, fault_of_support, NULL, error);

    if (answer != NULL && *answer != '\0') {
        take(setup, "smtp.support-address", answer);
        take(setup, "smtp.support-address-type", strstr(answer, "://") != NULL ? "url" : "email");
    }
    return answer != NULL;
}

static bool
ask_all(Setup *setup, GError **error)
{
    if (!ask_setting(setup, "instance.hostname", error) ||
        !ask_setting(setup, "smtp.address", error) || !ask_setting(setup, "smtp.port", error) ||
        !ask_setting(setup, "smtp.authentication", error) || !ask_login(setup, error) ||
        !ask_setting(setup, "smtp.noreply-address", error) || !ask_support(setup, error))
        return false;
    conclude(setup);
    setup->test = mp_ask(_("Send a test mail to (empty for none)"), "", fault_of_test, NULL, error);
    return setup->test != NULL;
}

/* --- What will be done ----------------------------------------------------------------------- */

static void
show_plan(const Setup *setup)
{
    g_autofree char *file = mp_escape(setup->options.config_file);

    mp_print_in_colour(MP_BOLD, _("This will be done:"));
    putchar('\n');
    if (setup->now == NULL)
        printf(_("  %s, keys and the data directory are made\n"), file);
    printf(_("  in %s is saved:\n"), file);
    for (guint i = 0; i < setup->names->len; i++) {
        g_autofree char *value = mp_escape(g_ptr_array_index(setup->values, i));

        printf("    %s = %s\n", (const char *)g_ptr_array_index(setup->names, i), value);
    }
    if (setup->password != NULL)
        puts(_("  the password is written into a file that only the programs can read"));
    if (geteuid() == 0)
        puts(_("  Postfix is tried with these settings and then takes replies; the programs run "
               "every minute"));
    if (*setup->test != '\0') {
        g_autofree char *shown = mp_escape(setup->test);
        printf(_("  a test mail is sent to %s\n"), shown);
    }
}

/* --- It is done ------------------------------------------------------------------------------ */

static int
run_init(const Setup *setup, GError **error)
{
    const char *words[10] = {"init", "--config", setup->options.config_file, "--hostname",
                             answer_to(setup, "instance.hostname")};
    gsize n = 5;

    if (setup->options.data != NULL) {
        words[n++] = "--data";
        words[n++] = setup->options.data;
    }
    if (geteuid() == 0 && setup->owner != NULL) {
        words[n++] = "--owner";
        words[n++] = setup->owner;
    }
    return setup->now != NULL ? EX_OK : mp_step_run("metroplex", words, false, error);
}

static bool
save(const Setup *setup, GError **error)
{
    g_autoptr(MpSettingsEdit) edit = mp_settings_edit(setup->options.config_file, error);
    g_autofree char *path = NULL, *file = mp_escape(setup->options.config_file);
    g_autoptr(GPtrArray) changes = NULL;

    for (guint i = 0; edit != NULL && i < setup->names->len; i++)
        if (!mp_settings_edit_set(edit, g_ptr_array_index(setup->names, i),
                                  g_ptr_array_index(setup->values, i), error))
            return false;
    if (edit != NULL)
        changes = setup->password != NULL
                      ? mp_settings_edit_password(edit, setup->password, &path, error)
                      : mp_settings_edit_save(edit, error);
    if (changes != NULL)
        printf(_("Saved in %s.\n"), file);
    return changes != NULL;
}

static int
run_configure(const Setup *setup, GError **error)
{
    const char *words[7] = {"configure", "--apply", "--config", setup->options.config_file};

    if (geteuid() != 0) {
        puts(_("Postfix and the timers are root's: metroplex configure --apply"));
        return EX_OK;
    }
    if (setup->owner != NULL) {
        words[4] = "--owner";
        words[5] = setup->owner;
    }
    return mp_step_run("metroplex", words, false, error);
}

static int
send_test(const Setup *setup, GError **error)
{
    /* an address may begin with a hyphen */
    const char *words[] = {"test", "--config", setup->options.config_file, "--", setup->test, NULL};

    return *setup->test != '\0' ? mp_step_run("notifier", words, false, error) : EX_OK;
}

static void
show_records(const Setup *setup)
{
    g_autoptr(MpConfig) config = mp_config_load(setup->options.config_file, NULL, NULL);
    g_autofree char *noreply = config != NULL ? mp_config_noreply_domain(config) : NULL;
    const char *host = answer_to(setup, "instance.hostname");

    if (noreply == NULL)
        return;
    puts(_("The DNS needs these records, and port 25 must be open (metroplex check dns):"));
    printf("    reply.%s.    A   %s\n", host, _("the address of this machine"));
    printf("    reply.%s.    MX  10 reply.%s.\n", host, host);
    printf("    %s.  MX  10 %s.\n", noreply, host);
}

static int
do_all(const Setup *setup)
{
    g_autoptr(GError) error = NULL;
    int status = run_init(setup, &error);

    if (status == EX_OK && !save(setup, &error))
        return mp_report(error);
    if (status == EX_OK)
        status = run_configure(setup, &error);
    if (status == EX_OK) {
        status = send_test(setup, &error);
        show_records(setup); /* whatever became of the test: they have nothing to do with it */
    }
    return status < 0 ? mp_report(error) : status;
}

/* --- The command ----------------------------------------------------------------------------- */

/* The programs do not run as root, and virtual(8) delivers nothing as root. */
static bool
find_owner(Setup *setup, GError **error)
{
    if (geteuid() != 0 || setup->owner != NULL)
        return true;
    setup->owner = g_strdup(OWNER);
    return getpwnam(OWNER) != NULL ||
           mp_fail(error, MP_ERROR_INSTALLATION,
                   "there is no user " OWNER " for the programs: make one (adduser --system "
                   "--group --no-create-home " OWNER "), or name one with --owner");
}

static bool
look(Setup *setup, GError **error)
{
    const char *file = setup->options.config_file;

    if (!g_file_test(file, G_FILE_TEST_EXISTS))
        return find_owner(setup, error);
    if (!mp_config_check_owner(file, error))
        return false;
    setup->now = mp_settings_read(file, true, error);
    return setup->now != NULL;
}

static int
run(Setup *setup)
{
    g_autoptr(GError) error = NULL;

    if (!look(setup, &error) || !ask_all(setup, &error))
        return mp_report(error);
    putchar('\n');
    show_plan(setup);
    if (!mp_ask_yes(_("Do it?"), &error)) {
        if (error != NULL)
            return mp_report(error);
        puts(_("Nothing was done."));
        return EX_OK;
    }
    putchar('\n');
    return do_all(setup);
}

int
cmd_setup(int argc, char **argv)
{
    Setup setup = {.names = g_ptr_array_new(), .values = g_ptr_array_new_with_free_func(g_free)};
    const GOptionEntry entries[] = {
        {"owner", 0, 0, G_OPTION_ARG_FILENAME, &setup.owner,
         "as root: whom the data is to belong to, where there is none yet (metroplex)", "USER"},
        G_OPTION_ENTRY_NULL,
    };

    mp_options_parse(
        &setup.options, entries, "[--owner USER]",
        "Asks for the host name, the SMTP server and how to log in there, the no-reply\n"
        "address and where people find help; shows what will be done, does it, and sends\n"
        "a test mail. Answers may come from a file. For example\n"
        "\n"
        "  metroplex setup\n"
        "  metroplex setup <answers.txt",
        0, 0, &argc, &argv);
    int status = run(&setup);
    clear(&setup);
    return status;
}
