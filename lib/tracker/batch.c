/* A batch of changes of the tracker: one commit a change, one pack and one move for all. */
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "tracker/listed.h"
#include "tracker/records.h"
#include "tracker/internal.h"
#include "tracker/pulls_file.h"
#include "tracker/subscribers.h"

#define SUBJECT_MAX 72 /* characters of a first line that git log shows without wrapping */

MpBatch *
mp_batch_begin(MpTracker *tracker)
{
    MpBatch *batch = g_new0(MpBatch, 1);

    batch->tracker = tracker;
    batch->listed = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)mp_listed_line_free);
    mp_chain_begin(&batch->chain, &tracker->store);
    return batch;
}

void
mp_batch_free(MpBatch *batch)
{
    if (batch == NULL)
        return;
    mp_chain_clear(&batch->chain);
    g_hash_table_unref(batch->listed);
    g_free(batch);
}

bool
mp_batch_is_empty(const MpBatch *batch)
{
    return batch->chain.n_commits == 0;
}

bool
mp_batch_commit_begin(MpBatch *batch, GError **error)
{
    return batch->chain.is_begun ||
           (mp_batch_write_listed(batch, error) && mp_chain_write_begin(&batch->chain, error));
}

bool
mp_batch_is_busy(const MpBatch *batch)
{
    return mp_pack_is_busy(batch->chain.pack);
}

MpCommitResult
mp_batch_commit(MpBatch *batch, GError **error)
{
    if (!mp_batch_commit_begin(batch, error))
        return MP_FAILED;
    MpCommitResult result = mp_chain_finish(&batch->chain, error);
    if (result == MP_COMMITTED && batch->is_listed && batch->chain.n_commits > 0)
        batch->tracker->listed_at = batch->chain.root;
    return result;
}

bool
mp_batch_thread(MpBatch *batch, guint64 id, MpThread **thread, GError **error)
{
    return mp_read_thread(batch->chain.tree, id, thread, error);
}

static bool
set_text(MpBatch *batch, MpTreeNode *directory, const char *name, const char *text, GError **error)
{
    return mp_tree_set(batch->chain.tree, directory, name, text, strlen(text), error);
}

/* Text files end in a newline, so that diffs and cat read well. */
static bool
set_lines(MpBatch *batch, MpTreeNode *directory, const char *name, const char *text, GError **error)
{
    g_autofree char *whole = g_str_has_suffix(text, "\n") ? NULL : g_strconcat(text, "\n", NULL);

    return set_text(batch, directory, name, whole != NULL ? whole : text, error);
}

static MpTreeNode *
make_thread(MpBatch *batch, guint64 id, GError **error)
{
    g_autofree char *path = mp_path_of_thread(id);

    return mp_tree_make_directory(batch->chain.tree, NULL, path, error);
}

MpTreeNode *
mp_batch_thread_directory(MpBatch *batch, guint64 id, GError **error)
{
    g_autofree char *path = mp_path_of_thread(id);
    MpTreeNode *directory;

    if (!mp_tree_directory(batch->chain.tree, NULL, path, &directory, error))
        return NULL;
    return directory != NULL
               ? directory
               : mp_fail_null(error, MP_ERROR_INPUT, "no such thread: %" G_GUINT64_FORMAT, id);
}

/* --- Subscriptions --------------------------------------------------------------------------- */

static void
want(GArray *wanted, guint64 user, const char *reason)
{
    g_array_append_vals(wanted, &(MpSubscription){user, reason}, 1);
}

static void
want_each(GArray *wanted, const GArray *users, const char *reason)
{
    for (guint i = 0; users != NULL && i < users->len; i++)
        want(wanted, g_array_index(users, guint64, i), reason);
}

/* The author, those mentioned and those in copy are subscribed, but for whoever muted the thread.
 */
static bool
subscribe_participants(MpBatch *batch, guint64 id, const MpNewComment *comment, guint64 author,
                       const char *reason, GError **error)
{
    g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(MpSubscription));
    MpTree *tree = batch->chain.tree;
    bool all, all_copied;

    if (author == 0 || comment->subscribes_nobody) /* 0: nobody's account */
        return true;
    if (!mp_read_all_subscribe(tree, id, author, comment->mentions, &all, error) ||
        !mp_read_all_subscribe(tree, id, author, comment->copied, &all_copied, error))
        return false;
    if (all && all_copied)
        return true;
    want(wanted, author, reason);
    want_each(wanted, comment->mentions, "mention");
    want_each(wanted, comment->copied, "cc");
    return mp_subscribers_change(tree, id, wanted, false, &all, error);
}

bool
mp_batch_subscribe(MpBatch *batch, guint64 thread, guint64 user, const char *reason,
                   const char *what, const MpActor *actor, GError **error)
{
    g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(MpSubscription));
    bool changed;

    want(wanted, user, reason);
    return mp_subscribers_change(batch->chain.tree, thread, wanted, true, &changed, error) &&
           (!changed || mp_chain_commit(&batch->chain, what, actor, error));
}

