/* The entries of one directory, and the tree object that they are; see tree_node.h. */
#include "git/tree_node.h"

#include <string.h>

/* Octets of an entry of a tree object: a mode, a space, the name, a NUL, an id. */
#define ENTRY_MAX(name_length) (12 + 1 + (name_length) + 1 + GIT_OID_RAWSZ)

MpTreeNode *
mp_tree_node_new(MpTreeNode *parent)
{
    MpTreeNode *node = g_new0(MpTreeNode, 1);

    node->parent = parent;
    node->entries = g_array_new(FALSE, FALSE, sizeof(MpTreeEntry));
    return node;
}

void
mp_tree_node_free(MpTreeNode *node)
{
    if (node == NULL)
        return;
    for (guint i = 0; i < node->entries->len; i++)
        mp_tree_node_free(g_array_index(node->entries, MpTreeEntry, i).child);
    g_array_unref(node->entries);
    g_free(node);
}

MpTreeEntry *
mp_tree_entry(const MpTreeNode *node, guint i)
{
    return &g_array_index(node->entries, MpTreeEntry, i);
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
        const MpTreeEntry *e = mp_tree_entry(node, middle);

        if (compare(e->name, e->length, e->mode == MP_MODE_TREE, name, length, is_tree) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
is_named(const MpTreeEntry *e, const char *name, guint length)
{
    return e->length == length && memcmp(e->name, name, length) == 0;
}

MpTreeEntry *
mp_tree_node_find(const MpTreeNode *node, const char *name, guint length, bool as_tree, guint *at)
{
    for (int other = 0; other < 2; other++) {
        bool is_tree = other ? !as_tree : as_tree;
        guint i = lower_bound(node, name, length, is_tree);

        if (at != NULL && !other)
            *at = i;
        if (i < node->entries->len && is_named(mp_tree_entry(node, i), name, length)) {
            if (at != NULL)
                *at = i;
            return mp_tree_entry(node, i);
        }
    }
    return NULL;
}

void
mp_tree_node_mark(MpTreeNode *node)
{
    for (; node != NULL && !node->is_changed; node = node->parent)
        node->is_changed = true;
}

static void
remove_at(MpTreeNode *node, guint at)
{
    mp_tree_node_free(mp_tree_entry(node, at)->child);
    g_array_remove_index(node->entries, at);
    mp_tree_node_mark(node);
}

void
mp_tree_remove(MpTreeNode *directory, const char *name)
{
    guint at;

    if (mp_tree_node_find(directory, name, (guint)strlen(name), false, &at) != NULL)
        remove_at(directory, at);
}

MpTreeEntry *
mp_tree_node_insert(MpTreeNode *node, GStringChunk *names, const char *name, guint length,
                    guint mode)
{
    guint at;
    MpTreeEntry *found = mp_tree_node_find(node, name, length, mode == MP_MODE_TREE, &at);

    if (found != NULL && found->mode == mode)
        return found;
    if (found != NULL) { /* a file where a directory is wanted, or the other way round */
        remove_at(node, at);
        mp_tree_node_find(node, name, length, mode == MP_MODE_TREE, &at);
    }
    MpTreeEntry fresh = {g_string_chunk_insert_len(names, name, length), length, mode, {{0}}, NULL};
    g_array_insert_val(node->entries, at, fresh);
    return mp_tree_entry(node, at);
}

guint
mp_tree_count(const MpTreeNode *directory)
{
    return directory->entries->len;
}

const char *
mp_tree_name(const MpTreeNode *directory, guint i)
{
    return mp_tree_entry(directory, i)->name;
}

bool
mp_tree_is_directory(const MpTreeNode *directory, guint i)
{
    return mp_tree_entry(directory, i)->mode == MP_MODE_TREE;
}

const git_oid *
mp_tree_id(const MpTreeNode *directory, guint i)
{
    return &mp_tree_entry(directory, i)->id;
}

guint
mp_tree_find(const MpTreeNode *directory, const char *name)
{
    return lower_bound(directory, name, (guint)strlen(name), false);
}

/* --- The object ------------------------------------------------------------------------------ */

/* One "MODE NAME\0ID" of a tree object; the position behind it, or NULL if it is damaged. */
static const char *
parse_entry(GStringChunk *names, const char *p, const char *end, MpTreeEntry *e)
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
    e->name = g_string_chunk_insert_len(names, p, zero - p);
    e->mode = mode;
    e->child = NULL;
    git_oid_fromraw(&e->id, (const unsigned char *)zero + 1);
    return zero + 1 + GIT_OID_RAWSZ;
}

bool
mp_tree_node_parse(MpTreeNode *node, GStringChunk *names, const char *p, gsize length)
{
    const char *end = p + length;

    while (p != NULL && p < end) {
        MpTreeEntry e;

        p = parse_entry(names, p, end, &e);
        if (p != NULL)
            g_array_append_val(node->entries, e);
    }
    return p != NULL;
}

/* "40000 " and the like; *length is how many octets. */
static const char *
mode_text(guint mode, char other[16], gsize *length)
{
    const char *text = mode == MP_MODE_TREE ? "40000 " : mode == MP_MODE_FILE ? "100644 " : other;

    if (text == other) /* somebody else's commit */
        g_snprintf(other, 16, "%o ", mode);
    *length = strlen(text);
    return text;
}

GString *
mp_tree_node_serialise(const MpTreeNode *node)
{
    gsize length = 0;

    for (guint i = 0; i < node->entries->len; i++)
        length += ENTRY_MAX(mp_tree_entry(node, i)->length);
    GString *bytes = g_string_sized_new(length);
    char *p = bytes->str;
    for (guint i = 0; i < node->entries->len; i++) {
        const MpTreeEntry *e = mp_tree_entry(node, i);
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
