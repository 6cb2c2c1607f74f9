/*
 * Repositories, and openings/4f/…: which of them has a short address. An entry counts only if the
 * repository still has that address: an administrator may have edited its record.
 */
#include "tracker/repositories.h"

#include <string.h>

#include "address/opening.h"
#include "base/domain.h"
#include "base/error.h"
#include "tracker/internal.h"
#include "tracker/records.h"

#define REPOSITORIES "repositories"

char *
mp_repository_address(const MpRepository *repository, const char *hostname)
{
    const char *local = repository->address != NULL ? repository->address : repository->name;

    if (repository->open == MP_OPEN_OFF || strlen(local) > MP_LOCAL_PART_MAX)
        return NULL;
    return g_strdup_printf("%s@reply.%s", local, hostname);
}

char *
mp_path_of_opening(const char *local)
{
    g_autofree char *folded = mp_opening_fold(local);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, folded, -1);

    return g_strdup_printf("openings/%.2s/%.30s", hash, hash + 2);
}

/* --- Read --------------------------------------------------------------------------------------
 */

/* As mp_read_repository, but NULL where nobody has set such a one, or `name` is none. */
static bool
read_set(MpTree *tree, const char *name, MpRepository **repository, GError **error)
{
    g_autofree char *path = g_strconcat(REPOSITORIES "/", name, NULL);
    g_autofree char *text = NULL;

    *repository = NULL;
    if (!mp_is_repository_name(name))
        return true;
    if (!mp_tree_read(tree, NULL, path, &text, NULL, error))
        return false;
    if (text == NULL)
        return true;
    *repository = mp_record_parse_repository(text, path, name, error);
    if (*repository != NULL)
        (*repository)->is_recorded = true;
    return *repository != NULL;
}

bool
mp_read_opening(MpTree *tree, const char *local, MpRepository **repository, GError **error)
{
    g_autofree char *path = mp_path_of_opening(local);
    g_autofree char *name = NULL;

    *repository = NULL;
    if (!mp_tree_read(tree, NULL, path, &name, NULL, error) ||
        (name != NULL && !read_set(tree, g_strstrip(name), repository, error)))
        return false;
    if (*repository != NULL && (*repository)->address != NULL) {
        g_autofree char *its = mp_path_of_opening((*repository)->address);

        if (strcmp(its, path) == 0)
            return true;
    }
    g_clear_pointer(repository, mp_repository_free);
    return true;
}

/* The name of an entry that is `name` in any case, or NULL. */
static const char *
find_in_any_case(const MpTreeNode *directory, const char *name)
{
    for (guint i = 0; directory != NULL && i < mp_tree_count(directory); i++)
        if (g_ascii_strcasecmp(mp_tree_name(directory, i), name) == 0)
            return mp_tree_name(directory, i);
    return NULL;
}

static bool
read_named(MpTree *tree, const char *name, MpRepository **repository, GError **error)
{
    const char *slash = strchr(name, '/');
    g_autofree char *owner = g_strndup(name, (gsize)(slash - name));
    MpTreeNode *all, *directory = NULL;

    *repository = NULL;
    if (!mp_tree_directory(tree, NULL, REPOSITORIES, &all, error))
        return false;
    const char *its_owner = find_in_any_case(all, owner);
    if (its_owner != NULL && !mp_tree_directory(tree, all, its_owner, &directory, error))
        return false;
    const char *its_name = find_in_any_case(directory, slash + 1);
    if (its_name == NULL)
        return true;
    g_autofree char *whole = g_strconcat(its_owner, "/", its_name, NULL);
    return read_set(tree, whole, repository, error);
}

bool
mp_tracker_repository_at(MpTracker *tracker, const char *local, MpRepository **repository,
                         GError **error)
{
    MpTree *tree = mp_store_view(&tracker->store);

    if (strchr(local, '/') != NULL)
        return read_named(tree, local, repository, error);
    if (!mp_read_opening(tree, local, repository, error))
        return false;
    if (*repository != NULL && g_ascii_strcasecmp((*repository)->address, local) != 0)
        g_clear_pointer(repository, mp_repository_free); /* of one that only looks like it */
    return true;
}

