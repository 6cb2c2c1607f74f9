/* metroplex repository: who may reply, who watches, where links lead. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "cli/output.h"
#include "commands.h"
#include "instance/transaction.h"

static bool
check_name(const char *name, GError **error)
{
    g_autofree char *shown = mp_escape_word(name);

    return mp_is_repository_name(name) ||
           mp_fail(error, MP_ERROR_INPUT,
                   "%s is not a repository: its name has the form owner/name", shown);
}

/* --- Show ----------------------------------------------------------------------------------------
 */

/* The logins of ids; an account that is gone is shown by its number. */
static GPtrArray *
logins_of(MpInstance *instance, const GArray *ids, GError **error)
{
    g_autoptr(GPtrArray) logins = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < ids->len; i++) {
        guint64 id = g_array_index(ids, guint64, i);
        g_autoptr(MpUser) user = NULL;

        if (!mp_accounts_user(instance->accounts, id, &user, error))
            return NULL;
        g_ptr_array_add(logins, user != NULL ? g_strdup(user->login)
                                             : g_strdup_printf("#%" G_GUINT64_FORMAT, id));
    }
    return g_steal_pointer(&logins);
}

static void
print_json(const MpRepository *repository, const GPtrArray *watchers, const GPtrArray *members)
{
    JsonObject *object = json_object_new();

    mp_json_text(object, "repository", repository->name);
    mp_json_text(object, "reply", mp_reply_policy_name(repository->reply));
    mp_json_texts(object, "members", members);
    mp_json_texts(object, "watchers", watchers);
    mp_json_text(object, "link", repository->link);
    mp_json_text(object, "pages", repository->has_no_pages ? "off" : "on");
    mp_json_print(object);
}

static void
print_logins(const char *title, const GPtrArray *logins)
{
    printf("  %-9s", title);
    for (guint i = 0; i < logins->len; i++)
        printf("%s%s", i > 0 ? ", " : "", (const char *)g_ptr_array_index(logins, i));
    printf("%s\n", logins->len == 0 ? "nobody" : "");
}

static void
print_facts(const MpRepository *repository, const GPtrArray *watchers, const GPtrArray *members)
{
    static const char *const explained[] = {"on (everybody with an account)", "members",
                                            "off (nobody)"};
    g_autofree char *link = mp_escape(repository->link);

    printf("%s\n  reply    %s\n", repository->name, explained[repository->reply]);
    print_logins("members", members);
    print_logins("watchers", watchers);
    printf("  link     %s\n", repository->link != NULL ? link : "the installation's");
    printf("  pages    %s\n", repository->has_no_pages ? "off" : "on");
}

static int
repository_show(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        MP_OPTION_JSON(json),
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(MpRepository) repository = NULL;

    mp_options_parse(&options, entries, "[--json] OWNER/NAME",
                     "Shows a repository's policy; one that nobody has set has the defaults.", 1, 1,
                     &argc, &argv);
    if (!mp_instance_read(&instance, &options, false, &error) || !check_name(argv[1], &error))
        return mp_report(error);
    repository = mp_tracker_repository(instance.tracker, argv[1], &error);
    g_autoptr(GPtrArray) watchers =
        repository != NULL ? logins_of(&instance, repository->watchers, &error) : NULL;
    g_autoptr(GPtrArray) members =
        watchers != NULL ? logins_of(&instance, repository->members, &error) : NULL;
    if (members == NULL)
        return mp_report(error);
    (json ? print_json : print_facts)(repository, watchers, members);
    return EX_OK;
}

/* --- Set
 * ------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    char *reply, *link, *pages;
    char **watch, **unwatch, **member, **no_member;
    bool has_changed;
} Wishes;

static void
wishes_clear(Wishes *wishes)
{
    g_free(wishes->reply);
    g_free(wishes->link);
    g_free(wishes->pages);
    g_strfreev(wishes->watch);
    g_strfreev(wishes->unwatch);
    g_strfreev(wishes->member);
    g_strfreev(wishes->no_member);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wishes, wishes_clear)

static guint
find_id(const GArray *ids, guint64 id)
{
    guint i = 0;

    while (i < ids->len && g_array_index(ids, guint64, i) != id)
        i++;
    return i;
}

/* Puts the accounts into the set, or takes them out of it. */
static bool
set_ids(MpInstance *instance, GArray *ids, char **logins, bool is_in, bool *changed, GError **error)
{
    for (char **login = logins; login != NULL && *login != NULL; login++) {
        g_autoptr(MpUser) user = mp_instance_user(instance, *login, error);

        if (user == NULL)
            return false;
        guint at = find_id(ids, user->id);
        if ((at < ids->len) == is_in)
            continue;
        if (is_in)
            g_array_append_val(ids, user->id);
        else
            g_array_remove_index(ids, at);
        *changed = true;
    }
    return true;
}

