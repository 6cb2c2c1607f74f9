/* The index of open pull requests; see pulls.h. */
#include "tracker/pulls.h"

#include <string.h>

#include "base/error.h"
#include "tracker/internal.h"
#include "tracker/pulls_file.h"

#define PULLS "pulls"

static void
free_told(gpointer data)
{
    MpPullTold *told = data;

    g_free(told->head);
    g_free(told->base);
    g_free(told->head_id);
    g_free(told->base_id);
    g_free(told);
}

/* --- The text: "ID HEAD BASE HEAD-ID BASE-ID", "-" for an id that is not known -------------------
 */

static bool
read_object_id(const char *word, char **id)
{
    *id = strcmp(word, "-") != 0 ? g_strdup(word) : NULL;
    return *id == NULL || mp_is_object_id(*id);
}

static bool
read_line(char **word, MpPullTold *told)
{
    return g_ascii_string_to_unsigned(word[0], 10, 1, MP_MAX_ID, &told->thread, NULL) &&
           mp_is_branch(word[1]) && mp_is_branch(word[2]) &&
           read_object_id(word[3], &told->head_id) && read_object_id(word[4], &told->base_id);
}

GPtrArray *
mp_pulls_parse(const char *text, const char *path, GError **error)
{
    g_autoptr(GPtrArray) pulls = g_ptr_array_new_with_free_func(free_told);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) word = g_strsplit(lines[i], " ", 6);
        MpPullTold *told;

        if (*lines[i] == '\0')
            continue;
        told = g_new0(MpPullTold, 1);
        g_ptr_array_add(pulls, told);
        if (g_strv_length(word) != 5 || !read_line(word, told))
            return mp_fail_null(error, MP_ERROR_INSTALLATION,
                                "%s:%u: not \"ID HEAD BASE HEAD-ID BASE-ID\"", path, i + 1);
        told->head = g_strdup(word[1]);
        told->base = g_strdup(word[2]);
    }
    return g_steal_pointer(&pulls);
}

static char *
text_of(const GPtrArray *pulls)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < pulls->len; i++) {
        const MpPullTold *told = pulls->pdata[i];

        g_string_append_printf(text, "%" G_GUINT64_FORMAT " %s %s %s %s\n", told->thread,
                               told->head, told->base, told->head_id != NULL ? told->head_id : "-",
                               told->base_id != NULL ? told->base_id : "-");
    }
    return g_string_free(text, FALSE);
}

/* --- In the tree ---------------------------------------------------------------------------------
 */

static GPtrArray *
read_pulls(MpTree *tree, const char *repository, GError **error)
{
    g_autofree char *path = g_strconcat(PULLS "/", repository, NULL);
    g_autofree char *text = NULL;

    if (!mp_is_repository_name(repository))
        return mp_fail_null(error, MP_ERROR_INPUT, "a repository's name has the form owner/name");
    if (!mp_tree_read(tree, NULL, path, &text, NULL, error))
        return NULL;
    return mp_pulls_parse(text != NULL ? text : "", path, error);
}

/* Where none is left, the file goes. */
static bool
write_pulls(MpTree *tree, const char *repository, const GPtrArray *pulls, GError **error)
{
    g_autofree char *path = g_strconcat(PULLS "/", repository, NULL);
    g_autofree char *text = text_of(pulls);
    char *slash = strrchr(path, '/');
    MpTreeNode *directory;

    if (pulls->len > 0)
        return mp_tree_set_at(tree, path, text, strlen(text), error);
    *slash = '\0';
    if (!mp_tree_directory(tree, NULL, path, &directory, error))
        return false;
    if (directory != NULL)
        mp_tree_remove(directory, slash + 1);
    return true;
}

static guint
index_of(const GPtrArray *pulls, guint64 thread)
{
    guint i = 0;

    while (i < pulls->len && ((MpPullTold *)pulls->pdata[i])->thread != thread)
        i++;
    return i;
}

/* By thread, whatever was reopened since. */
static int
by_thread(gconstpointer a, gconstpointer b)
{
    guint64 x = (*(MpPullTold *const *)a)->thread, y = (*(MpPullTold *const *)b)->thread;

    return (x > y) - (x < y);
}

bool
mp_pull_is_watched(const MpThread *thread)
{
    return thread->kind == MP_PULL && thread->is_open && thread->base != NULL &&
           thread->object != NULL;
}

bool
mp_pulls_follow(MpTree *tree, const MpThread *thread, GError **error)
{
    if (thread->kind != MP_PULL || thread->base == NULL)
        return true;
    g_autoptr(GPtrArray) pulls = read_pulls(tree, thread->repository, error);
    guint i = pulls != NULL ? index_of(pulls, thread->id) : 0;

    if (pulls == NULL)
        return false;
    if ((i < pulls->len) == mp_pull_is_watched(thread))
        return true;
    if (i < pulls->len) {
        g_ptr_array_remove_index(pulls, i);
    } else {
        MpPullTold *told = g_new0(MpPullTold, 1);

        told->thread = thread->id;
        told->head = g_strdup(thread->object);
        told->base = g_strdup(thread->base);
        g_ptr_array_add(pulls, told);
        g_ptr_array_sort(pulls, by_thread);
    }
    return write_pulls(tree, thread->repository, pulls, error);
}

GPtrArray *
mp_tracker_pulls(MpTracker *tracker, const char *repository, GError **error)
{
    return read_pulls(mp_store_view(&tracker->store), repository, error);
}

GPtrArray *
mp_tracker_pull_repositories(MpTracker *tracker, GError **error)
{
    return mp_paths_repositories(mp_store_view(&tracker->store), PULLS, error);
}

/* --- Told ----------------------------------------------------------------------------------------
 */

static void
replace(char **where, const char *with)
{
    char *copy = g_strdup(with);

    g_free(*where);
    *where = copy;
}

bool
mp_batch_tell_pull(MpBatch *batch, const char *repository, const MpPullTold *told,
                   const MpChanges *changes, GError **error)
{
    MpTree *tree = batch->chain.tree;
    g_autoptr(GPtrArray) pulls = read_pulls(tree, repository, error);
    guint i = pulls != NULL ? index_of(pulls, told->thread) : 0;

    if (pulls == NULL)
        return false;
    if (i < pulls->len) {
        MpPullTold *line = pulls->pdata[i];

        replace(&line->head_id, told->head_id);
        replace(&line->base_id, told->base_id);
        if (!write_pulls(tree, repository, pulls, error))
            return false;
    }
    return changes == NULL || mp_changes_write(tree, told->thread, changes, error);
}

bool
mp_batch_note_pulls(MpBatch *batch, const char *repository, GError **error)
{
    MpActor actor = mp_program_actor();
    g_autofree char *what = g_strdup_printf("%s: where branches are", repository);

    return mp_chain_commit(&batch->chain, what, &actor, error);
}
