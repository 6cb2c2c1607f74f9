/* metroplex repository: who may reply, who opens threads by mail, who watches, where links lead. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "address/opening.h"
#include "base/error.h"
#include "base/escape.h"
#include "commands.h"
#include "instance/transaction.h"
#include "repository.h"
#include "thread.h"
#include "tracker/push.h"
#include "tracker/repositories.h"
#include "watch/watch.h"

bool
repository_check_name(const char *name, GError **error)
{
    g_autofree char *shown = mp_escape_word(name);

    return mp_is_repository_name(name) ||
           mp_fail(error, MP_ERROR_INPUT,
                   "%s is not a repository: its name has the form owner/name", shown);
}

/* --- Set
 * ------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    char *reply, *link, *pages, *address, *open;
    char *push_mail, *push_refs, *push_commits, *push_diff;
    char **watch, **unwatch, **member, **no_member;
    bool has_changed, has_opened;
} Wishes;

static void
wishes_clear(Wishes *wishes)
{
    g_free(wishes->reply);
    g_free(wishes->link);
    g_free(wishes->pages);
    g_free(wishes->address);
    g_free(wishes->open);
    g_free(wishes->push_mail);
    g_free(wishes->push_refs);
    g_free(wishes->push_commits);
    g_free(wishes->push_diff);
    g_strfreev(wishes->watch);
    g_strfreev(wishes->unwatch);
    g_strfreev(wishes->member);
    g_strfreev(wishes->no_member);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wishes, wishes_clear)

/* Puts the accounts into the set, or takes them out of it. */
static bool
set_ids(MpInstance *instance, GArray *ids, char **logins, bool is_in, bool *changed, GError **error)
{
    for (char **login = logins; login != NULL && *login != NULL; login++) {
        g_autoptr(MpUser) user =
            (is_in ? thread_account : mp_instance_user)(instance, *login, error);

        if (user == NULL)
            return false;
        *changed |= mp_set_id(ids, user->id, is_in);
    }
    return true;
}

/* Who is to be in a set and out of it is a slip of who wrote it. */
static bool
check_both(const char *option, char **in, const char *other, char **out, GError **error)
{
    for (char **login = in; login != NULL && *login != NULL; login++)
        for (char **also = out; also != NULL && *also != NULL; also++)
            if (g_ascii_strcasecmp(*login, *also) == 0) {
                g_autofree char *shown = mp_escape_word(*login);

                return mp_fail(error, MP_ERROR_INPUT, "%s and %s exclude each other: %s", option,
                               other, shown);
            }
    return true;
}

