/* What a pull request would change, read from its repository; see pull_changes.h. */
#include "watch/pull_changes.h"

#include <string.h>

#include "base/error.h"
#include "instance/instance.h"
#include "repo/changes.h"

/* Below the subject, which ends at the first empty line. */
static const char *
body_of(const char *message)
{
    const char *end = strstr(message + strspn(message, "\n"), "\n\n");

    return end != NULL ? end + strspn(end, "\n") : "";
}

/* Whole lines, as long as there is room: of each, and for all. */
static void
cut_bodies(MpChanges *changes)
{
    gsize room = MP_CHANGES_BODIES;

    for (guint i = 0; i < changes->commits->len; i++) {
        MpChangedCommit *commit = changes->commits->pdata[i];
        gsize length = commit->body != NULL ? strlen(commit->body) : 0;
        gsize most = MIN(room, MP_CHANGES_BODY);

        if (length > most) {
            while (most > 0 && commit->body[most - 1] != '\n')
                most--;
            commit->body[most] = '\0';
            length = most;
            changes->are_bodies_cut = true;
        }
        room -= length;
        if (length == 0)
            g_clear_pointer(&commit->body, g_free);
    }
}

bool
mp_pull_add_commit(const MpConfig *config, MpRepo *repo, const git_oid *id, GPtrArray *commits,
                   bool *found, GError **error)
{
    g_autoptr(MpRepoCommit) commit = NULL;

    if (!mp_repo_commit(repo, id, &commit, error))
        return false;
    *found = commit != NULL;
    if (commit == NULL)
        return true;
    g_autofree char *author = mp_masked(config, commit->author.name, MP_MASK_TEXT);
    g_autofree char *subject = mp_masked(config, commit->subject, MP_MASK_TEXT);
    g_autofree char *body = mp_masked(config, body_of(commit->message), MP_MASK_TEXT);
    const MpChangedCommit changed = {git_oid_tostr_s(id), author, subject, commit->author.time,
                                     body};
    mp_changed_commits_add(commits, &changed);
    return true;
}

bool
mp_pull_commits(const MpConfig *config, MpRepo *repo, const git_oid *from, const git_oid *but,
                const git_oid *base, guint most, GPtrArray *commits, guint64 *count, GError **error)
{
    g_autoptr(GArray) others = g_array_new(FALSE, FALSE, sizeof(git_oid));
    g_auto(MpRepoRange) range = {0};
    bool found;

    if (but != NULL)
        g_array_append_vals(others, but, 1);
    if (base != NULL)
        g_array_append_vals(others, base, 1);
    if (!mp_repo_range(repo, from, others, MP_REPO_WALK_MAX, &range, error))
        return false;
    *count = range.commits->len;
    for (guint i = 0; commits != NULL && i < range.commits->len && commits->len < most; i++)
        if (!mp_pull_add_commit(config, repo, &g_array_index(range.commits, git_oid, i), commits,
                                &found, error))
            return false;
    return true;
}

bool
mp_pull_is_within(MpRepo *repo, const git_oid *commit, const git_oid *tip, bool *is_within,
                  GError **error)
{
    git_oid shared;
    bool found;

    if (!mp_repo_merge_base(repo, commit, tip, MP_REPO_WALK_MAX, &shared, &found, error))
        return false;
    *is_within = found && git_oid_equal(&shared, commit);
    return true;
}

static void
take_files(const MpConfig *config, const MpRepoChanges *from, MpChanges *changes)
{
    for (guint i = 0; i < from->files->len; i++) {
        const MpRepoChange *change = from->files->pdata[i];
        g_autofree char *path = mp_masked(config, change->path, MP_MASK_TEXT);
        g_autofree char *old =
            change->old_path != NULL ? mp_masked(config, change->old_path, MP_MASK_TEXT) : NULL;
        const MpChangedFile file = {(char *)mp_repo_change_name(change->kind),
                                    path,
                                    old,
                                    !change->is_counted,
                                    change->n_added,
                                    change->n_removed};

        mp_changed_files_add(changes->files, &file);
    }
    changes->has_more = from->is_more;
    changes->n_added = from->n_added;
    changes->n_removed = from->n_removed;
    changes->diff = mp_masked(config, from->diff->str, MP_MASK_TEXT);
    changes->is_cut = from->is_cut;
}

MpChanges *
mp_pull_changes(const MpConfig *config, MpRepo *repo, const git_oid *base, const git_oid *head,
                GError **error)
{
    const MpRepoChangeLimits limits = {MP_CHANGES_FILES, MP_CHANGES_DIFF};
    g_autoptr(MpChanges) changes = mp_changes_new();
    git_oid left;
    bool has_base = false;

    if ((base != NULL &&
         !mp_repo_merge_base(repo, base, head, MP_REPO_WALK_MAX, &left, &has_base, error)) ||
        !mp_pull_commits(config, repo, head, base, NULL, MP_CHANGES_COMMITS, changes->commits,
                         &changes->n_commits, error))
        return NULL;
    cut_bodies(changes);
    g_autoptr(MpRepoChanges) files =
        mp_repo_changes(repo, has_base ? &left : NULL, head, &limits, error);
    if (files == NULL)
        return NULL;
    take_files(config, files, changes);
    changes->from = has_base ? g_strdup(git_oid_tostr_s(&left)) : NULL;
    changes->to = g_strdup(git_oid_tostr_s(head));
    return g_steal_pointer(&changes);
}
