/* The page of settings, and a configuration that is changed as a whole. */
#include "settings/settings.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "scratch.h"

#define CONFIG "[instance]\nhostname = git.example.org\n# Kept.\n[smtp]\nport = 2525\n"

static int
rows_of(const char *name)
{
    int n = 0;

    for (gsize i = 0; i < mp_settings_n; i++)
        n += strcmp(mp_settings_table[i].name, name) == 0;
    return n;
}

Test(settings, every_key_stands_on_the_page_once)
{
    for (gsize i = 0; i < mp_config_n_keys; i++) {
        g_autofree char *name =
            g_strdup_printf("%s.%s", mp_config_keys[i].group, mp_config_keys[i].key);

        cr_expect_eq(rows_of(name), 1, "%s: a row in lib/settings/page.c", name);
    }
    cr_expect_eq(mp_settings_n, mp_config_n_keys + 1, "and the password, which is no key");
}

Test(settings, the_first_group_has_the_order_of_the_page)
{
    static const char *const order[] = {
        "smtp.enabled",
        "smtp.address",
        "smtp.port",
        "smtp.domain",
        "smtp.authentication",
        "smtp.username",
        "smtp.password",
        "smtp.enforce-tls",
        "smtp.noreply-address",
        "smtp.discard-to-noreply-address",
        "smtp.support-address-type",
        "smtp.support-address",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(order); i++)
        cr_expect_str_eq(mp_settings_table[i].name, order[i]);
    cr_expect(mp_settings_table[0].title != NULL &&
              mp_settings_table[G_N_ELEMENTS(order)].title != NULL);
}

/* A configuration in a directory of its own. */
static char *
write_config(const ScratchPath *scratch, const char *text)
{
    char *path = scratch_path(scratch, "metroplex.conf");

    cr_assert(g_file_set_contents(path, text, -1, NULL));
    chmod(path, 0640);
    return path;
}

static char *
read_back(const char *path)
{
    char *text = NULL;

    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

Test(settings, a_page_says_what_holds_where_it_comes_from_and_what_is_wrong)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *path = write_config(
        scratch, CONFIG "tls = maybe\npassword-file = hunter2\nsupport-address = x\n[x]\ny = 1\n");
    g_autoptr(MpSettings) settings = mp_settings_read(path, false, NULL);

    cr_assert(settings != NULL);
    const MpSettingValue *port = mp_settings_get(settings, "smtp.port"),
                         *address = mp_settings_get(settings, "smtp.address"),
                         *tls = mp_settings_get(settings, "smtp.tls"),
                         *file = mp_settings_get(settings, "smtp.password-file"),
                         *support = mp_settings_get(settings, "smtp.support-address");
    cr_expect_str_eq(port->value, "2525");
    cr_expect(port->is_from_file && port->fault == NULL);
    cr_expect_str_eq(address->value, "localhost");
    cr_expect_not(address->is_from_file);
    cr_expect_str_eq(tls->value, "maybe");
    cr_expect_str_eq(tls->fault, "is none of: starttls, implicit, none");
    cr_expect_str_eq(support->fault,
                     "is not an http or https URL, as support-address-type = url says");
    cr_expect(file->value == NULL && file->fault != NULL, "it may be the secret itself");
    cr_expect_eq(settings->unknown->len, 1);
    cr_expect_eq(settings->n_wrong, 4);
}

Test(settings, a_change_is_saved_with_owner_and_mode_and_says_what_it_asks_for)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *path = write_config(scratch, CONFIG);
    g_autoptr(MpSettingsEdit) edit = mp_settings_edit(path, NULL);
    struct stat st;

    cr_assert(edit != NULL);
    cr_assert(mp_settings_edit_set(edit, "limits.mail-size", "2048", NULL));
    cr_assert(mp_settings_edit_unset(edit, "smtp.port", NULL));
    g_autoptr(GPtrArray) changes = mp_settings_edit_save(edit, NULL);
    cr_assert(changes != NULL && changes->len == 2);
    const MpSettingChange *port = g_ptr_array_index(changes, 0),
                          *size = g_ptr_array_index(changes, 1);
    cr_expect(port->is_default && strcmp(port->after, "587") == 0);
    cr_expect_eq(size->setting->apply, MP_APPLY_POSTFIX);
    g_autofree char *text = read_back(path);
    cr_expect_str_eq(text, "[instance]\nhostname = git.example.org\n# Kept.\n[smtp]\n\n[limits]\n"
                           "mail-size = 2048\n");
    cr_expect(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);
}

Test(settings, what_does_not_fit_together_is_not_saved)
{
    static const struct {
        const char *before, *name, *value;
        MpErrorKind kind;
    } cases[] = {
        {CONFIG, "smtp.authentication", "login", MP_ERROR_INPUT},
        {CONFIG, "smtp.support-address-type", "email", MP_ERROR_INPUT},
        {CONFIG "nonsense = 1\n", "smtp.domain", "a.example", MP_ERROR_INSTALLATION},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(ScratchPath) scratch = scratch_make();
        g_autofree char *with =
            g_strconcat(cases[i].before, "support-address = https://help.example.org\n", NULL);
        g_autofree char *path = write_config(scratch, with);
        g_autoptr(MpSettingsEdit) edit = mp_settings_edit(path, NULL);
        g_autoptr(GError) error = NULL;

        cr_assert(mp_settings_edit_set(edit, cases[i].name, cases[i].value, NULL));
        cr_expect(mp_settings_edit_save(edit, &error) == NULL);
        cr_expect(g_error_matches(error, MP_ERROR, cases[i].kind), "%s", cases[i].name);
        g_autofree char *text = read_back(path);
        cr_expect_str_eq(text, with);
    }
}

Test(settings, who_edits_by_hand_meanwhile_loses_nothing)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *path = write_config(scratch, CONFIG);
    g_autoptr(MpSettingsEdit) edit = mp_settings_edit(path, NULL);
    g_autoptr(GError) error = NULL;

    cr_assert(mp_settings_edit_set(edit, "smtp.port", "25", NULL));
    g_free(write_config(scratch, CONFIG "# By hand.\n"));
    cr_expect(mp_settings_edit_save(edit, &error) == NULL);
    cr_expect(mp_error_is_temporary(error));
    g_autofree char *text = read_back(path), *left = scratch_run(scratch, "ls -A");
    cr_expect_str_eq(text, CONFIG "# By hand.\n");
    cr_expect_str_eq(left, "metroplex.conf\n");
}

Test(settings, a_server_is_a_name_or_an_address)
{
    static const struct {
        const char *value;
        bool is_good;
    } cases[] = {
        {"smtp.example.org", true},
        {"localhost", true},
        {"192.0.2.1", true},
        {"2001:db8::1", true},
        {"[2001:db8::1]", true},
        {"::1", true},
        {"192.0.2", false},
        {"192.0.2.256", false},
        {"[192.0.2.1]", false},
        {"2001:db8::g", false},
        {"fe80::1%eth0", false},
        {"[::1", false},
        {"smtp.example.org:25", false},
        {"a b", false},
        {"", false},
        {"1.example", true},
        {"example.1", false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *fault =
            mp_config_fault(mp_config_find_key("smtp.address"), cases[i].value, false);

        cr_expect_eq(fault == NULL, cases[i].is_good, "%s", cases[i].value);
    }
}
