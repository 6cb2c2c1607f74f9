/* metroplex user list, metroplex user show: accounts, printed. */
#include "user.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/escape.h"
#include "cli/json.h"
#include "instance/instance.h"

/* The bounces, one object an address. */
static void
add_bounces_json(JsonObject *object, const MpUser *user)
{
    JsonArray *array = mp_json_array(object, "bounces");

    for (guint i = 0; user->bounces != NULL && i < user->bounces->len; i++) {
        const MpBounces *bounces = g_ptr_array_index(user->bounces, i);
        JsonObject *entry = json_object_new();

        mp_json_text(entry, "address", bounces->address);
        mp_json_flag(entry, "suppressed", bounces->is_suppressed);
        mp_json_number(entry, "hard", bounces->hard->len);
        mp_json_number(entry, "soft", bounces->soft->len);
        json_array_add_object_element(array, entry);
    }
}

static void
print_bounces(const MpUser *user)
{
    for (guint i = 0; user->bounces != NULL && i < user->bounces->len; i++) {
        const MpBounces *bounces = g_ptr_array_index(user->bounces, i);
        g_autofree char *address = mp_escape(bounces->address);

        printf("  bounced %s: %u hard, %u soft%s\n", address, bounces->hard->len,
               bounces->soft->len,
               bounces->is_suppressed ? "; suppressed, nothing is sent there" : "");
    }
}

/* As it is set: "immediate", "batch:30". The caller's. */
static char *
delivery_of(const MpUser *user)
{
    return user->batch > 0 ? g_strdup_printf("batch:%u", user->batch) : g_strdup("immediate");
}

static void
print_json(const MpUser *user)
{
    JsonObject *object = json_object_new();
    g_autofree char *deliver = delivery_of(user);

    mp_json_number(object, "id", user->id);
    mp_json_text(object, "login", user->login);
    mp_json_text(object, "name", user->name);
    mp_json_texts(object, "emails", user->emails);
    mp_json_text(object, "state", mp_user_state(user));
    if (user->is_loop)
        mp_json_text(object, "reason", "loop");
    if (user->account != 0)
        mp_json_number(object, "account", user->account);
    mp_json_number(object, "epoch", user->epoch);
    mp_json_text(object, "language", user->language);
    mp_json_text(object, "format", mp_mail_format_name(user->format));
    mp_json_text(object, "deliver", deliver);
    mp_json_flag(object, "own_activity", user->hears_own);
    mp_json_texts(object, "ignored", user->ignored);
    add_bounces_json(object, user);
    mp_json_print(object);
}

static void
print_facts(const MpUser *user)
{
    g_autofree char *name = mp_escape(user->name);

    printf("%s (%s)\n  id      %" G_GUINT64_FORMAT "\n  state   %s\n  epoch   %" G_GUINT64_FORMAT
           "\n",
           user->login, name, user->id, mp_user_state(user), user->epoch);
    if (user->is_loop)
        printf("  reason  loop: it answered everything at once\n");
    if (user->account != 0)
        printf("  address account %" G_GUINT64_FORMAT " has it now\n", user->account);
    for (guint i = 0; i < user->emails->len; i++) {
        g_autofree char *email = mp_escape(g_ptr_array_index(user->emails, i));

        printf("  %s  %s%s\n", i == 0 ? "email " : "      ", email,
               mp_user_is_suppressed(user, g_ptr_array_index(user->emails, i)) ? " (suppressed)"
               : i == 0 ? " (notifications go here)"
                        : "");
    }
    if (user->language != NULL)
        printf("  language %s\n", user->language);
    if (user->format != MP_MAIL_BOTH)
        printf("  format  %s\n", mp_mail_format_name(user->format));
    if (user->batch > 0)
        printf("  deliver batch:%u\n", user->batch);
    if (user->hears_own)
        printf("  own activity is told\n");
    for (guint i = 0; user->ignored != NULL && i < user->ignored->len; i++)
        printf("  ignores %s\n", (const char *)user->ignored->pdata[i]);
    print_bounces(user);
}

static void
print_line(const MpUser *user)
{
    g_autofree char *name = mp_escape(user->name);
    g_autofree char *email =
        mp_escape(user->emails->len > 0 ? g_ptr_array_index(user->emails, 0) : NULL);

    printf("%-6" G_GUINT64_FORMAT " %-20s %-11s %-30s %s\n", user->id, user->login,
           mp_user_state(user), email, name);
}

typedef void (*PrintUser)(const MpUser *user);

static bool
visit(const MpUser *user, gpointer user_data)
{
    PrintUser *print = user_data;

    (*print)(user);
    return true;
}

int
user_list(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        MP_OPTION_JSON(json),
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "[--json]",
                     "Lists the accounts: id, login, state, address, name.", 0, 0, &argc, &argv);
    PrintUser print = json ? print_json : print_line;
    if (!mp_instance_read(&instance, &options, false, &error) ||
        !mp_accounts_foreach_user(instance.accounts, visit, &print, &error))
        return mp_report(error);
    return EX_OK;
}

int
user_show(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        MP_OPTION_JSON(json),
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(MpUser) user = NULL;

    mp_options_parse(&options, entries, "[--json] LOGIN", "Shows one account.", 1, 1, &argc, &argv);
    if (!mp_instance_read(&instance, &options, false, &error))
        return mp_report(error);
    user = mp_instance_user(&instance, argv[1], &error);
    if (user == NULL)
        return mp_report(error);
    (json ? print_json : print_facts)(user);
    return EX_OK;
}
