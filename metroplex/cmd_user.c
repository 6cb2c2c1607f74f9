/*
 * metroplex user: accounts. A change is one commit in accounts.git, made under the data directory's
 * lock; what an account's facts may be is user_checks.c's, how they are printed user_show.c's.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/domain.h"
#include "base/error.h"
#include "base/escape.h"
#include "commands.h"
#include "instance/instance.h"
#include "tracker/guests.h"
#include "user.h"
#include "user_checks.h"

/* --- Facts of an account, changed in memory ------------------------------------------------------
 */

/* The changes that a command line asks for; NULL where it asks for none. */
typedef struct {
    char *login, *name, *state, *language, *format, *deliver, *own_activity, *take_from;
    char **emails, **add, **remove, **unsuppress;
} Wishes;

static void
wishes_clear(Wishes *wishes)
{
    g_free(wishes->login);
    g_free(wishes->name);
    g_free(wishes->state);
    g_free(wishes->language);
    g_free(wishes->format);
    g_free(wishes->deliver);
    g_free(wishes->own_activity);
    g_free(wishes->take_from);
    g_strfreev(wishes->emails);
    g_strfreev(wishes->add);
    g_strfreev(wishes->remove);
    g_strfreev(wishes->unsuppress);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wishes, wishes_clear)

static bool
set_text(char **at, char *checked)
{
    if (checked == NULL)
        return false;
    g_free(*at);
    *at = checked;
    return true;
}

static bool
add_email(const MpConfig *config, MpUser *user, const char *email, GError **error)
{
    g_autofree char *checked = mp_checked_email(config, email, error);

    if (checked == NULL)
        return false;
    if (!mp_user_has_address(user, checked, config->address_case == MP_ADDRESS_CASE_SENSITIVE))
        g_ptr_array_add(user->emails, g_steal_pointer(&checked));
    return true;
}

static bool
add_emails(const MpConfig *config, MpUser *user, char **emails, GError **error)
{
    for (char **email = emails; email != NULL && *email != NULL; email++)
        if (!add_email(config, user, *email, error))
            return false;
    return true;
}

static bool
remove_emails(const MpConfig *config, MpUser *user, char **emails, GError **error)
{
    for (char **email = emails; email != NULL && *email != NULL; email++) {
        g_autofree char *checked = mp_checked_email(config, *email, error);
        bool case_matters = config->address_case == MP_ADDRESS_CASE_SENSITIVE;
        guint before = user->emails->len;

        if (checked == NULL)
            return false;
        for (guint i = user->emails->len; i-- > 0;)
            if (mp_same_address(g_ptr_array_index(user->emails, i), checked, case_matters))
                g_ptr_array_remove_index(user->emails, i);
        if (user->emails->len == before)
            return mp_fail(error, MP_ERROR_INPUT, "%s is not an address of %s", checked,
                           user->login);
    }
    return true;
}

/* An address that is no longer the account's is forgotten with its bounces. */
static void
prune_bounces(MpUser *user)
{
    for (guint i = user->bounces != NULL ? user->bounces->len : 0; i-- > 0;) {
        const MpBounces *bounces = g_ptr_array_index(user->bounces, i);

        if (!mp_user_has_address(user, bounces->address, true))
            g_ptr_array_remove_index(user->bounces, i);
    }
}

static bool
unsuppress(MpUser *user, char **addresses, GError **error)
{
    for (char **address = addresses; address != NULL && *address != NULL; address++) {
        g_autofree char *shown = mp_escape(*address);

        if (!mp_user_unsuppress(user, *address))
            return mp_fail(error, MP_ERROR_INPUT, "%s is not a suppressed address of %s", shown,
                           user->login);
    }
    return true;
}

