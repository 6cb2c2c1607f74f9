/* Two trees, gone through side by side; see tree.h. */
#include "repo/tree.h"

#include <string.h>

#include "base/error.h"

#define TREE_MAX  (8 * 1024 * 1024)         /* octets of one */
#define TREES_MAX 20000                     /* that are read for one comparison */
#define HELD_MAX  ((gsize)32 * 1024 * 1024) /* octets of those that lie in each other, at once */
#define DEPTH_MAX 128
#define PATH_MOST 4096

void
mp_repo_difference_free(MpRepoDifference *difference)
{
    g_free(difference->path);
    g_free(difference);
}

typedef struct {
    const char *name;
    gsize length;
    guint32 mode;
    git_oid id;
} Entry;

typedef struct {
    MpRepo *repo;
    GPtrArray *differences;
    GString *path;
    guint most, n_trees;
    gsize held; /* octets of trees that are gone through */
    bool is_more;
} Comparison;

static bool
is_tree(const Entry *entry)
{
    return entry->mode == MP_REPO_MODE_TREE;
}

/* "MODE SP NAME NUL ID", again and again. False where that is not what stands there. */
static bool
parse_entry(const char **at, const char *end, Entry *entry)
{
    const char *nul = memchr(*at, '\0', (gsize)(end - *at));
    char *name = NULL;

    if (nul == NULL || end - nul <= GIT_OID_RAWSZ)
        return false;
    entry->mode = (guint32)g_ascii_strtoull(*at, &name, 8);
    if (name == *at || *name != ' ' || name + 1 >= nul)
        return false;
    entry->name = name + 1;
    entry->length = (gsize)(nul - entry->name);
    git_oid_fromraw(&entry->id, (const guchar *)nul + 1);
    *at = nul + 1 + GIT_OID_RAWSZ;
    return true;
}

/* The entries of a tree, which point into *object; none for NULL, or where it is too large. */
static bool
read_tree(MpRepo *repo, const git_oid *id, git_odb_object **object, GArray **entries,
          bool *is_large, GError **error)
{
    Entry entry;

    *object = NULL;
    *entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    if (id == NULL)
        return true;
    if (!mp_repo_object(repo, id, GIT_OBJECT_TREE, TREE_MAX, is_large, object, error))
        return false;
    if (*object == NULL && is_large != NULL && *is_large)
        return true;
    if (*object == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "%s: tree %s is missing", repo->path,
                       git_oid_tostr_s(id));
    const char *at = git_odb_object_data(*object);
    const char *end = at + git_odb_object_size(*object);
    while (at < end) {
        if (!parse_entry(&at, end, &entry))
            return mp_fail(error, MP_ERROR_INPUT, "%s: tree %s is damaged", repo->path,
                           git_oid_tostr_s(id));
        g_array_append_val(*entries, entry);
    }
    return true;
}

/* Git's order, in which a directory's name ends with a slash. */
static int
compare_names(const Entry *one, const Entry *other)
{
    gsize shared = MIN(one->length, other->length);
    int order = memcmp(one->name, other->name, shared);

    if (order != 0)
        return order;
    int a = one->length > shared ? (guchar)one->name[shared] : is_tree(one) ? '/' : 0;
    int b = other->length > shared ? (guchar)other->name[shared] : is_tree(other) ? '/' : 0;
    return a - b;
}

static bool compare(Comparison *comparison, const git_oid *before, const git_oid *after,
                    guint depth, GError **error);

static void
add_file(Comparison *comparison, const Entry *before, const Entry *after)
{
    if (comparison->differences->len >= comparison->most) {
        comparison->is_more = true;
        return;
    }
    MpRepoDifference *difference = g_new0(MpRepoDifference, 1);
    difference->path = g_strndup(comparison->path->str, comparison->path->len);
    if (before != NULL) {
        difference->old_mode = before->mode;
        difference->old_id = before->id;
    }
    if (after != NULL) {
        difference->new_mode = after->mode;
        difference->new_id = after->id;
    }
    g_ptr_array_add(comparison->differences, difference);
}