static bool
check_wishes(const Wishes *wishes, GError **error)
{
    return repository_check_name(wishes->name, error) &&
           check_both("--watch", wishes->watch, "--unwatch", wishes->unwatch, error) &&
           check_both("--member", wishes->member, "--no-member", wishes->no_member, error);
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
set_address(MpRepository *repository, const char *address, bool *changed, GError **error)
{
    const char *wanted = address != NULL && *address == '\0' ? NULL : address;
    const char *fault = wanted != NULL ? mp_opening_fault(wanted) : NULL;
    g_autofree char *shown = mp_escape_word(address);

    if (address == NULL || g_strcmp0(wanted, repository->address) == 0)
        return true;
    if (fault != NULL)
        return mp_fail(error, MP_ERROR_INPUT, "--address: %s %s", shown, fault);
    g_free(repository->address);
    repository->address = g_strdup(wanted);
    *changed = true;
    return true;
}

/* Nobody's word is taken for who wrote a mail that nothing signed and nobody checked. */
static bool
set_open(const MpConfig *config, MpRepository *repository, const char *open, bool *changed,
         GError **error)
{
    MpOpenPolicy before = repository->open;

    if (open == NULL)
        return true;
    mp_open_policy_parse(open, &repository->open);
    if (repository->open != MP_OPEN_OFF && config->authserv_id[0] == '\0')
        return mp_fail(error, MP_ERROR_INPUT,
                       "--open %s: no server is trusted to say who wrote a mail; set [address] "
                       "authserv-id in %s and have Postfix verify: metroplex configure --verify "
                       "opendkim --apply",
                       open, config->file);
    *changed |= repository->open != before;
    return true;
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

/* What to write instead of the pattern, for who left out how a branch's name begins, or a star; the
 * caller's. */
static char *
correct_pattern(const char *stray)
{
    const char *name = stray + strspn(stray, "/");
    bool is_full = g_str_has_prefix(name, "refs/");
    bool is_half = g_str_has_prefix(name, "heads/") || g_str_has_prefix(name, "tags/");
    g_autofree char *branch = g_strconcat(is_full   ? ""
                                          : is_half ? "refs/"
                                                    : "refs/heads/",
                                          name, NULL);
    g_autofree char *tag = is_full || is_half ? NULL : g_strconcat("refs/tags/", name, NULL);
    g_autofree char *all = g_strconcat(branch, g_str_has_suffix(branch, "/") ? "*" : "/*", NULL);

    if (mp_is_ref_pattern(branch))
        return tag != NULL ? g_strconcat(branch, " or ", tag, NULL) : g_steal_pointer(&branch);
    return mp_is_ref_pattern(all) ? g_steal_pointer(&all) : NULL;
}

static bool
check_push_refs(const char *refs, GError **error)
{
    g_autofree char *shown = mp_escape_word(refs), *stray = mp_find_stray_pattern(refs);

    if (!mp_is_ref_patterns(refs))
        return mp_fail(error, MP_ERROR_INPUT, "--push-refs: %s are not patterns of refs", shown);
    if (stray == NULL)
        return true;
    g_autofree char *correct = correct_pattern(stray);
    return mp_fail(error, MP_ERROR_INPUT, "--push-refs: %s matches no branch and no tag%s%s", stray,
                   correct != NULL ? "; write "
                                   : ": their names begin with refs/heads/ and refs/tags/",
                   correct != NULL ? correct : "");
}

static bool
set_push_refs(MpRepository *repository, const char *refs, bool *changed, GError **error)
{
    const char *wanted = refs != NULL && *refs == '\0' ? NULL : refs;

    if (refs == NULL || g_strcmp0(wanted, repository->push_refs) == 0)
        return true;
    if (wanted != NULL && !check_push_refs(wanted, error))
        return false;
    g_free(repository->push_refs);
    repository->push_refs = g_strdup(wanted);
    *changed = true;
    return true;
}

static bool
set_number(guint64 *number, const char *option, const char *text, guint64 most, bool *changed,
           GError **error)
{
    guint64 before = *number;
    g_autofree char *shown = mp_escape_word(text);

    if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 0, most, number, NULL))
        return mp_fail(error, MP_ERROR_INPUT, "%s: %s is no number up to %" G_GUINT64_FORMAT,
                       option, shown, most);
    *changed |= *number != before;
    return true;
}

static bool
set_pushes(MpRepository *repository, const Wishes *wishes, bool *changed, GError **error)
{
    MpPushMail before = repository->push_mail;

    if (wishes->push_mail != NULL)
        mp_push_mail_parse(wishes->push_mail, &repository->push_mail);
    *changed |= repository->push_mail != before;
    return set_push_refs(repository, wishes->push_refs, changed, error) &&
           set_number(&repository->push_commits, "--push-commits", wishes->push_commits,
                      MP_PUSH_COMMITS_MAX, changed, error) &&
           set_number(&repository->push_diff, "--push-diff", wishes->push_diff, MP_PUSH_DIFF_MAX,
                      changed, error);
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
    bool was_open = repository->open != MP_OPEN_OFF;
    set_reply(repository, wishes->reply, &changed);
    set_pages(repository, wishes->pages, &changed);
    if (!set_link(repository, wishes->link, &changed, error) ||
        !set_address(repository, wishes->address, &changed, error) ||
        !set_open(instance->config, repository, wishes->open, &changed, error) ||
        !set_pushes(repository, wishes, &changed, error) ||
        !set_ids(instance, repository->watchers, wishes->watch, true, &changed, error) ||
        !set_ids(instance, repository->watchers, wishes->unwatch, false, &changed, error) ||
        !set_ids(instance, repository->members, wishes->member, true, &changed, error) ||
        !set_ids(instance, repository->members, wishes->no_member, false, &changed, error))
        return false;
    wishes->has_changed = changed;
    wishes->has_opened = !was_open && repository->open != MP_OPEN_OFF;
    g_autofree char *what = g_strdup_printf("%s: policy", repository->name);
    return (!changed || mp_batch_set_repository(batch, repository, what, &actor, error)) &&
           mp_watch_begin(instance, batch, repository->name, error);
}

static bool
wishes_nothing(const Wishes *wishes)
{
    static const Wishes nothing;

    return memcmp(wishes, &nothing, sizeof nothing) == 0;
}

