/* Inside of lib/git: one directory of a tree in memory, its entries in Git's order. */
#pragma once

#include "git/tree.h"

#define MP_MODE_FILE 0100644u
#define MP_MODE_TREE 0040000u

typedef struct {
    const char *name; /* in the tree's string chunk */
    guint length;
    guint mode;
    git_oid id;
    MpTreeNode *child; /* a loaded directory */
} MpTreeEntry;

struct MpTreeNode {
    MpTreeNode *parent;
    GArray *entries; /* MpTreeEntry, in Git's order */
    git_oid written; /* the version that this batch wrote last; zero if none */
    bool is_changed;
};

MpTreeNode *mp_tree_node_new(MpTreeNode *parent);

/* With all that is loaded below it. */
void mp_tree_node_free(MpTreeNode *node);

MpTreeEntry *mp_tree_entry(const MpTreeNode *node, guint i);

/* The entry of that name, file or directory, or NULL; *at (or NULL) is where it is, or where one
 * would go. */
MpTreeEntry *
mp_tree_node_find(const MpTreeNode *node, const char *name, guint length, bool as_tree, guint *at);

/* The entry of that name and mode, made if need be: one of the other mode gives way to it. */
MpTreeEntry *mp_tree_node_insert(MpTreeNode *node, GStringChunk *names, const char *name,
                                 guint length, guint mode);

/* It has changed, and so have all above it. */
void mp_tree_node_mark(MpTreeNode *node);

/* The entries of a tree object, added; false if it is damaged. */
bool mp_tree_node_parse(MpTreeNode *node, GStringChunk *names, const char *bytes, gsize length);

/* The tree object; the caller's. */
GString *mp_tree_node_serialise(const MpTreeNode *node);
