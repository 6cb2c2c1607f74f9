/*
 * One bare repository with one branch: open, read at a tip, and move the branch durably.
 *
 * What is made durable by which step, in this order (ext4, XFS and btrfs alike):
 *   1. the pack, then its index: each written under a temporary name, synced, renamed; then
 *      objects/pack synced (pack.c);
 *   2. the branch: refs/heads/main.lock written, fsync, rename, fsync of refs/heads (libgit2 with
 *      GIT_OPT_ENABLE_FSYNC_GITDIR).
 * A crash before 2 leaves at most a pack that nothing names; after 2 the batch is there.
 */
#include "git/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <git2/sys/repository.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "git/git.h"
#include "git/loose.h"
#include "git/stale_files.h"

#define LOCKED_TRIES   50 /* of 100 ms: Git's own programs hold a ref's lock for milliseconds */
#define LOCKED_WAIT_US 100000

#define COMMITS_MAX  4096 /* that come to an open object database; a dozen large batches */
#define BRIEF_MAX    4    /* commits of a push that is mostly waiting for the server */
#define COMMITS_MOVE 64   /* what a move of the tip counts as besides: a pack at least */

static bool
open_objects(MpStore *store, GError **error)
{
    g_autofree char *path = g_build_filename(store->path, "objects", NULL);
    g_auto(MpFd) objects = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    store->n_commits = 0;
    if (objects < 0)
        return mp_fail_errno(error, "cannot open %s", path);
    return (git_repository_odb(&store->odb, store->repository) == 0 &&
            mp_loose_add(store->odb, objects)) ||
           mp_git_fail(error, "cannot open the objects of %s", store->path);
}

/*
 * libgit2 keeps each pack open and mapped, with what was inflated of it, as long as the object
 * database is. Each batch brings a pack: memory would grow with the mails of a run, and files stay
 * open, to no use, since a batch reads what is new to it.
 */
bool
mp_store_reopen(MpStore *store, GError **error)
{
    g_clear_pointer(&store->odb, git_odb_free);
    git_repository__cleanup(store->repository);
    bool good = open_objects(store, error);
    if (!good)
        g_clear_pointer(&store->view, mp_tree_free);
    else if (store->view != NULL)
        mp_tree_move_to(store->view, store->odb, NULL);
    return good;
}

/* From here on reads see this commit and its tree. */
static void
see(MpStore *store, const git_oid *tip, const git_oid *root, guint n_commits)
{
    store->n_seen += !git_oid_equal(tip, &store->coming);
    store->tip = *tip;
    store->root = *root;
    store->n_commits += n_commits + COMMITS_MOVE;
    if (store->view != NULL && !mp_tree_is_at(store->view, root))
        g_clear_pointer(&store->view, mp_tree_free);
}

guint64
mp_store_seen(const MpStore *store)
{
    return store->n_seen;
}

bool
mp_store_read_at(MpStore *store, const git_oid *tip, GError **error)
{
    g_autoptr(git_commit) commit = NULL;

    if (git_commit_lookup(&commit, store->repository, tip) < 0)
        return mp_git_fail(error, "%s: cannot read commit %s", store->path, git_oid_tostr_s(tip));
    see(store, tip, git_commit_tree_id(commit), 0);
    return true;
}

bool
mp_store_refresh(MpStore *store, GError **error)
{
    git_oid tip;

    if ((store->odb == NULL || store->n_commits >= COMMITS_MAX) && !mp_store_reopen(store, error))
        return false;
    if (git_reference_name_to_id(&tip, store->repository, MP_BRANCH) < 0)
        return mp_git_fail(error, "%s: cannot read %s", store->path, MP_BRANCH);
    return git_oid_equal(&tip, &store->tip) || mp_store_read_at(store, &tip, error);
}

bool
mp_store_open(MpStore *store, const char *path, const char *hostname, GError **error)
{
    store->path = g_strdup(path);
    store->hostname = g_strdup(hostname);
    if (!mp_git_start(error))
        return false;
    if (access(path, R_OK | X_OK) < 0 && errno != ENOENT) /* libgit2: "is not a repository" */
        return mp_fail_errno(error, "cannot open %s", path);
    if (git_repository_open_bare(&store->repository, path) < 0)
        return mp_git_fail(error, "cannot open %s (made by: metroplex init)", path);
    return open_objects(store, error) && mp_store_refresh(store, error);
}

