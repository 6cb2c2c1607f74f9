/* Few packs of many; see packs.h. */
#include "git/packs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "git/git.h"
#include "git/program.h"

#define FACTOR 2
#define PACK   ".pack"

typedef struct {
    char *name; /* "pack-…", without what comes behind it */
    guint64 octets;
} Pack;

static void
pack_clear(Pack *pack)
{
    g_free(pack->name);
}

typedef struct {
    const char *path;
    char *directory; /* its objects/pack */
    MpFd fd;         /* of that */
    GArray *packs;   /* Pack, the smallest first */
    guint n;         /* of these, so many are joined */
    guint64 stays;   /* octets of the largest that is not */
    GArray *ids;     /* git_oid of their objects, ascending, each once */
} Join;

static void
join_clear(Join *join)
{
    g_free(join->directory);
    mp_fd_clear(&join->fd);
    g_clear_pointer(&join->packs, g_array_unref);
    g_clear_pointer(&join->ids, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Join, join_clear)

/* --- Which --------------------------------------------------------------------------------------
 */

static bool
has(const Join *join, const char *name, const char *suffix)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);

    return faccessat(join->fd, file, F_OK, 0) == 0;
}

/* Whether there is something in whose terms we do not think. */
static bool
is_strange(const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++)
        if (g_str_has_prefix(names->pdata[i], "multi-pack-index") ||
            g_str_has_suffix(names->pdata[i], ".promisor") ||
            g_str_has_suffix(names->pdata[i], ".mtimes"))
            return true;
    return false;
}

static int
by_octets(gconstpointer a, gconstpointer b)
{
    guint64 x = ((const Pack *)a)->octets, y = ((const Pack *)b)->octets;

    return (x > y) - (x < y);
}

static bool
list_packs(Join *join, const GPtrArray *names, GError **error)
{
    join->packs = g_array_new(FALSE, FALSE, sizeof(Pack));
    g_array_set_clear_func(join->packs, (GDestroyNotify)pack_clear);
    for (guint i = 0; i < names->len; i++) {
        const char *file = names->pdata[i];
        g_autofree char *name = g_strndup(file, strlen(file) - MIN(strlen(file), strlen(PACK)));
        struct stat st;

        if (!g_str_has_prefix(file, "pack-") || !g_str_has_suffix(file, PACK) ||
            !has(join, name, ".idx"))
            continue;
        if (fstatat(join->fd, file, &st, 0) < 0)
            return mp_fail_errno(error, "cannot look at %s/%s", join->directory, file);
        if (has(join, name, ".keep")) {
            join->stays = MAX(join->stays, (guint64)st.st_size);
            continue;
        }
        const Pack pack = {g_steal_pointer(&name), (guint64)st.st_size};
        g_array_append_val(join->packs, pack);
    }
    g_array_sort(join->packs, by_octets);
    return true;
}

/* As git repack does: down to where the progression ends, and up again by what these are together.
 */
static void
choose(Join *join)
{
    const Pack *packs = (const Pack *)join->packs->data;
    guint n = join->packs->len;
    guint64 all = 0;

    while (n > 1 && packs[n - 1].octets >= FACTOR * packs[n - 2].octets)
        n--;
    if (n < 2)
        return;
    for (guint i = 0; i < n; i++)
        all += packs[i].octets;
    while (n < join->packs->len && packs[n].octets < FACTOR * all)
        all += packs[n++].octets;
    if (n < join->packs->len)
        join->stays = MAX(join->stays, packs[join->packs->len - 1].octets);
    join->n = join->stays >= FACTOR * all ? n : 0;
}

/* --- Their objects ------------------------------------------------------------------------------
 */

static int
add_id(const git_oid *id, void *ids)
{
    g_array_append_vals(ids, id, 1);
    return 0;
}

static bool
read_ids(const Join *join, const char *name, GArray *ids, GError **error)
{
    g_autofree char *index = g_strconcat(join->directory, "/", name, ".idx", NULL);
    git_odb_backend *backend = NULL;
    git_odb *odb = NULL;
    int rc = git_odb_new(&odb);

    if (rc == 0 && (rc = git_odb_backend_one_pack(&backend, index)) == 0 &&
        (rc = git_odb_add_backend(odb, backend, 1)) < 0)
        backend->free(backend);
    if (rc == 0)
        rc = git_odb_foreach(odb, add_id, ids);
    git_odb_free(odb);
    return rc == 0 || mp_git_fail(error, "cannot read %s", index);
}

static int
by_id(gconstpointer a, gconstpointer b)
{
    return git_oid_cmp(a, b);
}

