/* metroplex thread open, metroplex thread comment: posts from a terminal or another program. */
#include "thread.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "tracker/mentions.h"
#include "post.h"
#include "watch/place.h"
#include "watch/watch.h"

/* Where nobody could look, it is said. */
static bool
note_unseen(const MpInstance *instance, const char *repository, const char *what, GError **error)
{
    g_autofree char *why = NULL;

    if (!mp_place_is_unseen(instance, repository, &why, error))
        return false;
    if (why != NULL)
        fprintf(stderr, "metroplex: %s; nobody looked whether %s is there\n", why, what);
    return true;
}

/* --- Comment ---------------------------------------------------------------------------------- */

static bool
is_member(MpInstance *instance, const MpThread *thread, guint64 user, bool *member, GError **error)
{
    g_autoptr(MpRepository) repository =
        mp_tracker_repository(instance->tracker, thread->repository, error);

    *member = repository != NULL && mp_has_id(repository->members, user);
    return repository != NULL;
}

/* Of a pull request the lines are those of its commits. */
#define PULL_PATH                                                                                  \
    "; each commit of a pull request has a thread of its own, which metroplex thread show "        \
    "names behind it, or metroplex thread open --kind commit --commit REV --path opens"

/* As for mail: a locked thread is open to the repository's members. */
static bool
check_thread(MpInstance *instance, const MpPost *post, GError **error)
{
    g_autoptr(MpThread) thread = mp_instance_thread(instance, post->thread, error);
    bool member;

    if (thread == NULL ||
        (thread->is_locked && !is_member(instance, thread, post->actor->id, &member, error)))
        return false;
    if (post->path != NULL && thread->kind != MP_COMMIT)
        return mp_fail(error, MP_ERROR_INPUT,
                       "--path: thread %" G_GUINT64_FORMAT " is not about a commit%s", thread->id,
                       thread->kind == MP_PULL ? PULL_PATH : "");
    if (thread->is_locked && !member)
        return mp_fail(error, MP_ERROR_INPUT,
                       "thread %" G_GUINT64_FORMAT " is locked, and %s is no member of %s",
                       thread->id, post->actor->login, thread->repository);
    return true;
}

/* Asked before anything that may have changed since. */
static bool
find_done_comment(MpInstance *instance, MpPost *post, GError **error)
{
    post->is_done = false;
    return post->once == NULL || mp_instance_find_key(instance, post->thread, post->key,
                                                      &post->is_done, &post->result, NULL, error);
}

static bool
check_comment(MpInstance *instance, MpPost *post, GError **error)
{
    return find_done_comment(instance, post, error) &&
           (post->is_done || check_thread(instance, post, error));
}

static bool
build_comment(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data,
              GError **error)
{
    MpPost *post = user_data;
    MpActor actor = mp_transaction_actor(post->actor);
    g_autoptr(GArray) mentions =
        mp_mentions(instance->accounts, post->actor->login, post->body, error);
    const MpNewComment comment = mp_post_comment(post, instance, mentions);
    bool duplicate;

    if (mentions == NULL || !check_comment(instance, post, error))
        return false;
    if (post->is_done)
        return true;
    if (!mp_batch_comment(batch, &comment, &actor, &post->result, &duplicate, error))
        return false;
    g_ptr_array_add(events, mp_transaction_event(instance, MP_EVENT_COMMENT, post->key,
                                                 post->thread, post->actor->id));
    return true;
}

/* The lines that it is about, as the commit has them. */
static bool
quote_comment(MpInstance *instance, MpPost *post, GError **error)
{
    g_autoptr(MpThread) thread = NULL;

    if (post->path == NULL || post->is_done)
        return true;
    thread = mp_instance_thread(instance, post->thread, error);
    return thread != NULL && note_unseen(instance, thread->repository, "--path", error) &&
           mp_place_quote(instance, thread->repository, thread->object, post->path, post->line,
                          &post->quoted, error);
}

static bool
run_comment(MpInstance *instance, MpPost *post, const MpOptions *options, GError **error)
{
    return mp_post_check_key(post, error) && mp_post_check_place(post, error) &&
           mp_post_read_file(post, error) && mp_instance_open(instance, options, error) &&
           mp_post_find_actor(instance, post, error) && check_comment(instance, post, error) &&
           quote_comment(instance, post, error) && mp_post_prepare(post, instance, error) &&
           thread_begin(instance, error) &&
           mp_transaction_run(instance, build_comment, post, error);
}

