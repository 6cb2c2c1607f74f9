/*
 * metroplex thread open, metroplex thread comment: posts from a terminal or another program.
 *
 * A named file is read before the data directory's owner is become, since root's file may be
 * root's alone; standard input after the command is known to be sound, so that nobody types a text
 * in vain; both before the lock is taken, so that nobody waits for a slow writer.
 */
#include "thread.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "mentions.h"
#include "output.h"
#include "verbs.h"

#define READ_LIMIT (40 * 1024 * 1024) /* octets: the largest [limits] comment in UTF-8 */
#define TITLE_MAX  256                /* characters */

typedef struct {
    /* As the command line has it. */
    const char *file; /* NULL: standard input */
    char *as, *repository, *kind, *object, *title;
    guint64 thread;
    /* As it is checked. */
    char *text; /* as it was read */
    char *body; /* as it will be stored */
    MpUser *actor;
    MpThread facts; /* of a thread to open; its strings are those above */
    char *key;
    guint64 result; /* the id or number, if all went well */
} Post;

static void
post_clear(Post *post)
{
    g_free(post->as);
    g_free(post->repository);
    g_free(post->kind);
    g_free(post->object);
    g_free(post->title);
    g_free(post->text);
    g_free(post->body);
    mp_user_free(post->actor);
    g_free(post->key);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Post, post_clear)

/* --- The text ----------------------------------------------------------------------------------
 */

static bool
is_standard_input(const Post *post)
{
    return post->file == NULL || strcmp(post->file, "-") == 0;
}

static bool
read_named_file(Post *post, GError **error)
{
    if (!is_standard_input(post))
        post->text = mp_read_argument_file(post->file, READ_LIMIT, error);
    return is_standard_input(post) || post->text != NULL;
}

static bool
read_standard_input(Post *post, GError **error)
{
    if (post->text != NULL)
        return true;
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "Write the text, then end it with Ctrl-D on a line of its own.\n");
    post->text = mp_read_argument_file("-", READ_LIMIT, error);
    return post->text != NULL;
}

static bool
has_words(const char *text)
{
    while (g_unichar_isspace(g_utf8_get_char(text)))
        text = g_utf8_next_char(text);
    return *text != '\0';
}

/* Lines end in a newline, the text in one; nothing in it may prove an address. */
static bool
compose(Post *post, const MpConfig *config, GError **error)
{
    const char *from = is_standard_input(post) ? "standard input" : post->file;
    g_autoptr(GString) text = mp_visible_text(post->text); /* the \r of \r\n shows nothing */

    while (text->len > 0 && g_ascii_isspace(text->str[text->len - 1]))
        g_string_truncate(text, text->len - 1);
    if (!has_words(text->str))
        return mp_fail(error, MP_ERROR_INPUT, "%s: the text is empty", from);
    glong length = g_utf8_strlen(text->str, -1);
    if (length > config->max_comment)
        return mp_fail(error, MP_ERROR_INPUT,
                       "%s: the text has %ld characters, at most %d are allowed", from, length,
                       config->max_comment);
    g_string_append_c(text, '\n');
    post->body = mp_address_mask(text->str, config->mask_addresses);
    return true;
}

static bool
prepare_text(Post *post, const MpSite *site, GError **error)
{
    if (!read_standard_input(post, error) || !compose(post, site->config, error))
        return false;
    post->key = thread_key(post->actor->id, post->thread, post->body);
    return true;
}

static MpNewComment
comment_of(const Post *post, const MpSite *site, const GArray *mentions)
{
    return (MpNewComment){
        .thread = post->thread,
        .key = post->key,
        .via = "command",
        .body = post->body,
        .host = site->host,
        .mentions = mentions,
    };
}

/* --- Comment ---------------------------------------------------------------------------------- */

