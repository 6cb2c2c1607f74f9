/*
 * metroplex settings: the configuration, shown as a page, and changed as a whole. What is checked,
 * edited and saved is lib/settings's.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "commands.h"
#include "settings_show.h"
#include "steps.h"

static int
show(int argc, char **argv)
{
    gboolean is_json = FALSE;
    const GOptionEntry entries[] = {MP_OPTION_JSON(is_json), G_OPTION_ENTRY_NULL};
    g_auto(MpOptions) options = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "",
                     "Shows all settings: what holds, where it comes from, what is wrong with it.",
                     0, 0, &argc, &argv);
    g_autoptr(MpSettings) settings = mp_settings_read(options.config_file, !is_json, &error);
    if (settings == NULL)
        return mp_report(error);
    if (is_json)
        mp_settings_show_json(settings);
    else
        mp_settings_show(settings);
    return settings->n_wrong == 0 ? EX_OK : EX_CONFIG;
}

static int
get(int argc, char **argv)
{
    gboolean is_json = FALSE;
    const GOptionEntry entries[] = {MP_OPTION_JSON(is_json), G_OPTION_ENTRY_NULL};
    g_auto(MpOptions) options = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "SETTING [--json]",
                     "Prints what holds: the value in the file, or the default.\n\n"
                     "Example: metroplex settings get smtp.port",
                     1, 1, &argc, &argv);
    g_autofree char *shown = mp_escape(argv[1]);
    g_autoptr(MpSettings) settings = mp_settings_read(options.config_file, !is_json, &error);
    if (settings == NULL)
        return mp_report(error);
    const MpSettingValue *value = mp_settings_get(settings, argv[1]);
    if (value == NULL)
        return mp_usage_error(argv[0], "%s is no setting: metroplex settings lists them", shown);
    if (value->key == NULL && !is_json)
        return mp_usage_error(argv[0], "%s is a secret, which is never shown", shown);
    if (is_json)
        mp_setting_show_json(value);
    else if (value->value != NULL)
        mp_print_text(value->value);
    if (value->fault == NULL)
        return EX_OK;
    g_autofree char *fault = mp_escape(value->fault);
    fprintf(stderr, "metroplex: %s: %s\n", shown, fault);
    return EX_CONFIG;
}

/* --- Changes --------------------------------------------------------------------------------- */

/* One argument of a change, applied in memory. */
typedef bool (*Change)(MpSettingsEdit *edit, const char *argument, GError **error);

static bool
set_argument(MpSettingsEdit *edit, const char *argument, GError **error)
{
    const char *equals = strchr(argument, '=');

    if (equals == NULL) {
        g_autofree char *shown = mp_escape(argument);
        return mp_fail(error, MP_ERROR_INPUT, "%s is not KEY=VALUE", shown);
    }
    g_autofree char *name = g_strstrip(g_strndup(argument, (gsize)(equals - argument)));
    return mp_settings_edit_set(edit, name, equals + 1, error);
}

/* All arguments, so that all that is wrong is told at once. */
static bool
change_all(MpSettingsEdit *edit, char **arguments, Change change, GError **error)
{
    g_autoptr(GString) wrong = g_string_new(NULL);

    for (; *arguments != NULL; arguments++) {
        g_autoptr(GError) why = NULL;

        if (!change(edit, *arguments, &why))
            g_string_append_printf(wrong, "%s%s", wrong->len > 0 ? "\nmetroplex: " : "",
                                   why->message);
    }
    return wrong->len == 0 || mp_fail(error, MP_ERROR_INPUT, "%s", wrong->str);
}

/* Of the settings that the arguments name, changed now or before: then it may be that nobody has
 * applied it yet, or that it failed. */
static unsigned
what_is_asked_for(char **arguments)
{
    unsigned apply = 0;

    for (; *arguments != NULL; arguments++) {
        g_autofree char *name = g_strstrip(g_strndup(*arguments, strcspn(*arguments, "=")));
        const MpSetting *setting = mp_setting_find(name);

        apply |= setting != NULL ? setting->apply : 0;
    }
    return apply;
}

/* What of it a command does; the rest is the administrator's. */
static int
apply_changes(const char *file, unsigned apply, bool is_json)
{
    static const struct {
        unsigned when;
        const char *words[5];
    } steps[] = {
        {MP_APPLY_INIT, {"init", "--config"}},
        {MP_APPLY_POSTFIX, {"configure", "--apply", "--config"}},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        const char *words[G_N_ELEMENTS(steps[i].words) + 2] = {NULL};
        g_autoptr(GError) error = NULL;
        gsize n = 0;

        if ((apply & steps[i].when) == 0)
            continue;
        for (; steps[i].words[n] != NULL; n++)
            words[n] = steps[i].words[n];
        words[n] = file;
        int status = mp_step_run("metroplex", words, is_json, &error);
        if (status != EX_OK)
            return status < 0 ? mp_report(error) : status;
    }
    return EX_OK;
}