int
thread_comment(int argc, char **argv)
{
    g_auto(MpPost) post = {0};
    const GOptionEntry entries[] = {
        {"as", 0, 0, G_OPTION_ARG_FILENAME, &post.as, "who says it", "LOGIN"},
        {"path", 0, 0, G_OPTION_ARG_FILENAME, &post.path, "the file of the commit that it is about",
         "PATH"},
        {"line", 0, 0, G_OPTION_ARG_FILENAME, &post.line_given, "the line of that file", "N"},
        {"key", 0, 0, G_OPTION_ARG_FILENAME, &post.once, "post once, however often it is run",
         "KEY"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries,
                     "ID --as LOGIN [--path PATH [--line N]] [--key KEY] [FILE|-]",
                     "Adds a comment, read from FILE or standard input, and prints its number.", 1,
                     2, &argc, &argv);
    if (post.as == NULL)
        return mp_usage_error(argv[0], "--as is needed");
    post.file = argc > 2 ? argv[2] : NULL;
    if (!mp_parse_id(argv[1], "thread", &post.thread, &error) ||
        !run_comment(&instance, &post, &options, &error))
        return mp_report(error);
    return mp_post_print(&post, "comment");
}

/* --- Open ------------------------------------------------------------------------------------ */

static bool
check_title(MpPost *post, GError **error)
{
    g_autofree char *line = mp_one_line(post->title);

    if (!thread_check_title("--title", post->title, error))
        return false;
    g_free(post->title);
    post->title = g_steal_pointer(&line);
    return true;
}

static bool
check_object(const MpPost *post, GError **error)
{
    g_autofree char *shown = mp_escape_word(post->object);

    return post->object == NULL || mp_is_revision(post->object) ||
           mp_fail(error, MP_ERROR_INPUT, "%s: %s is not a revision", post->object_option, shown);
}

/* With a base both are branches, which are looked up in the repository. */
static bool
check_branches(const MpPost *post, GError **error)
{
    const struct {
        const char *option, *branch;
    } branches[] = {{"--base", post->base}, {post->object_option, post->object}};

    for (gsize i = 0; post->base != NULL && i < G_N_ELEMENTS(branches); i++) {
        g_autofree char *shown = mp_escape_word(branches[i].branch);

        if (!mp_is_branch(branches[i].branch))
            return mp_fail(error, MP_ERROR_INPUT, "%s: %s is not a branch", branches[i].option,
                           shown);
    }
    return post->base == NULL || strcmp(post->base, post->object) != 0 ||
           mp_fail(error, MP_ERROR_INPUT, "--base and --head are the same branch");
}

static bool
check_facts(MpPost *post, GError **error)
{
    return thread_check_repository(post->repository, error) && check_object(post, error) &&
           check_branches(post, error) && mp_post_check_place(post, error) &&
           check_title(post, error);
}

/* The KEY of a thread opened with --key: an account's own. */
static char *
name_of_once(const MpPost *post)
{
    return g_strdup_printf("key:%" G_GUINT64_FORMAT ":%s", post->actor->id, post->once);
}

static bool
find_done_thread(MpInstance *instance, MpPost *post, GError **error)
{
    if (post->once == NULL)
        return true;
    g_autofree char *name = name_of_once(post);
    if (!mp_tracker_find_import(instance->tracker, name, &post->result, error))
        return false;
    post->is_done = post->result > 0;
    return true;
}

/* Where the branches of a pull request are, if that was seen. */
static bool
note_branches(MpBatch *batch, MpPost *post, GError **error)
{
    post->told.thread = post->result;
    return post->changes == NULL ||
           (mp_batch_tell_pull(batch, post->repository, &post->told, post->changes, error) &&
            mp_batch_note_pulls(batch, post->repository, error));
}

static bool
build_thread(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data,
             GError **error)
{
    MpPost *post = user_data;
    MpActor actor = mp_transaction_actor(post->actor);
    g_autoptr(GArray) mentions =
        mp_mentions(instance->accounts, post->actor->login, post->body, error);
    g_autofree char *name = post->once != NULL ? name_of_once(post) : NULL;
    MpNewComment opening = mp_post_comment(post, instance, mentions);

    opening.known_as = name;
    post->facts.created = actor.date;
    if (mentions == NULL || !find_done_thread(instance, post, error))
        return false;
    if (post->is_done)
        return true;
    if (!mp_batch_open_thread(batch, &post->facts, &opening, &actor, &post->result, error) ||
        !note_branches(batch, post, error) ||
        !mp_watch_begin(instance, batch, post->repository, error))
        return false;
    g_ptr_array_add(events, mp_transaction_event(instance, MP_EVENT_OPENED, post->key, post->result,
                                                 post->actor->id));
    return true;
}

static void
settle_facts(MpPost *post, const MpConfig *config)
{
    char *title = mp_masked(config, post->title, MP_MASK_TEXT);

    g_free(post->title);
    post->title = title;
    post->facts.repository = post->repository;
    post->facts.title = post->title;
    post->facts.object = post->object;
    post->facts.base = post->base;
    post->facts.is_open = true;
    post->facts.author = post->actor->id;
    post->facts.author_login = post->actor->login;
}

/* What it is about has to be there. A commit has one thread, whatever it is called. */
static bool
find_object(const MpInstance *instance, MpPost *post, GError **error)
{
    g_autofree char *id = NULL;

    if (post->object == NULL || post->base != NULL)
        return true; /* both branches are looked for together */
    if (!mp_place_find_commit(instance, post->repository, post->object_option, post->object, &id,
                              error))
        return false;
    if (id == NULL || post->facts.kind != MP_COMMIT)
        return true;
    g_free(post->object);
    post->object = post->facts.object = g_steal_pointer(&id);
    return true;
}

/* Not asked of what was opened before: it may have been merged and deleted since. */
static bool
look_at_object(const MpInstance *instance, MpPost *post, GError **error)
{
    return find_object(instance, post, error) &&
           mp_pull_look(instance, &post->facts, &post->told, &post->changes, error) &&
           mp_place_quote(instance, post->repository, post->object, post->path, post->line,
                          &post->quoted, error) &&
           (post->object == NULL ||
            note_unseen(instance, post->repository, post->object_option, error));
}

static bool
run_open(MpInstance *instance, MpPost *post, const MpOptions *options, GError **error)
{
    if (!check_facts(post, error) || !mp_post_check_key(post, error) ||
        !mp_post_read_file(post, error) || !mp_instance_open(instance, options, error) ||
        !mp_post_find_actor(instance, post, error) || !mp_post_prepare(post, instance, error))
        return false;
    settle_facts(post, instance->config);
    return find_done_thread(instance, post, error) &&
           (post->is_done || look_at_object(instance, post, error)) &&
           thread_begin(instance, error) && mp_transaction_run(instance, build_thread, post, error);
}

/* What it is about, by whichever option names it. */
static void
take_object(MpPost *post)
{
    const struct {
        const char *option, *value;
    } ways[] = {
        {"--commit", post->commit}, {"--head", post->head}, {"--object", post->object_given}};

    for (gsize i = 0; i < G_N_ELEMENTS(ways) && post->object == NULL; i++) {
        post->object = g_strdup(ways[i].value);
        post->object_option = ways[i].option;
    }
}

/* What the options lack, or have too much, for the kind of thread; or NULL. */
static const char *
blame_options(const MpPost *post)
{
    if (post->repository == NULL || post->kind == NULL || post->title == NULL || post->as == NULL)
        return "--repository, --kind, --title and --as are needed";
    if ((post->commit != NULL) + (post->head != NULL) + (post->object_given != NULL) > 1)
        return "--commit, --head and --object exclude each other";
    if (post->head != NULL && post->facts.kind != MP_PULL)
        return "--head is for a pull request";
    if (post->commit != NULL && post->facts.kind != MP_COMMIT)
        return "--commit is for --kind commit";
    if (post->object == NULL && post->facts.kind == MP_COMMIT)
        return "--kind commit needs --commit REV";
    if (post->object != NULL && post->facts.kind == MP_ISSUE)
        return "--object: an issue has none";
    if (post->base != NULL && (post->facts.kind != MP_PULL || post->object == NULL))
        return "--base is for a pull request, with --head BRANCH";
    if ((post->path != NULL || post->line_given != NULL) && post->facts.kind != MP_COMMIT)
        return "--path and --line are for a commit";
    return NULL;
}

int
thread_open(int argc, char **argv)
{
    g_auto(MpPost) post = {0};
    const GOptionEntry entries[] = {
        {"repository", 0, 0, G_OPTION_ARG_FILENAME, &post.repository, "the repository it is about",
         "OWNER/NAME"},
        {"kind", 0, 0, G_OPTION_ARG_FILENAME, &post.kind, "what it is", "issue|pull|commit"},
        {"base", 0, 0, G_OPTION_ARG_FILENAME, &post.base,
         "the branch that a pull request is to be merged into", "BRANCH"},
        {"head", 0, 0, G_OPTION_ARG_FILENAME, &post.head, "the branch of a pull request", "BRANCH"},
        {"commit", 0, 0, G_OPTION_ARG_FILENAME, &post.commit, "the commit that it is about", "REV"},
        {"object", 0, 0, G_OPTION_ARG_FILENAME, &post.object_given,
         "the commit, or the branch of a pull request", "REV"},
        {"path", 0, 0, G_OPTION_ARG_FILENAME, &post.path, "the file of the commit", "PATH"},
        {"line", 0, 0, G_OPTION_ARG_FILENAME, &post.line_given, "the line of that file", "N"},
        {"title", 0, 0, G_OPTION_ARG_FILENAME, &post.title, "one line of at most 256 characters",
         "TITLE"},
        {"as", 0, 0, G_OPTION_ARG_FILENAME, &post.as, "who opens it", "LOGIN"},
        {"key", 0, 0, G_OPTION_ARG_FILENAME, &post.once, "open once, however often it is run",
         "KEY"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries,
                     "--repository OWNER/NAME --kind issue|pull|commit\n"
                     "    [--base BRANCH --head BRANCH | --commit REV [--path PATH [--line N]] |\n"
                     "    --object REV] --title TITLE --as LOGIN [--key KEY] [FILE|-]",
                     "Opens a thread with a text from FILE or standard input, and prints its id.",
                     0, 1, &argc, &argv);
    if (post.kind != NULL)
        mp_thread_kind_parse(post.kind, &post.facts.kind);
    take_object(&post);
    if (blame_options(&post) != NULL)
        return mp_usage_error(argv[0], "%s", blame_options(&post));
    post.file = argc > 1 ? argv[1] : NULL;
    if (!run_open(&instance, &post, &options, &error))
        return mp_report(error);
    return mp_post_print(&post, "thread");
}
