/*
 * commits/4f/…: which thread is about a commit of a repository. Both would have the same
 * Message-IDs, so there is one.
 *
 * An entry counts only if that thread still is about the commit: an administrator may have
 * edited it. Where an administrator removed the index it is made again with the first thread
 * that needs it, from all threads that can be read.
 */
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "tracker/internal.h"

#define COMMITS "commits"

char *
mp_path_of_commit(const MpThread *thread)
{
    g_autofree char *what = g_strconcat(thread->repository, " ", thread->object, NULL);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, what, -1);

    return g_strdup_printf(COMMITS "/%.2s/%.30s", hash, hash + 2);
}

static bool
is_about_the_same(const MpThread *a, const MpThread *b)
{
    return a->kind == MP_COMMIT && b->kind == MP_COMMIT && a->object != NULL && b->object != NULL &&
           strcmp(a->object, b->object) == 0 && strcmp(a->repository, b->repository) == 0;
}

bool
mp_read_commit(MpTree *tree, const MpThread *thread, guint64 *id, GError **error)
{
    g_autofree char *path = mp_path_of_commit(thread);

    return mp_read_id(tree, path, NULL, id, error);
}

static bool
set_commit(MpTree *tree, const MpThread *thread, guint64 id, GError **error)
{
    g_autofree char *path = mp_path_of_commit(thread);
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "\n", id);

    return mp_tree_set_at(tree, path, text, strlen(text), error);
}

/* --- A tracker without the index ---------------------------------------------------------------
 */

/* The first of several keeps its place. A thread that does not parse holds up itself alone. */
static bool
index_thread(MpStore *store, MpTree *tree, guint64 id, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(MpThread) thread = NULL;
    guint64 first;

    if (!mp_read_thread(mp_store_view(store), id, &thread, &why) && mp_error_is_temporary(why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (thread == NULL || thread->kind != MP_COMMIT || thread->object == NULL)
        return true;
    return mp_read_commit(tree, thread, &first, error) &&
           (first > 0 || set_commit(tree, thread, id, error));
}

static bool
make_index(MpStore *store, MpTree *tree, guint64 last, GError **error)
{
    MpTreeNode *index;

    if (!mp_tree_directory(tree, NULL, COMMITS, &index, error))
        return false;
    for (guint64 id = 1; index == NULL && id <= last; id++)
        if (!index_thread(store, tree, id, error))
            return false;
    return true;
}

/* --- One more ----------------------------------------------------------------------------------
 */

bool
mp_commits_claim(MpStore *store, MpTree *tree, const MpThread *thread, guint64 id, GError **error)
{
    g_autoptr(MpThread) other = NULL;
    guint64 there;

    if (!make_index(store, tree, id - 1, error) || !mp_read_commit(tree, thread, &there, error) ||
        !mp_read_thread(tree, there, &other, error))
        return false;
    if (other == NULL || !is_about_the_same(thread, other))
        return set_commit(tree, thread, id, error);
    g_autofree char *object = mp_escape(thread->object);
    return mp_fail(error, MP_ERROR_INPUT,
                   "thread %" G_GUINT64_FORMAT
                   " is about %s of %s already: metroplex thread comment %" G_GUINT64_FORMAT,
                   there, object, thread->repository, there);
}