void
mp_store_close(MpStore *store)
{
    g_clear_pointer(&store->fetch, mp_running_free);
    mp_store_ask_drop(store);
    g_clear_pointer(&store->remote, mp_remote_free);
    g_clear_pointer(&store->host, g_free);
    g_clear_pointer(&store->turn.own_text, g_free);
    g_clear_pointer(&store->view, mp_tree_free);
    g_clear_pointer(&store->odb, git_odb_free);
    g_clear_pointer(&store->repository, git_repository_free);
    g_clear_pointer(&store->path, g_free);
    g_clear_pointer(&store->hostname, g_free);
}

MpTree *
mp_store_view(MpStore *store)
{
    if (store->view != NULL)
        mp_tree_bound(store->view);
    else
        store->view = mp_tree_new(store->odb, NULL, &store->root);
    return store->view;
}

/* What was read of the tip need not be read again. */
static MpTree *
tree_to_edit(MpStore *store, MpPack *pack)
{
    MpTree *tree = g_steal_pointer(&store->view);

    if (tree == NULL)
        return mp_tree_new(store->odb, pack, git_oid_is_zero(&store->tip) ? NULL : &store->root);
    mp_tree_bound(tree);
    mp_tree_move_to(tree, store->odb, pack);
    return tree;
}

void
mp_chain_begin(MpChain *chain, MpStore *store)
{
    chain->store = store;
    chain->pack = mp_pack_new();
    chain->tree = tree_to_edit(store, chain->pack);
    chain->from = chain->tip = store->tip;
    chain->last = chain->last_root = NULL;
    chain->n_commits = 0;
    chain->is_begun = false;
}

static void
free_string(GString **string)
{
    if (*string != NULL)
        g_string_free(g_steal_pointer(string), TRUE);
}

/* Reads see what comes, or, where that is zero, again what there is. */
static void
show(MpStore *store, const git_oid *coming)
{
    store->coming = *coming;
    store->n_seen++;
    g_clear_pointer(&store->view, mp_tree_free);
}

/* What was to come is the tip now, or it never was. */
static void
end_show(MpChain *chain)
{
    static const git_oid none = {{0}};
    MpStore *store = chain->store;

    if (!chain->is_begun || git_oid_is_zero(&store->coming))
        return;
    if (git_oid_equal(&store->coming, &store->tip))
        store->coming = none;
    else
        show(store, &none);
    if (store->view != NULL)
        mp_tree_move_to(store->view, store->odb, NULL);
}

/* What nobody edited is still what was read. */
static void
give_back(MpChain *chain)
{
    MpStore *store = chain->store;

    if (chain->tree == NULL || store->view != NULL || !mp_tree_is_at(chain->tree, &store->root))
        return;
    store->view = g_steal_pointer(&chain->tree);
    mp_tree_move_to(store->view, store->odb, NULL);
}

void
mp_chain_clear(MpChain *chain)
{
    end_show(chain);
    give_back(chain);
    g_clear_pointer(&chain->tree, mp_tree_free);
    g_clear_pointer(&chain->pack, mp_pack_free);
    free_string(&chain->last);
    free_string(&chain->last_root);
}

bool
mp_chain_close(MpChain *chain, GError **error)
{
    g_autoptr(GString) last = g_steal_pointer(&chain->last),
                       root = g_steal_pointer(&chain->last_root);

    if (last == NULL)
        return true;
    if (!mp_tree_write_root(chain->tree, root, &chain->root, error))
        return false;
    /* the line that names its tree is the first of a commit */
    memcpy(last->str + strlen("tree "), git_oid_tostr_s(&chain->root), GIT_OID_HEXSZ);
    return mp_pack_add(chain->pack, GIT_OBJECT_COMMIT, last->str, last->len, &chain->tip, error);
}

