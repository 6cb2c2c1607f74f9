/* message-ids/: which thread a mail went to, by its Message-ID, in pages as those of the KEYs. */
#include <string.h>

#include "tracker/internal.h"

#define MESSAGE_IDS "message-ids"

char *
mp_message_id_digits(const char *message_id)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, message_id, -1);

    return g_strndup(hash, 32);
}

/* "<acme/rocket/issues/17…@host>". */
static bool
is_like_ours(const char *message_id, const char *hostname)
{
    g_auto(GStrv) parts = g_strsplit(message_id, "/", 4);
    g_autofree char *end = g_strdup_printf("@%s>", hostname);
    gsize length = strlen(message_id), tail = strlen(end);
    MpThreadKind kind;

    if (g_strv_length(parts) < 4 || length < tail ||
        g_ascii_strcasecmp(message_id + length - tail, end) != 0)
        return false;
    return strcmp(parts[2], "issues") == 0 || mp_thread_kind_parse(parts[2], &kind);
}

bool
mp_message_id_is_indexed(const char *message_id, const char *hostname)
{
    return message_id != NULL && !is_like_ours(message_id, hostname);
}

static bool
find(MpTree *tree, const char *message_id, bool *found, guint64 *thread, GError **error)
{
    g_autofree char *digits = mp_message_id_digits(message_id);
    MpTreeNode *index;

    *found = false;
    return mp_tree_directory(tree, NULL, MESSAGE_IDS, &index, error) &&
           (index == NULL || mp_keys_find(tree, index, digits, found, thread, error));
}

bool
mp_message_ids_add(MpTree *tree, const char *message_id, const char *hostname, guint64 thread,
                   GError **error)
{
    guint64 first;
    bool found;

    if (!mp_message_id_is_indexed(message_id, hostname))
        return true;
    if (!find(tree, message_id, &found, &first, error))
        return false;
    if (found)
        return true;
    g_autofree char *digits = mp_message_id_digits(message_id);
    MpTreeNode *index = mp_tree_make_directory(tree, NULL, MESSAGE_IDS, error);
    return index != NULL && mp_keys_add(tree, index, digits, thread, NULL, error);
}

bool
mp_message_ids_remove(MpTree *tree, const char *message_id, guint64 thread, GError **error)
{
    g_autofree char *digits = message_id != NULL ? mp_message_id_digits(message_id) : NULL;
    MpTreeNode *index;
    guint64 there;
    bool found;

    if (digits == NULL)
        return true;
    if (!find(tree, message_id, &found, &there, error))
        return false;
    if (!found || there != thread)
        return true;
    return mp_tree_directory(tree, NULL, MESSAGE_IDS, &index, error) &&
           mp_keys_remove(tree, index, digits, error) &&
           (mp_tree_count(index) > 0 || mp_tree_remove_at(tree, MESSAGE_IDS, error));
}

bool
mp_tracker_find_message_id(MpTracker *tracker, const char *message_id, guint64 *thread,
                           GError **error)
{
    bool found;

    *thread = 0;
    return find(mp_store_view(&tracker->store), message_id, &found, thread, error);
}