bool
mp_batch_follow(MpBatch *batch, guint64 thread, const GPtrArray *assignees, GError **error)
{
    g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(MpSubscription));
    bool changed;

    for (guint i = 0; i < assignees->len; i++)
        want(wanted, ((MpAssignee *)assignees->pdata[i])->id, "assign");
    return mp_subscribers_change(batch->chain.tree, thread, wanted, false, &changed, error);
}

/* --- Comments ------------------------------------------------------------------------------- */

/* A line that says something: not what is quoted, and not the fence of a code block. */
static bool
says_something(const char *line)
{
    return *line != '\n' && *line != '>' && !g_str_has_prefix(line, "```") &&
           !g_str_has_prefix(line, "~~~");
}

/* The first line that says something, else the first with anything in it, cut: what git log
 * --oneline shows of a comment. */
static char *
first_line(const char *body)
{
    const char *start = body + strspn(body, " \t\r\n"), *line = start;

    while (*line != '\0' && !says_something(line)) {
        line += strcspn(line, "\n");
        line += strspn(line, " \t\r\n");
    }
    body = *line != '\0' ? line : start;
    g_autofree char *subject = g_strndup(body, strcspn(body, "\n"));
    g_autofree char *valid = g_utf8_make_valid(subject, -1);
    if (g_utf8_strlen(valid, -1) <= SUBJECT_MAX)
        return g_steal_pointer(&valid);
    g_autofree char *cut = g_utf8_substring(valid, 0, SUBJECT_MAX - 1);
    return g_strconcat(cut, "\u2026", NULL);
}

static bool
write_attachments(MpBatch *batch, MpTreeNode *comment, const GPtrArray *attachments, GError **error)
{
    MpTree *tree = batch->chain.tree;
    MpTreeNode *directory;

    if (attachments == NULL || attachments->len == 0)
        return true;
    directory = mp_tree_make_directory(tree, comment, "attachments", error);
    for (guint i = 0; directory != NULL && i < attachments->len; i++) {
        const MpNewAttachment *a = g_ptr_array_index(attachments, i);
        gsize length;
        gconstpointer bytes = g_bytes_get_data(a->data, &length);

        if (!mp_is_attachment_file(a->file))
            return mp_fail(error, MP_ERROR_INPUT, "not the name of a file for an attachment");
        if (!mp_tree_set(tree, directory, a->file, bytes, length, error))
            return false;
    }
    return directory != NULL;
}

/* The host that announces the comment, where its own record names another: an imported comment
 * keeps the host that posted it once. NULL without a remote, where there is nobody else. */
static const char *
announcing_host(const MpBatch *batch, const MpNewComment *comment)
{
    const char *here = batch->tracker->store.host;

    return g_strcmp0(comment->host, here) != 0 ? here : NULL;
}

static bool
add_message_id(MpBatch *batch, const MpNewComment *comment, guint64 thread, GError **error)
{
    return mp_message_ids_add(batch->chain.tree, comment->message_id,
                              batch->tracker->store.hostname, thread, error);
}

static bool
write_comment(MpBatch *batch, MpTreeNode *thread, guint64 number, const MpNewComment *comment,
              const MpActor *actor, GError **error)
{
    g_autofree char *of_comment = mp_path_of_comment(number);
    g_autofree char *path = g_strconcat("comments/", of_comment, NULL);
    g_autofree char *record = mp_record_comment(comment, actor);
    MpTree *tree = batch->chain.tree;
    MpTreeNode *directory = mp_tree_make_directory(tree, thread, path, error);
    MpTreeNode *received = mp_tree_make_directory(tree, thread, "received", error);

    return directory != NULL && received != NULL &&
           set_lines(batch, directory, "comment.md", comment->body, error) &&
           (comment->elided == NULL || *comment->elided == '\0' ||
            set_lines(batch, directory, "elided.txt", comment->elided, error)) &&
           (comment->quoted == NULL ||
            set_lines(batch, directory, "lines.txt", comment->quoted, error)) &&
           set_text(batch, directory, "mail", record, error) &&
           write_attachments(batch, directory, comment->attachments, error) &&
           mp_keys_add(tree, received, comment->key, number, announcing_host(batch, comment),
                       error);
}

/* Whether the KEY is in the thread already. */
static bool
find_key(MpBatch *batch, MpTreeNode *thread, const char *key, bool *found, guint64 *number,
         GError **error)
{
    MpTreeNode *received;

    *found = false;
    return mp_tree_directory(batch->chain.tree, thread, "received", &received, error) &&
           (received == NULL ||
            mp_keys_find(batch->chain.tree, received, key, found, number, error));
}

static bool
next_number(MpBatch *batch, MpTreeNode *thread, guint64 *number, GError **error)
{
    MpTreeNode *comments = mp_tree_make_directory(batch->chain.tree, thread, "comments", error);

    if (comments == NULL || !mp_paths_last_comment(batch->chain.tree, comments, number, error))
        return false;
    ++*number;
    return true;
}

