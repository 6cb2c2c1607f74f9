/*
 * Redacting a comment: its words go from the tip, its KEY from received/ to redacted/ of
 * accounts.git. A KEY is a hash of words: in public it would confirm who guesses them.
 */
#include "tracker/redact.h"

#include <string.h>

#include "base/error.h"
#include "tracker/internal.h"
#include "tracker/listed.h"
#include "tracker/record_file.h"
#include "tracker/records.h"

void
mp_redacted_clear(MpRedacted *redaction)
{
    g_clear_pointer(&redaction->key, g_free);
    g_clear_pointer(&redaction->message_id, g_free);
}

/* --- accounts.git -----------------------------------------------------------------------------
 */

char *
mp_path_of_redacted(const char *key)
{
    return g_strdup_printf("redacted/%.2s/%s", key, key + MIN(2, strlen(key)));
}

static char *
record_of(const MpRedacted *redaction)
{
    g_autoptr(MpRecordWriter) file = mp_record_writer_new();
    const char *g = "redacted";

    mp_record_set_number(file, g, "thread", redaction->thread);
    mp_record_set_number(file, g, "comment", redaction->comment);
    mp_record_set_date(file, g, "date", redaction->date);
    mp_record_set_optional(file, g, "message-id", redaction->message_id);
    return mp_record_writer_text(file);
}

bool
mp_record_parse_redacted(const char *text, const char *path, MpRedacted *redaction, GError **error)
{
    MpRecordReader r;

    mp_record_begin(&r, text, path, "redacted");
    redaction->thread = mp_record_number(&r, "thread", 1, MP_MAX_ID);
    redaction->comment = mp_record_number(&r, "comment", 0, G_MAXUINT64);
    redaction->date = mp_record_date(&r, "date");
    redaction->message_id = mp_record_optional(&r, "message-id");
    return mp_record_end(&r, error);
}

static bool
read_redacted(MpTree *tree, const char *key, bool *found, MpRedacted *redaction, GError **error)
{
    g_autofree char *path = mp_path_of_redacted(key);
    g_autofree char *text = NULL;

    *redaction = (MpRedacted){0};
    *found = false;
    if (!mp_tree_read(tree, NULL, path, &text, NULL, error))
        return false;
    *found = text != NULL;
    redaction->key = g_strdup(key);
    return text == NULL || mp_record_parse_redacted(text, path, redaction, error);
}

bool
mp_accounts_redacted(MpAccounts *accounts, const char *key, bool *found, MpRedacted *redaction,
                     GError **error)
{
    return read_redacted(mp_store_view(&accounts->store), key, found, redaction, error);
}

static bool
build(G_GNUC_UNUSED MpAccounts *accounts, MpTree *tree, char **what, gpointer data, GError **error)
{
    const MpRedacted *redaction = data;
    g_auto(MpRedacted) there = {0};
    bool found;

    if (!read_redacted(tree, redaction->key, &found, &there, error))
        return false;
    if (found)
        return true;
    g_autofree char *path = mp_path_of_redacted(redaction->key);
    g_autofree char *text = record_of(redaction);
    *what = g_strdup_printf("Redact comment %" G_GUINT64_FORMAT " of thread %" G_GUINT64_FORMAT,
                            redaction->comment, redaction->thread);
    return mp_tree_set_at(tree, path, text, strlen(text), error);
}

bool
mp_accounts_redact(MpAccounts *accounts, const MpRedacted *redaction, GError **error)
{
    return mp_accounts_change(accounts, build, (gpointer)redaction, error);
}

/* --- tracker.git ------------------------------------------------------------------------------
 */

/* The directory of a comment; NULL where it is not there. */
static bool
comment_directory(MpTree *tree, MpTreeNode *thread, guint64 number, MpTreeNode **directory,
                  GError **error)
{
    g_autofree char *of_comment = mp_path_of_comment(number);
    g_autofree char *path = g_strconcat("comments/", of_comment, NULL);

    return mp_tree_directory(tree, thread, path, directory, error);
}

