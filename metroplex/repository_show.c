/* metroplex repository list, metroplex repository show: policies, printed. */
#include "repository.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/escape.h"
#include "cli/json.h"
#include "commands.h"
#include "tracker/repositories.h"

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

/* What list and show both have; `address` is the one to write to, or NULL. */
static JsonObject *
json_of(const MpRepository *repository, const char *address)
{
    JsonObject *object = json_object_new();

    mp_json_text(object, "repository", repository->name);
    mp_json_text(object, "reply", mp_reply_policy_name(repository->reply));
    mp_json_text(object, "open", mp_open_policy_name(repository->open));
    mp_json_text(object, "short-address", repository->address);
    mp_json_text(object, "address", address);
    mp_json_text(object, "link", repository->link);
    mp_json_text(object, "pages", repository->has_no_pages ? "off" : "on");
    mp_json_text(object, "push-mail", mp_push_mail_name(repository->push_mail));
    mp_json_text(object, "push-refs", repository->push_refs);
    mp_json_number(object, "push-commits", repository->push_commits);
    mp_json_number(object, "push-diff", repository->push_diff);
    return object;
}

static void
print_json(const MpInstance *instance, const MpRepository *repository, const MpWatchView *view,
           const GPtrArray *watchers, const GPtrArray *members)
{
    g_autofree char *address = mp_repository_address(repository, instance->config->hostname);
    JsonObject *object = json_of(repository, address);

    mp_json_texts(object, "members", members);
    mp_json_texts(object, "watchers", watchers);
    repository_json_watch(object, instance, view);
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
print_pushes(const MpRepository *repository)
{
    printf("  pushes   %s", mp_push_mail_name(repository->push_mail));
    if (repository->push_mail != MP_PUSH_MAIL_OFF)
        printf(", of %s",
               repository->push_refs != NULL ? repository->push_refs : "all branches and tags");
    if (repository->push_mail == MP_PUSH_MAIL_COMMITS)
        printf(", up to %" G_GUINT64_FORMAT " commits, diffs up to %" G_GUINT64_FORMAT " octets",
               repository->push_commits, repository->push_diff);
    printf("\n");
}

static void
print_facts(const MpInstance *instance, const MpRepository *repository, const MpWatchView *view,
            const GPtrArray *watchers, const GPtrArray *members)
{
    static const char *const opens[] = {"off (nobody)", "members", "known (who has an account)",
                                        "anyone (once they confirmed it)"};
    static const char *const explained[] = {"on (everybody with an account)", "members",
                                            "off (nobody)"};
    g_autofree char *link = mp_escape(repository->link);
    g_autofree char *address = mp_repository_address(repository, instance->config->hostname);

    printf("%s\n  reply    %s\n", repository->name, explained[repository->reply]);
    printf("  open     %s\n", opens[repository->open]);
    printf("  address  %s\n", address != NULL ? address : "none that opens a thread");
    print_logins("members", members);
    print_logins("watchers", watchers);
    printf("  link     %s\n", repository->link != NULL ? link : "the installation's");
    printf("  pages    %s\n", repository->has_no_pages ? "off" : "on");
    print_pushes(repository);
    repository_print_watch(instance, repository, view);
}

int
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
                     "Shows a repository's policy; one that nobody has set has the defaults. "
                     "Example:\n"
                     "    metroplex repository show acme/rocket",
                     1, 1, &argc, &argv);
    if (!mp_instance_read(&instance, &options, false, &error) ||
        !repository_check_name(argv[1], &error))
        return mp_report(error);
    repository = mp_tracker_repository(instance.tracker, argv[1], &error);
    g_autoptr(GPtrArray) watchers =
        repository != NULL ? logins_of(&instance, repository->watchers, &error) : NULL;
    g_autoptr(GPtrArray) members =
        watchers != NULL ? logins_of(&instance, repository->members, &error) : NULL;
    g_auto(MpWatchView) view = {0};
    if (members == NULL || !mp_watch_view(&instance, repository, &view, &error))
        return mp_report(error);
    (json ? print_json : print_facts)(&instance, repository, &view, watchers, members);
    return EX_OK;
}

/* --- List ----------------------------------------------------------------------------------------
 */

typedef struct {
    const char *hostname;
    bool json;
} Listing;

static bool
print_one(const MpRepository *repository, gpointer user_data)
{
    const Listing *listing = user_data;
    g_autofree char *address = mp_repository_address(repository, listing->hostname);

    if (listing->json)
        mp_json_print(json_of(repository, address));
    else
        printf("%s  reply %s  open %s  %s\n", repository->name,
               mp_reply_policy_name(repository->reply), mp_open_policy_name(repository->open),
               address != NULL ? address : "-");
    return true;
}

int
repository_list(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        MP_OPTION_JSON(json),
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(
        &options, entries, "[--json]",
        "Lists the repositories whose policy somebody has set: name, who may answer, "
        "whose first\nmail opens a thread, and its address. Example: metroplex repository list",
        0, 0, &argc, &argv);
    if (!mp_instance_read(&instance, &options, false, &error))
        return mp_report(error);
    Listing listing = {instance.config->hostname, json};
    if (!mp_tracker_foreach_repository(instance.tracker, print_one, &listing, &error))
        return mp_report(error);
    return EX_OK;
}
