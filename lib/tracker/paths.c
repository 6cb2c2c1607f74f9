/* Where things are in the tree; see paths.h. */
#include "tracker/paths.h"

#include <string.h>

#include "base/error.h"

static const guint digits[MP_ID_LEVELS] = {3, 1, 1, 1, 1, 1};

#define ROOM (3 + 2 * (MP_ID_LEVELS - 1) + 1) /* for an id, and its NUL */

/* "000/0/0/0/1/7" behind what `path` has. */
static char *
put_id(char *path, guint64 id)
{
    char *at = path + strlen(path) + ROOM - 1;
    guint64 n = id % (MP_MAX_ID + 1);

    *at = '\0';
    for (guint level = MP_ID_LEVELS; level-- > 0;) {
        for (guint i = 0; i < digits[level]; i++, n /= 10)
            *--at = (char)('0' + n % 10);
        if (level > 0)
            *--at = '/';
    }
    return path;
}

char *
mp_path_of_id(guint64 id)
{
    return put_id(g_malloc0(ROOM), id);
}

bool
mp_paths_add_digits(guint level, const char *name, guint64 *id)
{
    guint n = digits[level];
    guint64 longer = *id;

    if (strlen(name) != n)
        return false;
    for (; n > 0; n--, name++) {
        if (!g_ascii_isdigit(*name))
            return false;
        longer = longer * 10 + (guint64)(*name - '0');
    }
    *id = longer;
    return true;
}

char *
mp_path_of_thread(guint64 id)
{
    static const char top[] = "threads/";
    char *path = g_malloc(sizeof top + ROOM);

    return put_id(strcpy(path, top), id);
}

/* The entry with the largest leading number; -1 where there is none. Names that are no number are
 * somebody else's and do not count. */
static int
largest(const MpTreeNode *directory, guint64 *value)
{
    int best = -1;

    for (guint i = 0; i < mp_tree_count(directory); i++) {
        const char *name = mp_tree_name(directory, i);
        guint64 n;

        if (!g_ascii_isdigit(*name))
            continue;
        n = g_ascii_strtoull(name, NULL, 10);
        if (best < 0 || n >= *value) {
            best = (int)i;
            *value = n;
        }
    }
    return best;
}

/* The entry of the largest id at a level, whose digits *id gets; -1 where there is none. */
static int
last_at(const MpTreeNode *directory, guint level, guint64 *id)
{
    for (guint i = mp_tree_count(directory); i-- > 0;) /* in the order of their digits */
        if (mp_paths_add_digits(level, mp_tree_name(directory, i), id))
            return (int)i;
    return -1;
}

bool
mp_paths_last_id(MpTree *tree, MpTreeNode *directory, guint64 *id, GError **error)
{
    *id = 0;
    for (guint level = 0; level < MP_ID_LEVELS; level++) {
        int i = last_at(directory, level, id);

        if (i < 0)
            return level == 0 || mp_fail(error, MP_ERROR_INSTALLATION,
                                         "an empty directory at level %u of the ids", level);
        if (level == MP_ID_LEVELS - 1)
            break;
        if (!mp_tree_directory(tree, directory, mp_tree_name(directory, (guint)i), &directory,
                               error))
            return false;
        if (directory == NULL)
            return mp_fail(error, MP_ERROR_INSTALLATION, "a file among the directories of ids");
    }
    return true;
}

char *
mp_path_of_comment(guint64 number)
{
    g_autoptr(GString) path = g_string_new(NULL);
    guint64 page = 100;

    while (number / page >= 100)
        page *= 100;
    for (; page >= 100; page /= 100) {
        guint64 first = number / page * page;

        if (first > 0)
            g_string_append_printf(path, "%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/", first,
                                   first + page - 1);
    }
    g_string_append_printf(path, "%" G_GUINT64_FORMAT, number);
    return g_string_free(g_steal_pointer(&path), FALSE);
}

bool
mp_paths_last_comment(MpTree *tree, MpTreeNode *comments, guint64 *number, GError **error)
{
    *number = 0;
    for (;;) {
        int i = largest(comments, number);

        if (i < 0)
            return true;
        const char *name = mp_tree_name(comments, (guint)i);
        if (strchr(name, '-') == NULL)
            return true;
        if (!mp_tree_directory(tree, comments, name, &comments, error))
            return false;
        if (comments == NULL)
            return mp_fail(error, MP_ERROR_INSTALLATION, "comments/%s is not a directory", name);
    }
}

static bool
add_names(MpTree *tree, MpTreeNode *owners, const char *owner, GPtrArray *names, GError **error)
{
    MpTreeNode *below;

    if (!mp_tree_directory(tree, owners, owner, &below, error))
        return false;
    for (guint i = 0; below != NULL && i < mp_tree_count(below); i++) {
        g_autofree char *name = g_strconcat(owner, "/", mp_tree_name(below, i), NULL);

        if (mp_is_repository_name(name))
            g_ptr_array_add(names, g_steal_pointer(&name));
    }
    return true;
}

GPtrArray *
mp_paths_repositories(MpTree *tree, const char *directory, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    MpTreeNode *owners;

    if (!mp_tree_directory(tree, NULL, directory, &owners, error))
        return NULL;
    for (guint i = 0; owners != NULL && i < mp_tree_count(owners); i++)
        if (mp_tree_is_directory(owners, i) &&
            !add_names(tree, owners, mp_tree_name(owners, i), names, error))
            return NULL;
    return g_steal_pointer(&names);
}
