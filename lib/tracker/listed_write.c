/* Bringing listed/ up to date with the records of threads; see listed.h. */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "tracker/listed.h"
#include "tracker/records.h"

typedef struct {
    MpChain *chain;
    GHashTable *changes; /* or NULL */
    MpTree *records;     /* the tip's, for as long as a page: it would hold all of them */
    bool has_written;
} Writing;

/* --- Pages --------------------------------------------------------------------------------------
 */

/* The file, and the directories that are empty without it. */
static bool
remove_page(MpTree *tree, const char *path, GError **error)
{
    g_autofree char *gone = g_strdup(path);
    char *slash;

    if (!mp_tree_remove_at(tree, gone, error))
        return false;
    while ((slash = strrchr(gone, '/')) != NULL) {
        MpTreeNode *parent;

        *slash = '\0';
        if (!mp_tree_directory(tree, NULL, gone, &parent, error))
            return false;
        if (parent == NULL || mp_tree_count(parent) > 0)
            return true;
        if (!mp_tree_remove_at(tree, gone, error))
            return false;
    }
    return true;
}

static bool
write_list(Writing *writing, const MpListedPage *page, MpListed list, GError **error)
{
    MpTree *tree = writing->chain->tree;
    g_autofree char *path = mp_listed_path(list, page->number);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < MP_LISTED_PAGE; i++)
        if (page->threads[i].line != NULL && page->threads[i].list == list)
            g_string_append_printf(text, "%s\n", page->threads[i].line);
    writing->has_written = true;
    return text->len > 0 ? mp_tree_set_at(tree, path, text->str, text->len, error)
                         : remove_page(tree, path, error);
}

/* What the batch wrote, else what its record says. The line is the caller's. */
static bool
line_of(const Writing *writing, guint64 id, MpListedLine **line, GError **error)
{
    const MpListedLine *change =
        writing->changes != NULL
            ? g_hash_table_lookup(writing->changes, GUINT_TO_POINTER((guint)id))
            : NULL;
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(GError) why = NULL;

    if (change != NULL) {
        *line = g_memdup2(change, sizeof *change);
        (*line)->line = g_strdup(change->line);
        return true;
    }
    bool is_good = mp_read_thread(writing->records, id, &thread, &why);
    if (!is_good && mp_error_is_temporary(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    *line = is_good && thread == NULL ? g_new0(MpListedLine, 1) : mp_listed_line_of(id, thread);
    return true;
}

static void
put(MpListedPage *page, guint64 id, const MpListedLine *fresh, guint *changed)
{
    guint i = (guint)(id % MP_LISTED_PAGE);

    if (g_strcmp0(page->threads[i].line, fresh->line) == 0 &&
        (fresh->line == NULL || page->threads[i].list == fresh->list))
        return;
    if (page->threads[i].line != NULL)
        *changed |= 1u << page->threads[i].list;
    if (fresh->line != NULL)
        *changed |= 1u << fresh->list;
    page->threads[i].line = fresh->line;
    page->threads[i].list = fresh->list;
}

static bool
put_line(const Writing *writing, MpListedPage *page, guint64 id, GPtrArray *lines, guint *changed,
         GError **error)
{
    MpListedLine *line;

    if (!line_of(writing, id, &line, error))
        return false;
    g_ptr_array_add(lines, line);
    put(page, id, line, changed);
    return true;
}

/* Those of `ids` from `first` on that are in one page; *next is behind them. Of a page with a fault
 * nothing is believed. */
static bool
write_page(Writing *writing, const GArray *ids, guint first, guint *next, GError **error)
{
    g_autoptr(GPtrArray) lines =
        g_ptr_array_new_with_free_func((GDestroyNotify)mp_listed_line_free);
    const MpStore *store = writing->chain->store;
    g_autoptr(MpTree) records = mp_tree_new(store->odb, NULL, &store->root);
    g_auto(MpListedPage) page = {0};
    guint64 number = g_array_index(ids, guint64, first) / MP_LISTED_PAGE;

    writing->records = records;
    if (!mp_listed_page_read(&page, writing->chain->tree, number, MP_LISTED_ALL, error))
        return false;
    guint changed = page.fault != NULL ? MP_LISTED_ALL : 0;
    for (*next = first; *next < ids->len; ++*next) {
        guint64 id = g_array_index(ids, guint64, *next);

        if (id / MP_LISTED_PAGE != number)
            break;
        if (page.fault == NULL && !put_line(writing, &page, id, lines, &changed, error))
            return false;
    }
    for (guint i = 0; page.fault != NULL && i < MP_LISTED_PAGE; i++) {
        page.threads[i].line = NULL;
        if (!put_line(writing, &page, number * MP_LISTED_PAGE + i, lines, &changed, error))
            return false;
    }
    for (MpListed list = 0; list < MP_N_LISTED; list++)
        if ((changed & 1u << list) != 0 && !write_list(writing, &page, list, error))
            return false;
    return true;
}

/* --- All that changed ---------------------------------------------------------------------------
 */

/* Of the last commit, which was written. */
static bool
write_of(MpChain *chain, GError **error)
{
    MpTreeNode *root;

    if (!mp_tree_directory(chain->tree, NULL, "", &root, error))
        return false;
    for (guint i = 0; i < mp_tree_count(root); i++) {
        if (strcmp(mp_tree_name(root, i), "threads") != 0)
            continue;
        g_autofree char *text = g_strdup_printf("%s\n", git_oid_tostr_s(mp_tree_id(root, i)));
        return mp_tree_set_at(chain->tree, MP_LISTED_OF, text, strlen(text), error);
    }
    return true;
}

static void
add_changes(GHashTable *changes, GArray *ids)
{
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, changes);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        guint64 id = GPOINTER_TO_UINT(key);
        g_array_append_val(ids, id);
    }
}