static bool
remove_words(MpTree *tree, MpTreeNode *directory, const MpComment *comment, gint64 date,
             GError **error)
{
    g_autofree char *record = mp_record_redacted(comment, date);

    mp_tree_remove(directory, "elided.txt");
    mp_tree_remove(directory, "lines.txt");
    mp_tree_remove(directory, "attachments");
    return mp_tree_set(tree, directory, "comment.md", MP_REDACTED_TEXT, strlen(MP_REDACTED_TEXT),
                       error) &&
           mp_tree_set(tree, directory, "mail", record, strlen(record), error);
}

static bool
remove_key(MpTree *tree, MpTreeNode *thread, const char *key, GError **error)
{
    MpTreeNode *received;

    if (!mp_tree_directory(tree, thread, "received", &received, error) ||
        (received != NULL && !mp_keys_remove(tree, received, key, error)))
        return false;
    if (received != NULL && mp_tree_count(received) == 0)
        mp_tree_remove(thread, "received");
    return true;
}

/* By its KEY a thread that a mail opened is found. */
static bool
forget_opening(MpTree *tree, const MpComment *comment, GError **error)
{
    g_autofree char *name = g_strconcat(MP_OPENED_BY_MAIL, comment->key, NULL);
    g_autofree char *path = mp_path_of_import(name);

    return comment->number > 0 || mp_tree_remove_at(tree, path, error);
}

/* What others quoted of it. */
static bool
remove_elided(MpTree *tree, MpTreeNode *thread, const GArray *comments, GError **error)
{
    for (guint i = 0; comments != NULL && i < comments->len; i++) {
        MpTreeNode *directory;

        if (!comment_directory(tree, thread, g_array_index(comments, guint64, i), &directory,
                               error))
            return false;
        if (directory != NULL)
            mp_tree_remove(directory, "elided.txt");
    }
    return true;
}

bool
mp_redact_in_tree(MpTree *tree, guint64 id, const MpComment *comment, gint64 date,
                  const GArray *quoting, GError **error)
{
    g_autofree char *path = mp_path_of_thread(id);
    MpTreeNode *thread, *directory;

    if (!mp_tree_directory(tree, NULL, path, &thread, error))
        return false;
    if (thread == NULL)
        return true;
    if (!comment_directory(tree, thread, comment->number, &directory, error))
        return false;
    return (directory == NULL || comment->redacted != 0 ||
            (remove_words(tree, directory, comment, date, error) &&
             remove_key(tree, thread, comment->key, error) &&
             mp_message_ids_remove(tree, comment->message_id, id, error) &&
             forget_opening(tree, comment, error))) &&
           remove_elided(tree, thread, quoting, error);
}

static bool
take_title(MpBatch *batch, MpTreeNode *directory, guint64 id, const char *title, GError **error)
{
    g_autoptr(MpThread) thread = NULL;

    if (title != NULL && !mp_retitle_in_tree(batch->chain.tree, directory, title, error))
        return false;
    batch->has_taken_title |= title != NULL;
    /* in any case: somebody may have taken words out of the record by hand */
    (void)mp_batch_thread(batch, id, &thread, NULL); /* one that does not parse is listed as such */
    mp_listed_note(batch->listed, batch->chain.tree, id, thread);
    return true;
}

bool
mp_batch_redact(MpBatch *batch, const MpComment *comment, const MpRedacted *redacted,
                const char *title, const GArray *quoting, GError **error)
{
    MpActor actor = mp_program_actor();
    MpTreeNode *thread = mp_batch_thread_directory(batch, redacted->thread, error);
    g_autoptr(MpThread) facts = NULL;

    if (thread == NULL || !mp_batch_thread(batch, redacted->thread, &facts, error))
        return false;
    g_autofree char *what =
        g_strdup_printf("%s#%" G_GUINT64_FORMAT ": comment %" G_GUINT64_FORMAT " redacted",
                        facts->repository, redacted->thread, redacted->comment);
    return mp_redact_in_tree(batch->chain.tree, redacted->thread, comment, redacted->date, quoting,
                             error) &&
           take_title(batch, thread, redacted->thread, title, error) &&
           mp_chain_commit(&batch->chain, what, &actor, error);
}
