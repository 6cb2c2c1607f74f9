/*
 * What stays of a commit where a history is written anew (rebase, amend, cherry-pick): who wrote
 * it, when, and its subject. Its id, parents, tree and committer do not.
 */
#include "watch/identity.h"

char *
mp_commit_identity(const MpRepoCommit *commit)
{
    return g_strdup_printf("%s\n%s\n%" G_GINT64_FORMAT "\n%s", commit->author.name,
                           commit->author.email, commit->author.time, commit->subject);
}

GHashTable *
mp_commit_identities(MpRepo *repo, const GArray *ids, guint most, GError **error)
{
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < MIN(ids->len, most); i++) {
        g_autoptr(MpRepoCommit) commit = NULL;

        if (!mp_repo_commit(repo, &g_array_index(ids, git_oid, i), &commit, error))
            return NULL;
        if (commit != NULL && commit->parents->len < 2)
            g_hash_table_add(found, mp_commit_identity(commit));
    }
    return g_steal_pointer(&found);
}