static bool
visit_owner(MpTree *tree, MpTreeNode *all, const char *owner, MpRepositoryVisit visit,
            gpointer user_data, bool *goes_on, GError **error)
{
    MpTreeNode *directory;

    if (!mp_tree_directory(tree, all, owner, &directory, error))
        return false;
    for (guint i = 0; directory != NULL && *goes_on && i < mp_tree_count(directory); i++) {
        g_autofree char *name = g_strconcat(owner, "/", mp_tree_name(directory, i), NULL);
        g_autoptr(MpRepository) repository = NULL;

        if (!read_set(tree, name, &repository, error))
            return false;
        *goes_on = repository == NULL || visit(repository, user_data);
    }
    return true;
}

bool
mp_tracker_foreach_repository(MpTracker *tracker, MpRepositoryVisit visit, gpointer user_data,
                              GError **error)
{
    MpTree *tree = mp_store_view(&tracker->store);
    MpTreeNode *all;
    bool goes_on = true;

    if (!mp_tree_directory(tree, NULL, REPOSITORIES, &all, error))
        return false;
    for (guint i = 0; all != NULL && goes_on && i < mp_tree_count(all); i++)
        if (!visit_owner(tree, all, mp_tree_name(all, i), visit, user_data, &goes_on, error))
            return false;
    return true;
}

/* --- Write -------------------------------------------------------------------------------------
 */

/* Another of its siblings that is the same where letters' case does not count: a clone there has
 * only one of them. */
static bool
check_case(const MpTreeNode *directory, const char *name, GError **error)
{
    const char *there = find_in_any_case(directory, name);

    return there == NULL || strcmp(there, name) == 0 ||
           mp_fail(error, MP_ERROR_INPUT,
                   "%s: there is %s already, which some systems take for the same", name, there);
}

/* Puts its short address into the index, unless another repository has it or one like it. */
static bool
claim(MpTree *tree, const MpRepository *repository, GError **error)
{
    g_autofree char *path = mp_path_of_opening(repository->address);
    g_autofree char *text = g_strconcat(repository->name, "\n", NULL);
    g_autoptr(MpRepository) holder = NULL;

    if (!mp_read_opening(tree, repository->address, &holder, error))
        return false;
    if (holder != NULL && strcmp(holder->name, repository->name) != 0)
        return mp_fail(error, MP_ERROR_INPUT, "%s: %s has the address %s, which is %s",
                       repository->address, holder->name, holder->address,
                       strcmp(holder->address, repository->address) == 0 ? "the same"
                                                                         : "taken for the same");
    return mp_tree_set_at(tree, path, text, strlen(text), error);
}

/* Takes the address that it had out of the index. */
static bool
release(MpTree *tree, const MpRepository *repository, GError **error)
{
    g_autoptr(MpRepository) before = NULL, holder = NULL;

    if (!read_set(tree, repository->name, &before, error))
        return false;
    if (before == NULL || before->address == NULL)
        return true;
    if (!mp_read_opening(tree, before->address, &holder, error))
        return false;
    if (holder == NULL || strcmp(holder->name, repository->name) != 0)
        return true;
    g_autofree char *path = mp_path_of_opening(before->address);
    return mp_tree_remove_at(tree, path, error);
}

bool
mp_batch_set_repository(MpBatch *batch, const MpRepository *repository, const char *what,
                        const MpActor *actor, GError **error)
{
    const char *slash = strchr(repository->name, '/');
    g_autofree char *owner = g_strndup(repository->name, (gsize)(slash - repository->name));
    g_autofree char *record = mp_record_repository(repository);
    MpTree *tree = batch->chain.tree;
    MpTreeNode *all = mp_tree_make_directory(tree, NULL, REPOSITORIES, error);

    if (all == NULL || !check_case(all, owner, error))
        return false;
    MpTreeNode *directory = mp_tree_make_directory(tree, all, owner, error);
    return directory != NULL && check_case(directory, slash + 1, error) &&
           release(tree, repository, error) &&
           (repository->address == NULL || claim(tree, repository, error)) &&
           mp_tree_set(tree, directory, slash + 1, record, strlen(record), error) &&
           mp_chain_commit(&batch->chain, what, actor, error);
}
