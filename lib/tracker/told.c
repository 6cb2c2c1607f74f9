/*
 * told/acme/rocket: what was told last of each branch and tag of a repository; see push.h.
 *
 *   counter 17
 *   default 1a2b…
 *   1a2b… refs/heads/main
 *
 * One file, since it is read as a whole by each look.
 */
#include <string.h>

#include "base/error.h"
#include "tracker/internal.h"
#include "tracker/push.h"
#include "tracker/records.h"

#define ID_DIGITS 40
#define COUNTER   "counter "
#define DEFAULT   "default "

static void
free_ref(gpointer data)
{
    MpToldRef *ref = data;

    g_free(ref->name);
    g_free(ref->id);
    g_free(ref);
}

MpTold *
mp_told_new(void)
{
    MpTold *told = g_new0(MpTold, 1);

    told->refs = g_ptr_array_new_with_free_func(free_ref);
    return told;
}

void
mp_told_free(MpTold *told)
{
    if (told == NULL)
        return;
    g_ptr_array_unref(told->refs);
    g_free(told->default_id);
    g_free(told);
}

/* Where the name is, or would be: of a record that is read, behind the last. */
static guint
place_of(const MpTold *told, const char *name, bool *is_there)
{
    guint low = 0, high = told->refs->len;

    if (high > 0 && strcmp(((MpToldRef *)told->refs->pdata[high - 1])->name, name) < 0)
        low = high;
    while (low < high) {
        guint middle = (low + high) / 2;

        if (strcmp(((MpToldRef *)told->refs->pdata[middle])->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *is_there =
        low < told->refs->len && strcmp(((MpToldRef *)told->refs->pdata[low])->name, name) == 0;
    return low;
}

void
mp_told_set(MpTold *told, const char *name, const char *id)
{
    bool is_there;
    guint i = place_of(told, name, &is_there);

    if (is_there)
        g_ptr_array_remove_index(told->refs, i);
    if (id == NULL)
        return;
    MpToldRef *ref = g_new0(MpToldRef, 1);
    ref->name = g_strdup(name);
    ref->id = g_strdup(id);
    g_ptr_array_insert(told->refs, (gint)i, ref);
}

char *
mp_push_key(const char *repository, const char *ref, guint64 counter, const char *before,
            const char *after)
{
    g_autofree char *source =
        g_strdup_printf("push %s %s %" G_GUINT64_FORMAT, repository, ref, counter);
    g_autofree char *words =
        g_strdup_printf("%s %s", before != NULL ? before : "-", after != NULL ? after : "-");

    return mp_tracker_key(0, 0, source, words);
}

/* --- The record ----------------------------------------------------------------------------- */

static char *
path_of(const char *repository)
{
    return g_strconcat("told/", repository, NULL);
}

static bool
parse_line(const char *line, MpTold *told)
{
    if (strspn(line, "0123456789abcdef") != ID_DIGITS || line[ID_DIGITS] != ' ' ||
        !g_str_has_prefix(line + ID_DIGITS + 1, "refs/"))
        return false;
    g_autofree char *id = g_strndup(line, ID_DIGITS);
    mp_told_set(told, line + ID_DIGITS + 1, id);
    return true;
}

MpTold *
mp_record_parse_told(const char *text, const char *path, GError **error)
{
    g_autoptr(MpTold) told = mp_told_new();
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    if (lines[0] == NULL || !g_str_has_prefix(lines[0], COUNTER) ||
        !g_ascii_string_to_unsigned(lines[0] + strlen(COUNTER), 10, 0, G_MAXUINT32, &told->counter,
                                    NULL))
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s:1: not \"counter NUMBER\"", path);
    guint i = 1;
    if (lines[i] != NULL && g_str_has_prefix(lines[i], DEFAULT)) {
        told->default_id = g_strdup(lines[i++] + strlen(DEFAULT));
        if (!mp_is_object_id(told->default_id))
            return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s:2: not \"default ID\"", path);
    }
    for (; lines[i] != NULL; i++)
        if (*lines[i] != '\0' && !parse_line(lines[i], told))
            return mp_fail_null(error, MP_ERROR_INSTALLATION, "%s:%u: not \"ID REF\"", path, i + 1);
    return g_steal_pointer(&told);
}

bool
mp_tracker_told(MpTracker *tracker, const char *repository, MpTold **told, GError **error)
{
    g_autofree char *path = path_of(repository);
    g_autofree char *text = NULL;

    *told = NULL;
    if (!mp_tree_read(mp_store_view(&tracker->store), NULL, path, &text, NULL, error))
        return false;
    *told = text != NULL ? mp_record_parse_told(text, path, error) : NULL;
    return text == NULL || *told != NULL;
}

typedef struct {
    GHashTable *seen; /* char *: names */
    MpRepositoryVisit visit;
    gpointer user_data;
    bool goes_on;
} Visiting;

static bool
visit_one(const MpRepository *repository, gpointer user_data)
{
    Visiting *visiting = user_data;

    g_hash_table_add(visiting->seen, g_strdup(repository->name));
    visiting->goes_on = visiting->visit(repository, visiting->user_data);
    return visiting->goes_on;
}

bool
mp_tracker_foreach_watched(MpTracker *tracker, MpRepositoryVisit visit, gpointer user_data,
                           GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Visiting visiting = {seen, visit, user_data, true};

    if (!mp_tracker_foreach_repository(tracker, visit_one, &visiting, error))
        return false;
    g_autoptr(GPtrArray) told =
        mp_paths_repositories(mp_store_view(&tracker->store), "told", error);
    for (guint i = 0; told != NULL && visiting.goes_on && i < told->len; i++) {
        if (g_hash_table_contains(seen, told->pdata[i]))
            continue;
        g_autoptr(MpRepository) repository = mp_tracker_repository(tracker, told->pdata[i], error);
        if (repository == NULL)
            return false;
        visiting.goes_on = visit(repository, user_data);
    }
    return told != NULL;
}

bool
mp_batch_set_told(MpBatch *batch, const char *repository, const MpTold *told, GError **error)
{
    MpActor actor = mp_program_actor();
    g_autofree char *path = path_of(repository);
    g_autofree char *what = g_strdup_printf("%s: branches and tags", repository);
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, COUNTER "%" G_GUINT64_FORMAT "\n", told->counter);
    if (told->default_id != NULL)
        g_string_append_printf(text, DEFAULT "%s\n", told->default_id);
    for (guint i = 0; i < told->refs->len; i++) {
        const MpToldRef *ref = g_ptr_array_index(told->refs, i);

        g_string_append_printf(text, "%s %s\n", ref->id, ref->name);
    }
    return mp_tree_set_at(batch->chain.tree, path, text->str, text->len, error) &&
           mp_chain_commit(&batch->chain, what, &actor, error);
}