static bool
gather(Join *join, GError **error)
{
    guint n = 0;

    join->ids = g_array_new(FALSE, FALSE, sizeof(git_oid));
    for (guint i = 0; i < join->n; i++)
        if (!read_ids(join, g_array_index(join->packs, Pack, i).name, join->ids, error))
            return false;
    g_array_sort(join->ids, by_id);
    for (guint i = 0; i < join->ids->len; i++)
        if (i == 0 || !git_oid_equal(&g_array_index(join->ids, git_oid, i),
                                     &g_array_index(join->ids, git_oid, n - 1)))
            g_array_index(join->ids, git_oid, n++) = g_array_index(join->ids, git_oid, i);
    g_array_set_size(join->ids, n);
    return true;
}

/* A line each, in a file in memory. */
static int
list_of_ids(const Join *join, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < join->ids->len; i++) {
        g_string_append(text, git_oid_tostr_s(&g_array_index(join->ids, git_oid, i)));
        g_string_append_c(text, '\n');
    }
    return mp_memory_file(text->str, text->len, error);
}

/* --- The new pack -------------------------------------------------------------------------------
 */

/* Its name, "pack-…"; the caller's. It is in its place, its index after it. */
static char *
write_pack(const Join *join, int seconds, GError **error)
{
    g_autofree char *base = g_strconcat(join->directory, "/pack", NULL);
    const char *words[] = {"pack-objects", "--quiet", "--delta-base-offset", base, NULL};
    g_auto(MpFd) list = list_of_ids(join, error);
    g_autofree char *hash = NULL;

    if (list < 0 || !mp_git_run(join->path, words, list, seconds, &hash, error))
        return NULL;
    if (strlen(hash) != GIT_OID_HEXSZ)
        return mp_fail_null(error, MP_ERROR_TEMPORARY, "git pack-objects of %s: no name of a pack",
                            join->path);
    return g_strconcat("pack-", hash, NULL);
}

/* That it is whole on the disk, before anything else goes. */
static bool
make_sure(const Join *join, const char *name, GError **error)
{
    g_autoptr(GArray) there = g_array_new(FALSE, FALSE, sizeof(git_oid));
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(files, g_strconcat(name, PACK, NULL));
    g_ptr_array_add(files, g_strconcat(name, ".idx", NULL));
    if (!mp_sync_files(join->fd, files, error) ||
        !mp_sync_directory(join->fd, join->directory, error) || !read_ids(join, name, there, error))
        return false;
    g_array_sort(there, by_id);
    return (there->len == join->ids->len &&
            memcmp(there->data, join->ids->data, there->len * sizeof(git_oid)) == 0) ||
           mp_fail(error, MP_ERROR_TEMPORARY, "%s/%s has %u objects, not %u: all packs are left",
                   join->directory, name, there->len, join->ids->len);
}

/* The index first: who lists packs goes by it. */
static bool
remove_old(const Join *join, const char *fresh, GError **error)
{
    static const char *const suffixes[] = {".idx", PACK, ".rev", ".bitmap"};

    for (guint i = 0; i < join->n; i++) {
        const char *name = g_array_index(join->packs, Pack, i).name;

        if (strcmp(name, fresh) == 0 || has(join, name, ".keep"))
            continue;
        for (gsize j = 0; j < G_N_ELEMENTS(suffixes); j++) {
            g_autofree char *file = g_strconcat(name, suffixes[j], NULL);

            if (unlinkat(join->fd, file, 0) < 0 && errno != ENOENT)
                return mp_fail_errno(error, "cannot remove %s/%s", join->directory, file);
        }
    }
    return true;
}

/* *joined is false, and nothing was done, where that is git repack's. */
static bool
join_small(const char *path, int seconds, bool *joined, GError **error)
{
    g_auto(Join)
        join = {.path = path, .directory = g_build_filename(path, "objects/pack", NULL), .fd = -1};
    g_autoptr(GPtrArray) names = mp_list_directory(join.directory, NULL, NULL, error);
    g_autofree char *fresh = NULL;

    *joined = false;
    if (names == NULL || (join.fd = mp_open_directory(join.directory, error)) < 0)
        return false;
    if (is_strange(names))
        return true;
    if (!list_packs(&join, names, error))
        return false;
    choose(&join);
    if (join.n == 0)
        return true;
    if (!gather(&join, error) || (fresh = write_pack(&join, seconds, error)) == NULL ||
        !make_sure(&join, fresh, error))
        return false;
    *joined = true;
    return remove_old(&join, fresh, error);
}

bool
mp_packs_join(const char *path, int seconds, GError **error)
{
    static const char *const repack[] = {"repack", "--quiet", "--geometric=2", "-d", NULL};
    bool joined;

    return mp_git_start(error) && join_small(path, seconds, &joined, error) &&
           (joined || mp_git_run(path, repack, -1, seconds, NULL, error));
}
