/*
 * metroplex thread import: a thread from a file, as one transaction. What was imported before, by
 * its Message-IDs, or is in this tracker anyway, by its KEYs, is left as it is; so a second import
 * changes nothing, and an import of a thread that has grown adds what is new.
 */
#include "thread.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/text.h"
#include "tracker/mentions.h"
#include "thread_file.h"

#define FILE_MAX (256 * 1024 * 1024)

typedef struct {
    char *format, *as, *repository, *title;
    gboolean announce;
    MpFileThread *file;
    MpUser *fallback;                /* of --as, or NULL */
    guint64 id;                      /* of the thread, once it is known */
    bool is_at_home;                 /* it was exported from this tracker, and is there */
    guint n_new, n_known, n_foreign; /* the last: subscribers without an account here */
} Import;

static void
import_clear(Import *import)
{
    g_free(import->format);
    g_free(import->as);
    g_free(import->repository);
    g_free(import->title);
    mp_file_thread_free(import->file);
    mp_user_free(import->fallback);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Import, import_clear)

/* --- What is to be imported ------------------------------------------------------------------- */

static bool
read_file(MpInstance *instance, Import *import, const GString *bytes, const char *name,
          GError **error)
{
    gsize at = strspn(bytes->str, " \t\r\n");
    bool is_json =
        import->format != NULL ? strcmp(import->format, "json") == 0 : bytes->str[at] == '{';

    import->file = (is_json ? mp_file_read_json : mp_file_read_mbox)(instance, bytes, error);
    if (import->file == NULL) {
        g_autofree char *shown = mp_escape(name);
        g_prefix_error(error, "%s: ", strcmp(name, "-") == 0 ? "standard input" : shown);
    }
    return import->file != NULL;
}

static bool
find_author(MpInstance *instance, Import *import, MpFileComment *comment, GError **error)
{
    const char *name = comment->login != NULL ? comment->login : comment->address;

    g_clear_pointer(&comment->author, mp_user_free);
    if (!mp_file_find_author(instance, comment, import->is_at_home, &comment->author, error))
        return false;
    if (comment->author == NULL && import->fallback != NULL &&
        !mp_accounts_user(instance->accounts, import->fallback->id, &comment->author, error))
        return false;
    if (comment->author != NULL)
        return true;
    g_autofree char *shown = mp_escape(name);
    return mp_fail(error, MP_ERROR_INPUT,
                   "%s: no account of %s here; --as LOGIN says whose such comments become",
                   comment->where, shown);
}

static void
override(char **fact, char **option)
{
    if (*option == NULL)
        return;
    g_free(*fact);
    *fact = g_steal_pointer(option);
}

static bool
settle_facts(Import *import, GError **error)
{
    MpThread *facts = import->file->facts;
    const MpFileComment *opening = g_ptr_array_index(import->file->comments, 0);

    override(&facts->repository, &import->repository);
    override(&facts->title, &import->title);
    if (facts->repository == NULL || !mp_is_repository_name(facts->repository))
        return mp_fail(error, MP_ERROR_INPUT,
                       "%s: no repository of the form owner/name: --repository names one",
                       opening->where);
    g_autofree char *title = facts->title != NULL ? mp_one_line(facts->title) : g_strdup("");
    if (*title == '\0' || g_utf8_strlen(title, -1) > MP_TITLE_MAX)
        return mp_fail(error, MP_ERROR_INPUT,
                       "%s: the title is empty or longer than %d characters: --title gives another",
                       opening->where, MP_TITLE_MAX);
    g_free(facts->title);
    facts->title = g_steal_pointer(&title);
    if (!mp_thread_is_fitting(facts))
        return mp_fail(error, MP_ERROR_INPUT,
                       "%s: object or base does not fit the kind of the thread", opening->where);
    g_free(facts->author_login);
    facts->author = opening->author->id;
    facts->author_login = g_strdup(opening->author->login);
    return true;
}