/* One name; either may be NULL. What is a directory on one side and a file on the other is two. */
static bool
add_entry(Comparison *comparison, const Entry *before, const Entry *after, guint depth,
          GError **error)
{
    gsize length = comparison->path->len;
    const Entry *named = before != NULL ? before : after;
    bool good = true;

    g_string_append_len(comparison->path, named->name, (gssize)named->length);
    if (!is_tree(named))
        add_file(comparison, before, after);
    else if (depth == 0 || comparison->path->len >= PATH_MOST)
        comparison->is_more = true;
    else {
        g_string_append_c(comparison->path, '/');
        good = compare(comparison, before != NULL ? &before->id : NULL,
                       after != NULL ? &after->id : NULL, depth - 1, error);
    }
    g_string_truncate(comparison->path, length);
    return good;
}

static bool
is_same(const Entry *before, const Entry *after)
{
    return before->mode == after->mode && git_oid_equal(&before->id, &after->id);
}

static bool
compare_entries(Comparison *comparison, const GArray *before, const GArray *after, guint depth,
                GError **error)
{
    guint i = 0, k = 0;

    while ((i < before->len || k < after->len) && !comparison->is_more) {
        const Entry *old = i < before->len ? &g_array_index(before, Entry, i) : NULL;
        const Entry *new = k < after->len ? &g_array_index(after, Entry, k) : NULL;
        int order = old == NULL ? 1 : new == NULL ? -1 : compare_names(old, new);

        i += order <= 0;
        k += order >= 0;
        if (order == 0 && is_same(old, new))
            continue;
        if (!add_entry(comparison, order <= 0 ? old : NULL, order >= 0 ? new : NULL, depth, error))
            return false;
    }
    return true;
}

static gsize
size_of(git_odb_object *object)
{
    return object != NULL ? git_odb_object_size(object) : 0;
}

static bool
compare(Comparison *comparison, const git_oid *before, const git_oid *after, guint depth,
        GError **error)
{
    g_autoptr(git_odb_object) old_tree = NULL;
    g_autoptr(git_odb_object) new_tree = NULL;
    g_autoptr(GArray) old_entries = NULL;
    g_autoptr(GArray) new_entries = NULL;

    comparison->n_trees += 2;
    if (comparison->n_trees > TREES_MAX || mp_repo_is_late(comparison->repo)) {
        comparison->is_more = true;
        return true;
    }
    if (!read_tree(comparison->repo, before, &old_tree, &old_entries, &comparison->is_more,
                   error) ||
        !read_tree(comparison->repo, after, &new_tree, &new_entries, &comparison->is_more, error))
        return false;
    gsize size = size_of(old_tree) + size_of(new_tree);
    comparison->held += size;
    comparison->is_more |= comparison->held > HELD_MAX;
    bool good = compare_entries(comparison, old_entries, new_entries, depth, error);
    comparison->held -= size;
    return good;
}

bool
mp_repo_compare_trees(MpRepo *repo, const git_oid *before, const git_oid *after, guint most,
                      GPtrArray *differences, bool *is_more, GError **error)
{
    g_autoptr(GString) path = g_string_new(NULL);
    Comparison comparison = {repo, differences, path, most, 0, 0, false};

    bool good = (before != NULL && after != NULL && git_oid_equal(before, after)) ||
                compare(&comparison, before, after, DEPTH_MAX, error);
    *is_more = comparison.is_more;
    return good;
}

static bool
find_name(const GArray *entries, const char *name, gsize length, Entry *found)
{
    for (guint i = 0; i < entries->len; i++) {
        *found = g_array_index(entries, Entry, i);
        if (found->length == length && memcmp(found->name, name, length) == 0)
            return true;
    }
    return false;
}

bool
mp_repo_tree_entry(MpRepo *repo, const git_oid *tree, const char *path, git_oid *id, guint32 *mode,
                   bool *found, GError **error)
{
    Entry entry = {.id = *tree, .mode = MP_REPO_MODE_TREE};

    *found = false;
    for (guint depth = 0; *path != '\0' && is_tree(&entry) && depth < DEPTH_MAX; depth++) {
        g_autoptr(git_odb_object) object = NULL;
        g_autoptr(GArray) entries = NULL;
        gsize length = strcspn(path, "/");
        git_oid at = entry.id;

        if (!read_tree(repo, &at, &object, &entries, NULL, error))
            return false;
        if (!find_name(entries, path, length, &entry))
            return true;
        path += length + (path[length] == '/');
        *found = *path == '\0';
    }
    *id = entry.id;
    *mode = entry.mode;
    return true;
}