static bool
is_member(MpSite *site, const MpThread *thread, guint64 user, bool *member, GError **error)
{
    g_autoptr(MpRepository) repository =
        mp_tracker_repository(site->tracker, thread->repository, error);

    *member = false;
    for (guint i = 0; repository != NULL && i < repository->members->len; i++)
        *member |= g_array_index(repository->members, guint64, i) == user;
    return repository != NULL;
}

/* As for mail: a locked thread is open to the repository's members. */
static bool
check_thread(MpSite *site, const Post *post, GError **error)
{
    g_autoptr(MpThread) thread = mp_site_thread(site, post->thread, error);
    bool member;

    if (thread == NULL ||
        (thread->is_locked && !is_member(site, thread, post->actor->id, &member, error)))
        return false;
    if (thread->is_locked && !member)
        return mp_fail(error, MP_ERROR_INPUT,
                       "thread %" G_GUINT64_FORMAT " is locked, and %s is no member of %s",
                       thread->id, post->actor->login, thread->repository);
    return true;
}

static bool
build_comment(MpSite *site, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Post *post = user_data;
    MpActor actor = mp_transaction_actor(post->actor);
    g_autoptr(GArray) mentions = mp_mentions(site->accounts, post->body, error);
    const MpNewComment comment = comment_of(post, site, mentions);
    bool duplicate;

    if (mentions == NULL || !check_thread(site, post, error) ||
        !mp_batch_comment(batch, &comment, &actor, &post->result, &duplicate, error))
        return false;
    g_ptr_array_add(events, mp_transaction_event(site, MP_EVENT_COMMENT, post->key, post->thread,
                                                 post->actor->id));
    return true;
}

static bool
run_comment(MpSite *site, Post *post, const MpOptions *options, GError **error)
{
    if (!read_named_file(post, error) || !mp_site_open(site, options, error))
        return false;
    post->actor = thread_actor(site, post->as, error);
    return post->actor != NULL && check_thread(site, post, error) &&
           prepare_text(post, site, error) && thread_begin(site, error) &&
           mp_transaction_run(site, build_comment, post, error);
}

