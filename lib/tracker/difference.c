/* The difference of two trees of a tracker; see difference.h. */
#include "tracker/difference.h"

#include <string.h>

#include "base/error.h"
#include "git/git.h"
#include "tracker/internal.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree, git_tree_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_tree_entry, git_tree_entry_free)

typedef struct Walk Walk;
typedef struct Pair Pair;

struct Walk {
    MpStore *store;
    bool (*look)(Walk *walk, guint64 id, const Pair *pair, GError **error);
    MpTree *before; /* the tree of the older commit; NULL: there was nothing */
    MpThreadDifferenceVisit visit;
    gpointer user_data;
    GArray *ids; /* of mp_records_since() */
};

char *
mp_tracker_tip(const MpTracker *tracker)
{
    return g_strdup(git_oid_tostr_s(&tracker->store.tip));
}

bool
mp_tracker_has_commit(const MpTracker *tracker, const char *commit)
{
    g_autoptr(git_commit) found = NULL;
    git_oid id;

    return git_oid_fromstr(&id, commit) == 0 &&
           git_commit_lookup(&found, tracker->store.repository, &id) == 0;
}

bool
mp_tracker_is_behind(const MpTracker *tracker, const char *commit, gint64 time)
{
    git_oid id = tracker->store.tip, last = {{0}};

    if (commit != NULL && git_oid_fromstr(&last, commit) < 0)
        return true;
    while (!git_oid_equal(&id, &last)) {
        g_autoptr(git_commit) found = NULL;

        if (git_commit_lookup(&found, tracker->store.repository, &id) < 0)
            return false;
        if (git_commit_time(found) < time)
            return true;
        if (git_commit_parentcount(found) == 0)
            return false;
        id = *git_commit_parent_id(found, 0);
    }
    return false;
}

bool
mp_tracker_last_thread(MpTracker *tracker, guint64 *id, GError **error)
{
    MpTree *tree = mp_store_view(&tracker->store);
    MpTreeNode *threads;

    *id = 0;
    return mp_tree_directory(tree, NULL, "threads", &threads, error) &&
           (threads == NULL || mp_paths_last_id(tree, threads, id, error));
}

/* --- Two directories ----------------------------------------------------------------------------
 */

struct Pair {
    const char *name;
    const git_tree_entry *before, *now; /* NULL: not there */
};

static int
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Pair *)a)->name, ((const Pair *)b)->name);
}

static const git_tree_entry *
same_name(const git_tree *tree, const char *name)
{
    return tree != NULL ? git_tree_entry_byname(tree, name) : NULL;
}

/* The entries of either that are not the same in both, by name. */
static GArray *
differing(const git_tree *before, const git_tree *now)
{
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(Pair));

    for (size_t i = 0; now != NULL && i < git_tree_entrycount(now); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(now, i);
        Pair pair = {git_tree_entry_name(entry), NULL, entry};

        pair.before = same_name(before, pair.name);
        if (pair.before == NULL ||
            !git_oid_equal(git_tree_entry_id(pair.before), git_tree_entry_id(entry)))
            g_array_append_val(pairs, pair);
    }
    for (size_t i = 0; before != NULL && i < git_tree_entrycount(before); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(before, i);
        Pair pair = {git_tree_entry_name(entry), entry, NULL};

        if (same_name(now, pair.name) == NULL)
            g_array_append_val(pairs, pair);
    }
    g_array_sort(pairs, by_name);
    return pairs;
}

/* The directory of an entry; NULL where there is none, or a file. */
static bool
open_entry(const MpStore *store, const git_tree_entry *entry, git_tree **tree, GError **error)
{
    *tree = NULL;
    if (entry == NULL || git_tree_entry_type(entry) != GIT_OBJECT_TREE ||
        git_tree_lookup(tree, store->repository, git_tree_entry_id(entry)) == 0)
        return true;
    return mp_git_fail(error, "cannot read tree %s", git_oid_tostr_s(git_tree_entry_id(entry)));
}

static bool
open_pair(const MpStore *store, const Pair *pair, git_tree **before, git_tree **now, GError **error)
{
    *now = NULL;
    return open_entry(store, pair->before, before, error) &&
           open_entry(store, pair->now, now, error);
}

/* --- Threads ------------------------------------------------------------------------------------
 */