/* --- Threads of commits --------------------------------------------------------------------- */

static bool
find_thread(MpTree *tree, const char *repository, const char *commit, gint64 until, guint64 *id,
            GError **error)
{
    const MpThread wanted = {
        .kind = MP_COMMIT, .repository = (char *)repository, .object = (char *)commit};
    g_autoptr(MpThread) thread = NULL;

    if (!mp_read_commit(tree, &wanted, id, error) || !mp_read_thread(tree, *id, &thread, error))
        return false;
    if (thread == NULL || thread->kind != MP_COMMIT || g_strcmp0(thread->object, commit) != 0 ||
        strcmp(thread->repository, repository) != 0 || thread->created > until)
        *id = 0;
    return true;
}

bool
mp_batch_commit_thread(MpBatch *batch, const char *repository, const char *commit, guint64 *thread,
                       GError **error)
{
    return find_thread(batch->chain.tree, repository, commit, G_MAXINT64, thread, error);
}

bool
mp_tracker_commit_threads(MpTracker *tracker, const char *repository, const GPtrArray *commits,
                          gint64 until, GError **error)
{
    MpTree *tree = mp_store_view(&tracker->store);

    for (guint i = 0; commits != NULL && i < commits->len; i++) {
        MpChangedCommit *commit = commits->pdata[i];

        if (!find_thread(tree, repository, commit->id, until, &commit->thread, error))
            return false;
    }
    return true;
}
