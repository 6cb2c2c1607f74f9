/* A Git tree in memory; see tree.h. */
#include "git/tree.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "git/git.h"
#include "git/tree_name.h"
#include "git/tree_node.h"

/* Directories, some 60 MB where each holds a hundred entries, and files that were put into them. */
#define LOADED_MAX 20000

struct MpTree {
    git_odb *odb;
    MpPack *pack;
    GStringChunk *names;
    MpTreeNode *root;
    git_oid root_id;
    bool is_ahead;  /* of root_id, until mp_tree_write_root() */
    gsize n_loaded; /* directories, and files that were put into them */
};

/* Calls for an object of the database or, if a batch just made it, of the pack. */
static bool
read_object(MpTree *tree, const git_oid *id, git_object_t type, char **bytes, gsize *length,
            GError **error)
{
    g_autoptr(git_odb_object) object = NULL;
    const char *fresh = tree->pack != NULL ? mp_pack_get(tree->pack, id, length) : NULL;

    if (fresh != NULL) {
        *bytes = g_memdup2(fresh, *length + 1);
        return true;
    }
    if (git_odb_read(&object, tree->odb, id) < 0)
        return mp_git_fail(error, "cannot read object %s", git_oid_tostr_s(id));
    if (git_odb_object_type(object) != type)
        return mp_fail(error, MP_ERROR_INSTALLATION, "object %s is not a %s", git_oid_tostr_s(id),
                       git_object_type2string(type));
    *length = git_odb_object_size(object);
    *bytes = g_malloc(*length + 1);
    memcpy(*bytes, git_odb_object_data(object), *length);
    (*bytes)[*length] = '\0';
    return true;
}

static MpTreeNode *
add_node(MpTree *tree, MpTreeNode *parent)
{
    tree->n_loaded++;
    return mp_tree_node_new(parent);
}

static MpTreeNode *
load(MpTree *tree, MpTreeNode *parent, const git_oid *id, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize length = 0;

    if (!read_object(tree, id, GIT_OBJECT_TREE, &bytes, &length, error))
        return NULL;
    MpTreeNode *node = add_node(tree, parent);
    if (!mp_tree_node_parse(node, tree->names, bytes, length)) {
        mp_tree_node_free(node);
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "tree %s is damaged",
                            git_oid_tostr_s(id));
    }
    return node;
}

MpTree *
mp_tree_new(git_odb *odb, MpPack *pack, const git_oid *root)
{
    MpTree *tree = g_new0(MpTree, 1);

    tree->odb = odb;
    tree->pack = pack;
    tree->names = g_string_chunk_new(4096);
    if (root != NULL)
        tree->root_id = *root;
    else
        tree->root = add_node(tree, NULL);
    return tree;
}

void
mp_tree_free(MpTree *tree)
{
    if (tree == NULL)
        return;
    mp_tree_node_free(tree->root);
    g_string_chunk_free(tree->names);
    g_free(tree);
}

void
mp_tree_move_to(MpTree *tree, git_odb *odb, MpPack *pack)
{
    tree->odb = odb;
    tree->pack = pack;
}

bool
mp_tree_is_at(const MpTree *tree, const git_oid *root)
{
    return git_oid_equal(&tree->root_id, root) && !tree->is_ahead &&
           (tree->root == NULL || !tree->root->is_changed);
}

void
mp_tree_bound(MpTree *tree)
{
    if (tree->n_loaded <= LOADED_MAX)
        return;
    g_clear_pointer(&tree->root, mp_tree_node_free);
    g_string_chunk_clear(tree->names);
    tree->n_loaded = 0;
}

static bool
load_root(MpTree *tree, GError **error)
{
    if (tree->root == NULL)
        tree->root = load(tree, NULL, &tree->root_id, error);
    return tree->root != NULL;
}

/* Whatever is written passes here: no name that Git refuses anywhere. */
static bool
check_name(const char *name, gsize length, GError **error)
{
    const char *fault = mp_tree_name_fault(name, length);
    g_autofree char *shown = fault != NULL ? mp_escape_bytes(name, length) : NULL;

    return fault == NULL || mp_fail(error, MP_ERROR_INPUT,
                                    "%s: no name for a file of the tracker: %s", shown, fault);
}

/* One step down: the subdirectory of that name, loaded; made if asked to, else NULL if there is
 * none. */
static bool
step(MpTree *tree, MpTreeNode **node, const char *name, guint length, bool make, GError **error)
{
    MpTreeNode *parent = *node;
    MpTreeEntry *e = mp_tree_node_find(parent, name, length, true, NULL);

    *node = NULL;
    if (e != NULL && e->mode == MP_MODE_TREE) {
        if (e->child == NULL)
            e->child = load(tree, parent, &e->id, error);
        *node = e->child;
        return *node != NULL;
    }
    if (!make)
        return true;
    if (!check_name(name, length, error))
        return false;
    e = mp_tree_node_insert(parent, tree->names, name, length, MP_MODE_TREE);
    *node = e->child = add_node(tree, parent);
    mp_tree_node_mark(e->child);
    return true;
}

static bool
walk(MpTree *tree, MpTreeNode *from, const char *path, bool make, MpTreeNode **node, GError **error)
{
    *node = NULL;
    if (!load_root(tree, error))
        return false;
    *node = from != NULL ? from : tree->root;
    while (*node != NULL && *path != '\0') {
        const char *slash = strchrnul(path, '/');

        if (!step(tree, node, path, (guint)(slash - path), make, error))
            return false;
        path = *slash == '/' ? slash + 1 : slash;
    }
    return true;
}

bool
mp_tree_directory(MpTree *tree, MpTreeNode *from, const char *path, MpTreeNode **directory,
                  GError **error)
{
    return walk(tree, from, path, false, directory, error);
}

