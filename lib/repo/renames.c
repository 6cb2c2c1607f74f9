/*
 * Which of the files that are gone is which of those that came: the same content first, then the
 * likest of which at least half is the same (git diff -M50%), where there are few to be compared.
 */
#include <git2/sys/hashsig.h>

#include "repo/changes.h"
#include "repo/tree.h"

#define PAIRS_MAX 1024 /* that are compared by content */
#define ALIKE     50   /* percent */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_hashsig, git_hashsig_free)

static bool
is_plain_file(guint32 mode)
{
    return (mode & 0170000) == 0100000;
}

static bool
may_pair(const MpRepoChange *gone, const MpRepoChange *came)
{
    return gone->kind == MP_REPO_DELETED && came->kind == MP_REPO_ADDED &&
           is_plain_file(gone->old_mode) && is_plain_file(came->new_mode);
}

/* The one that is gone stays, without a path, and is taken out at the end. */
static void
pair(MpRepoChange *gone, MpRepoChange *came)
{
    came->kind = MP_REPO_RENAMED;
    came->old_path = g_steal_pointer(&gone->path);
    came->old_mode = gone->old_mode;
    came->old_id = gone->old_id;
    gone->kind = MP_REPO_MODIFIED;
}

static guint
id_hash(gconstpointer id)
{
    return *(const guint *)((const git_oid *)id)->id;
}

static gboolean
id_equal(gconstpointer a, gconstpointer b)
{
    return git_oid_equal(a, b);
}

static void
pair_same(GPtrArray *changes)
{
    g_autoptr(GHashTable) gone = g_hash_table_new(id_hash, id_equal);

    for (guint i = 0; i < changes->len; i++) {
        MpRepoChange *change = g_ptr_array_index(changes, i);

        if (change->kind == MP_REPO_DELETED)
            g_hash_table_insert(gone, &change->old_id, change);
    }
    for (guint i = 0; i < changes->len; i++) {
        MpRepoChange *came = g_ptr_array_index(changes, i);
        MpRepoChange *same = g_hash_table_lookup(gone, &came->new_id);

        if (same != NULL && may_pair(same, came)) {
            g_hash_table_remove(gone, &came->new_id);
            pair(same, came);
        }
    }
}

/* NULL where it is too large, empty, or there is nothing left of the budget. */
static bool
sign(MpRepo *repo, const git_oid *id, guint32 mode, gsize *budget, git_hashsig **signature,
     GError **error)
{
    g_autoptr(GBytes) content = NULL;
    gsize length;

    *signature = NULL;
    if (!mp_repo_content(repo, id, mode, budget, &content, error))
        return false;
    if (content == NULL)
        return true;
    const char *bytes = g_bytes_get_data(content, &length);
    if (length > 0)
        git_hashsig_create(signature, bytes, length, GIT_HASHSIG_ALLOW_SMALL_FILES);
    return true;
}

static GPtrArray *
of_kind(GPtrArray *changes, MpRepoChangeKind kind)
{
    GPtrArray *some = g_ptr_array_new();

    for (guint i = 0; i < changes->len; i++) {
        const MpRepoChange *change = g_ptr_array_index(changes, i);

        if (change->kind == kind)
            g_ptr_array_add(some, (gpointer)change);
    }
    return some;
}

static bool
sign_all(MpRepo *repo, const GPtrArray *changes, gsize *budget, GPtrArray *signatures,
         GError **error)
{
    for (guint i = 0; i < changes->len; i++) {
        const MpRepoChange *change = g_ptr_array_index(changes, i);
        bool is_gone = change->kind == MP_REPO_DELETED;
        git_hashsig *signature;

        if (!sign(repo, is_gone ? &change->old_id : &change->new_id,
                  is_gone ? change->old_mode : change->new_mode, budget, &signature, error))
            return false;
        g_ptr_array_add(signatures, signature);
    }
    return true;
}

/* The one of those gone that is most like it, or NULL. */
static MpRepoChange *
likest(const GPtrArray *gone, const GPtrArray *signatures, const MpRepoChange *came,
       const git_hashsig *signature)
{
    MpRepoChange *best = NULL;
    int most = ALIKE - 1;

    for (guint i = 0; i < gone->len && signature != NULL; i++) {
        MpRepoChange *change = g_ptr_array_index(gone, i);
        const git_hashsig *other = g_ptr_array_index(signatures, i);
        int alike =
            other != NULL && may_pair(change, came) ? git_hashsig_compare(other, signature) : 0;

        if (alike > most) {
            most = alike;
            best = change;
        }
    }
    return best;
}

static void
free_signature(gpointer signature)
{
    git_hashsig_free(signature);
}

static bool
pair_alike(MpRepo *repo, GPtrArray *changes, gsize *budget, GError **error)
{
    g_autoptr(GPtrArray) gone = of_kind(changes, MP_REPO_DELETED);
    g_autoptr(GPtrArray) came = of_kind(changes, MP_REPO_ADDED);
    g_autoptr(GPtrArray) old_signatures = g_ptr_array_new_with_free_func(free_signature);
    g_autoptr(GPtrArray) new_signatures = g_ptr_array_new_with_free_func(free_signature);

    if (gone->len == 0 || came->len == 0 || (guint64)gone->len * came->len > PAIRS_MAX)
        return true;
    if (!sign_all(repo, gone, budget, old_signatures, error) ||
        !sign_all(repo, came, budget, new_signatures, error))
        return false;
    for (guint i = 0; i < came->len; i++) {
        MpRepoChange *change = g_ptr_array_index(came, i);
        MpRepoChange *best =
            likest(gone, old_signatures, change, g_ptr_array_index(new_signatures, i));

        if (best != NULL)
            pair(best, change);
    }
    return true;
}

bool
mp_repo_find_renames(MpRepo *repo, GPtrArray *changes, gsize *budget, GError **error)
{
    gsize half = *budget / 2, rest = *budget - half;

    pair_same(changes);
    bool good = pair_alike(repo, changes, &half, error);
    *budget = rest + half;

    for (guint i = changes->len; i-- > 0;)
        if (((MpRepoChange *)g_ptr_array_index(changes, i))->path == NULL)
            g_ptr_array_remove_index(changes, i);
    return good;
}
