/* What a merge, a squash or a rebase leaves in the base; see pull_merged.h. */
#include "watch/pull_merged.h"

#include "base/error.h"
#include "repo/changes.h"
#include "tracker/changes.h"
#include "tracker/thread_event.h"
#include "watch/identity.h"
#include "watch/pull_changes.h"

#define REBASED_MAX 1000              /* commits of the base that are looked at */
#define COUNTED_MAX (8 * 1024 * 1024) /* octets of either side's files that are compared */

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

/* Commits that are looked at closely, since they are of the same person, second and subject. */
typedef struct {
    MpRepo *repo;
    GHashTable *wanted; /* char *: identities */
    gsize budget;       /* octets that may still be compared to count lines; 0: none are */
    bool is_uncounted;  /* of a file they could not be */
    GHashTable *found;  /* char *: what they change */
} Works;

static void
append_file(Works *works, GString *work, const MpRepoChange *file)
{
    g_string_append_printf(work, "\n%s", file->path);
    if (file->old_path != NULL)
        g_string_append_printf(work, " %s", file->old_path);
    if (file->is_counted)
        g_string_append_printf(work, " %u %u", file->n_added, file->n_removed);
    works->is_uncounted |= !file->is_counted && !file->is_binary;
}

static bool
add_work(Works *works, const MpRepoCommit *commit, GError **error)
{
    const MpRepoChangeLimits limits = {.budget = &works->budget};
    g_autofree char *identity = mp_commit_identity(commit);

    if (!g_hash_table_contains(works->wanted, identity))
        return true;
    const git_oid *parent =
        commit->parents->len > 0 ? &g_array_index(commit->parents, git_oid, 0) : NULL;
    g_autoptr(MpRepoChanges) changes =
        mp_repo_changes(works->repo, parent, &commit->id, &limits, error);
    if (changes == NULL)
        return false;
    g_autoptr(GString) work = g_string_new(identity);
    for (guint i = 0; i < changes->files->len; i++)
        append_file(works, work, changes->files->pdata[i]);
    g_hash_table_add(works->found, g_compute_checksum_for_string(G_CHECKSUM_SHA256, work->str, -1));
    return true;
}

/* NULL for errors only. */
static GHashTable *
find_works(Works *works, const GArray *ids, guint most, GError **error)
{
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    works->found = found;
    for (guint i = 0; i < MIN(ids->len, most); i++) {
        g_autoptr(MpRepoCommit) commit = NULL;

        if (!mp_repo_commit(works->repo, &g_array_index(ids, git_oid, i), &commit, error) ||
            (commit != NULL && commit->parents->len < 2 && !add_work(works, commit, error)))
            return NULL;
    }
    return g_steal_pointer(&found);
}

/* Each changes the same files as one that came, and as many lines, if those of all can be counted.
 * Programs commit much under one subject in one second. */
static bool
are_alike(MpRepo *repo, GHashTable *wanted, const GArray *own, const GArray *came, bool *are,
          GError **error)
{
    bool is_over = false;

    for (gsize budget = COUNTED_MAX; !is_over; budget = 0) {
        Works some = {.repo = repo, .wanted = wanted, .budget = budget}, others = some;
        g_autoptr(GHashTable) ours = find_works(&some, own, MP_CHANGES_COMMITS, error);
        g_autoptr(GHashTable) theirs =
            ours != NULL ? find_works(&others, came, REBASED_MAX, error) : NULL;

        if (theirs == NULL)
            return false;
        *are = are_all_in(ours, theirs);
        is_over = budget == 0 || (!some.is_uncounted && !others.is_uncounted);
    }
    return true;
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
        mp_commit_identities(repo, own.commits, MP_CHANGES_COMMITS, error);
    if (wanted == NULL || g_hash_table_size(wanted) > came.commits->len)
        return wanted != NULL;
    g_autoptr(GHashTable) there = mp_commit_identities(repo, came.commits, REBASED_MAX, error);
    if (there == NULL)
        return false;
    return !are_all_in(wanted, there) ||
           are_alike(repo, wanted, own.commits, came.commits, was, error);
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

/* --- Without having been seen --------------------------------------------------------------------
 */

/* With this head: who opened it again wants it open. */
static bool
was_told(MpTracker *tracker, guint64 thread, const git_oid *head, bool *was, GError **error)
{
    guint64 last;

    *was = false;
    if (!mp_tracker_last_event(tracker, thread, &last, error))
        return false;
    for (guint64 number = last; number > 0 && !*was; number--) {
        g_autoptr(MpThreadEvent) event = NULL;

        if (!mp_tracker_event(tracker, thread, number, &event, error))
            return false;
        *was = event != NULL && event->change == MP_THREAD_MERGED &&
               g_strcmp0(event->from, git_oid_tostr_s(head)) == 0;
    }
    return true;
}

bool
mp_pull_came_in_unseen(MpTracker *tracker, MpRepo *repo, guint64 thread, const MpChanges *before,
                       const git_oid *head, const git_oid *base, bool *did, GError **error)
{
    git_oid work = *head;
    bool was = false, is_in;

    *did = false;
    if (git_oid_equal(head, base) || (before != NULL && before->n_commits == 0))
        return true;
    if (before != NULL && !was_told(tracker, thread, head, &was, error))
        return false;
    if (was || (before != NULL && git_oid_fromstr(&work, before->to) < 0))
        return true;
    if (!mp_pull_is_within(repo, head, base, &is_in, error))
        return false;
    return !is_in || mp_pull_is_within(repo, &work, base, did, error);
}
