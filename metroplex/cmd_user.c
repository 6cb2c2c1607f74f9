/* metroplex user: accounts, their names and addresses. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "commands.h"
#include "output.h"
#include "site.h"

#define NAME_MAX_CHARS 100
#define ADDRESS_MAX    254 /* RFC 5321, section 4.5.3.1.3, less the angle brackets */

/* What the options of a subcommand say. */
typedef struct {
    char *name, *login, *state;
    char **emails, **add_emails, **remove_emails;
    gboolean json;
} Options;

static void
options_clear(Options *o)
{
    g_free(o->name);
    g_free(o->login);
    g_free(o->state);
    g_strfreev(o->emails);
    g_strfreev(o->add_emails);
    g_strfreev(o->remove_emails);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

/* --- Checks --------------------------------------------------------------------------------- */

static bool
is_domain(const char *domain)
{
    g_autofree char *ascii = g_hostname_to_ascii(domain);

    return ascii != NULL && mp_is_hostname(ascii);
}

static bool
check_email(const char *email, GError **error)
{
    const char *at = strrchr(email, '@');
    g_autofree char *line = mp_one_line(email);
    g_autofree char *shown = mp_escape(email);

    if (at == NULL || at == email || at - email > 64 || strlen(email) > ADDRESS_MAX ||
        strcmp(line, email) != 0 || strpbrk(email, " <>(),;:\\\"[]") != NULL ||
        memchr(email, '@', (gsize)(at - email)) != NULL || !is_domain(at + 1))
        return mp_fail(error, MP_ERROR_INPUT, "not a mail address: %s", shown);
    return true;
}

static bool
check_login(const char *login, GError **error)
{
    g_autofree char *shown = mp_escape(login);

    return mp_is_login(login) ||
           mp_fail(error, MP_ERROR_INPUT,
                   "not a login: %s (letters, digits and single inner hyphens, at most 39)", shown);
}

static bool
check_name(const char *name, GError **error)
{
    g_autofree char *line = mp_one_line(name);
    g_autofree char *shown = mp_escape(name);

    return (*line != '\0' && strcmp(line, name) == 0 && g_utf8_strlen(name, -1) <= NAME_MAX_CHARS) ||
           mp_fail(error, MP_ERROR_INPUT, "not a name: %s (one line, at most %d characters)", shown,
                   NAME_MAX_CHARS);
}

/* --- Changes to an account in memory ---------------------------------------------------------- */

static bool
add_email(MpUser *user, const char *email, GError **error)
{
    if (!check_email(email, error))
        return false;
    if (!mp_user_has_address(user, email))
        g_ptr_array_add(user->emails, g_strdup(email));
    return true;
}

static bool
remove_email(MpUser *user, const char *email, GError **error)
{
    for (guint i = 0; i < user->emails->len; i++) {
        if (strcmp(g_ptr_array_index(user->emails, i), email) != 0)
            continue;
        g_ptr_array_remove_index(user->emails, i);
        return true;
    }
    g_autofree char *shown = mp_escape(email);
    return mp_fail(error, MP_ERROR_INPUT, "%s is not an address of %s", shown, user->login);
}

static bool
for_each(MpUser *user, char **emails, bool (*apply)(MpUser *, const char *, GError **), GError **error)
{
    for (; emails != NULL && *emails != NULL; emails++)
        if (!apply(user, *emails, error))
            return false;
    return true;
}

static bool
set_state(MpUser *user, const char *state, GError **error)
{
    if (state == NULL)
        return true;
    user->is_active = strcmp(state, "active") == 0;
    return user->is_active || strcmp(state, "suspended") == 0 ||
           mp_fail(error, MP_ERROR_INPUT, "the state is none of: active, suspended");
}

static bool
set_text(char **field, const char *value, bool (*check)(const char *, GError **), GError **error)
{
    if (value == NULL)
        return true;
    if (!check(value, error))
        return false;
    g_free(*field);
    *field = g_strdup(value);
    return true;
}

static bool
apply_options(MpUser *user, const Options *o, GError **error)
{
    if (o->emails != NULL)
        g_ptr_array_set_size(user->emails, 0);
    if (!set_text(&user->login, o->login, check_login, error) ||
        !set_text(&user->name, o->name, check_name, error) || !set_state(user, o->state, error) ||
        !for_each(user, o->emails, add_email, error) || !for_each(user, o->add_emails, add_email, error) ||
        !for_each(user, o->remove_emails, remove_email, error))
        return false;
    return user->emails->len > 0 || mp_fail(error, MP_ERROR_INPUT, "%s would have no address", user->login);
}

static bool
write_user(MpSite *site, MpUser *user, const char *verb, GError **error)
{
    g_autofree char *what = g_strdup_printf("%s %s", verb, user->login);

    return mp_accounts_write(site->accounts, user, what, error);
}

/* --- Subcommands ---------------------------------------------------------------------------- */

static bool
run_add(MpSite *site, const char *login, const Options *o, GError **error)
{
    g_autoptr(MpUser) user = g_new0(MpUser, 1);

    user->login = g_strdup(login);
    user->emails = g_ptr_array_new_with_free_func(g_free);
    user->is_active = true;
    if (o->name == NULL || o->emails == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "--name and --email are needed");
    if (!check_login(login, error) || !apply_options(user, o, error) || !mp_site_lock(site, error) ||
        !write_user(site, user, "Add", error))
        return false;
    printf("%" G_GUINT64_FORMAT "\n", user->id);
    return true;
}

static bool
run_set(MpSite *site, const char *login, const Options *o, GError **error)
{
    if (!mp_site_lock(site, error))
        return false;
    g_autoptr(MpUser) user = mp_site_user(site, login, error);
    return user != NULL && apply_options(user, o, error) && write_user(site, user, "Change", error);
}

static bool
run_revoke(MpSite *site, const char *login, const Options *o, GError **error)
{
    (void)o;
    if (!mp_site_lock(site, error))
        return false;
    g_autoptr(MpUser) user = mp_site_user(site, login, error);
    if (user == NULL)
        return false;
    user->epoch++;
    if (!write_user(site, user, "Revoke the addresses of", error))
        return false;
    printf("every address made for %s until now is void\n", user->login);
    return true;
}

static void
print_user_json(const MpUser *user)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    mp_json_number(builder, "id", user->id);
    mp_json_string(builder, "login", user->login);
    mp_json_string(builder, "name", user->name);
    json_builder_set_member_name(builder, "emails");
    json_builder_begin_array(builder);
    for (guint i = 0; i < user->emails->len; i++)
        json_builder_add_string_value(builder, g_ptr_array_index(user->emails, i));
    json_builder_end_array(builder);
    mp_json_number(builder, "epoch", user->epoch);
    mp_json_string(builder, "state", user->is_active ? "active" : "suspended");
    json_builder_end_object(builder);
    mp_json_print(builder);
}

