/* metroplex repository: who may answer by mail, and who watches. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "commands.h"
#include "output.h"
#include "site.h"
#include "transaction.h"

typedef struct {
    char *reply, *link;
    char **watch, **unwatch, **member, **no_member;
    gboolean json;
} Options;

static void
options_clear(Options *o)
{
    g_free(o->reply);
    g_free(o->link);
    g_strfreev(o->watch);
    g_strfreev(o->unwatch);
    g_strfreev(o->member);
    g_strfreev(o->no_member);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

/* Adds or removes each login's id. */
static bool
change_ids(MpSite *site, GArray *ids, char **logins, bool add, GError **error)
{
    for (; logins != NULL && *logins != NULL; logins++) {
        g_autoptr(MpUser) user = mp_site_user(site, *logins, error);
        guint at = 0;

        if (user == NULL)
            return false;
        while (at < ids->len && g_array_index(ids, guint64, at) != user->id)
            at++;
        if (add && at == ids->len)
            g_array_append_val(ids, user->id);
        else if (!add && at < ids->len)
            g_array_remove_index(ids, at);
    }
    return true;
}

typedef struct {
    const char *name;
    const Options *options;
} Setting;

static bool
apply(MpSite *site, MpRepository *repository, const Options *o, GError **error)
{
    if (o->reply != NULL && !mp_reply_policy_parse(o->reply, &repository->reply))
        return mp_fail(error, MP_ERROR_INPUT, "--reply is none of: on, members, off");
    if (o->link != NULL) {
        g_free(repository->link);
        repository->link = *o->link != '\0' ? mp_one_line(o->link) : NULL;
    }
    return change_ids(site, repository->watchers, o->watch, true, error) &&
           change_ids(site, repository->watchers, o->unwatch, false, error) &&
           change_ids(site, repository->members, o->member, true, error) &&
           change_ids(site, repository->members, o->no_member, false, error);
}

static bool
build(MpSite *site, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    const Setting *setting = user_data;
    MpActor actor = mp_transaction_actor(&(MpUser){.login = (char *)"metroplex", .name = (char *)"Metroplex"});
    g_autoptr(MpRepository) repository = mp_tracker_repository(site->tracker, setting->name, error);
    g_autofree char *what = g_strdup_printf("%s: policy", setting->name);

    (void)events;
    return repository != NULL && apply(site, repository, setting->options, error) &&
           mp_batch_set_repository(batch, repository, what, &actor, error);
}

static bool
run_set(MpSite *site, const char *name, const Options *o, GError **error)
{
    Setting setting = {name, o};

    return mp_site_lock(site, error) && mp_transaction_run(site, build, &setting, error);
}

/* The login of an id; the id itself where the account is gone. */
static char *
login_of(MpSite *site, guint64 id)
{
    g_autoptr(MpUser) user = mp_accounts_user(site->accounts, id, NULL);

    return user != NULL ? g_strdup(user->login) : g_strdup_printf("%" G_GUINT64_FORMAT, id);
}

static void
add_logins(MpSite *site, JsonBuilder *builder, const char *name, const GArray *ids)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (guint i = 0; i < ids->len; i++) {
        g_autofree char *login = login_of(site, g_array_index(ids, guint64, i));
        json_builder_add_string_value(builder, login);
    }
    json_builder_end_array(builder);
}

static void
print_json(MpSite *site, const MpRepository *repository)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    mp_json_string(builder, "name", repository->name);
    mp_json_string(builder, "reply", mp_reply_policy_name(repository->reply));
    add_logins(site, builder, "watchers", repository->watchers);
    add_logins(site, builder, "members", repository->members);
    mp_json_string(builder, "link", repository->link);
    json_builder_end_object(builder);
    mp_json_print(builder);
}

static void
print_logins(MpSite *site, const char *label, const GArray *ids)
{
    for (guint i = 0; i < ids->len; i++) {
        g_autofree char *login = login_of(site, g_array_index(ids, guint64, i));
        mp_print_field(label, login);
    }
}

static bool
run_show(MpSite *site, const char *name, const Options *o, GError **error)
{
    g_autoptr(MpRepository) repository = mp_tracker_repository(site->tracker, name, error);

    if (repository == NULL)
        return false;
    if (o->json) {
        print_json(site, repository);
        return true;
    }
    mp_print_field("name", repository->name);
    mp_print_field("reply", mp_reply_policy_name(repository->reply));
    print_logins(site, "watcher", repository->watchers);
    print_logins(site, "member", repository->members);
    mp_print_field("link", repository->link);
    return true;
}

static const char details[] =
    "  set OWNER/NAME …          change what is given\n"
    "  show OWNER/NAME [--json]  the policy as it is";

int
cmd_repository(int argc, char **argv)
{
    g_auto(Options) o = {0};
    const GOptionEntry entries[] = {
        {"reply", 0, 0, G_OPTION_ARG_STRING, &o.reply, "who may answer by mail: on (everybody with an address), members, off", "POLICY"},
        {"watch", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.watch, "LOGIN hears of everything", "LOGIN"},
        {"unwatch", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.unwatch, "no more", "LOGIN"},
        {"member", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.member, "LOGIN is a member: may answer with reply = members, and locked threads", "LOGIN"},
        {"no-member", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.no_member, "no more", "LOGIN"},
        {"link", 0, 0, G_OPTION_ARG_STRING, &o.link, "links, with {repository} {kind} {number} {comment}; empty for the instance's", "TEMPLATE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &o.json, "show: print JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpSite) site = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "repository", "set|show OWNER/NAME", details, 2, 2, &argc, &argv);
    bool is_set = strcmp(argv[1], "set") == 0;
    if (!is_set && strcmp(argv[1], "show") != 0)
        return mp_usage_error("usage: metroplex repository set|show OWNER/NAME");
    if (!mp_site_open(&site, &options, &error) || !(is_set ? run_set : run_show)(&site, argv[2], &o, &error))
        return mp_report(error);
    return EX_OK;
}
