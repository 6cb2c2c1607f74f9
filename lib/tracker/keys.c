/* The KEYs of a thread: which mail became which comment, in a trie of small directories. */
#include "tracker/paths.h"

#include <string.h>

#include "base/error.h"

#define PAGE_MAX 16

char *
mp_tracker_key(guint64 user, guint64 thread, const char *source, const char *words)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *ids = g_strdup_printf(
        "metroplex-key-1%c%" G_GUINT64_FORMAT "%c%" G_GUINT64_FORMAT, '\n', user, '\n', thread);

    /* The octet 0 behind each field delimits: none holds one. */
    g_checksum_update(sum, (const guchar *)ids, (gssize)strlen(ids) + 1);
    g_checksum_update(sum, (const guchar *)source, (gssize)strlen(source) + 1);
    g_checksum_update(sum, (const guchar *)words, (gssize)strlen(words) + 1);
    return g_strndup(g_checksum_get_string(sum), 32);
}

/* A directory is either all files or all directories; one look at its first entry tells. */
static bool
is_inner(const MpTreeNode *page)
{
    return mp_tree_count(page) > 0 && mp_tree_is_directory(page, 0);
}

/* Goes down to the page that holds, or would hold, the KEY; *depth is the digits of its name. */
static MpTreeNode *
page_of(MpTree *tree, MpTreeNode *page, const char *key, bool make, gsize *depth, GError **error)
{
    *depth = 0;
    while (page != NULL && is_inner(page) && *depth < strlen(key)) {
        g_autofree char *prefix = g_strndup(key, ++*depth);

        page = mp_tree_directory(tree, page, prefix, make, error);
    }
    return page;
}

bool
mp_keys_find(MpTree *tree, MpTreeNode *received, const char *key, bool *found, guint64 *number,
             GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *name = g_strconcat(key, ".", NULL);
    gsize depth;
    MpTreeNode *page = page_of(tree, received, key, false, &depth, &why);

    *found = false;
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    guint i = page != NULL ? mp_tree_find(page, name) : 0;
    if (page != NULL && i < mp_tree_count(page) && g_str_has_prefix(mp_tree_name(page, i), name)) {
        *found = true;
        *number = g_ascii_strtoull(mp_tree_name(page, i) + strlen(name), NULL, 10);
    }
    return true;
}

/* Moves the files of a full page into directories named by one digit more. */
static bool
split(MpTree *tree, MpTreeNode *page, gsize depth, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < mp_tree_count(page); i++)
        g_ptr_array_add(names, (gpointer)mp_tree_name(page, i)); /* names outlive their entries */
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *prefix = g_strndup(name, depth + 1);
        MpTreeNode *below = mp_tree_directory(tree, page, prefix, true, error);

        if (below == NULL)
            return false;
        mp_tree_move(tree, page, name, below);
    }
    return true;
}

bool
mp_keys_add(MpTree *tree, MpTreeNode *received, const char *key, guint64 number, const char *host,
            GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.%" G_GUINT64_FORMAT, key, number);
    g_autofree char *text = host != NULL ? g_strconcat(host, "\n", NULL) : g_strdup("");
    gsize depth;
    MpTreeNode *page = page_of(tree, received, key, true, &depth, error);

    while (page != NULL && mp_tree_count(page) >= PAGE_MAX && !is_inner(page) &&
           depth < strlen(key)) {
        g_autofree char *prefix = g_strndup(key, depth + 1);

        if (!split(tree, page, depth, error))
            return false;
        page = mp_tree_directory(tree, page, prefix, true, error);
        depth++;
    }
    return page != NULL && mp_tree_set(tree, page, name, text, strlen(text), error);
}

bool
mp_keys_read_host(MpTree *tree, MpTreeNode *received, const char *key, char **host, GError **error)
{
    g_autofree char *name = g_strconcat(key, ".", NULL);
    g_autoptr(GError) why = NULL;
    gsize depth;
    MpTreeNode *page = page_of(tree, received, key, false, &depth, &why);

    *host = NULL;
    guint i = page != NULL ? mp_tree_find(page, name) : 0;
    if (page != NULL && i < mp_tree_count(page) && g_str_has_prefix(mp_tree_name(page, i), name))
        mp_tree_read(tree, page, mp_tree_name(page, i), host, NULL, &why);
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (*host != NULL && *g_strstrip(*host) == '\0')
        g_clear_pointer(host, g_free);
    return true;
}