static bool
run_show(MpSite *site, const char *login, const Options *o, GError **error)
{
    g_autoptr(MpUser) user = mp_site_user(site, login, error);

    if (user == NULL)
        return false;
    if (o->json) {
        print_user_json(user);
        return true;
    }
    printf("id: %" G_GUINT64_FORMAT "\n", user->id);
    mp_print_field("login", user->login);
    mp_print_field("name", user->name);
    for (guint i = 0; i < user->emails->len; i++)
        mp_print_field("email", g_ptr_array_index(user->emails, i));
    printf("epoch: %" G_GUINT64_FORMAT "\nstate: %s\n", user->epoch, user->is_active ? "active" : "suspended");
    return true;
}

static bool
print_in_list(const MpUser *user, gpointer json)
{
    g_autofree char *name = mp_escape(user->name);
    g_autofree char *email = mp_escape(user->emails->len > 0 ? g_ptr_array_index(user->emails, 0) : NULL);

    if (*(gboolean *)json)
        print_user_json(user);
    else
        printf("%" G_GUINT64_FORMAT "\t%s\t%s\t%s\t%s\n", user->id, user->login, name, email,
               user->is_active ? "active" : "suspended");
    return true;
}

static bool
run_list(MpSite *site, const char *login, const Options *o, GError **error)
{
    gboolean json = o->json;

    (void)login;
    return mp_accounts_foreach_user(site->accounts, print_in_list, &json, error);
}

static const struct {
    const char *name, *usage;
    bool (*run)(MpSite *, const char *login, const Options *, GError **);
    bool takes_login;
} subcommands[] = {
    {"add", "LOGIN --name NAME --email ADDRESS [--email ADDRESS]…", run_add, true},
    {"list", "[--json]", run_list, false},
    {"show", "LOGIN [--json]", run_show, true},
    {"set", "LOGIN [--name N] [--email A]… [--add-email A]… [--remove-email A]… [--state active|suspended] [--login NEW]", run_set, true},
    {"revoke", "LOGIN", run_revoke, true},
};

static const char details[] =
    "  add LOGIN --name NAME --email ADDRESS…   add an account; prints its id\n"
    "  list [--json]                            all accounts\n"
    "  show LOGIN [--json]                      one account\n"
    "  set LOGIN …                              change what is given; --email replaces all addresses\n"
    "  revoke LOGIN                             void every reply address made for the account";

int
cmd_user(int argc, char **argv)
{
    g_auto(Options) o = {0};
    const GOptionEntry entries[] = {
        {"name", 0, 0, G_OPTION_ARG_STRING, &o.name, "the person's name", "NAME"},
        {"email", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.emails, "a verified address; notifications go to the first", "ADDRESS"},
        {"add-email", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.add_emails, "set: one address more", "ADDRESS"},
        {"remove-email", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.remove_emails, "set: one address less", "ADDRESS"},
        {"state", 0, 0, G_OPTION_ARG_STRING, &o.state, "set: active or suspended", "STATE"},
        {"login", 0, 0, G_OPTION_ARG_STRING, &o.login, "set: another login", "NEW"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &o.json, "list, show: print JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpSite) site = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "user", "add|list|show|set|revoke [LOGIN]", details, 1, 2, &argc, &argv);
    for (gsize i = 0; i < G_N_ELEMENTS(subcommands); i++) {
        if (strcmp(subcommands[i].name, argv[1]) != 0)
            continue;
        if (argc != (subcommands[i].takes_login ? 3 : 2))
            return mp_usage_error("usage: metroplex user %s %s", subcommands[i].name, subcommands[i].usage);
        if (!mp_site_open(&site, &options, &error) || !subcommands[i].run(&site, argv[2], &o, &error))
            return mp_report(error);
        return EX_OK;
    }
    return mp_usage_error("usage: metroplex user add|list|show|set|revoke");
}
