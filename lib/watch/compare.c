/* Refs as they are, beside what was told of them. */
#include <string.h>

#include "base/error.h"
#include "watch/internal.h"

static void
free_change(gpointer data)
{
    MpRefChange *change = data;

    g_free((char *)change->ref);
    g_free((char *)change->before);
    g_free((char *)change->after);
    g_free(change->key);
    g_free(change);
}

static void
add_change(GPtrArray *changes, const char *ref, const char *before, const char *after)
{
    MpRefChange *change = g_new0(MpRefChange, 1);

    change->ref = g_strdup(ref);
    change->before = g_strdup(before);
    change->after = g_strdup(after);
    g_ptr_array_add(changes, change);
}

/* `before` is where it was, or NULL. */
static bool
compare_ref(GPtrArray *changes, MpRepo *repo, const MpRepoRef *ref, const char *before,
            GError **error)
{
    char after[GIT_OID_HEXSZ + 1];
    g_autoptr(GError) why = NULL;
    bool has = false;

    git_oid_tostr(after, sizeof after, &ref->id);
    if (ref->is_broken || g_strcmp0(before, after) == 0)
        return true;
    if (!mp_repo_has(repo, &ref->id, &has, &why) &&
        !g_error_matches(why, MP_ERROR, MP_ERROR_INPUT)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (has || why != NULL) /* damaged: it holds up no other */
        add_change(changes, ref->name, before, after);
    return true;
}

bool
mp_watch_is_readable(MpRepo *repo, const MpRefChange *change, GError **error)
{
    git_oid id;
    bool has = true;

    if (change->after != NULL && git_oid_fromstr(&id, change->after) == 0 &&
        !mp_repo_has(repo, &id, &has, error))
        return false;
    return has || mp_fail(error, MP_ERROR_INPUT, "object %s cannot be read", change->after);
}

static gint
by_rank(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const MpRefChange *one = *(MpRefChange *const *)a, *other = *(MpRefChange *const *)b;
    const char *first = user_data;
    int is_one = g_strcmp0(one->ref, first) == 0, is_other = g_strcmp0(other->ref, first) == 0;

    return is_one != is_other ? is_other - is_one : strcmp(one->ref, other->ref);
}

GPtrArray *
mp_watch_compare(MpRepo *repo, const MpTold *told, GError **error)
{
    g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(free_change);
    const GPtrArray *refs = mp_repo_refs(repo);

    /* both are in the order of their names */
    for (guint i = 0, k = 0; i < refs->len || k < told->refs->len;) {
        const MpRepoRef *now = i < refs->len ? refs->pdata[i] : NULL;
        const MpToldRef *then = k < told->refs->len ? told->refs->pdata[k] : NULL;
        int order = now == NULL ? 1 : then == NULL ? -1 : strcmp(now->name, then->name);

        if (order > 0)
            add_change(changes, then->name, then->id, NULL);
        else if (!compare_ref(changes, repo, now, order == 0 ? then->id : NULL, error))
            return NULL;
        i += order <= 0;
        k += order >= 0;
    }
    g_ptr_array_sort_with_data(changes, by_rank, (gpointer)mp_repo_default_branch(repo));
    return g_steal_pointer(&changes);
}

static void
remember_default(MpTold *told, const char *id)
{
    g_free(told->default_id);
    told->default_id = g_strdup(id);
}

void
mp_watch_remember(MpTold *told, const MpRepo *repo, const MpRefChange *change)
{
    mp_told_set(told, change->ref, change->after);
    if (change->after != NULL && g_strcmp0(change->ref, mp_repo_default_branch(repo)) == 0)
        remember_default(told, change->after);
}

void
mp_watch_remember_all(MpTold *told, const MpRepo *repo, const GPtrArray *changes)
{
    for (guint i = 0; i < changes->len; i++)
        mp_watch_remember(told, repo, changes->pdata[i]);
    if (mp_repo_refs(repo)->len == 0)
        remember_default(told, MP_TOLD_NOTHING);
}

GArray *
mp_watch_told_branches(const MpTold *told)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(git_oid));
    git_oid id;

    for (guint i = 0; i < told->refs->len; i++) {
        const MpToldRef *ref = g_ptr_array_index(told->refs, i);

        if (g_str_has_prefix(ref->name, MP_REPO_BRANCHES) && git_oid_fromstr(&id, ref->id) == 0)
            g_array_append_val(ids, id);
    }
    return ids;
}

bool
mp_watch_begin(const MpInstance *instance, MpBatch *batch, const char *name, GError **error)
{
    const char *root = instance->config->repositories_root;
    g_autoptr(MpTold) told = NULL;
    MpRepoState state;

    if (*root == '\0')
        return true;
    if (!mp_tracker_told(instance->tracker, name, &told, error))
        return false;
    if (told != NULL)
        return true;
    g_autoptr(MpRepo) repo = mp_repo_open(root, name, &state, error);
    if (repo == NULL)
        return state != MP_REPO_READABLE;
    told = mp_told_new();
    g_autoptr(GPtrArray) changes = mp_watch_compare(repo, told, error);
    if (changes != NULL)
        mp_watch_remember_all(told, repo, changes);
    return changes != NULL && mp_batch_set_told(batch, name, told, error);
}
