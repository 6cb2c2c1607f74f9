/* Writing a history anew, and leaving nothing of the old one; see rewrite.h. */
#include "git/rewrite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "git/git.h"
#include "git/internal.h"
#include "git/program.h"

#define COMMITS 256 /* in one pack, which is in memory until it is written */
#define LOST    "refs/metroplex/lost/"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_revwalk, git_revwalk_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_reference_iterator, git_reference_iterator_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_object, git_object_free)

typedef struct {
    MpStore *store;
    const MpRewrite *rewrite;
    GHashTable *new_ids; /* git_oid to git_oid, of the commits that changed */
    MpPack *pack;
    guint n; /* commits in it */
    git_oid first;
} Walk;

/* --- One commit ------------------------------------------------------------------------------- */

static guint
hash_oid(gconstpointer oid)
{
    guint hash;

    memcpy(&hash, oid, sizeof hash);
    return hash;
}

static gboolean
equal_oids(gconstpointer a, gconstpointer b)
{
    return git_oid_equal(a, b);
}

static const git_oid *
now_of(const Walk *walk, const git_oid *old)
{
    const git_oid *fresh = g_hash_table_lookup(walk->new_ids, old);

    return fresh != NULL ? fresh : old;
}

static bool
has_new_parent(const Walk *walk, const git_commit *commit)
{
    for (unsigned i = 0; i < git_commit_parentcount(commit); i++)
        if (g_hash_table_contains(walk->new_ids, git_commit_parent_id(commit, i)))
            return true;
    return false;
}

/* Its header but for tree, parents and a signature, which would be of something else. */
static void
add_header(GString *text, const char *header)
{
    g_auto(GStrv) lines = g_strsplit(header, "\n", -1);
    bool is_left_out = false;

    for (char **line = lines; *line != NULL; line++) {
        if (**line != ' ')
            is_left_out = g_str_has_prefix(*line, "tree ") || g_str_has_prefix(*line, "parent ") ||
                          g_str_has_prefix(*line, "gpgsig");
        if (!is_left_out && **line != '\0')
            g_string_append_printf(text, "%s\n", *line);
    }
}

static bool
write_commit(Walk *walk, git_commit *commit, const git_oid *root, const char *message,
             GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    git_oid id;

    g_string_append_printf(text, "tree %s\n", git_oid_tostr_s(root));
    for (unsigned i = 0; i < git_commit_parentcount(commit); i++)
        g_string_append_printf(text, "parent %s\n",
                               git_oid_tostr_s(now_of(walk, git_commit_parent_id(commit, i))));
    add_header(text, git_commit_raw_header(commit));
    g_string_append_printf(text, "\n%s", message);
    if (!mp_pack_add(walk->pack, GIT_OBJECT_COMMIT, text->str, text->len, &id, error))
        return false;
    g_hash_table_insert(walk->new_ids, g_memdup2(git_commit_id(commit), sizeof id),
                        g_memdup2(&id, sizeof id));
    if (git_oid_is_zero(&walk->first))
        walk->first = *git_commit_id(commit);
    return true;
}

static bool
flush(Walk *walk, guint most, GError **error)
{
    if (walk->n < most || walk->n == 0)
        return true;
    if (!mp_pack_write(walk->pack, walk->store->path, error))
        return false;
    mp_pack_free(walk->pack);
    walk->pack = mp_pack_new();
    walk->n = 0;
    return git_odb_refresh(walk->store->odb) == 0 ||
           mp_git_fail(error, "%s: cannot look for new objects", walk->store->path);
}

static bool
rewrite_commit(Walk *walk, git_commit *commit, GError **error)
{
    const MpRewrite *rewrite = walk->rewrite;
    const char *message = git_commit_message_raw(commit);
    g_autoptr(MpTree) tree = mp_tree_new(walk->store->odb, walk->pack, git_commit_tree_id(commit));
    bool is_later = has_new_parent(walk, commit);
    git_oid root;

    if (!rewrite->edit(tree, rewrite->user_data, error) || !mp_tree_write(tree, &root, error))
        return false;
    bool is_same = git_oid_equal(&root, git_commit_tree_id(commit));
    if (is_same && !is_later)
        return true;
    g_autofree char *other = rewrite->message(message, !is_later, rewrite->user_data);
    walk->n++;
    return write_commit(walk, commit, &root, other != NULL ? other : message, error) &&
           flush(walk, COMMITS, error);
}

/* --- All of them ------------------------------------------------------------------------------ */

static bool
rewrite_all(Walk *walk, git_revwalk *order, GError **error)
{
    git_oid id;
    int rc;

    while ((rc = git_revwalk_next(&id, order)) == 0) {
        g_autoptr(git_commit) commit = NULL;

        if (git_commit_lookup(&commit, walk->store->repository, &id) < 0)
            return mp_git_fail(error, "cannot read commit %s", git_oid_tostr_s(&id));
        if (!rewrite_commit(walk, commit, error))
            return false;
    }
    return rc == GIT_ITEROVER
               ? flush(walk, 0, error)
               : mp_git_fail(error, "%s: cannot walk its history", walk->store->path);
}