/* "7" is a comment, "100-199" a directory of more. */
static bool
add_comments(const MpStore *store, const git_tree *before, const git_tree *now, GArray *numbers,
             GError **error)
{
    g_autoptr(GArray) pairs = differing(before, now);

    for (guint i = 0; i < pairs->len; i++) {
        const Pair *pair = &g_array_index(pairs, Pair, i);
        g_autoptr(git_tree) older = NULL, newer = NULL;
        guint64 number;

        if (g_ascii_string_to_unsigned(pair->name, 10, 0, G_MAXUINT32, &number, NULL))
            g_array_append_val(numbers, number);
        else if (strchr(pair->name, '-') != NULL &&
                 !(open_pair(store, pair, &older, &newer, error) &&
                   add_comments(store, older, newer, numbers, error)))
            return false;
    }
    return true;
}

int
mp_by_number(gconstpointer a, gconstpointer b)
{
    guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;

    return (x > y) - (x < y);
}

static bool
visit_thread(Walk *walk, guint64 id, const Pair *pair, GError **error)
{
    g_autoptr(git_tree) before = NULL, now = NULL;
    g_autoptr(GArray) parts = NULL, numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(MpThread) thread = NULL;
    MpThreadDifference difference = {.thread = id, .comments = numbers};

    if (!open_pair(walk->store, pair, &before, &now, error))
        return false;
    parts = differing(before, now);
    for (guint i = 0; i < parts->len; i++) {
        const Pair *part = &g_array_index(parts, Pair, i);
        g_autoptr(git_tree) older = NULL, newer = NULL;

        difference.is_new_record |= strcmp(part->name, "thread") == 0 ||
                                    strcmp(part->name, "events") == 0 ||
                                    strcmp(part->name, "changes") == 0;
        if (strcmp(part->name, "comments") == 0 &&
            !(open_pair(walk->store, part, &older, &newer, error) &&
              add_comments(walk->store, older, newer, numbers, error)))
            return false;
    }
    if (!difference.is_new_record && numbers->len == 0)
        return true;
    g_array_sort(numbers, mp_by_number);
    if (difference.is_new_record && walk->before != NULL) {
        mp_tree_bound(walk->before);
        (void)mp_read_thread(walk->before, id, &thread, NULL);
    }
    difference.before = thread;
    return walk->visit(&difference, walk->user_data, error);
}

static bool
walk_ids(Walk *walk, const git_tree *before, const git_tree *now, guint level, guint64 prefix,
         GError **error)
{
    g_autoptr(GArray) pairs = differing(before, now);

    for (guint i = 0; i < pairs->len; i++) {
        const Pair *pair = &g_array_index(pairs, Pair, i);
        g_autoptr(git_tree) older = NULL, newer = NULL;
        guint64 id = prefix;

        if (!mp_paths_add_digits(level, pair->name, &id))
            continue;
        if (level == MP_ID_LEVELS - 1 ? !walk->look(walk, id, pair, error)
                                      : !(open_pair(walk->store, pair, &older, &newer, error) &&
                                          walk_ids(walk, older, newer, level + 1, id, error)))
            return false;
    }
    return true;
}

/* --- Two commits --------------------------------------------------------------------------------
 */

static bool
open_commit(const MpStore *store, const char *commit, git_tree **tree, GError **error)
{
    g_autoptr(git_commit) found = NULL;
    git_oid id;

    *tree = NULL;
    if (commit == NULL)
        return true;
    return (git_oid_fromstr(&id, commit) == 0 &&
            git_commit_lookup(&found, store->repository, &id) == 0 &&
            git_commit_tree(tree, found) == 0) ||
           mp_git_fail(error, "%s: cannot read commit %s", store->path, commit);
}

static bool
open_below(const MpStore *store, const git_tree *root, const char *path, git_tree **tree,
           GError **error)
{
    g_autoptr(git_tree_entry) entry = NULL;

    *tree = NULL;
    if (root == NULL || git_tree_entry_bypath(&entry, root, path) == GIT_ENOTFOUND)
        return true;
    return open_entry(store, entry, tree, error);
}

/* The same directory of both commits, and all of the older one. */
static bool
open_both(MpStore *store, const char *since, const char *path, git_tree **before, git_tree **now,
          MpTree **tree, GError **error)
{
    g_autoptr(git_tree) older = NULL, newer = NULL;

    *before = *now = NULL;
    *tree = NULL;
    if (!open_commit(store, since, &older, error))
        return false;
    if (git_tree_lookup(&newer, store->repository, &store->root) < 0)
        return mp_git_fail(error, "%s: cannot read its root", store->path);
    if (older != NULL)
        *tree = mp_tree_new(store->odb, NULL, git_tree_id(older));
    return open_below(store, older, path, before, error) &&
           open_below(store, newer, path, now, error);
}