MpTreeNode *
mp_tree_make_directory(MpTree *tree, MpTreeNode *from, const char *path, GError **error)
{
    MpTreeNode *directory;

    return walk(tree, from, path, true, &directory, error) ? directory : NULL;
}

/* The directory of a path, and the name behind it. */
static char *
split_path(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');

    *name = slash != NULL ? slash + 1 : path;
    return slash != NULL ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");
}

bool
mp_tree_read(MpTree *tree, MpTreeNode *from, const char *path, char **text, gsize *length,
             GError **error)
{
    const char *name;
    g_autofree char *directory = split_path(path, &name);
    MpTreeNode *node;
    gsize unused;

    *text = NULL;
    if (!mp_tree_directory(tree, from, directory, &node, error))
        return false;
    MpTreeEntry *e =
        node != NULL ? mp_tree_node_find(node, name, (guint)strlen(name), false, NULL) : NULL;
    if (e == NULL || e->mode == MP_MODE_TREE)
        return true;
    return read_object(tree, &e->id, GIT_OBJECT_BLOB, text, length != NULL ? length : &unused,
                       error);
}

bool
mp_tree_set(MpTree *tree, MpTreeNode *directory, const char *name, const void *text, gsize length,
            GError **error)
{
    git_oid id;

    if (!check_name(name, strlen(name), error) ||
        !mp_pack_add(tree->pack, GIT_OBJECT_BLOB, text, length, &id, error))
        return false;
    mp_tree_node_insert(directory, tree->names, name, (guint)strlen(name), MP_MODE_FILE)->id = id;
    mp_tree_node_mark(directory);
    tree->n_loaded++;
    return true;
}

bool
mp_tree_set_at(MpTree *tree, const char *path, const void *text, gsize length, GError **error)
{
    const char *name;
    g_autofree char *parent = split_path(path, &name);
    MpTreeNode *directory = mp_tree_make_directory(tree, NULL, parent, error);

    return directory != NULL && mp_tree_set(tree, directory, name, text, length, error);
}

bool
mp_tree_remove_at(MpTree *tree, const char *path, GError **error)
{
    const char *name;
    g_autofree char *parent = split_path(path, &name);
    MpTreeNode *directory;

    if (!mp_tree_directory(tree, NULL, parent, &directory, error))
        return false;
    if (directory != NULL)
        mp_tree_remove(directory, name);
    return true;
}

void
mp_tree_move(MpTree *tree, MpTreeNode *from, const char *name, MpTreeNode *to)
{
    const MpTreeEntry *e = mp_tree_node_find(from, name, (guint)strlen(name), false, NULL);

    if (e == NULL || e->mode == MP_MODE_TREE)
        return;
    git_oid id = e->id;
    mp_tree_node_insert(to, tree->names, name, (guint)strlen(name), MP_MODE_FILE)->id = id;
    mp_tree_node_mark(to);
    mp_tree_remove(from, name);
}

bool
mp_tree_blob_size(MpTree *tree, const MpTreeNode *directory, const char *name, guint64 *size,
                  GError **error)
{
    const MpTreeEntry *e = mp_tree_node_find(directory, name, (guint)strlen(name), false, NULL);
    gsize length = 0;
    git_object_t type;
    bool is_fresh =
        e != NULL && tree->pack != NULL && mp_pack_get(tree->pack, &e->id, &length) != NULL;

    if (e != NULL && !is_fresh && git_odb_read_header(&length, &type, tree->odb, &e->id) < 0)
        return mp_git_fail(error, "cannot read the header of object %s", git_oid_tostr_s(&e->id));
    *size = length;
    return true;
}

static bool write_node(MpTree *tree, MpTreeNode *node, git_oid *id, GError **error);

bool
mp_tree_write_in(MpTree *tree, MpTreeNode *directory, GError **error)
{
    for (guint i = 0; i < directory->entries->len; i++) {
        MpTreeEntry *e = mp_tree_entry(directory, i);

        if (e->child != NULL && e->child->is_changed && !write_node(tree, e->child, &e->id, error))
            return false;
    }
    return true;
}

static bool
add_node_object(MpTree *tree, MpTreeNode *node, const GString *bytes, git_oid *id, GError **error)
{
    if (!mp_pack_add_version(tree->pack, GIT_OBJECT_TREE, bytes->str, bytes->len, &node->written,
                             id, error))
        return false;
    node->written = *id;
    return true;
}

static bool
write_node(MpTree *tree, MpTreeNode *node, git_oid *id, GError **error)
{
    if (!mp_tree_write_in(tree, node, error))
        return false;
    g_autoptr(GString) bytes = mp_tree_node_serialise(node);
    if (!add_node_object(tree, node, bytes, id, error))
        return false;
    node->is_changed = false;
    return true;
}

bool
mp_tree_write(MpTree *tree, git_oid *root, GError **error)
{
    if (tree->root != NULL && tree->root->is_changed &&
        !write_node(tree, tree->root, &tree->root_id, error))
        return false;
    *root = tree->root_id;
    return true;
}

bool
mp_tree_write_below(MpTree *tree, GString **root, GError **error)
{
    if (tree->root == NULL || !tree->root->is_changed)
        return true;
    if (!mp_tree_write_in(tree, tree->root, error))
        return false;
    if (*root != NULL)
        g_string_free(*root, TRUE);
    *root = mp_tree_node_serialise(tree->root);
    tree->root->is_changed = false;
    tree->is_ahead = true;
    return true;
}

bool
mp_tree_write_root(MpTree *tree, const GString *bytes, git_oid *root, GError **error)
{
    if (bytes != NULL && !add_node_object(tree, tree->root, bytes, &tree->root_id, error))
        return false;
    tree->is_ahead = false;
    *root = tree->root_id;
    return true;
}