/* Who wrote it; after find_thread(). */
static bool
settle(MpInstance *instance, Import *import, GError **error)
{
    for (guint i = 0; i < import->file->comments->len; i++)
        if (!find_author(instance, import, g_ptr_array_index(import->file->comments, i), error))
            return false;
    return mp_file_settle_assignees(instance, import->file, error) && settle_facts(import, error);
}

/* --- Where it belongs ------------------------------------------------------------------------- */

/* Names a comment by where it came from, for ever: whoever is its author here. */
static char *
import_key(guint64 thread, const char *message_id)
{
    g_autofree char *source = g_strconcat("import:", message_id, NULL);

    return mp_tracker_key(0, thread, source, "");
}

static bool
has_key(MpInstance *instance, guint64 thread, const char *key, bool *has, GError **error)
{
    guint64 number;

    *has = false;
    return key == NULL || mp_instance_find_key(instance, thread, key, has, &number, NULL, error);
}

/* Whether a comment of the file is the one that is here under some number: by its KEY, and where
 * either was redacted, by what is left of that in its Message-ID. */
static bool
is_same(const MpInstance *instance, const MpThread *thread, const MpComment *here,
        const MpFileComment *comment)
{
    g_autofree char *id =
        mp_thread_message_id(thread, here->number, here->key, instance->config->hostname);

    if (here->redacted == 0 && comment->redacted == 0)
        return comment->key != NULL && strcmp(here->key, comment->key) == 0;
    return strcmp(id, comment->id) == 0;
}

/* One that was redacted, here or in the file. */
static bool
find_redacted(MpInstance *instance, const Import *import, const MpFileComment *comment,
              bool *is_there, GError **error)
{
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(MpComment) here = NULL;
    guint64 number;

    *is_there = false;
    if (!mp_tracker_thread(instance->tracker, import->id, &thread, error))
        return false;
    if (thread == NULL ||
        !mp_thread_comment_of_id(thread, comment->id, instance->config->hostname, &number))
        return true;
    if (!mp_tracker_comment(instance->tracker, import->id, number, &here, error))
        return false;
    *is_there = here != NULL && is_same(instance, thread, here, comment);
    return true;
}

/* The thread itself, where it was exported from this tracker: its opening post is that one. */
static bool
is_at_home(MpInstance *instance, const Import *import, guint64 id, bool *at_home, GError **error)
{
    const MpFileComment *opening = g_ptr_array_index(import->file->comments, 0);
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(MpComment) here = NULL;

    if (!mp_tracker_thread(instance->tracker, id, &thread, error) ||
        !mp_tracker_comment(instance->tracker, id, 0, &here, error))
        return false;
    *at_home = thread != NULL && here != NULL && is_same(instance, thread, here, opening);
    return true;
}

/* "/17-" of the Message-ID of an opening post of ours; 0 if it is none. */
static guint64
id_of_export(const MpInstance *instance, const Import *import)
{
    const MpFileComment *opening = g_ptr_array_index(import->file->comments, 0);
    const char *at = strrchr(opening->id, '@'), *slash = strrchr(opening->id, '/');
    g_autofree char *end = g_strdup_printf("@%s>", instance->config->hostname);

    if (import->file->id > 0 || at == NULL || slash == NULL || strcmp(at, end) != 0)
        return import->file->id;
    return g_ascii_strtoull(slash + 1, NULL, 10);
}

static bool
find_thread(MpInstance *instance, Import *import, GError **error)
{
    const MpFileComment *opening = g_ptr_array_index(import->file->comments, 0);
    guint64 id = id_of_export(instance, import);

    import->is_at_home = false;
    if (id > 0 && id <= MP_MAX_ID && !is_at_home(instance, import, id, &import->is_at_home, error))
        return false;
    import->id = import->is_at_home ? id : 0;
    return import->is_at_home ||
           mp_tracker_find_import(instance->tracker, opening->id, &import->id, error);
}

