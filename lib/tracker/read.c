/* Reading threads, comments and policies. */
#include <string.h>

#include "base/error.h"
#include "tracker/internal.h"
#include "tracker/records.h"

bool
mp_read_id(MpTree *tree, const char *path, const char *what, guint64 *id, GError **error)
{
    g_autofree char *text = NULL;

    *id = 0;
    if (!mp_tree_read(tree, NULL, path, &text, NULL, error))
        return false;
    return text == NULL ||
           g_ascii_string_to_unsigned(g_strstrip(text), 10, 1, MP_MAX_ID, id, NULL) ||
           what == NULL ||
           mp_fail(error, MP_ERROR_INSTALLATION, "%s: not the id of a %s", path, what);
}

bool
mp_read_thread(MpTree *tree, guint64 id, MpThread **thread, GError **error)
{
    g_autofree char *directory = mp_path_of_thread(id);
    g_autofree char *path = g_strconcat(directory, "/thread", NULL);
    g_autofree char *text = NULL;

    *thread = NULL;
    if (id == 0 || id > MP_MAX_ID)
        return true;
    if (!mp_tree_read(tree, NULL, path, &text, NULL, error))
        return false;
    *thread = text != NULL ? mp_record_parse_thread(text, path, id, error) : NULL;
    return text == NULL || *thread != NULL;
}

bool
mp_tracker_thread(MpTracker *tracker, guint64 id, MpThread **thread, GError **error)
{
    return mp_read_thread(mp_store_view(&tracker->store), id, thread, error);
}

MpRepository *
mp_read_repository(MpTree *tree, const char *name, GError **error)
{
    g_autofree char *path = g_strconcat("repositories/", name, NULL);
    g_autofree char *text = NULL;

    if (!mp_is_repository_name(name))
        return mp_fail_null(error, MP_ERROR_INPUT, "a repository's name has the form owner/name");
    if (!mp_tree_read(tree, NULL, path, &text, NULL, error))
        return NULL;
    MpRepository *repository = mp_record_parse_repository(
        text != NULL ? text : "[repository]\nreply=on\n", path, name, error);
    if (repository != NULL)
        repository->is_recorded = text != NULL;
    return repository;
}

MpRepository *
mp_tracker_repository(MpTracker *tracker, const char *name, GError **error)
{
    return mp_read_repository(mp_store_view(&tracker->store), name, error);
}

/* The directory below a thread's, NULL where there is none. */
static bool
below_thread(MpTree *tree, guint64 thread, const char *name, MpTreeNode **directory, GError **error)
{
    g_autofree char *of_thread = mp_path_of_thread(thread);
    g_autofree char *path = g_strconcat(of_thread, "/", name, NULL);

    return mp_tree_directory(tree, NULL, path, directory, error);
}

bool
mp_tracker_last_comment(MpTracker *tracker, guint64 thread, guint64 *number, GError **error)
{
    MpTree *tree = mp_store_view(&tracker->store);
    MpTreeNode *comments;

    *number = 0;
    return below_thread(tree, thread, "comments", &comments, error) &&
           (comments == NULL || mp_paths_last_comment(tree, comments, number, error));
}

bool
mp_tracker_find_key(MpTracker *tracker, guint64 thread, const char *key, bool *found,
                    guint64 *comment, GError **error)
{
    MpTree *tree = mp_store_view(&tracker->store);
    MpTreeNode *received;

    *found = false;
    return below_thread(tree, thread, "received", &received, error) &&
           (received == NULL || mp_keys_find(tree, received, key, found, comment, error));
}

/* The host is in the file of the KEY, or in the record of the comment that it came with. */
bool
mp_tracker_host_of_key(MpTracker *tracker, guint64 thread, const char *key, bool *found,
                       char **host, GError **error)
{
    MpTree *tree = mp_store_view(&tracker->store);
    g_autoptr(MpComment) comment = NULL;
    MpTreeNode *received;
    guint64 number;

    *found = false;
    *host = NULL;
    if (!below_thread(tree, thread, "received", &received, error))
        return false;
    if (received == NULL)
        return true;
    if (!mp_keys_find(tree, received, key, found, &number, error))
        return false;
    if (!*found)
        return true;
    if (!mp_keys_read_host(tree, received, key, host, error))
        return false;
    if (*host != NULL)
        return true;
    if (!mp_tracker_comment(tracker, thread, number, &comment, error))
        return false;
    if (comment != NULL && strcmp(comment->key, key) == 0)
        *host = g_strdup(comment->host);
    return true;
}