static void
set_reply(MpRepository *repository, const char *reply, bool *changed)
{
    MpReplyPolicy before = repository->reply;

    if (reply != NULL)
        mp_reply_policy_parse(reply, &repository->reply);
    *changed |= repository->reply != before;
}

static void
set_pages(MpRepository *repository, const char *pages, bool *changed)
{
    bool before = repository->has_no_pages;

    if (pages != NULL)
        repository->has_no_pages = strcmp(pages, "off") == 0;
    *changed |= repository->has_no_pages != before;
}

static bool
set_link(MpRepository *repository, const char *link, bool *changed, GError **error)
{
    const char *wanted = link != NULL && *link == '\0' ? NULL : link;
    const char *fault = wanted != NULL ? mp_link_fault(wanted) : NULL;
    g_autofree char *shown = mp_escape_word(link);

    if (link == NULL || g_strcmp0(wanted, repository->link) == 0)
        return true;
    if (fault != NULL)
        return mp_fail(error, MP_ERROR_INPUT, "--link: %s %s", shown, fault);
    g_free(repository->link);
    repository->link = g_strdup(wanted);
    *changed = true;
    return true;
}

static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Wishes *wishes = user_data;
    MpActor actor = mp_program_actor();
    g_autoptr(MpRepository) repository =
        mp_tracker_repository(instance->tracker, wishes->name, error);
    bool changed = false;

    (void)events;
    if (repository == NULL)
        return false;
    set_reply(repository, wishes->reply, &changed);
    set_pages(repository, wishes->pages, &changed);
    if (!set_link(repository, wishes->link, &changed, error) ||
        !set_ids(instance, repository->watchers, wishes->watch, true, &changed, error) ||
        !set_ids(instance, repository->watchers, wishes->unwatch, false, &changed, error) ||
        !set_ids(instance, repository->members, wishes->member, true, &changed, error) ||
        !set_ids(instance, repository->members, wishes->no_member, false, &changed, error))
        return false;
    wishes->has_changed = changed;
    g_autofree char *what = g_strdup_printf("%s: policy", repository->name);
    return !changed || mp_batch_set_repository(batch, repository, what, &actor, error);
}

static int
repository_set(int argc, char **argv)
{
    g_auto(Wishes) wishes = {0};
    const GOptionEntry entries[] = {
        {"reply", 0, 0, G_OPTION_ARG_FILENAME, &wishes.reply,
         "who may answer by mail; on: everybody", "on|members|off"},
        {"watch", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes.watch, "LOGIN is told of everything",
         "LOGIN"},
        {"unwatch", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes.unwatch, "no more", "LOGIN"},
        {"member", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes.member,
         "LOGIN is a member: answers locked threads too", "LOGIN"},
        {"no-member", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes.no_member, "no more", "LOGIN"},
        {"link", 0, 0, G_OPTION_ARG_FILENAME, &wishes.link,
         "where links lead ('': the installation's url)", "TEMPLATE"},
        {"pages", 0, 0, G_OPTION_ARG_FILENAME, &wishes.pages,
         "whether metroplex pages shows it; off: what it made is removed", "on|off"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(
        &options, entries,
        "OWNER/NAME [--reply on|members|off] [--watch LOGIN …] [--unwatch LOGIN …]\n"
        "    [--member LOGIN …] [--no-member LOGIN …] [--link TEMPLATE] [--pages on|off]",
        "Sets a repository's policy; what is not named stays.", 1, 1, &argc, &argv);
    if (wishes.reply == NULL && wishes.link == NULL && wishes.pages == NULL &&
        wishes.watch == NULL && wishes.unwatch == NULL && wishes.member == NULL &&
        wishes.no_member == NULL)
        return mp_usage_error(argv[0], "nothing to set");
    wishes.name = argv[1];
    if (!mp_instance_open(&instance, &options, &error) || !check_name(wishes.name, &error) ||
        !mp_instance_lock(&instance, &error) || !mp_transaction_recover(&instance, &error) ||
        !mp_transaction_run(&instance, build, &wishes, &error))
        return mp_report(error);
    printf("%s: %s\n", wishes.name, wishes.has_changed ? "changed" : "nothing to change");
    return EX_OK;
}

static const MpCommand subcommands[] = {
    {"set", repository_set, "set who may reply, who watches, where links lead"},
    {"show", repository_show, "show a repository's policy"},
};

int
cmd_repository(int argc, char **argv)
{
    return mp_subcommand_run(subcommands, G_N_ELEMENTS(subcommands), argc, argv);
}
