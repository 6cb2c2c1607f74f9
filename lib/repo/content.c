/* What a file of a commit holds; see tree.h and changes.h. */
#include "repo/changes.h"

#include <string.h>

#include "repo/history.h"
#include "repo/tree.h"

#define BINARY_LOOK 8000 /* octets in which git looks for a NUL */

/* As git diff shows a submodule. */
static GBytes *
submodule(const git_oid *id)
{
    char *line = g_strdup_printf("Subproject commit %s\n", git_oid_tostr_s(id));

    return g_bytes_new_take(line, strlen(line));
}

/* What an object is made of may be a thousand times as much: more than a little of that is paid for
 * as well. */
#define MADE_FREE 16

static void
pay(gsize *budget, guint64 octets)
{
    if (budget != NULL)
        *budget -= MIN(octets, *budget);
}

static bool
may_read(const MpRepo *repo, gsize *budget, gsize size)
{
    if (budget != NULL && mp_repo_is_late(repo))
        *budget = 0;
    return size <= MP_REPO_COMPARED_MAX && (budget == NULL || size <= *budget);
}

static bool
read_file(MpRepo *repo, const git_oid *id, gsize size, gsize *budget, GBytes **content,
          GError **error)
{
    g_autoptr(git_odb_object) object = NULL;
    guint64 made = repo->made;
    bool is_large = false;

    pay(budget, size);
    if (!mp_repo_object(repo, id, GIT_OBJECT_BLOB, MP_REPO_COMPARED_MAX, &is_large, &object, error))
        return false;
    made = (repo->made - made) / MADE_FREE;
    pay(budget, made - MIN(made, size));
    if (object != NULL)
        *content = g_bytes_new(git_odb_object_data(object), git_odb_object_size(object));
    return true;
}

bool
mp_repo_content(MpRepo *repo, const git_oid *id, guint32 mode, gsize *budget, GBytes **content,
                GError **error)
{
    git_object_t type;
    gsize size;

    *content = mode == 0                   ? g_bytes_new_static("", 0)
               : mode == MP_REPO_MODE_LINK ? submodule(id)
                                           : NULL;
    if (*content != NULL || (budget != NULL && *budget == 0))
        return true;
    if (!mp_repo_object_header(repo, id, &size, &type, error))
        return false;
    return type != GIT_OBJECT_BLOB || !may_read(repo, budget, size) ||
           read_file(repo, id, size, budget, content, error);
}

static char *
as_text(GBytes *content)
{
    gsize length;
    const char *bytes = g_bytes_get_data(content, &length);

    if (length == 0 || memchr(bytes, '\0', MIN(length, BINARY_LOOK)) != NULL)
        return length == 0 ? g_strdup("") : NULL;
    GString *out = g_string_sized_new(length);
    mp_repo_append_text(out, bytes, length);
    return g_string_free(out, FALSE);
}

bool
mp_repo_file(MpRepo *repo, const git_oid *commit, const char *path, bool *is_there, char **text,
             GError **error)
{
    g_auto(MpRepoNode) node = {0};
    g_autoptr(GBytes) content = NULL;
    bool found;
    git_oid id;
    guint32 mode;

    *text = NULL;
    *is_there = false;
    if (!mp_repo_node(repo, commit, &node, &found, error))
        return false;
    if (!found)
        return true;
    if (!mp_repo_tree_entry(repo, &node.tree, path, &id, &mode, &found, error))
        return false;
    if (!found || mode == MP_REPO_MODE_TREE)
        return true;
    *is_there = true;
    if (!mp_repo_content(repo, &id, mode, NULL, &content, error))
        return false;
    *text = content != NULL ? as_text(content) : NULL;
    return true;
}