int
thread_comment(int argc, char **argv)
{
    g_auto(Post) post = {0};
    const GOptionEntry entries[] = {
        {"as", 0, 0, G_OPTION_ARG_FILENAME, &post.as, "who says it", "LOGIN"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpSite) site = {0};
    g_autoptr(GError) error = NULL;

    mp_verb_options(&options, entries, "thread", "ID --as LOGIN [FILE|-]",
                    "Adds a comment, read from FILE or standard input, and prints its number.", 1,
                    2, &argc, &argv);
    if (post.as == NULL)
        return mp_usage_error("thread comment: --as is needed");
    post.file = argc > 2 ? argv[2] : NULL;
    if (!mp_parse_id(argv[1], "thread", &post.thread, &error) ||
        !run_comment(&site, &post, &options, &error))
        return mp_report(error);
    printf("%" G_GUINT64_FORMAT "\n", post.result);
    return mp_output_status();
}

/* --- Open ------------------------------------------------------------------------------------ */

static bool
check_title(Post *post, GError **error)
{
    g_autofree char *line = NULL;

    if (!g_utf8_validate(post->title, -1, NULL))
        return mp_fail(error, MP_ERROR_INPUT, "--title: not UTF-8 text");
    line = mp_one_line(post->title);
    if (*line == '\0')
        return mp_fail(error, MP_ERROR_INPUT, "--title: it is empty");
    if (g_utf8_strlen(line, -1) > TITLE_MAX)
        return mp_fail(error, MP_ERROR_INPUT, "--title: longer than %d characters", TITLE_MAX);
    g_free(post->title);
    post->title = g_steal_pointer(&line);
    return true;
}

static bool
check_object(const Post *post, GError **error)
{
    g_autofree char *shown = mp_escape(post->object);

    if (post->object == NULL)
        return post->facts.kind != MP_COMMIT ||
               mp_fail(error, MP_ERROR_INPUT, "--kind commit needs --object REV");
    if (post->facts.kind == MP_ISSUE)
        return mp_fail(error, MP_ERROR_INPUT, "--object: an issue has none");
    return mp_is_revision(post->object) ||
           mp_fail(error, MP_ERROR_INPUT, "--object: %s is not a revision", shown);
}

static bool
check_facts(Post *post, GError **error)
{
    g_autofree char *repository = mp_escape(post->repository);
    g_autofree char *kind = mp_escape(post->kind);

    if (!mp_is_repository_name(post->repository))
        return mp_fail(error, MP_ERROR_INPUT, "--repository: %s does not have the form owner/name",
                       repository);
    if (!mp_thread_kind_parse(post->kind, &post->facts.kind))
        return mp_fail(error, MP_ERROR_INPUT, "--kind: %s is none of issue, pull, commit", kind);
    return check_object(post, error) && check_title(post, error);
}

static bool
build_thread(MpSite *site, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Post *post = user_data;
    MpActor actor = mp_transaction_actor(post->actor);
    g_autoptr(GArray) mentions = mp_mentions(site->accounts, post->body, error);
    const MpNewComment opening = comment_of(post, site, mentions);

    post->facts.created = actor.date;
    if (mentions == NULL ||
        !mp_batch_open_thread(batch, &post->facts, &opening, &actor, &post->result, error))
        return false;
    g_ptr_array_add(events, mp_transaction_event(site, MP_EVENT_OPENED, post->key, post->result,
                                                 post->actor->id));
    return true;
}

static void
settle_facts(Post *post, const MpConfig *config)
{
    char *title = mp_address_mask(post->title, config->mask_addresses);

    g_free(post->title);
    post->title = title;
    post->facts.repository = post->repository;
    post->facts.title = post->title;
    post->facts.object = post->object;
    post->facts.is_open = true;
    post->facts.author = post->actor->id;
    post->facts.author_login = post->actor->login;
}

static bool
run_open(MpSite *site, Post *post, const MpOptions *options, GError **error)
{
    if (!check_facts(post, error) || !read_named_file(post, error) ||
        !mp_site_open(site, options, error))
        return false;
    post->actor = thread_actor(site, post->as, error);
    if (post->actor == NULL || !prepare_text(post, site, error))
        return false;
    settle_facts(post, site->config);
    return thread_begin(site, error) && mp_transaction_run(site, build_thread, post, error);
}

int
thread_open(int argc, char **argv)
{
    g_auto(Post) post = {0};
    const GOptionEntry entries[] = {
        {"repository", 0, 0, G_OPTION_ARG_FILENAME, &post.repository, "the repository it is about",
         "OWNER/NAME"},
        {"kind", 0, 0, G_OPTION_ARG_FILENAME, &post.kind, "issue, pull or commit", "KIND"},
        {"object", 0, 0, G_OPTION_ARG_FILENAME, &post.object,
         "the commit, or the branch of a pull request", "REV"},
        {"title", 0, 0, G_OPTION_ARG_FILENAME, &post.title, "one line of at most 256 characters",
         "TITLE"},
        {"as", 0, 0, G_OPTION_ARG_FILENAME, &post.as, "who opens it", "LOGIN"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpSite) site = {0};
    g_autoptr(GError) error = NULL;

    mp_verb_options(&options, entries, "thread",
                    "--repository OWNER/NAME --kind issue|pull|commit [--object REV]\n"
                    "    --title TITLE --as LOGIN [FILE|-]",
                    "Opens a thread with a text from FILE or standard input, and prints its id.", 0,
                    1, &argc, &argv);
    if (post.repository == NULL || post.kind == NULL || post.title == NULL || post.as == NULL)
        return mp_usage_error("thread open: --repository, --kind, --title and --as are needed");
    post.file = argc > 1 ? argv[1] : NULL;
    if (!run_open(&site, &post, &options, &error))
        return mp_report(error);
    printf("%" G_GUINT64_FORMAT "\n", post.result);
    return mp_output_status();
}
