/* The check of pulls/: that each open pull request with two branches has its line, and no other. */
#include <string.h>

#include "tracker/fsck/internal.h"
#include "tracker/pulls_file.h"
#include "tracker/records.h"

#define MEND "close the pull request and reopen it, or write its line in a clone, commit and push"

static bool
has_line(const GPtrArray *pulls, const MpThread *thread)
{
    for (guint i = 0; i < pulls->len; i++) {
        const MpPullTold *told = pulls->pdata[i];

        if (told->thread == thread->id)
            return strcmp(told->head, thread->object) == 0 && strcmp(told->base, thread->base) == 0;
    }
    return false;
}

void
mp_fsck_pull(Fsck *fsck, MpTree *tree, const MpThread *thread, const char *directory)
{
    g_autofree char *path = g_strconcat(directory, "/changes", NULL);
    g_autofree char *text = mp_fsck_text(fsck, tree, "changes", path);
    g_autofree char *of_diff = g_strconcat(path, ".diff", NULL);
    g_autofree char *diff = mp_fsck_text(fsck, tree, "changes.diff", of_diff); /* for its faults */
    g_autofree char *index = g_strconcat("pulls/", thread->repository, NULL);
    g_autofree char *lines = NULL;
    g_autoptr(GError) why = NULL;

    if (text != NULL)
        mp_changes_free(mp_record_parse_changes(text, path, &why));
    if (why != NULL)
        mp_fsck_tell_error(fsck, path, &why);
    if (!mp_pull_is_watched(thread) ||
        !mp_tree_read(mp_store_view(fsck->store), NULL, index, &lines, NULL, NULL))
        return;
    g_autoptr(GPtrArray) pulls = mp_pulls_parse(lines != NULL ? lines : "", index, NULL);
    if (pulls != NULL && !has_line(pulls, thread)) /* one that does not parse is told by itself */
        mp_fsck_tell(fsck, "no-index", directory, g_strdup(MEND),
                     "%s does not have it: nobody hears what becomes of its branches", index);
}

static void
check_told(Fsck *fsck, const char *repository, const MpPullTold *told, const char *path)
{
    g_autoptr(MpThread) thread = NULL;

    if (!mp_read_thread(mp_store_view(fsck->store), told->thread, &thread, NULL))
        return; /* told where it stands */
    if (thread == NULL || !mp_pull_is_watched(thread) ||
        strcmp(thread->repository, repository) != 0)
        mp_fsck_tell(fsck, "stale-index", path,
                     g_strdup_printf("remove the line of %" G_GUINT64_FORMAT
                                     " in a clone, commit and push",
                                     told->thread),
                     "thread %" G_GUINT64_FORMAT " is no open pull request of it", told->thread);
}

static void
check_file(Fsck *fsck, MpTree *directory, const char *owner, const char *name)
{
    g_autofree char *repository = g_strconcat(owner, "/", name, NULL);
    g_autofree char *path = g_strconcat("pulls/", repository, NULL);
    g_autofree char *text = mp_fsck_text(fsck, directory, name, path);
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) pulls = text != NULL ? mp_pulls_parse(text, path, &why) : NULL;

    if (why != NULL)
        mp_fsck_tell_error(fsck, path, &why);
    for (guint i = 0; pulls != NULL && i < pulls->len; i++)
        check_told(fsck, repository, pulls->pdata[i], path);
}

void
mp_fsck_pulls(Fsck *fsck, const git_oid *id)
{
    MpTreeNode *root, *names;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, id, "pulls", &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && fsck->stop == NULL; i++) {
        const char *owner = mp_tree_name(root, i);
        g_autofree char *path = g_strconcat("pulls/", owner, NULL);

        if (!mp_tree_is_directory(root, i))
            continue;
        g_autoptr(MpTree) below = mp_fsck_open(fsck, mp_tree_id(root, i), path, &names);
        for (guint j = 0; below != NULL && j < mp_tree_count(names); j++)
            check_file(fsck, below, owner, mp_tree_name(names, j));
    }
}