bool
mp_chain_commit(MpChain *chain, const char *message, const MpActor *actor, GError **error)
{
    g_autofree char *line = mp_one_line(message);
    const git_oid later = {{0}}; /* its tree, which mp_chain_close() knows */

    if (!mp_chain_close(chain, error) ||
        !mp_tree_write_below(chain->tree, &chain->last_root, error))
        return false;
    chain->last = mp_commit_object(&later, &chain->tip, line, actor, chain->store->hostname);
    mp_pack_go_on(chain->pack);
    chain->n_commits++;
    return true;
}

bool
mp_chain_amend(MpChain *chain, GError **error)
{
    return mp_tree_write_below(chain->tree, &chain->last_root, error);
}

bool
mp_store_tries_again(const MpStore *store, int rc, guint *tries)
{
    if (rc != GIT_ELOCKED || ++*tries >= LOCKED_TRIES)
        return false;
    mp_stale_files_remove_ref_locks(store->path);
    g_usleep(LOCKED_WAIT_US);
    return true;
}

int
mp_store_move_branch(MpStore *store, const git_oid *from, const git_oid *to, const char *message)
{
    guint tries = 0;
    int rc;

    do {
        g_autoptr(git_reference) reference = NULL;

        rc = git_reference_create_matching(&reference, store->repository, MP_BRANCH, to, 1, from,
                                           message);
    } while (mp_store_tries_again(store, rc, &tries));
    return rc;
}

static MpCommitResult
move_own_branch(MpChain *chain, GError **error)
{
    MpStore *store = chain->store;
    g_autofree char *message = g_strdup_printf("metroplex: %u commits", chain->n_commits);
    int rc = mp_store_move_branch(store, &chain->from, &chain->tip, message);

    if (rc == GIT_EMODIFIED || rc == GIT_ENOTFOUND)
        return MP_CONFLICT;
    if (rc == GIT_ELOCKED) {
        mp_fail(error, MP_ERROR_TEMPORARY, "%s: %s stays locked by another program", store->path,
                MP_BRANCH);
        return MP_FAILED;
    }
    if (rc < 0) {
        mp_git_fail(error, "%s: cannot move %s", store->path, MP_BRANCH);
        return MP_FAILED;
    }
    /* The moment of truth is over, so nothing may fail any more: what is known is not read. */
    see(store, &chain->tip, &chain->root, chain->n_commits);
    return MP_COMMITTED;
}

bool
mp_chain_write_begin(MpChain *chain, GError **error)
{
    if (chain->n_commits == 0 || chain->is_begun)
        return true;
    if (!mp_chain_close(chain, error))
        return false;
    chain->is_begun = true;
    mp_pack_write_begin(chain->pack, chain->store->path);
    if (mp_tree_is_at(chain->tree, &chain->root)) { /* nothing was edited that no commit has */
        show(chain->store, &chain->tip);
        chain->store->view = g_steal_pointer(&chain->tree);
    }
    return true;
}

static MpCommitResult
commit(MpChain *chain, GError **error)
{
    MpStore *store = chain->store;
    bool is_pushed = store->remote != NULL && chain->n_commits > 0;
    MpCommitResult basis = is_pushed ? MP_COMMITTED : mp_store_settle_basis(store, error);

    if (basis != MP_COMMITTED || chain->n_commits == 0)
        return basis;
    if (!git_oid_equal(&chain->from, &store->tip))
        return MP_CONFLICT; /* it was fetched meanwhile */
    if (!mp_chain_write_begin(chain, error) || !mp_pack_write(chain->pack, store->path, error))
        return MP_FAILED;
    if (!is_pushed)
        return move_own_branch(chain, error);
    store->remote->is_brief = chain->n_commits <= BRIEF_MAX;
    store->remote->pack = chain->pack;
    MpCommitResult result = mp_store_push(store, &chain->tip, error);
    store->remote->pack = NULL;
    return result;
}

MpCommitResult
mp_chain_finish(MpChain *chain, GError **error)
{
    MpCommitResult result = commit(chain, error);

    end_show(chain);
    return result;
}

bool
mp_store_sync(const MpStore *store, GError **error)
{
    g_autofree char *path = g_build_filename(store->path, "refs/heads", NULL);
    g_auto(MpFd) fd = mp_open_directory(path, error);

    return fd >= 0 && mp_sync_directory(fd, path, error);
}
