/* Making a repository: configuration, the first commit, everything synced. */
#include "git/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "git/git.h"
#include "git/rewrite.h"

/* A live repository is repacked by `git repack --geometric`, never collected behind our back. */
static const struct {
    const char *key, *value;
} settings[] = {
    {"receive.denyNonFastForwards", "true"},
    {"receive.denyDeletes", "true"},
    {"receive.fsckObjects", "true"},
    {"gc.auto", "0"},
};

static bool
configure(git_repository *repository, GError **error)
{
    g_autoptr(git_config) config = NULL;

    if (git_repository_config(&config, repository) < 0)
        return mp_git_fail(error, "cannot open the new repository's configuration");
    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++)
        if (git_config_set_string(config, settings[i].key, settings[i].value) < 0)
            return mp_git_fail(error, "cannot set %s", settings[i].key);
    return true;
}

static bool
first_commit(MpStore *store, const char *readme, GError **error)
{
    MpActor actor = mp_program_actor();
    /* Two trackers made in one second have no commit in common: none is taken for the other's
     * remote. */
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *message = g_strdup_printf("Begin %s", uuid);
    g_autoptr(git_reference) reference = NULL;
    MpChain chain;
    bool good;

    mp_chain_begin(&chain, store);
    good = mp_tree_set_at(chain.tree, "README.md", readme, strlen(readme), error) &&
           mp_chain_commit(&chain, message, &actor, error) && mp_chain_close(&chain, error) &&
           mp_pack_write(chain.pack, store->path, error);
    if (good && git_reference_create(&reference, store->repository, MP_BRANCH, &chain.tip, 0,
                                     "metroplex init") < 0)
        good = mp_git_fail(error, "cannot create the branch main");
    mp_chain_clear(&chain);
    return good;
}

/* As the next program will: an object database that was opened in a bad moment writes elsewhere. */
static bool
can_be_opened(const MpStore *store, GError **error)
{
    MpStore again = {0};
    bool good = mp_store_open(&again, store->path, store->hostname, error);

    mp_store_close(&again);
    return good;
}

static bool
make(MpStore *store, const char *readme, mode_t mode, GError **error)
{
    git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;

    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR;
    options.initial_head = "main";
    if (!mp_make_directories(store->path, mode, NULL, error))
        return false;
    if (git_repository_init_ext(&store->repository, store->path, &options) < 0)
        return mp_git_fail(error, "cannot make %s", store->path);
    if (git_repository_odb(&store->odb, store->repository) < 0)
        return mp_git_fail(error, "cannot open the objects of %s", store->path);
    return configure(store->repository, error) && first_commit(store, readme, error) &&
           mp_store_write_hook(store, error) && mp_sync_file_system(store->path, error) &&
           can_be_opened(store, error);
}

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st, (void)kind, (void)place;
    return remove(path);
}

static bool
rename_durably(const char *from, const char *to, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(to);

    if (rename(from, to) < 0)
        return mp_fail_errno(error, "cannot rename %s to %s", from, to);
    return mp_sync_file_system(parent, error);
}

/* libgit2 may fail to remove a lock of its own and not say so. */
static bool
remove_locks(const char *path, GError **error)
{
    static const char *const locks[] = {"HEAD.lock", "config.lock", "refs/heads/main.lock"};

    for (gsize i = 0; i < G_N_ELEMENTS(locks); i++) {
        g_autofree char *lock = g_build_filename(path, locks[i], NULL);

        if (unlink(lock) < 0 && errno != ENOENT)
            return mp_fail_errno(error, "cannot remove %s", lock);
    }
    return true;
}

/*
 * Under a name aside until it is whole, since half a repository with somebody's lock in it is what
 * libgit2 can neither open nor make. A folder that is there already is somebody's: made in place.
 */
static bool
make_whole(MpStore *store, const char *path, const char *readme, mode_t mode, GError **error)
{
    struct stat st;

    if (stat(path, &st) == 0)
        return make(store, readme, mode, error);
    g_free(store->path);
    store->path = g_strconcat(path, ".new", NULL);
    if (nftw(store->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
        return mp_fail_errno(error, "cannot remove %s", store->path);
    return make(store, readme, mode, error) && remove_locks(store->path, error) &&
           rename_durably(store->path, path, error);
}

static bool
has_branch(const char *path)
{
    g_autoptr(git_repository) repository = NULL;
    git_oid tip;

    return git_repository_open_bare(&repository, path) == 0 &&
           git_reference_name_to_id(&tip, repository, MP_BRANCH) == 0;
}

bool
mp_store_init(const char *path, const char *hostname, const char *readme, mode_t mode, bool *made,
              GError **error)
{
    MpStore store = {.path = g_strdup(path), .hostname = g_strdup(hostname)};

    *made = false;
    bool good = mp_git_start(error);
    *made = good && !has_branch(path);
    good = good && (!*made || make_whole(&store, path, readme, mode, error));
    mp_store_close(&store);
    return good;
}