bool
mp_store_rewrite(MpStore *store, const MpRewrite *rewrite, git_oid *tip, git_oid *first,
                 GError **error)
{
    g_autoptr(git_revwalk) order = NULL;
    Walk walk = {.store = store,
                 .rewrite = rewrite,
                 .new_ids = g_hash_table_new_full(hash_oid, equal_oids, g_free, g_free),
                 .pack = mp_pack_new()};
    bool good = git_revwalk_new(&order, store->repository) == 0 &&
                git_revwalk_sorting(order, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE) == 0 &&
                git_revwalk_push(order, &store->tip) == 0;

    if (!good)
        mp_git_fail(error, "%s: cannot walk its history", store->path);
    good = good && rewrite_all(&walk, order, error);
    *tip = *now_of(&walk, &store->tip);
    *first = git_oid_is_zero(&walk.first) ? store->tip : walk.first;
    g_hash_table_unref(walk.new_ids);
    mp_pack_free(walk.pack);
    return good;
}

bool
mp_store_contains(const MpStore *store, const git_oid *tip, const git_oid *commit)
{
    return git_oid_equal(tip, commit) ||
           git_graph_descendant_of(store->repository, tip, commit) == 1;
}

/* --- The branch, and what is left ------------------------------------------------------------- */

MpCommitResult
mp_store_replace(MpStore *store, const git_oid *from, const git_oid *to, GError **error)
{
    if (store->remote != NULL) {
        if (!mp_store_read_at(store, from, error))
            return MP_FAILED;
        store->turn.is_left_out = true;
        MpCommitResult result = mp_store_push(store, to, error);
        store->turn.is_left_out = false;
        return result;
    }
    int rc = mp_store_move_branch(store, from, to, "metroplex: history written anew");
    if (rc == GIT_EMODIFIED || rc == GIT_ENOTFOUND)
        return MP_CONFLICT;
    if (rc < 0)
        mp_git_fail(error, "%s: cannot move %s", store->path, MP_BRANCH);
    return rc == 0 && mp_store_refresh(store, error) ? MP_COMMITTED : MP_FAILED;
}

/* Whether what it leads to, also by an annotated tag, has the commit in its history. */
static bool
ref_contains(const MpStore *store, const git_reference *ref, const git_oid *commit)
{
    g_autoptr(git_object) at = NULL;

    return git_reference_peel(&at, ref, GIT_OBJECT_COMMIT) == 0 &&
           mp_store_contains(store, git_object_id(at), commit);
}

static bool
delete_ref(const MpStore *store, git_reference *ref, GError **error)
{
    const char *name = git_reference_name(ref);
    guint tries = 0;
    int rc;

    do
        rc = git_reference_delete(ref);
    while (mp_store_tries_again(store, rc, &tries));
    if (rc == GIT_ELOCKED)
        return mp_fail(error, MP_ERROR_TEMPORARY, "%s: %s stays locked", store->path, name);
    return rc == 0 || mp_git_fail(error, "%s: cannot delete %s", store->path, name);
}

static bool
forget_ref(const MpStore *store, git_reference *ref, GPtrArray *others, GError **error)
{
    const char *name = git_reference_name(ref);

    if (g_str_has_prefix(name, LOST) || g_str_has_prefix(name, MP_REWRITTEN))
        return delete_ref(store, ref, error);
    if (!g_ptr_array_find_with_equal_func(others, name, g_str_equal, NULL))
        g_ptr_array_add(others, g_strdup(name));
    return true;
}

bool
mp_store_forget_refs(MpStore *store, const git_oid *commit, GPtrArray *others, GError **error)
{
    g_autoptr(git_reference_iterator) all = NULL;
    git_reference *reference;
    int rc;

    if (git_reference_iterator_new(&all, store->repository) < 0)
        return mp_git_fail(error, "%s: cannot list its refs", store->path);
    while ((rc = git_reference_next(&reference, all)) == 0) {
        g_autoptr(git_reference) ref = reference;

        if (ref_contains(store, ref, commit) && !forget_ref(store, ref, others, error))
            return false;
    }
    return rc == GIT_ITEROVER || mp_git_fail(error, "%s: cannot list its refs", store->path);
}

bool
mp_store_kept_packs(const MpStore *store, GPtrArray *others, GError **error)
{
    g_autofree char *packs = g_build_filename(store->path, "objects/pack", NULL);
    g_autoptr(GPtrArray) names = mp_list_directory_if_any(packs, error);

    for (guint i = 0; names != NULL && i < names->len; i++)
        if (g_str_has_suffix(names->pdata[i], ".keep"))
            g_ptr_array_add(others, g_build_filename("objects/pack", names->pdata[i], NULL));
    return names != NULL;
}

/* --- What was written anew ---------------------------------------------------------------------
 */

