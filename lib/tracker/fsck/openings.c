/* The check of short addresses: that each leads to the repository that has it, and to no other. */
#include <string.h>

#include "tracker/fsck/internal.h"
#include "tracker/records.h"
#include "tracker/repositories.h"

#define MEND "write %s into %s in a clone, commit and push"

void
mp_fsck_opening_of(Fsck *fsck, const MpRepository *repository, const char *path)
{
    g_autoptr(MpRepository) other = NULL;
    g_autofree char *index = NULL;

    if (repository->address == NULL)
        return;
    index = mp_path_of_opening(repository->address);
    if (!mp_read_opening(mp_store_view(fsck->store), repository->address, &other, NULL))
        return; /* a record that does not parse is told where it stands */
    if (other == NULL)
        mp_fsck_tell(fsck, "no-index", path, g_strdup_printf(MEND, repository->name, index),
                     "its address %s does not lead to it", repository->address);
    else if (strcmp(other->name, repository->name) != 0)
        mp_fsck_tell(fsck, "shared", path,
                     g_strdup("give one of them another: metroplex repository set NAME --address"),
                     "its address %s is taken for that of %s", repository->address, other->name);
}

static void
check_entry(Fsck *fsck, MpTree *directory, const char *name, const char *path)
{
    g_autofree char *text = mp_fsck_text(fsck, directory, name, path);
    g_autofree char *its = NULL;
    g_autoptr(MpRepository) repository = NULL;

    if (text == NULL)
        return;
    if (!mp_is_repository_name(g_strstrip(text))) {
        mp_fsck_tell(fsck, "malformed", path,
                     g_strdup("write the name of the repository into it, or git rm it"),
                     "not the name of a repository");
        return;
    }
    repository = mp_read_repository(mp_store_view(fsck->store), text, NULL);
    if (repository != NULL && repository->address != NULL)
        its = mp_path_of_opening(repository->address);
    if (repository != NULL && g_strcmp0(its, path) != 0)
        mp_fsck_tell(fsck, "stale-index", path, g_strdup("git rm it"),
                     "%s does not have that address", text);
}

void
mp_fsck_openings(Fsck *fsck, const git_oid *id, const char *path)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, id, path, &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && fsck->stop == NULL; i++) {
        g_autofree char *below = g_strconcat(path, "/", mp_tree_name(root, i), NULL);

        if (mp_tree_is_directory(root, i))
            mp_fsck_openings(fsck, mp_tree_id(root, i), below);
        else
            check_entry(fsck, tree, mp_tree_name(root, i), below);
    }
}
