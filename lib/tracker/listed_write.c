/* Bringing listed/ up to date with the records of threads; see listed.h. */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "tracker/listed.h"
#include "tracker/records.h"

#define AT_ONCE 20000 /* threads whose lines are in memory, where all are written */
#define COMMITS 32    /* see is_due() */

typedef struct {
    MpChain *chain;
    GHashTable *changes; /* or NULL */
    GArray *fresh;     /* guint64, ascending: whose record is another than that which was listed */
    MpTree *threads;   /* of which the lists were made */
    MpTree *records;   /* the tip's, for as long as a page: it would hold all of them */
    guint64 at;        /* of which page that is */
    bool is_whole;     /* all are written, and none is there */
    bool is_sound;     /* what is there has what it should */
    GPtrArray *lines;  /* MpListedLine, that the edits have theirs from */
    GHashTable *edits; /* the path of a list's repository to a GArray of MpListedEdit */
} Writing;

static void
writing_clear(Writing *writing)
{
    g_clear_pointer(&writing->fresh, g_array_unref);
    g_clear_pointer(&writing->threads, mp_tree_free);
    g_clear_pointer(&writing->records, mp_tree_free);
    g_clear_pointer(&writing->lines, g_ptr_array_unref);
    g_clear_pointer(&writing->edits, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Writing, writing_clear)

/* --- What becomes of a thread's line ------------------------------------------------------------
 */

static bool
is_fresh(const Writing *writing, guint64 id)
{
    return g_array_binary_search(writing->fresh, &id, mp_by_number, NULL);
}

/* Of a record that somebody edited since, where its line was before; NULL where it had none. */
static bool
old_place(const Writing *writing, guint64 id, char **place, GError **error)
{
    g_autofree char *directory = mp_path_of_thread(id);
    g_autofree char *path = g_strconcat(directory + strlen("threads/"), "/thread", NULL);
    g_autofree char *text = NULL;

    *place = NULL;
    if (!mp_tree_read(writing->threads, NULL, path, &text, NULL, error))
        return false;
    if (text == NULL)
        return true;
    g_autoptr(MpThread) thread = mp_record_parse_thread(text, path, id, NULL);
    *place = mp_listed_place(thread);
    return true;
}

static bool
line_of_record(Writing *writing, guint64 id, MpListedLine **line, GError **error)
{
    const MpStore *store = writing->chain->store;
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(GError) why = NULL;

    if (writing->records == NULL || writing->at != id / MP_LISTED_LINES) {
        g_clear_pointer(&writing->records, mp_tree_free);
        writing->records = mp_tree_new(store->odb, NULL, &store->root);
        writing->at = id / MP_LISTED_LINES;
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
add_edit(const Writing *writing, const char *at, guint64 id, const char *line)
{
    GArray *edits = g_hash_table_lookup(writing->edits, at);
    MpListedEdit one = {.line = line};

    if (edits == NULL) {
        edits = g_array_new(FALSE, FALSE, sizeof(MpListedEdit));
        g_hash_table_insert(writing->edits, g_strdup(at), edits);
    }
    mp_listed_key(id, one.key);
    g_array_append_val(edits, one);
}

/* What the batch wrote, else what its record says. */
static bool
take_thread(Writing *writing, guint64 id, GError **error)
{
    MpListedLine *line = writing->changes != NULL
                             ? g_hash_table_lookup(writing->changes, GUINT_TO_POINTER((guint)id))
                             : NULL;
    g_autofree char *place = line != NULL ? g_strdup(line->was_at) : NULL;

    if (line == NULL) {
        if (!line_of_record(writing, id, &line, error))
            return false;
        g_ptr_array_add(writing->lines, line);
    }
    if (writing->is_whole) {
        g_clear_pointer(&place, g_free);
    } else if (is_fresh(writing, id)) {
        g_clear_pointer(&place, g_free);
        if (!old_place(writing, id, &place, error))
            return false;
    }
    if (place != NULL && g_strcmp0(place, line->at) != 0)
        add_edit(writing, place, id, NULL);
    if (line->at != NULL)
        add_edit(writing, line->at, id, line->line);
    return true;
}

/* --- All that changed ---------------------------------------------------------------------------
 */

static bool
write_edits(Writing *writing, GError **error)
{
    GHashTableIter iter;
    gpointer at, edits;

    g_hash_table_iter_init(&iter, writing->edits);
    while (g_hash_table_iter_next(&iter, &at, &edits)) {
        const GArray *of_one = edits;
        g_autofree char *base = g_strconcat(MP_LISTED "/", at, NULL);

        if (!mp_listed_edit(writing->chain->tree, base, (const MpListedEdit *)of_one->data,
                            of_one->len, &writing->is_sound, error))
            return false;
    }
    g_hash_table_remove_all(writing->edits);
    g_ptr_array_set_size(writing->lines, 0);
    return true;
}

static bool
write_threads(Writing *writing, const GArray *ids, GError **error)
{
    writing->lines = g_ptr_array_new_with_free_func((GDestroyNotify)mp_listed_line_free);
    writing->edits =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    writing->is_sound = true;
    for (guint i = 0; i < ids->len; i++)
        if (!take_thread(writing, g_array_index(ids, guint64, i), error) ||
            ((i + 1) % AT_ONCE == 0 && !write_edits(writing, error)))
            return false;
    return write_edits(writing, error);
}

/* The id of threads/ in a tree that was written; *id is NULL where there is none. */
static bool
find_threads(MpTree *tree, const git_oid **id, GError **error)
{
    MpTreeNode *root;

    *id = NULL;
    if (!mp_tree_directory(tree, NULL, "", &root, error))
        return false;
    for (guint i = 0; i < mp_tree_count(root) && *id == NULL; i++)
        if (strcmp(mp_tree_name(root, i), "threads") == 0)
            *id = mp_tree_id(root, i);
    return true;
}

/* Of the last commit, which was written. */
static bool
write_of(MpChain *chain, GError **error)
{
    const git_oid *threads;
    MpTreeNode *lists;

    if (!find_threads(chain->tree, &threads, error) ||
        !mp_tree_directory(chain->tree, NULL, MP_LISTED, &lists, error) ||
        (lists != NULL && !mp_tree_write_in(chain->tree, lists, error)))
        return false;
    if (threads == NULL)
        return true;
    g_autofree char *text = mp_listed_of_text(chain->tree, threads, error);
    return text != NULL && mp_tree_set_at(chain->tree, MP_LISTED_OF, text, strlen(text), error);
}

/* The ids of `more` and of what changed, ascending, each once. */
static GArray *
all_ids(const GArray *more, GHashTable *changes)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    GHashTableIter iter;
    gpointer key;
    guint n = 0;

    g_array_append_vals(ids, more->data, more->len);
    if (changes != NULL)
        g_hash_table_iter_init(&iter, changes);
    while (changes != NULL && g_hash_table_iter_next(&iter, &key, NULL)) {
        guint64 id = GPOINTER_TO_UINT(key);
        g_array_append_val(ids, id);
    }
    g_array_sort(ids, mp_by_number);
    for (guint i = 0; i < ids->len; i++)
        if (i == 0 || g_array_index(ids, guint64, i) != g_array_index(ids, guint64, n - 1))
            g_array_index(ids, guint64, n++) = g_array_index(ids, guint64, i);
    g_array_set_size(ids, n);
    return ids;
}

/* What differs from the lists that are there, which are none if somebody edited them. */
static bool
compare(Writing *writing, GError **error)
{
    MpStore *store = writing->chain->store;
    MpListedOf of;

    if (!mp_listed_of(mp_store_view(store), &of, error) ||
        !mp_listed_fresh(store, &of, writing->fresh, &writing->is_whole, error))
        return false;
    writing->is_whole |= of.is_edited;
    if (!writing->is_whole)
        writing->threads = mp_tree_new(store->odb, NULL, &of.threads);
    return true;
}

static bool
write_whole(const Writing *writing, GError **error)
{
    MpChain *chain = writing->chain;
    g_autoptr(GArray) every = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_auto(Writing) anew = {.chain = chain, .changes = writing->changes, .is_whole = true};
    bool is_whole;

    if (!mp_records_since(chain->store, NULL, every, &is_whole, error) ||
        !mp_tree_remove_at(chain->tree, MP_LISTED, error))
        return false;
    g_autoptr(GArray) ids = all_ids(every, writing->changes);
    return write_threads(&anew, ids, error) && write_of(chain, error);
}

bool
mp_listed_write(MpChain *chain, GHashTable *changes, bool is_current, GError **error)
{
    g_auto(Writing) writing = {
        .chain = chain, .changes = changes, .fresh = g_array_new(FALSE, FALSE, sizeof(guint64))};

    if (!is_current && !compare(&writing, error))
        return false;
    if (writing.is_whole)
        return write_whole(&writing, error);
    g_autoptr(GArray) ids = all_ids(writing.fresh, changes);
    if (!write_threads(&writing, ids, error))
        return false;
    return writing.is_sound ? write_of(chain, error) : write_whole(&writing, error);
}

void
mp_listed_note(GHashTable *changes, MpTree *tree, guint64 id, const MpThread *thread)
{
    gpointer key = GUINT_TO_POINTER((guint)id);
    const MpListedLine *noted = g_hash_table_lookup(changes, key);
    MpListedLine *line = mp_listed_line_of(id, thread);
    g_autoptr(MpThread) old = NULL;

    if (noted != NULL)
        line->was_at = g_strdup(noted->was_at);
    else if (!mp_read_thread(tree, id, &old, NULL) || old != NULL)
        line->was_at = mp_listed_place(old);
    g_hash_table_insert(changes, key, line);
}

/* --- In a batch ---------------------------------------------------------------------------------
 */

bool
mp_batch_put_record(MpBatch *batch, const MpThread *thread, GError **error)
{
    g_autofree char *record = mp_record_thread(thread);
    g_autofree char *directory = mp_path_of_thread(thread->id);
    g_autofree char *path = g_strconcat(directory, "/thread", NULL);

    mp_listed_note(batch->listed, batch->chain.tree, thread->id, thread);
    return mp_tree_set_at(batch->chain.tree, path, record, strlen(record), error);
}

/* Whether one that changes no line writes `of`, so that there is little to compare. Not each does:
 * whoever reverts such a commit has a conflict there. Chance decides, by the first octet of the
 * tip's id, so that nobody has to count: n in 32, of n commits. */
static bool
is_due(const MpBatch *batch)
{
    return batch->chain.from.id[0] < 256 / COMMITS * batch->chain.n_commits;
}

/* Of one that changes no line: whether it has changed threads at all. */
static bool
has_threads(MpBatch *batch, bool *has, GError **error)
{
    const git_oid *before, *now;

    if (!find_threads(mp_store_view(&batch->tracker->store), &before, error) ||
        !find_threads(batch->chain.tree, &now, error))
        return false;
    *has = now != NULL && (before == NULL || !git_oid_equal(before, now));
    return true;
}

/* Whether the lists say what all records of the tip do. Only threads that differ from what `of`
 * names are looked at. Where that cannot be read it is false, and nothing is written. */
static bool
is_current(MpStore *store)
{
    g_autoptr(GArray) edited = g_array_new(FALSE, FALSE, sizeof(guint64));
    MpListedOf of;
    bool is_whole;

    return mp_listed_of(mp_store_view(store), &of, NULL) && of.is_there && !of.is_edited &&
           git_odb_exists(store->odb, &of.threads) &&
           mp_records_since(store, &of.threads, edited, &is_whole, NULL) && !is_whole &&
           edited->len == 0;
}

static bool
follow(MpBatch *batch, GError **error)
{
    bool has_any;

    if (!has_threads(batch, &has_any, error))
        return false;
    if (!has_any || (!batch->is_listed && !is_current(&batch->tracker->store)))
        return true;
    batch->is_listed = true;
    return write_of(&batch->chain, error);
}

/* What is damaged in threads of which it brings nothing does not stop a batch: who reads listed/
 * takes them from their records, and meets it there. */
bool
mp_batch_write_listed(MpBatch *batch, GError **error)
{
    MpTracker *tracker = batch->tracker;
    bool has_lines = g_hash_table_size(batch->listed) > 0;
    g_autoptr(GError) why = NULL;

    /* what is known of the lists stays so where no line changes */
    batch->is_listed = git_oid_equal(&tracker->listed_at, &tracker->store.root);
    if (batch->chain.n_commits == 0 || (!has_lines && !is_due(batch)))
        return true;
    bool good = has_lines ? mp_listed_write(&batch->chain, batch->listed, batch->is_listed, &why)
                          : follow(batch, &why);
    if (!good && mp_error_is_temporary(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (!good && batch->has_taken_title && /* which must not stay there */
        !mp_tree_remove_at(batch->chain.tree, MP_LISTED, error))
        return false;
    if (!good)
        mp_warn("the list of threads is not brought up to date: %s", why->message);
    batch->is_listed = good && (has_lines || batch->is_listed);
    return mp_chain_amend(&batch->chain, error);
}