typedef struct {
    gboolean is_json, applies;
} Wishes;

static int
save(const MpOptions *options, char **arguments, Change change, const Wishes *wishes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpSettingsEdit) edit = mp_settings_edit(options->config_file, &error);

    if (edit == NULL || !change_all(edit, arguments, change, &error))
        return mp_report(error);
    g_autoptr(GPtrArray) changes = mp_settings_edit_save(edit, &error);
    if (changes == NULL)
        return mp_report(error);
    mp_settings_show_changes(options->config_file, changes, wishes->is_json,
                             wishes->applies ? MP_APPLY_INIT | MP_APPLY_POSTFIX : 0);
    g_clear_pointer(&edit, mp_settings_edit_free); /* whoever is run next may have to lock it */
    unsigned apply = mp_settings_what_to_apply(changes) | what_is_asked_for(arguments);
    return wishes->applies ? apply_changes(options->config_file, apply, wishes->is_json) : EX_OK;
}

#define CHANGE_OPTIONS                                                                             \
    MP_OPTION_JSON(wishes.is_json),                                                                \
        {"apply",                                                                                  \
         0,                                                                                        \
         0,                                                                                        \
         G_OPTION_ARG_NONE,                                                                        \
         &wishes.applies,                                                                          \
         "do what has to be done so that the change takes effect, and wait",                       \
         NULL},                                                                                    \
        G_OPTION_ENTRY_NULL

static int
set(int argc, char **argv)
{
    Wishes wishes = {0};
    const GOptionEntry entries[] = {CHANGE_OPTIONS};
    g_auto(MpOptions) options = {0};

    mp_options_parse(
        &options, entries, "SETTING=VALUE… [--apply] [--json]",
        "Checks all values together and saves all of them or none. Everything else in\n"
        "the file, comments too, stays as it is.\n\n"
        "Example: metroplex settings set smtp.address=smtp.example.org smtp.port=465 "
        "smtp.tls=implicit",
        1, G_MAXINT, &argc, &argv);
    return save(&options, argv + 1, set_argument, &wishes);
}

static int
unset(int argc, char **argv)
{
    Wishes wishes = {0};
    const GOptionEntry entries[] = {CHANGE_OPTIONS};
    g_auto(MpOptions) options = {0};

    mp_options_parse(&options, entries, "SETTING… [--apply] [--json]",
                     "Takes keys out of the file, so that their defaults hold.\n\n"
                     "Example: metroplex settings unset smtp.port",
                     1, G_MAXINT, &argc, &argv);
    return save(&options, argv + 1, mp_settings_edit_unset, &wishes);
}

static int
secret(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;

    mp_options_parse(
        &options, NULL, "smtp.password",
        "Reads the password of the SMTP server, or its token (OAuth), from the\n"
        "terminal without echo, else from standard input, and writes it into the file\n"
        "that smtp.password-file names, for the user of the programs alone.\n\n"
        "Example: metroplex settings secret smtp.password <password.txt",
        1, 1, &argc, &argv);
    if (strcmp(argv[1], MP_SETTING_PASSWORD) != 0) {
        g_autofree char *shown = mp_escape(argv[1]);
        return mp_usage_error(argv[0], "%s is no secret: there is " MP_SETTING_PASSWORD, shown);
    }
    if (!mp_config_check_owner(options.config_file, &error))
        return mp_report(error); /* before somebody types */
    char *password = mp_password_read(_("Password for the SMTP server"), false, &error);
    if (password == NULL)
        return mp_report(error);
    g_autoptr(MpSettingsEdit) edit = mp_settings_edit(options.config_file, &error);
    g_autoptr(GPtrArray) changes =
        edit != NULL ? mp_settings_edit_password(edit, password, &path, &error) : NULL;
    mp_password_free(password);
    if (changes == NULL)
        return mp_report(error);
    g_autofree char *shown = mp_escape(path);
    printf(_("The password is in %s.\n"), shown);
    if (changes->len > 0)
        mp_settings_show_changes(options.config_file, changes, false, 0);
    return EX_OK;
}

int
cmd_settings(int argc, char **argv)
{
    static const MpCommand subcommands[] = {
        {"get", get, "SETTING: print what holds"},
        {"set", set, "SETTING=VALUE…: change, all or nothing"},
        {"unset", unset, "SETTING…: back to the default"},
        {"secret", secret, "smtp.password: read it without echo, and keep it"},
    };

    return mp_subcommand_run_or(subcommands, G_N_ELEMENTS(subcommands), show, argc, argv);
}