/* --- The transaction -------------------------------------------------------------------------- */

static bool
is_known(MpInstance *instance, const Import *import, const MpFileComment *comment, const char *key,
         bool *known, GError **error)
{
    return has_key(instance, import->id, key, known, error) &&
           (*known || !import->is_at_home ||
            has_key(instance, import->id, comment->key, known, error)) &&
           (*known || !import->is_at_home ||
            find_redacted(instance, import, comment, known, error));
}

static bool
open_thread(MpInstance *instance, Import *import, MpBatch *batch, const MpNewComment *post,
            const MpActor *actor, const char *message_id, GError **error)
{
    g_autofree char *what = NULL;

    (void)instance;
    if (!mp_batch_open_thread(batch, import->file->facts, post, actor, &import->id, error))
        return false;
    what = g_strdup_printf("%s#%" G_GUINT64_FORMAT ": imported", import->file->facts->repository,
                           import->id);
    return mp_batch_set_import(batch, message_id, import->id, what, actor, error);
}

static MpNewComment
post_of(const Import *import, const MpFileComment *comment, const char *key, const GArray *mentions)
{
    return (MpNewComment){
        .thread = import->id,
        .key = key,
        .via = comment->via,
        .body = comment->body,
        .elided = comment->elided,
        .message_id = comment->message_id,
        .recipient = comment->recipient,
        .host = comment->host,
        .part = comment->part,
        .path = comment->path,
        .line = comment->line,
        .quoted = comment->quoted,
        .mentions = mentions,
        .attachments = comment->attachments,
        .redacted = comment->redacted,
    };
}

static bool
add_comment(MpInstance *instance, Import *import, MpBatch *batch, GPtrArray *events,
            MpFileComment *comment, GError **error)
{
    bool is_opening = import->id == 0, known = false;
    MpActor actor = mp_transaction_actor(comment->author);
    g_autoptr(GArray) mentions =
        import->file->has_subscribers
            ? NULL
            : mp_mentions(instance->accounts, comment->author->login, comment->body, error);
    /* The id of a thread that is opened is not known before; nobody else derives this KEY. */
    g_autofree char *key = import_key(is_opening ? 0 : import->id, comment->id);
    guint64 number;

    if (!import->file->has_subscribers && mentions == NULL)
        return false;
    if (!is_opening && !is_known(instance, import, comment, key, &known, error))
        return false;
    if (known) {
        import->n_known++;
        return true;
    }
    if (comment->date > 0)
        actor.date = comment->date;
    const MpNewComment post = post_of(import, comment, key, mentions);

    if (is_opening ? !open_thread(instance, import, batch, &post, &actor, comment->id, error)
                   : !mp_batch_comment(batch, &post, &actor, &number, &known, error))
        return false;
    if (import->announce && !known)
        g_ptr_array_add(
            events, mp_transaction_event(instance, is_opening ? MP_EVENT_OPENED : MP_EVENT_COMMENT,
                                         key, import->id, comment->author->id));
    *(known ? &import->n_known : &import->n_new) += 1;
    return true;
}

static MpFileSubscriber *
subscriber_of(const Import *import, const char *login)
{
    for (guint i = 0; i < import->file->subscribers->len; i++) {
        MpFileSubscriber *s = g_ptr_array_index(import->file->subscribers, i);

        if (g_ascii_strcasecmp(s->login, login) == 0)
            return s;
    }
    return NULL;
}