static bool
concerns_pushes(const Wishes *wishes)
{
    return wishes->push_mail != NULL || wishes->push_refs != NULL || wishes->push_commits != NULL ||
           wishes->push_diff != NULL || wishes->watch != NULL || wishes->unwatch != NULL;
}

static void
parse_wishes(Wishes *wishes, MpOptions *options, int *argc, char ***argv)
{
    const GOptionEntry entries[] = {
        {"reply", 0, 0, G_OPTION_ARG_FILENAME, &wishes->reply,
         "who may answer by mail; on: everybody", "on|members|off"},
        {"watch", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes->watch, "LOGIN is told of everything",
         "LOGIN"},
        {"unwatch", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes->unwatch, "no more", "LOGIN"},
        {"member", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes->member,
         "LOGIN is a member: answers locked threads too", "LOGIN"},
        {"no-member", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &wishes->no_member, "no more", "LOGIN"},
        {"link", 0, 0, G_OPTION_ARG_FILENAME, &wishes->link,
         "where links lead ('': the installation's url)", "TEMPLATE"},
        {"pages", 0, 0, G_OPTION_ARG_FILENAME, &wishes->pages,
         "whether metroplex pages shows it; off: what it made is removed", "on|off"},
        {"address", 0, 0, G_OPTION_ARG_FILENAME, &wishes->address,
         "NAME@reply.HOST is its address beside OWNER/NAME@reply.HOST ('': no more)", "NAME"},
        {"open", 0, 0, G_OPTION_ARG_FILENAME, &wishes->open,
         "whose first mail to its address opens a thread; known: who has an account; anyone: "
         "strangers, too, once they confirmed it",
         "off|members|known|anyone"},
        {"push-mail", 0, 0, G_OPTION_ARG_FILENAME, &wishes->push_mail,
         "what watchers are told of pushes; commits: each commit has a mail as well",
         "off|summary|commits"},
        {"push-refs", 0, 0, G_OPTION_ARG_FILENAME, &wishes->push_refs,
         "which branches and tags are told of ('': all)", "PATTERNS"},
        {"push-commits", 0, 0, G_OPTION_ARG_FILENAME, &wishes->push_commits,
         "a push of more commits than that is only summed up (20)", "N"},
        {"push-diff", 0, 0, G_OPTION_ARG_FILENAME, &wishes->push_diff,
         "octets of a commit's diff that are told at most (32768)", "OCTETS"},
        G_OPTION_ENTRY_NULL,
    };

    mp_options_parse(
        options, entries,
        "OWNER/NAME [--reply on|members|off] [--watch LOGIN …] [--unwatch LOGIN …]\n"
        "    [--member LOGIN …] [--no-member LOGIN …] [--link TEMPLATE] [--pages on|off]\n"
        "    [--address NAME] [--open off|members|known|anyone] [--push-mail off|summary|commits]\n"
        "    [--push-refs PATTERNS] [--push-commits N] [--push-diff OCTETS]",
        "Sets a repository's policy; what is not named stays. Example:\n"
        "    metroplex repository set acme/rocket --address rocket --open known",
        1, 1, argc, argv);
}

static int
repository_set(int argc, char **argv)
{
    g_auto(Wishes) wishes = {0};
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    parse_wishes(&wishes, &options, &argc, &argv);
    if (wishes_nothing(&wishes))
        return mp_usage_error(argv[0], "nothing to set");
    wishes.name = argv[1];
    if (!mp_instance_open(&instance, &options, &error) || !check_wishes(&wishes, &error) ||
        !mp_instance_lock(&instance, &error) || !mp_transaction_recover(&instance, &error) ||
        !mp_transaction_run(&instance, build, &wishes, &error))
        return mp_report(error);
    printf("%s: %s\n", wishes.name, wishes.has_changed ? "changed" : "nothing to change");
    if (wishes.has_opened)
        puts("Have Postfix take mail to its address: metroplex configure --apply");
    if (concerns_pushes(&wishes) && !repository_warn_untold(&instance, wishes.name, &error))
        return mp_report(error);
    return EX_OK;
}

static const MpCommand subcommands[] = {
    {"hook", repository_hook, "print, or install, the hook that has a push told at once"},
    {"list", repository_list, "list the repositories that have a policy"},
    {"set", repository_set, "set who may reply, who opens threads by mail, who watches"},
    {"show", repository_show, "show a repository's policy"},
};

int
cmd_repository(int argc, char **argv)
{
    return mp_subcommand_run(subcommands, G_N_ELEMENTS(subcommands), argc, argv);
}
