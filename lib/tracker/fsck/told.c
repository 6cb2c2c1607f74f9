/* The check of told/: each a record of a repository's branches and tags. */
#include <string.h>

#include "tracker/fsck/internal.h"
#include "tracker/records.h"

#define FORGET                                                                                     \
    "git rm it in a clone, commit and push: the next look remembers what is there, and tells "     \
    "nothing of it"

static void
check_record(Fsck *fsck, MpTree *owner, const char *name, const char *path)
{
    g_autoptr(GError) why = NULL;

    if (!mp_is_repository_name(path + strlen("told/"))) {
        mp_fsck_tell(fsck, "misplaced", path, g_strdup(FORGET), "not the name of a repository");
        return;
    }
    g_autofree char *text = mp_fsck_text(fsck, owner, name, path);
    g_autoptr(MpTold) told = text != NULL ? mp_record_parse_told(text, path, &why) : NULL;
    if (why != NULL)
        mp_fsck_tell(fsck, "malformed", path, g_strdup(FORGET), "%s", why->message);
}

static void
check_owner(Fsck *fsck, const git_oid *id, const char *path)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, id, path, &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && fsck->stop == NULL; i++) {
        g_autofree char *below = g_strconcat(path, "/", mp_tree_name(root, i), NULL);

        check_record(fsck, tree, mp_tree_name(root, i), below);
    }
}

void
mp_fsck_told(Fsck *fsck)
{
    git_oid id;
    MpTreeNode *root;

    if (!mp_fsck_find_in_root(fsck, "told", &id))
        return;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, &id, "told", &root);
    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && fsck->stop == NULL; i++) {
        g_autofree char *path = g_strconcat("told/", mp_tree_name(root, i), NULL);

        if (mp_tree_is_directory(root, i))
            check_owner(fsck, mp_tree_id(root, i), path);
        else
            mp_fsck_tell(fsck, "misplaced", path, g_strdup(FORGET), "not a directory");
    }
}