bool
mp_listed_write(MpChain *chain, GHashTable *changes, bool is_current, bool must, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    Writing writing = {.chain = chain, .changes = changes};
    bool is_whole = false;

    if ((!is_current && !mp_listed_fresh(chain->store, ids, &is_whole, error)) ||
        (is_whole && !mp_tree_remove_at(chain->tree, MP_LISTED, error)))
        return false;
    if (changes != NULL)
        add_changes(changes, ids);
    mp_listed_sort(ids);
    for (guint i = 0; i < ids->len;)
        if (!write_page(&writing, ids, i, &i, error))
            return false;
    return !(writing.has_written || is_whole || must) || write_of(chain, error);
}

/* --- In a batch ---------------------------------------------------------------------------------
 */

bool
mp_batch_put_record(MpBatch *batch, const MpThread *thread, GError **error)
{
    g_autofree char *record = mp_record_thread(thread);
    g_autofree char *directory = mp_path_of_thread(thread->id);
    g_autofree char *path = g_strconcat(directory, "/thread", NULL);

    g_hash_table_insert(batch->listed, GUINT_TO_POINTER((guint)thread->id),
                        mp_listed_line_of(thread->id, thread));
    return mp_tree_set_at(batch->chain.tree, path, record, strlen(record), error);
}

/* What is damaged in threads of which it brings nothing does not stop a batch: who reads listed/
 * takes them from their records, and meets it there. */
bool
mp_batch_write_listed(MpBatch *batch, GError **error)
{
    MpTracker *tracker = batch->tracker;
    g_autoptr(GError) why = NULL;

    batch->is_listed = git_oid_equal(&tracker->listed_at, &tracker->store.root);
    if (g_hash_table_size(batch->listed) == 0 || batch->chain.n_commits == 0)
        return true;
    batch->is_listed = mp_listed_write(&batch->chain, batch->listed, batch->is_listed, false, &why);
    if (!batch->is_listed && mp_error_is_temporary(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (!batch->is_listed && batch->has_taken_title && /* which must not stay there */
        !mp_tree_remove_at(batch->chain.tree, MP_LISTED, error))
        return false;
    if (!batch->is_listed)
        mp_warn("the list of threads is not brought up to date: %s", why->message);
    return mp_chain_amend(&batch->chain, error);
}