/* The record names the attachments; their sizes are those of the files. */
static bool
read_attachment_sizes(MpTree *tree, MpTreeNode *comment, MpComment *into, GError **error)
{
    MpTreeNode *directory;

    if (!mp_tree_directory(tree, comment, "attachments", &directory, error))
        return false;
    for (guint i = 0; directory != NULL && i < into->attachments->len; i++) {
        MpAttachmentRecord *attachment = g_ptr_array_index(into->attachments, i);

        if (!mp_tree_blob_size(tree, directory, attachment->file, &attachment->size, error))
            return false;
    }
    return true;
}

/* A file that must be there; the caller's. */
static char *
read_file(MpTree *tree, MpTreeNode *directory, const char *name, const char *path, GError **error)
{
    char *text;

    if (!mp_tree_read(tree, directory, name, &text, NULL, error))
        return NULL;
    return text != NULL
               ? text
               : mp_fail_null(error, MP_ERROR_INSTALLATION, "%s/%s is missing", path, name);
}

static MpComment *
read_comment(MpTree *tree, MpTreeNode *directory, const char *path, guint64 number, GError **error)
{
    g_autofree char *mail_path = g_strconcat(path, "/mail", NULL);
    g_autofree char *mail = read_file(tree, directory, "mail", path, error);
    g_autoptr(MpComment) comment =
        mail != NULL ? mp_record_parse_comment(mail, mail_path, number, error) : NULL;

    if (comment == NULL)
        return NULL;
    comment->body = read_file(tree, directory, "comment.md", path, error);
    return comment->body != NULL &&
                   mp_tree_read(tree, directory, "elided.txt", &comment->elided, NULL, error) &&
                   mp_tree_read(tree, directory, "lines.txt", &comment->quoted, NULL, error) &&
                   read_attachment_sizes(tree, directory, comment, error)
               ? g_steal_pointer(&comment)
               : NULL;
}

bool
mp_read_comment(MpTree *tree, guint64 thread, guint64 number, MpComment **comment, GError **error)
{
    g_autofree char *of_thread = mp_path_of_thread(thread);
    g_autofree char *of_comment = mp_path_of_comment(number);
    g_autofree char *path = g_strconcat(of_thread, "/comments/", of_comment, NULL);
    MpTreeNode *directory;

    *comment = NULL;
    if (!mp_tree_directory(tree, NULL, path, &directory, error))
        return false;
    *comment = directory != NULL ? read_comment(tree, directory, path, number, error) : NULL;
    return directory == NULL || *comment != NULL;
}

bool
mp_tracker_comment(MpTracker *tracker, guint64 thread, guint64 number, MpComment **comment,
                   GError **error)
{
    return mp_read_comment(mp_store_view(&tracker->store), thread, number, comment, error);
}

GBytes *
mp_tracker_attachment(MpTracker *tracker, guint64 thread, guint64 number, const char *file,
                      GError **error)
{
    MpTree *tree = mp_store_view(&tracker->store);
    g_autofree char *of_thread = mp_path_of_thread(thread);
    g_autofree char *of_comment = mp_path_of_comment(number);
    g_autofree char *path =
        g_strconcat(of_thread, "/comments/", of_comment, "/attachments/", file, NULL);
    char *bytes;
    gsize length = 0;

    if (!mp_tree_read(tree, NULL, path, &bytes, &length, error))
        return NULL;
    return bytes != NULL ? g_bytes_new_take(bytes, length)
                         : mp_fail_null(error, MP_ERROR_INSTALLATION, "%s is missing", path);
}

char *
mp_path_of_import(const char *message_id)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, message_id, -1);

    return g_strdup_printf("imports/%.2s/%.30s", hash, hash + 2);
}

bool
mp_tracker_find_import(MpTracker *tracker, const char *message_id, guint64 *thread, GError **error)
{
    g_autofree char *path = mp_path_of_import(message_id);

    return mp_read_id(mp_store_view(&tracker->store), path, "thread", thread, error);
}