/* "immediate", or "batch:30". */
static bool
set_delivery(MpUser *user, const char *deliver, GError **error)
{
    guint64 minutes = 0;

    if (strcmp(deliver, "immediate") != 0 &&
        (!g_str_has_prefix(deliver, "batch:") ||
         !g_ascii_string_to_unsigned(deliver + strlen("batch:"), 10, 1, MP_BATCH_MAX, &minutes,
                                     NULL))) {
        g_autofree char *shown = mp_escape_word(deliver);
        return mp_fail(error, MP_ERROR_INPUT,
                       "%s is neither immediate nor batch:MINUTES, of 1 to %d", shown,
                       MP_BATCH_MAX);
    }
    user->batch = (guint)minutes;
    return true;
}

/* A guest is who wrote from that address: neither it nor what tells it apart is for anybody to
 * change. */
static bool
check_guest(const MpUser *user, const Wishes *wishes, GError **error)
{
    if (!user->is_guest || (wishes->login == NULL && wishes->emails == NULL &&
                            wishes->add == NULL && wishes->remove == NULL))
        return true;
    return mp_fail(error, MP_ERROR_INPUT, "%s is a guest, whose login and address stay",
                   user->login);
}

static bool
set_name(MpUser *user, const char *name, GError **error)
{
    g_autofree char *checked = mp_checked_name(name, error);

    if (checked == NULL || !user->is_guest)
        return set_text(&user->name, g_steal_pointer(&checked));
    if (!mp_may_name_guest(checked)) {
        g_autofree char *shown = mp_escape_word(checked);
        return mp_fail(
            error, MP_ERROR_INPUT,
            "--name: %s is no name of a guest: it holds an address, a slash or no letter", shown);
    }
    return set_text(&user->name, mp_guest_name(checked, "", !mp_user_is_unconfirmed(user)));
}

static bool
set_emails(const MpConfig *config, MpUser *user, const Wishes *wishes, GError **error)
{
    if (user->is_guest)
        return true;
    if (wishes->emails != NULL)
        g_ptr_array_set_size(user->emails, 0);
    if (!add_emails(config, user, wishes->emails, error) ||
        !add_emails(config, user, wishes->add, error) ||
        !remove_emails(config, user, wishes->remove, error))
        return false;
    prune_bounces(user);
    return user->emails->len > 0 ||
           mp_fail(error, MP_ERROR_INPUT, "%s would be left without an address", user->login);
}

/* Whoever an administrator says something about is no loop any more. */
static void
set_state(MpUser *user, bool is_active)
{
    user->is_active = is_active;
    user->is_loop = user->is_loop && !is_active;
    if (is_active)
        g_clear_pointer(&user->hasty, g_ptr_array_unref);
}

static bool
grant(const MpConfig *config, MpUser *user, const Wishes *wishes, GError **error)
{
    if (!check_guest(user, wishes, error) ||
        (wishes->login != NULL &&
         !set_text(&user->login, mp_checked_login(wishes->login, error))) ||
        (wishes->name != NULL && !set_name(user, wishes->name, error)) ||
        !unsuppress(user, wishes->unsuppress, error))
        return false;
    if (wishes->state != NULL && user->account != 0)
        return mp_fail(error, MP_ERROR_INPUT, "the address of %s is another account's now",
                       user->login);
    if (wishes->state != NULL)
        set_state(user, strcmp(wishes->state, "active") == 0);
    if (wishes->language != NULL)
        set_text(&user->language, g_strdup(wishes->language));
    if (wishes->format != NULL)
        mp_mail_format_parse(wishes->format, &user->format);
    if (wishes->own_activity != NULL)
        user->hears_own = strcmp(wishes->own_activity, "on") == 0;
    if (wishes->deliver != NULL && !set_delivery(user, wishes->deliver, error))
        return false;
    return set_emails(config, user, wishes, error);
}

