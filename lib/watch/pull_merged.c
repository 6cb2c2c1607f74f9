/* What a merge, a squash or a rebase leaves in the base; see pull_merged.h. */
#include "watch/pull_merged.h"

#include "base/error.h"
#include "repo/changes.h"
#include "tracker/changes.h"
#include "watch/identity.h"
#include "watch/pull_changes.h"

#define REBASED_MAX 1000 /* commits of the base that are looked at */

/* --- Squashed --------------------------------------------------------------------------------- */

/* The names of all files that differ, renamed ones by both; NULL in *names where there are too
 * many. */
static bool
find_names(MpRepo *repo, const git_oid *before, const git_oid *after, guint most,
           GHashTable **names, GError **error)
{
    gsize budget = 0;
    const MpRepoChangeLimits limits = {.files = most, .budget = &budget};
    g_autoptr(MpRepoChanges) changes = mp_repo_changes(repo, before, after, &limits, error);
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    *names = NULL;
    if (changes == NULL)
        return false;
    if (changes->is_more)
        return true;
    for (guint i = 0; i < changes->files->len; i++) {
        const MpRepoChange *file = changes->files->pdata[i];

        g_hash_table_add(found, g_strdup(file->path));
        if (file->old_path != NULL)
            g_hash_table_add(found, g_strdup(file->old_path));
    }
    *names = g_steal_pointer(&found);
    return true;
}

static bool
share_one(GHashTable *some, GHashTable *others)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, some);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (g_hash_table_contains(others, name))
            return true;
    return false;
}

/* Whether these files are in the base as the work has them. */
static bool
has_files(MpRepo *repo, const git_oid *work, const git_oid *base, GHashTable *names, bool *has,
          GError **error)
{
    g_autoptr(GHashTable) different = NULL;

    if (!find_names(repo, work, base, MP_REPO_FILES_MAX, &different, error))
        return false;
    *has = different != NULL && !share_one(names, different);
    return true;
}

/* What the base had before as well did not come in now. */
static bool
was_squashed(MpRepo *repo, const git_oid *work, const git_oid *base_then, const git_oid *base,
             bool *was, GError **error)
{
    g_autoptr(GHashTable) names = NULL;
    git_oid left;
    bool found, had = false;

    *was = false;
    if (!mp_repo_merge_base(repo, work, base_then, MP_REPO_WALK_MAX, &left, &found, error) ||
        (found && !find_names(repo, &left, work, MP_CHANGES_FILES, &names, error)))
        return false;
    if (names == NULL || g_hash_table_size(names) == 0)
        return true;
    if (!has_files(repo, work, base, names, was, error))
        return false;
    if (*was && !has_files(repo, work, base_then, names, &had, error))
        return false;
    *was = *was && !had;
    return true;
}

/* --- Rebased ---------------------------------------------------------------------------------- */

static bool
are_all_in(GHashTable *some, GHashTable *others)
{
    GHashTableIter iter;
    gpointer identity;

    g_hash_table_iter_init(&iter, some);
    while (g_hash_table_iter_next(&iter, &identity, NULL))
        if (!g_hash_table_contains(others, identity))
            return false;
    return g_hash_table_size(some) > 0;
}

static bool
was_rebased(MpRepo *repo, const git_oid *work, const git_oid *base_then, const git_oid *base,
            bool *was, GError **error)
{
    g_auto(MpRepoRange) own = {0}, came = {0};

    *was = false;
    if (!mp_repo_range_of_two(repo, work, base_then, MP_REPO_WALK_MAX, &own, error) ||
        !mp_repo_range_of_two(repo, base, base_then, MP_REPO_WALK_MAX, &came, error))
        return false;
    if (own.is_unsure || own.commits->len > MP_CHANGES_COMMITS)
        return true;
    g_autoptr(GHashTable) wanted =
        mp_commit_identities(repo, own.commits, MP_CHANGES_COMMITS, false, error);
    if (wanted == NULL || g_hash_table_size(wanted) > came.commits->len)
        return wanted != NULL;
    g_autoptr(GHashTable) there =
        mp_commit_identities(repo, came.commits, REBASED_MAX, false, error);
    *was = there != NULL && are_all_in(wanted, there);
    return there != NULL;
}

/* What cannot be read is not seen. */
static bool
was_written_anew(MpRepo *repo, const git_oid *work, const git_oid *base_then, const git_oid *base,
                 bool *was, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (was_squashed(repo, work, base_then, base, was, &why) &&
        (*was || was_rebased(repo, work, base_then, base, was, &why)))
        return true;
    *was = false;
    if (g_error_matches(why, MP_ERROR, MP_ERROR_INPUT))
        return true;
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

bool
mp_pull_came_in(MpRepo *repo, const git_oid *work, const git_oid *base_then, const git_oid *base,
                bool *did, GError **error)
{
    bool had = false;

    if (!mp_pull_is_within(repo, work, base, did, error))
        return false;
    if (base_then == NULL)
        return true;
    if (*did) {
        if (!mp_pull_is_within(repo, work, base_then, &had, error))
            return false;
        *did = !had;
        return true;
    }
    return git_oid_equal(base_then, base) ||
           was_written_anew(repo, work, base_then, base, did, error);
}