bool
mp_store_foreach_rewritten(MpStore *store, const git_oid *tip, const git_oid *held,
                           MpRewritten visit, gpointer user_data, GError **error)
{
    g_autoptr(git_commit) commit = NULL;
    g_autofree char *text = NULL;
    bool is_parted = held == NULL;

    if (git_commit_lookup(&commit, store->repository, tip) < 0)
        return mp_git_fail(error, "%s: cannot read commit %s", store->path, git_oid_tostr_s(tip));
    g_autoptr(MpTree) tree = mp_tree_new(store->odb, NULL, git_commit_tree_id(commit));
    if (!mp_tree_read(tree, NULL, "rewrites", &text, NULL, error))
        return false;
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", -1);
        git_oid old;

        if (words[0] == NULL || git_oid_fromstr(&old, words[0]) < 0)
            continue;
        is_parted = is_parted || mp_store_contains(store, held, &old);
        if (is_parted && !visit(words, user_data))
            break;
    }
    return true;
}

static bool
note_one(char **words, gpointer user_data)
{
    (void)words;
    *(bool *)user_data = true;
    return false;
}

bool
mp_store_is_rewritten(MpStore *store, const git_oid *tip, const git_oid *held, bool *is,
                      GError **error)
{
    *is = false;
    return mp_store_foreach_rewritten(store, tip, held, note_one, is, error);
}

GPtrArray *
mp_store_rewritten_tips(MpStore *store, GError **error)
{
    g_autoptr(GPtrArray) tips = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(git_reference_iterator) all = NULL;
    const char *name;

    if (git_reference_iterator_glob_new(&all, store->repository, MP_REWRITTEN "*") < 0) {
        mp_git_fail(error, "%s: cannot list its refs", store->path);
        return NULL;
    }
    while (git_reference_next_name(&name, all) == 0)
        g_ptr_array_add(tips, g_strdup(name + strlen(MP_REWRITTEN)));
    return g_steal_pointer(&tips);
}

/* Any ref: another branch would bring it back as well. Where the objects are gone, and a push does
 * not bring them, the question fails, and nothing is refused. */
static const char hook[] =
    "#!/bin/sh\n"
    "# Refuses commits that were purged: tracker(5), rewrites. For a shared remote too.\n"
    "git cat-file -p main:rewrites 2>/dev/null | while read -r old rest; do\n"
    "    if git merge-base --is-ancestor \"$old\" \"$3\" 2>/dev/null; then\n"
    "        echo \"$old was purged and may not come back: fetch, and begin anew on main\" >&2\n"
    "        exit 1\n"
    "    fi\n"
    "done\n";

bool
mp_store_write_hook(const MpStore *store, GError **error)
{
    g_autofree char *path = g_build_filename(store->path, "hooks", NULL);
    g_autofree char *file = g_build_filename(path, "update", NULL);
    g_auto(MpFd) hooks = -1;

    if (access(file, F_OK) == 0) /* an administrator's, or ours */
        return true;
    if (!mp_make_directories(path, 0755, NULL, error) ||
        (hooks = mp_open_directory(path, error)) < 0)
        return false;
    return mp_write_file(hooks, "update", hook, strlen(hook), 0755, true, error);
}

static bool
run_git(const MpStore *store, const char *const *words, GError **error)
{
    return mp_git_run(store->path, words, -1, 0, NULL, error);
}

/* It names commits that are gone; upkeep writes it anew. */
static bool
remove_commit_graph(const MpStore *store, GError **error)
{
    g_autofree char *one = g_build_filename(store->path, "objects/info/commit-graph", NULL);
    g_autofree char *chain =
        g_build_filename(store->path, "objects/info/commit-graphs/commit-graph-chain", NULL);

    if ((unlink(one) < 0 && errno != ENOENT) || (unlink(chain) < 0 && errno != ENOENT))
        return mp_fail_errno(error, "cannot remove the commit-graph of %s", store->path);
    return true;
}

/* git syncs no directory. Before it deletes packs, that which replaces them must be on the disk: so
 * it is made first, and then again, of nothing new. And what it deleted is gone for good only once
 * that is synced. Nobody else repacks meanwhile: a pack that somebody makes of what is here, and
 * that comes after these have looked, would stay. */
bool
mp_store_collect(MpStore *store, GError **error)
{
    static const char *const expire[] = {"reflog", "expire", "--expire=now", "--all", NULL};
    static const char *const repack[] = {"repack", "--quiet", "-a", NULL};
    static const char *const drop[] = {"repack", "--quiet", "-a", "-d", NULL};
    static const char *const prune[] = {"prune", "--expire=now", NULL};
    g_autofree char *packs = g_build_filename(store->path, "objects/pack", NULL);
    g_autoptr(MpLock) lock = mp_lock_take_directory(packs, MP_LOCK_WAIT, error);

    return lock != NULL && remove_commit_graph(store, error) && run_git(store, expire, error) &&
           run_git(store, repack, error) && mp_sync_file_system(store->path, error) &&
           run_git(store, drop, error) && run_git(store, prune, error) &&
           mp_sync_file_system(store->path, error) && mp_store_reopen(store, error);
}