/* Somebody writes in it. */
static bool
list_thread(MpBatch *batch, MpThread *thread, GError **error)
{
    if (!thread->is_unlisted)
        return true;
    thread->is_unlisted = false;
    return mp_batch_put_record(batch, thread, error);
}

bool
mp_batch_comment(MpBatch *batch, const MpNewComment *comment, const MpActor *actor, guint64 *number,
                 bool *duplicate, GError **error)
{
    g_autoptr(MpThread) record = NULL;

    if (!mp_read_thread(batch->chain.tree, comment->thread, &record, error))
        return false;
    if (record == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "no such thread: %" G_GUINT64_FORMAT,
                       comment->thread);
    MpTreeNode *thread = mp_batch_thread_directory(batch, comment->thread, error);
    if (thread == NULL || !find_key(batch, thread, comment->key, duplicate, number, error))
        return false;
    if (*duplicate)
        return true;
    g_autofree char *line = first_line(comment->body);
    g_autofree char *message =
        g_strdup_printf("%s#%" G_GUINT64_FORMAT ": %s", record->repository, comment->thread, line);
    return next_number(batch, thread, number, error) && list_thread(batch, record, error) &&
           write_comment(batch, thread, *number, comment, actor, error) &&
           add_message_id(batch, comment, comment->thread, error) &&
           subscribe_participants(batch, comment->thread, comment, actor->user, "comment", error) &&
           mp_chain_commit(&batch->chain, message, actor, error);
}

/* --- Threads -------------------------------------------------------------------------------- */

static bool
next_thread_id(MpBatch *batch, guint64 *id, GError **error)
{
    MpTreeNode *threads = mp_tree_make_directory(batch->chain.tree, NULL, "threads", error);

    if (threads == NULL || !mp_paths_last_id(batch->chain.tree, threads, id, error))
        return false;
    if (++*id > MP_MAX_ID)
        return mp_fail(error, MP_ERROR_INSTALLATION,
                       "the tracker is full: %" G_GUINT64_FORMAT " threads", MP_MAX_ID);
    return true;
}

static bool
set_import(MpBatch *batch, const char *name, guint64 thread, GError **error)
{
    g_autofree char *path = mp_path_of_import(name);
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "\n", thread);

    return mp_tree_set_at(batch->chain.tree, path, text, strlen(text), error);
}

bool
mp_batch_open_thread(MpBatch *batch, const MpThread *thread, const MpNewComment *post,
                     const MpActor *actor, guint64 *id, GError **error)
{
    g_autofree char *nonce = mp_random_hex(MP_NONCE_OCTETS, error);
    MpThread named = *thread;

    named.nonce = nonce;
    if (nonce == NULL || !next_thread_id(batch, id, error) ||
        (thread->kind == MP_COMMIT && thread->object != NULL &&
         !mp_commits_claim(&batch->tracker->store, batch->chain.tree, thread, *id, error)))
        return false;
    named.id = *id;
    MpTreeNode *directory = make_thread(batch, *id, error);
    g_autofree char *message =
        g_strdup_printf("%s#%" G_GUINT64_FORMAT ": %s", thread->repository, *id, thread->title);

    return directory != NULL && mp_batch_put_record(batch, &named, error) &&
           mp_pulls_follow(batch->chain.tree, &named, error) &&
           write_comment(batch, directory, 0, post, actor, error) &&
           add_message_id(batch, post, *id, error) &&
           (post->known_as == NULL || set_import(batch, post->known_as, *id, error)) &&
           subscribe_participants(batch, *id, post, actor->user, "author", error) &&
           mp_chain_commit(&batch->chain, message, actor, error);
}

bool
mp_batch_set_thread(MpBatch *batch, const MpThread *thread, const char *key, const char *what,
                    const MpActor *actor, GError **error)
{
    MpTreeNode *directory = make_thread(batch, thread->id, error);
    MpTreeNode *received =
        directory != NULL ? mp_tree_make_directory(batch->chain.tree, directory, "received", error)
                          : NULL;

    return received != NULL && mp_batch_put_record(batch, thread, error) &&
           mp_pulls_follow(batch->chain.tree, thread, error) &&
           (key == NULL ||
            mp_keys_add(batch->chain.tree, received, key, 0, batch->tracker->store.host, error)) &&
           mp_chain_commit(&batch->chain, what, actor, error);
}

bool
mp_batch_set_import(MpBatch *batch, const char *message_id, guint64 thread, const char *what,
                    const MpActor *actor, GError **error)
{
    return set_import(batch, message_id, thread, error) &&
           mp_chain_commit(&batch->chain, what, actor, error);
}

bool
mp_batch_set_host(MpBatch *batch, const char *name, const char *installation, GError **error)
{
    MpActor actor = mp_program_actor();
    g_autofree char *text = g_strconcat(installation, "\n", NULL);
    g_autofree char *what = g_strdup_printf("Host %s", name);
    g_autofree char *path = mp_path_of_host(name);

    return mp_tree_set_at(batch->chain.tree, path, text, strlen(text), error) &&
           mp_chain_commit(&batch->chain, what, &actor, error);
}