static bool
is_same(const MpUser *a, const MpUser *b)
{
    bool same =
        strcmp(a->login, b->login) == 0 && strcmp(a->name, b->name) == 0 &&
        a->is_active == b->is_active && a->epoch == b->epoch && a->emails->len == b->emails->len &&
        g_strcmp0(a->language, b->language) == 0 && a->format == b->format &&
        a->batch == b->batch && a->hears_own == b->hears_own &&
        (a->bounces != NULL ? a->bounces->len : 0) == (b->bounces != NULL ? b->bounces->len : 0);

    for (guint i = 0; same && i < a->emails->len; i++)
        same = strcmp(g_ptr_array_index(a->emails, i), g_ptr_array_index(b->emails, i)) == 0;
    return same;
}

/* Writes it, with the address that it takes from a guest, if it does. */
static bool
write_user(MpInstance *instance, MpUser *user, const Wishes *wishes, const char *what,
           GError **error)
{
    g_autoptr(MpUser) guest = NULL;

    if (wishes->take_from == NULL)
        return mp_accounts_write(instance->accounts, user, what, error);
    guest = mp_instance_user(instance, wishes->take_from, error);
    return guest != NULL && mp_accounts_take_over(instance->accounts, user, guest->id, what, error);
}

/* --- Add, set, revoke ------------------------------------------------------------------------ */

#define OPTION_TAKE_FROM(wishes)                                                                   \
    {                                                                                              \
        "take-from", 0, 0, G_OPTION_ARG_FILENAME, &(wishes).take_from,                             \
            "whose address it becomes that is given: a guest's, which then has none", "GUEST"      \
    }

