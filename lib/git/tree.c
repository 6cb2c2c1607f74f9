/* A Git tree in memory; see tree.h. */
#include "git/tree.h"

#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "git/git.h"
#include "git/tree_name.h"

#define MODE_FILE 0100644u
#define MODE_TREE 0040000u

/* Octets of an entry of a tree object: a mode, a space, the name, a NUL, an id. */
#define ENTRY_MAX(name_length) (12 + 1 + (name_length) + 1 + GIT_OID_RAWSZ)

typedef struct {
    const char *name; /* in the tree's string chunk */
    guint length;
    guint mode;
    git_oid id;
    MpTreeNode *child; /* a loaded directory */
} Entry;

struct MpTreeNode {
    MpTreeNode *parent;
    GArray *entries; /* Entry, in Git's order */
    git_oid written; /* the version that this batch wrote last; zero if none */
    bool is_changed;
};

struct MpTree {
    git_odb *odb;
    MpPack *pack;
    GStringChunk *names;
    MpTreeNode *root;
    git_oid root_id;
    gsize n_loaded;
};

static MpTreeNode *
node_new(MpTree *tree, MpTreeNode *parent)
{
    MpTreeNode *node = g_new0(MpTreeNode, 1);

    node->parent = parent;
    node->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    tree->n_loaded++;
    return node;
}

static void
node_free(MpTreeNode *node)
{
    if (node == NULL)
        return;
    for (guint i = 0; i < node->entries->len; i++)
        node_free(g_array_index(node->entries, Entry, i).child);
    g_array_unref(node->entries);
    g_free(node);
}

static Entry *
entry_at(const MpTreeNode *node, guint i)
{
    return &g_array_index(node->entries, Entry, i);
}

/* Git's order: octets, a directory as if its name ended in a slash. */
static int
compare(const char *a, guint a_length, bool a_is_tree, const char *b, guint b_length,
        bool b_is_tree)
{
    guint common = MIN(a_length, b_length);
    int order = memcmp(a, b, common);

    if (order != 0)
        return order;
    guchar next_a = common < a_length ? (guchar)a[common] : a_is_tree ? '/' : 0;
    guchar next_b = common < b_length ? (guchar)b[common] : b_is_tree ? '/' : 0;
    return (int)next_a - (int)next_b;
}

