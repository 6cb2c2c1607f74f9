/* All threads, or all accounts, in ascending order of their ids, in bounded memory. */
#include "git/git.h"
#include "tracker/internal.h"

typedef bool (*VisitId)(MpStore *store, guint64 id, gpointer user_data, bool *go_on,
                        GError **error);

static bool
walk_ids(MpStore *store, const git_tree *level, guint depth, guint64 prefix, VisitId visit,
         gpointer user_data, bool *go_on, GError **error)
{
    for (size_t i = 0; *go_on && i < git_tree_entrycount(level); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(level, i);
        git_tree *below = NULL;
        guint64 id = prefix;

        if ((depth < MP_ID_LEVELS - 1 && git_tree_entry_type(entry) != GIT_OBJECT_TREE) ||
            !mp_paths_add_digits(depth, git_tree_entry_name(entry), &id))
            continue;
        if (depth == MP_ID_LEVELS - 1) {
            if (!visit(store, id, user_data, go_on, error))
                return false;
            continue;
        }
        if (git_tree_lookup(&below, store->repository, git_tree_entry_id(entry)) < 0)
            return mp_git_fail(error, "cannot read a tree of %s", store->path);
        bool good = walk_ids(store, below, depth + 1, id, visit, user_data, go_on, error);
        git_tree_free(below);
        if (!good)
            return false;
    }
    return true;
}

static bool
foreach_id(MpStore *store, const char *directory, VisitId visit, gpointer user_data, GError **error)
{
    git_tree *root = NULL, *ids = NULL;
    git_tree_entry *entry = NULL;
    bool good = true, go_on = true;

    if (git_tree_lookup(&root, store->repository, &store->root) < 0)
        return mp_git_fail(error, "cannot read the root of %s", store->path);
    int rc = git_tree_entry_bypath(&entry, root, directory);
    if (rc == 0 && git_tree_lookup(&ids, store->repository, git_tree_entry_id(entry)) == 0)
        good = walk_ids(store, ids, 0, 0, visit, user_data, &go_on, error);
    else if (rc != GIT_ENOTFOUND)
        good = mp_git_fail(error, "cannot read %s of %s", directory, store->path);
    git_tree_free(ids);
    git_tree_entry_free(entry);
    git_tree_free(root);
    return good;
}

typedef struct {
    MpThreadVisit thread;
    MpUserVisit user;
    gpointer user_data;
} Visitors;

static bool
visit_thread(MpStore *store, guint64 id, gpointer user_data, bool *go_on, GError **error)
{
    Visitors *visitors = user_data;
    g_autoptr(MpThread) thread = NULL;

    if (!mp_read_thread(mp_store_view(store), id, &thread, error))
        return false;
    if (thread != NULL)
        *go_on = visitors->thread(thread, visitors->user_data);
    return true;
}

bool
mp_tracker_foreach_thread(MpTracker *tracker, MpThreadVisit visit, gpointer user_data,
                          GError **error)
{
    Visitors visitors = {.thread = visit, .user_data = user_data};

    return foreach_id(&tracker->store, "threads", visit_thread, &visitors, error);
}

static bool
visit_user(MpStore *store, guint64 id, gpointer user_data, bool *go_on, GError **error)
{
    Visitors *visitors = user_data;
    g_autoptr(MpUser) user = NULL;

    if (!mp_read_user(mp_store_view(store), id, &user, error))
        return false;
    if (user != NULL)
        *go_on = visitors->user(user, visitors->user_data);
    return true;
}

bool
mp_accounts_foreach_user(MpAccounts *accounts, MpUserVisit visit, gpointer user_data,
                         GError **error)
{
    Visitors visitors = {.user = visit, .user_data = user_data};

    return foreach_id(&accounts->store, "users", visit_user, &visitors, error);
}