static int
user_add(int argc, char **argv)
{
    g_auto(Wishes) wishes = {0};
    const GOptionEntry entries[] = {
        {"name", 0, 0, G_OPTION_ARG_FILENAME, &wishes.name, "the person's name", "NAME"},
        {"email", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes.emails,
         "an address of theirs; the first gets the notifications", "ADDRESS"},
        OPTION_TAKE_FROM(wishes),
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(MpUser) user = g_new0(MpUser, 1);

    mp_options_parse(&options, entries,
                     "LOGIN --name NAME --email ADDRESS [--email …] [--take-from GUEST]",
                     "Adds an account and prints its id.", 1, 1, &argc, &argv);
    if (wishes.name == NULL || wishes.emails == NULL)
        return mp_usage_error(argv[0], "--name and --email are needed");
    wishes.login = g_strdup(argv[1]);
    user->emails = g_ptr_array_new_with_free_func(g_free);
    user->is_active = true;
    if (!mp_instance_open(&instance, &options, &error) ||
        !grant(instance.config, user, &wishes, &error))
        return mp_report(error);
    g_autofree char *what = g_strdup_printf("Add %s", user->login);
    if (!mp_instance_lock(&instance, &error) || !write_user(&instance, user, &wishes, what, &error))
        return mp_report(error);
    printf("%" G_GUINT64_FORMAT "\n", user->id);
    return EX_OK;
}

static bool
set_user(MpInstance *instance, const char *login, const Wishes *wishes, GError **error)
{
    g_autoptr(MpUser) before = NULL, user = NULL;

    if (!mp_instance_lock(instance, error))
        return false;
    before = mp_instance_user(instance, login, error);
    user = before != NULL ? mp_instance_user(instance, login, error) : NULL;
    if (user == NULL || !grant(instance->config, user, wishes, error))
        return false;
    if (is_same(before, user)) {
        if (!mp_accounts_sync(instance->accounts, error)) /* a command that died may have done it */
            return false;
        printf("%s: nothing to change\n", user->login);
        return true;
    }
    g_autofree char *what = g_strdup_printf("Change %s", before->login);
    if (!write_user(instance, user, wishes, what, error))
        return false;
    printf("%s: changed\n", user->login);
    return true;
}

/* What makes them no wishes, or NULL. */
static const char *
wishes_fault(const Wishes *wishes)
{
    static const Wishes nothing;

    if (memcmp(wishes, &nothing, sizeof nothing) == 0)
        return "nothing to set";
    return wishes->take_from != NULL && wishes->emails == NULL && wishes->add == NULL
               ? "--take-from needs --email or --add-email"
               : NULL;
}

static int
user_set(int argc, char **argv)
{
    g_auto(Wishes) wishes = {0};
    const GOptionEntry entries[] = {
        {"name", 0, 0, G_OPTION_ARG_FILENAME, &wishes.name, "the person's name", "NAME"},
        {"email", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes.emails,
         "replace all addresses; repeat for several", "ADDRESS"},
        {"add-email", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes.add, "one address more",
         "ADDRESS"},
        OPTION_TAKE_FROM(wishes),
        {"remove-email", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes.remove, "one address less",
         "ADDRESS"},
        {"state", 0, 0, G_OPTION_ARG_FILENAME, &wishes.state,
         "suspended: gets nothing, may say nothing", "active|suspended"},
        {"login", 0, 0, G_OPTION_ARG_FILENAME, &wishes.login, "rename the account", "NEW"},
        {"language", 0, 0, G_OPTION_ARG_FILENAME, &wishes.language, "of the mail that they get",
         mp_language_choices()},
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &wishes.format,
         "of that mail: text alone, or HTML beside it", "text|both"},
        {"own-activity", 0, 0, G_OPTION_ARG_FILENAME, &wishes.own_activity,
         "whether they are told of what they did themselves", "on|off"},
        {"deliver", 0, 0, G_OPTION_ARG_FILENAME, &wishes.deliver,
         "each by itself, or those of a thread within MINUTES in one mail, as batch:30",
         "immediate|batch:MINUTES"},
        {"unsuppress", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes.unsuppress,
         "send to an address again that bounces had suppressed", "ADDRESS"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *usage = g_strdup_printf(
        "LOGIN [--name NAME] [--email ADDRESS …] [--add-email ADDRESS …]\n"
        "    [--take-from GUEST] [--remove-email ADDRESS …] [--state active|suspended]\n"
        "    [--login NEW] [--language %s] [--format text|both] \n"
        "    [--deliver immediate|batch:MINUTES] [--own-activity on|off] [--unsuppress ADDRESS …]",
        mp_language_choices());
    mp_options_parse(&options, entries, usage,
                     "Changes an account; what is not named stays. Example:\n"
                     "    metroplex user set kate --language fr --own-activity on",
                     1, 1, &argc, &argv);
    const char *fault = wishes_fault(&wishes);
    if (fault != NULL)
        return mp_usage_error(argv[0], "%s", fault);
    return mp_instance_open(&instance, &options, &error) &&
                   set_user(&instance, argv[1], &wishes, &error)
               ? EX_OK
               : mp_report(error);
}

static bool
raise_epoch(MpInstance *instance, const char *login, GError **error)
{
    g_autoptr(MpUser) user = NULL;

    if (!mp_instance_lock(instance, error))
        return false;
    user = mp_instance_user(instance, login, error);
    if (user == NULL || !mp_user_revoke(user, error))
        return false;
    g_autofree char *what = g_strdup_printf("Revoke the addresses of %s", user->login);
    if (!mp_accounts_write(instance->accounts, user, what, error))
        return false;
    printf("%s: every address made so far is void; new notifications carry new ones\n",
           user->login);
    return true;
}

static int
user_revoke(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, NULL, "LOGIN",
                     "Voids every reply, unsubscribe and bounce address the account was ever sent.",
                     1, 1, &argc, &argv);
    if (!mp_instance_open(&instance, &options, &error) || !raise_epoch(&instance, argv[1], &error))
        return mp_report(error);
    return EX_OK;
}

static const MpCommand subcommands[] = {
    {"add", user_add, "add an account"},
    {"list", user_list, "list all accounts"},
    {"remove", user_remove, "remove an account; what it wrote stays"},
    {"revoke", user_revoke, "void all signed addresses of an account"},
    {"set", user_set, "change an account"},
    {"show", user_show, "show an account"},
    {"watch", user_watch, "say what an account hears of a repository"},
};

int
cmd_user(int argc, char **argv)
{
    return mp_subcommand_run(subcommands, G_N_ELEMENTS(subcommands), argc, argv);
}