static guint
lower_bound(const MpTreeNode *node, const char *name, guint length, bool is_tree)
{
    guint low = 0, high = node->entries->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const Entry *e = entry_at(node, middle);

        if (compare(e->name, e->length, e->mode == MODE_TREE, name, length, is_tree) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
is_named(const Entry *e, const char *name, guint length)
{
    return e->length == length && memcmp(e->name, name, length) == 0;
}

/* The entry of that name, file or directory; *at is where it is, or where one would go. */
static Entry *
find(const MpTreeNode *node, const char *name, guint length, bool as_tree, guint *at)
{
    for (int other = 0; other < 2; other++) {
        bool is_tree = other ? !as_tree : as_tree;
        guint i = lower_bound(node, name, length, is_tree);

        if (at != NULL && !other)
            *at = i;
        if (i < node->entries->len && is_named(entry_at(node, i), name, length)) {
            if (at != NULL)
                *at = i;
            return entry_at(node, i);
        }
    }
    return NULL;
}

/* One "MODE NAME\0ID" of a tree object; the position behind it, or NULL if it is damaged. */
static const char *
parse_entry(MpTree *tree, const char *p, const char *end, Entry *e)
{
    guint mode = 0;

    while (p < end && *p >= '0' && *p <= '7')
        mode = mode << 3 | (guint)(*p++ - '0');
    if (p >= end || *p++ != ' ')
        return NULL;
    const char *zero = memchr(p, 0, (gsize)(end - p));
    if (zero == NULL || zero == p || end - zero < 1 + GIT_OID_RAWSZ)
        return NULL;
    e->length = (guint)(zero - p);
    e->name = g_string_chunk_insert_len(tree->names, p, zero - p);
    e->mode = mode;
    e->child = NULL;
    git_oid_fromraw(&e->id, (const unsigned char *)zero + 1);
    return zero + 1 + GIT_OID_RAWSZ;
}

static bool
parse(MpTree *tree, MpTreeNode *node, const char *p, gsize length)
{
    const char *end = p + length;

    while (p != NULL && p < end) {
        Entry e;

        p = parse_entry(tree, p, end, &e);
        if (p != NULL)
            g_array_append_val(node->entries, e);
    }
    return p != NULL;
}

/* Calls for an object of the database or, if a batch just made it, of the pack. */
static bool
read_object(MpTree *tree, const git_oid *id, git_object_t type, char **bytes, gsize *length,
            GError **error)
{
    g_autoptr(git_odb_object) object = NULL;
    const GString *fresh = tree->pack != NULL ? mp_pack_get(tree->pack, id) : NULL;

    if (fresh != NULL) {
        *length = fresh->len;
        *bytes = g_memdup2(fresh->str, fresh->len + 1);
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
load(MpTree *tree, MpTreeNode *parent, const git_oid *id, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize length = 0;

    if (!read_object(tree, id, GIT_OBJECT_TREE, &bytes, &length, error))
        return NULL;
    MpTreeNode *node = node_new(tree, parent);
    if (!parse(tree, node, bytes, length)) {
        node_free(node);
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
        tree->root = node_new(tree, NULL);
    return tree;
}

void
mp_tree_free(MpTree *tree)
{
    if (tree == NULL)
        return;
    node_free(tree->root);
    g_string_chunk_free(tree->names);
    g_free(tree);
}

gsize
mp_tree_loaded(const MpTree *tree)
{
    return tree->n_loaded;
}

static bool
load_root(MpTree *tree, GError **error)
{
    if (tree->root == NULL)
        tree->root = load(tree, NULL, &tree->root_id, error);
    return tree->root != NULL;
}

static void
mark(MpTreeNode *node)
{
    for (; node != NULL && !node->is_changed; node = node->parent)
        node->is_changed = true;
}

static Entry *
insert(MpTree *tree, MpTreeNode *node, const char *name, guint length, guint mode)
{
    guint at;
    Entry *found = find(node, name, length, mode == MODE_TREE, &at);

    if (found != NULL && found->mode == mode)
        return found;
    if (found != NULL) { /* a file where a directory is wanted, or the other way round */
        mp_tree_remove(node, name);
        find(node, name, length, mode == MODE_TREE, &at);
    }
    Entry fresh = {g_string_chunk_insert_len(tree->names, name, length), length, mode, {{0}}, NULL};
    g_array_insert_val(node->entries, at, fresh);
    return entry_at(node, at);
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
    Entry *e = find(parent, name, length, true, NULL);

    *node = NULL;
    if (e != NULL && e->mode == MODE_TREE) {
        if (e->child == NULL)
            e->child = load(tree, parent, &e->id, error);
        *node = e->child;
        return *node != NULL;
    }
    if (!make)
        return true;
    if (!check_name(name, length, error))
        return false;
    e = insert(tree, parent, name, length, MODE_TREE);
    *node = e->child = node_new(tree, parent);
    mark(e->child);
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
    Entry *e = node != NULL ? find(node, name, (guint)strlen(name), false, NULL) : NULL;
    if (e == NULL || e->mode == MODE_TREE)
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
    insert(tree, directory, name, (guint)strlen(name), MODE_FILE)->id = id;
    mark(directory);
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

void
mp_tree_remove(MpTreeNode *directory, const char *name)
{
    guint at;
    Entry *e = find(directory, name, (guint)strlen(name), false, &at);

    if (e == NULL)
        return;
    node_free(e->child);
    g_array_remove_index(directory->entries, at);
    mark(directory);
}

void
mp_tree_move(MpTree *tree, MpTreeNode *from, const char *name, MpTreeNode *to)
{
    const Entry *e = find(from, name, (guint)strlen(name), false, NULL);

    if (e == NULL || e->mode == MODE_TREE)
        return;
    git_oid id = e->id;
    insert(tree, to, name, (guint)strlen(name), MODE_FILE)->id = id;
    mark(to);
    mp_tree_remove(from, name);
}

guint
mp_tree_count(const MpTreeNode *directory)
{
    return directory->entries->len;
}

const char *
mp_tree_name(const MpTreeNode *directory, guint i)
{
    return entry_at(directory, i)->name;
}

bool
mp_tree_is_directory(const MpTreeNode *directory, guint i)
{
    return entry_at(directory, i)->mode == MODE_TREE;
}

const git_oid *
mp_tree_id(const MpTreeNode *directory, guint i)
{
    return &entry_at(directory, i)->id;
}

guint
mp_tree_find(const MpTreeNode *directory, const char *name)
{
    return lower_bound(directory, name, (guint)strlen(name), false);
}

bool
mp_tree_blob_size(MpTree *tree, const MpTreeNode *directory, const char *name, guint64 *size,
                  GError **error)
{
    const Entry *e = find(directory, name, (guint)strlen(name), false, NULL);
    gsize length = 0;
    git_object_t type;

    if (e != NULL && git_odb_read_header(&length, &type, tree->odb, &e->id) < 0)
        return mp_git_fail(error, "cannot read the header of object %s", git_oid_tostr_s(&e->id));
    *size = length;
    return true;
}

/* "40000 " and the like; *length is how many octets. */
static const char *
mode_text(guint mode, char other[16], gsize *length)
{
    const char *text = mode == MODE_TREE ? "40000 " : mode == MODE_FILE ? "100644 " : other;

    if (text == other) /* somebody else's commit */
        g_snprintf(other, 16, "%o ", mode);
    *length = strlen(text);
    return text;
}

static GString *
serialise(const MpTreeNode *node)
{
    gsize length = 0;

    for (guint i = 0; i < node->entries->len; i++)
        length += ENTRY_MAX(entry_at(node, i)->length);
    GString *bytes = g_string_sized_new(length);
    char *p = bytes->str;
    for (guint i = 0; i < node->entries->len; i++) {
        const Entry *e = entry_at(node, i);
        char other[16];
        gsize n;
        const char *mode = mode_text(e->mode, other, &n);

        p = mempcpy(p, mode, n);
        p = mempcpy(p, e->name, e->length + 1);
        p = mempcpy(p, e->id.id, GIT_OID_RAWSZ);
    }
    bytes->len = (gsize)(p - bytes->str);
    *p = '\0';
    return bytes;
}

static bool
write_node(MpTree *tree, MpTreeNode *node, git_oid *id, GError **error)
{
    for (guint i = 0; i < node->entries->len; i++) {
        Entry *e = entry_at(node, i);

        if (e->child != NULL && e->child->is_changed && !write_node(tree, e->child, &e->id, error))
            return false;
    }
    g_autoptr(GString) bytes = serialise(node);
    if (!mp_pack_add_version(tree->pack, GIT_OBJECT_TREE, bytes->str, bytes->len, &node->written,
                             id, error))
        return false;
    node->written = *id;
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
