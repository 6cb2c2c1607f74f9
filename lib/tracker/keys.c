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

/* Goes down to the page that holds, or would hold, the KEY: NULL where there is none, and none is
 * to be made. *depth is the digits of its name. */
static bool
page_of(MpTree *tree, MpTreeNode *received, const char *key, bool make, MpTreeNode **page,
        gsize *depth, GError **error)
{
    *page = received;
    *depth = 0;
    while (*page != NULL && is_inner(*page) && *depth < strlen(key)) {
        g_autofree char *prefix = g_strndup(key, ++*depth);

        if (!make && !mp_tree_directory(tree, *page, prefix, page, error))
            return false;
        if (make && (*page = mp_tree_make_directory(tree, *page, prefix, error)) == NULL)
            return false;
    }
    return true;
}

/* The file of the KEY in its page; *name stays NULL where there is none. */
static bool
find_file(MpTree *tree, MpTreeNode *received, const char *key, MpTreeNode **page, const char **name,
          GError **error)
{
    g_autofree char *begins = g_strconcat(key, ".", NULL);
    gsize depth;

    *name = NULL;
    if (!page_of(tree, received, key, false, page, &depth, error))
        return false;
    guint i = *page != NULL ? mp_tree_find(*page, begins) : 0;
    if (*page != NULL && i < mp_tree_count(*page) &&
        g_str_has_prefix(mp_tree_name(*page, i), begins))
        *name = mp_tree_name(*page, i);
    return true;
}

bool
mp_keys_find(MpTree *tree, MpTreeNode *received, const char *key, bool *found, guint64 *number,
             GError **error)
{
    MpTreeNode *page;
    const char *name;

    *found = false;
    if (!find_file(tree, received, key, &page, &name, error))
        return false;
    *found = name != NULL;
    if (*found)
        *number = g_ascii_strtoull(name + strlen(key) + 1, NULL, 10);
    return true;
}

bool
mp_keys_find_event(MpTree *tree, MpTreeNode *received, const char *key, guint64 *number,
                   GError **error)
{
    MpTreeNode *page;
    const char *name;

    *number = 0;
    if (!find_file(tree, received, key, &page, &name, error))
        return false;
    if (name != NULL && name[strlen(key) + 1] == 'e')
        *number = g_ascii_strtoull(name + strlen(key) + 2, NULL, 10);
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
        MpTreeNode *below = mp_tree_make_directory(tree, page, prefix, error);

        if (below == NULL)
            return false;
        mp_tree_move(tree, page, name, below);
    }
    return true;
}

/* `name` begins with the KEY. */
static bool
add_file(MpTree *tree, MpTreeNode *received, const char *key, const char *name, const char *host,
         GError **error)
{
    g_autofree char *text = host != NULL ? g_strconcat(host, "\n", NULL) : g_strdup("");
    gsize depth;
    MpTreeNode *page;

    if (!page_of(tree, received, key, true, &page, &depth, error))
        return false;
    while (page != NULL && mp_tree_count(page) >= PAGE_MAX && !is_inner(page) &&
           depth < strlen(key)) {
        g_autofree char *prefix = g_strndup(key, depth + 1);

        if (!split(tree, page, depth, error))
            return false;
        page = mp_tree_make_directory(tree, page, prefix, error);
        depth++;
    }
    return page != NULL && mp_tree_set(tree, page, name, text, strlen(text), error);
}

bool
mp_keys_add(MpTree *tree, MpTreeNode *received, const char *key, guint64 number, const char *host,
            GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.%" G_GUINT64_FORMAT, key, number);

    return add_file(tree, received, key, name, host, error);
}

bool
mp_keys_add_event(MpTree *tree, MpTreeNode *received, const char *key, guint64 number,
                  const char *host, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.e%" G_GUINT64_FORMAT, key, number);

    return add_file(tree, received, key, name, host, error);
}

bool
mp_keys_read_host(MpTree *tree, MpTreeNode *received, const char *key, char **host, GError **error)
{
    MpTreeNode *page;
    const char *name;

    *host = NULL;
    if (!find_file(tree, received, key, &page, &name, error) ||
        (name != NULL && !mp_tree_read(tree, page, name, host, NULL, error)))
        return false;
    if (*host != NULL && *g_strstrip(*host) == '\0')
        g_clear_pointer(host, g_free);
    return true;
}

/* --- Taking one away -------------------------------------------------------------------------- */

typedef struct {
    MpTreeNode *page;
    const char *name;
} Held;

/* The files of a page and of all below it, as far as one page would hold them and one more. */
static bool
gather(MpTree *tree, MpTreeNode *page, GArray *held, GError **error)
{
    for (guint i = 0; i < mp_tree_count(page) && held->len <= PAGE_MAX; i++) {
        const Held one = {page, mp_tree_name(page, i)};
        MpTreeNode *below;

        if (!mp_tree_is_directory(page, i)) {
            g_array_append_val(held, one);
            continue;
        }
        if (!mp_tree_directory(tree, page, one.name, &below, error) ||
            !gather(tree, below, held, error))
            return false;
    }
    return true;
}

/* Makes one page of a directory of pages. */
static void
join(MpTree *tree, MpTreeNode *page, const GArray *held)
{
    g_autoptr(GPtrArray) below = g_ptr_array_new();

    for (guint i = 0; i < mp_tree_count(page); i++)
        g_ptr_array_add(below, (gpointer)mp_tree_name(page, i));
    for (guint i = 0; i < held->len; i++) {
        const Held *one = &g_array_index(held, Held, i);
        mp_tree_move(tree, one->page, one->name, page);
    }
    for (guint i = 0; i < below->len; i++)
        mp_tree_remove(page, below->pdata[i]);
}

/* Its shape follows from the KEYs that are left, as if the one that went had never been there. */
static bool
shrink(MpTree *tree, MpTreeNode *page, const char *key, GError **error)
{
    for (gsize depth = 1; is_inner(page) && depth <= strlen(key); depth++) {
        g_autoptr(GArray) held = g_array_new(FALSE, FALSE, sizeof(Held));
        g_autofree char *name = g_strndup(key, depth);
        MpTreeNode *below;

        if (!gather(tree, page, held, error))
            return false;
        if (held->len <= PAGE_MAX) {
            join(tree, page, held);
            return true;
        }
        if (!mp_tree_directory(tree, page, name, &below, error))
            return false;
        if (below == NULL || mp_tree_count(below) == 0) {
            mp_tree_remove(page, name);
            return true;
        }
        page = below;
    }
    return true;
}

bool
mp_keys_remove(MpTree *tree, MpTreeNode *received, const char *key, GError **error)
{
    MpTreeNode *page;
    const char *name;

    if (!find_file(tree, received, key, &page, &name, error))
        return false;
    if (name == NULL)
        return true;
    mp_tree_remove(page, name);
    return shrink(tree, received, key, error);
}
