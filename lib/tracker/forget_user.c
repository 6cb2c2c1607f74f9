/* Taking an account out of all that names it for being told: subscribers, watchers, members. */
#include <string.h>

#include "base/error.h"
#include "tracker/internal.h"
#include "tracker/records.h"
#include "tracker/subscribers.h"

typedef struct {
    MpBatch *batch;
    guint64 user;
    guint n; /* places */
} Forget;

static bool
set_file(Forget *forget, MpTreeNode *directory, const char *name, const char *text, GError **error)
{
    forget->n++;
    return mp_tree_set(forget->batch->chain.tree, directory, name, text, strlen(text), error);
}

static bool
forget_thread(Forget *forget, guint64 id, GError **error)
{
    MpTree *tip = mp_store_view(&forget->batch->tracker->store);
    g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(MpSubscription));
    bool is_one;

    /* by the tip, which is bounded in memory: a batch keeps each directory that it saw */
    if (!mp_read_all_subscribe(tip, id, forget->user, NULL, &is_one, error))
        return false;
    if (!is_one)
        return true;
    g_array_append_vals(wanted, &(MpSubscription){forget->user, NULL}, 1);
    forget->n++;
    return mp_subscribers_change(forget->batch->chain.tree, id, wanted, true, &is_one, error);
}

static bool
forget_repository(Forget *forget, MpTreeNode *owner, const char *name, const char *whole,
                  GError **error)
{
    g_autoptr(MpRepository) repository =
        mp_read_repository(forget->batch->chain.tree, whole, error);

    if (repository == NULL)
        return false;
    bool watches = mp_set_id(repository->watchers, forget->user, false);
    if (!mp_set_id(repository->members, forget->user, false) && !watches)
        return true;
    g_autofree char *text = mp_record_repository(repository);
    return set_file(forget, owner, name, text, error);
}

static bool
forget_owner(Forget *forget, MpTreeNode *all, const char *owner, GError **error)
{
    MpTreeNode *directory;

    if (!mp_tree_directory(forget->batch->chain.tree, all, owner, &directory, error))
        return false;
    for (guint i = 0; directory != NULL && i < mp_tree_count(directory); i++) {
        g_autofree char *name = g_strdup(mp_tree_name(directory, i));
        g_autofree char *whole = g_strconcat(owner, "/", name, NULL);

        if (mp_is_repository_name(whole) &&
            !forget_repository(forget, directory, name, whole, error))
            return false;
    }
    return true;
}

static bool
forget_repositories(Forget *forget, GError **error)
{
    MpTreeNode *all;

    if (!mp_tree_directory(forget->batch->chain.tree, NULL, "repositories", &all, error))
        return false;
    for (guint i = 0; all != NULL && i < mp_tree_count(all); i++)
        if (mp_tree_is_directory(all, i) && !forget_owner(forget, all, mp_tree_name(all, i), error))
            return false;
    return true;
}

static bool
visit(const MpThread *thread, gpointer user_data)
{
    g_array_append_val((GArray *)user_data, thread->id);
    return true;
}

bool
mp_batch_forget_user(MpBatch *batch, guint64 user, guint *n, GError **error)
{
    g_autoptr(GArray) threads = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autofree char *what = g_strdup_printf("Forget account %" G_GUINT64_FORMAT, user);
    MpActor actor = mp_program_actor();
    Forget forget = {batch, user, 0};

    if (!mp_tracker_foreach_thread(batch->tracker, visit, threads, error))
        return false;
    for (guint i = 0; i < threads->len; i++)
        if (!forget_thread(&forget, g_array_index(threads, guint64, i), error))
            return false;
    if (!forget_repositories(&forget, error))
        return false;
    *n = forget.n;
    return forget.n == 0 || mp_chain_commit(&batch->chain, what, &actor, error);
}