/* Exactly those of the file: whoever wrote and does not follow any more is no subscriber. */
static bool
set_subscribers(MpInstance *instance, Import *import, MpBatch *batch, GError **error)
{
    const MpFileComment *opening = g_ptr_array_index(import->file->comments, 0);
    MpActor actor = mp_transaction_actor(opening->author);
    g_autofree char *what = g_strdup_printf("%s#%" G_GUINT64_FORMAT ": subscribers imported",
                                            import->file->facts->repository, import->id);

    for (guint i = 0; i < import->file->comments->len; i++) {
        const MpUser *author =
            ((MpFileComment *)g_ptr_array_index(import->file->comments, i))->author;

        if (subscriber_of(import, author->login) == NULL &&
            !mp_batch_subscribe(batch, import->id, author->id, NULL, what, &actor, error))
            return false;
    }
    for (guint i = 0; i < import->file->subscribers->len; i++) {
        const MpFileSubscriber *s = g_ptr_array_index(import->file->subscribers, i);
        g_autoptr(MpUser) user = NULL;

        if (!mp_file_find_login(instance, s->login, &user, error) ||
            (user != NULL &&
             !mp_batch_subscribe(batch, import->id, user->id, s->reason, what, &actor, error)))
            return false;
        import->n_foreign += user == NULL;
    }
    return true;
}

static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Import *import = user_data;
    bool is_new;

    import->n_new = import->n_known = import->n_foreign = 0;
    if (!find_thread(instance, import, error) || !settle(instance, import, error))
        return false;
    is_new = import->id == 0;
    for (guint i = 0; i < import->file->comments->len; i++) {
        if (!is_new && i == 0) {
            import->n_known++;
            continue;
        }
        if (!add_comment(instance, import, batch, events,
                         g_ptr_array_index(import->file->comments, i), error))
            return false;
    }
    /* a thread that is there has its own history */
    return !is_new ||
           (mp_file_add_events(instance, batch, import->file, import->id, import->fallback,
                               error) &&
            (!import->file->has_subscribers || set_subscribers(instance, import, batch, error)));
}

/* --- The command ---------------------------------------------------------------------------- */

static bool
run_import(MpInstance *instance, Import *import, const char *name, const MpOptions *options,
           GError **error)
{
    g_autoptr(GString) bytes =
        mp_read_argument_bytes(name, FILE_MAX, error); /* as in thread_post.c: root's own file */

    if (bytes == NULL || !mp_instance_open(instance, options, error))
        return false;
    if (import->as != NULL) {
        import->fallback = thread_actor(instance, import->as, error);
        if (import->fallback == NULL)
            return false;
    }
    /* who wrote what is looked up in build(): another host may have made the account just now */
    return read_file(instance, import, bytes, name, error) && thread_begin(instance, error) &&
           mp_transaction_run(instance, build, import, error);
}

int
thread_import(int argc, char **argv)
{
    g_auto(Import) import = {0};
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &import.format, "of the file (as it looks)",
         "json|mbox"},
        {"as", 0, 0, G_OPTION_ARG_FILENAME, &import.as, "who wrote what is by no account here",
         "LOGIN"},
        {"repository", 0, 0, G_OPTION_ARG_FILENAME, &import.repository, "instead of the file's",
         "OWNER/NAME"},
        {"title", 0, 0, G_OPTION_ARG_FILENAME, &import.title, "instead of the file's", "TITLE"},
        {"announce", 0, 0, G_OPTION_ARG_NONE, &import.announce, "tell subscribers of what is new",
         NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(
        &options, entries,
        "FILE [--format json|mbox] [--as LOGIN]\n"
        "    [--repository OWNER/NAME] [--title TITLE] [--announce]",
        "Adds the thread in FILE (- for standard input), or what is new of it; prints its id, and\n"
        "how many comments were added and were there.",
        1, 1, &argc, &argv);
    if ((import.title != NULL && !thread_check_title("--title", import.title, &error)) ||
        (import.repository != NULL && !thread_check_repository(import.repository, &error)) ||
        !run_import(&instance, &import, argv[1], &options, &error))
        return mp_report(error);
    if (import.n_foreign > 0)
        fprintf(stderr, "metroplex: left out %u %s no account here\n", import.n_foreign,
                mp_plural(import.n_foreign, "subscriber, who has", "subscribers, who have"));
    printf("%" G_GUINT64_FORMAT " %u added %u known\n", import.id, import.n_new, import.n_known);
    return EX_OK;
}