bool
mp_tracker_difference(MpTracker *tracker, const char *since, MpThreadDifferenceVisit visit,
                      gpointer user_data, GError **error)
{
    g_autoptr(git_tree) before = NULL, now = NULL;
    g_autoptr(MpTree) tree = NULL;

    mp_git_keep_little();
    if (!open_both(&tracker->store, since, "threads", &before, &now, &tree, error))
        return false;
    Walk walk = {.store = &tracker->store,
                 .look = visit_thread,
                 .before = tree,
                 .visit = visit,
                 .user_data = user_data};
    return walk_ids(&walk, before, now, 0, 0, error);
}

static bool
same_record(const git_tree *before, const git_tree *now)
{
    const git_tree_entry *older = same_name(before, "thread"), *newer = same_name(now, "thread");

    return older == NULL || newer == NULL
               ? older == newer
               : git_oid_equal(git_tree_entry_id(older), git_tree_entry_id(newer));
}

static bool
look_at_record(Walk *walk, guint64 id, const Pair *pair, GError **error)
{
    g_autoptr(git_tree) before = NULL, now = NULL;

    if (!open_pair(walk->store, pair, &before, &now, error))
        return false;
    if (id > 0 && !same_record(before, now))
        g_array_append_val(walk->ids, id);
    return true;
}

bool
mp_records_since(MpStore *store, const git_oid *threads, GArray *ids, bool *is_whole,
                 GError **error)
{
    g_autoptr(git_tree) root = NULL, before = NULL, now = NULL;
    Walk walk = {.store = store, .look = look_at_record, .ids = ids};

    if (git_tree_lookup(&root, store->repository, &store->root) < 0)
        return mp_git_fail(error, "%s: cannot read its root", store->path);
    if (!open_below(store, root, "threads", &now, error))
        return false;
    if (threads != NULL && now != NULL && git_oid_equal(threads, git_tree_id(now)))
        return *is_whole = false, true;
    int rc = threads != NULL ? git_tree_lookup(&before, store->repository, threads) : GIT_ENOTFOUND;
    if (rc < 0 && rc != GIT_ENOTFOUND)
        return mp_git_fail(error, "%s: cannot read tree %s", store->path, git_oid_tostr_s(threads));
    *is_whole = before == NULL;
    return walk_ids(&walk, before, now, 0, 0, error);
}

typedef struct {
    MpTracker *tracker;
    MpTree *before;
    MpRepositoryDifferenceVisit visit;
    gpointer user_data;
} Policies;

static bool
visit_policy(const Policies *policies, const char *name, GError **error)
{
    g_autoptr(MpRepository) now = mp_tracker_repository(policies->tracker, name, NULL);
    g_autoptr(MpRepository) before = mp_read_repository(policies->before, name, NULL);

    return now == NULL || policies->visit(before, now, policies->user_data, error);
}

bool
mp_tracker_repository_difference(MpTracker *tracker, const char *since,
                                 MpRepositoryDifferenceVisit visit, gpointer user_data,
                                 GError **error)
{
    MpStore *store = &tracker->store;
    g_autoptr(git_tree) before = NULL, now = NULL;
    g_autoptr(MpTree) tree = NULL;

    if (!open_both(store, since, "repositories", &before, &now, &tree, error))
        return false;
    const Policies policies = {tracker, tree, visit, user_data};
    g_autoptr(GArray) owners = differing(before, now);
    for (guint i = 0; i < owners->len; i++) {
        const Pair *owner = &g_array_index(owners, Pair, i);
        g_autoptr(git_tree) older = NULL, newer = NULL;

        if (!open_pair(store, owner, &older, &newer, error))
            return false;
        g_autoptr(GArray) names = differing(older, newer);
        for (guint j = 0; j < names->len; j++) {
            g_autofree char *name =
                g_strconcat(owner->name, "/", g_array_index(names, Pair, j).name, NULL);

            if (mp_is_repository_name(name) && !visit_policy(&policies, name, error))
                return false;
        }
    }
    return true;
}
