/*
 * The check of listed/: that each thread has its line, which says what its record does, and that
 * there are no others. Threads come in ascending order, and with them the pages.
 */
#include <string.h>

#include "base/error.h"
#include "tracker/fsck/internal.h"
#include "tracker/listed.h"

#define ANEW                                                                                       \
    "git rm -r listed in a clone, commit and push: lists are right at once, and the next thread "  \
    "that is opened or changed makes it anew"

static bool
is_fresh(const Fsck *fsck, guint64 id)
{
    return g_array_binary_search(fsck->listed.fresh, &id, mp_by_number, NULL);
}

/* --- Before: what there is ----------------------------------------------------------------------
 */

void
mp_fsck_listed_begin(Fsck *fsck)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *text = NULL;
    git_oid of;
    bool is_there, is_whole;

    fsck->listed.fresh = g_array_new(FALSE, FALSE, sizeof(guint64));
    fsck->listed.seen = g_array_new(FALSE, FALSE, sizeof(guint64));
    fsck->listed.page.number = G_MAXUINT64;
    if (!mp_tree_read(mp_store_view(fsck->store), NULL, MP_LISTED_OF, &text, NULL, &why) ||
        !mp_listed_of(mp_store_view(fsck->store), &of, &is_there, &why) ||
        !mp_listed_fresh(fsck->store, fsck->listed.fresh, &is_whole, &why))
        return mp_fsck_tell_error(fsck, MP_LISTED_OF, &why);
    fsck->listed.is_checked = !is_whole;
    if (text != NULL && !is_there)
        mp_fsck_tell(fsck, "malformed", MP_LISTED_OF, g_strdup(ANEW), "not the id of a tree");
    else if (text != NULL && is_whole)
        mp_fsck_tell(fsck, "stale-index", MP_LISTED_OF, g_strdup(ANEW),
                     "tree %s is not there: thread list reads every thread", git_oid_tostr_s(&of));
}

/* --- A page -------------------------------------------------------------------------------------
 */

static void
tell_line(Fsck *fsck, MpListed list, guint64 id, const char *what)
{
    g_autofree char *path = mp_listed_path(list, id / MP_LISTED_PAGE);

    mp_fsck_tell(fsck, "stale-index", path, g_strdup(ANEW),
                 "the line of thread %" G_GUINT64_FORMAT " %s", id, what);
}

/* Each line of it that no thread came for. */
static void
end_page(Fsck *fsck)
{
    MpListedPage *page = &fsck->listed.page;

    for (guint i = 0; i < MP_LISTED_PAGE; i++) {
        guint64 id = page->number * MP_LISTED_PAGE + i;

        if (page->threads[i].line != NULL && !is_fresh(fsck, id))
            tell_line(fsck, page->threads[i].list, id, "is of none that is listed");
    }
    mp_listed_page_clear(page);
    *page = (MpListedPage){.number = G_MAXUINT64};
}

static void
begin_page(Fsck *fsck, guint64 number)
{
    MpListedPage *page = &fsck->listed.page;
    g_autoptr(GError) why = NULL;

    if (page->number == number || !fsck->listed.is_checked)
        return;
    end_page(fsck);
    g_array_append_val(fsck->listed.seen, number);
    if (!mp_listed_page_read(page, mp_store_view(fsck->store), number, MP_LISTED_ALL, &why)) {
        fsck->listed.is_checked = false;
        mp_fsck_tell_error(fsck, MP_LISTED, &why);
    }
    if (page->fault == NULL)
        return;
    g_autofree char *path = g_strndup(page->fault, strcspn(page->fault, ":"));
    mp_fsck_tell(fsck, "malformed", path, g_strdup(ANEW), "line %s: not of this page, or twice",
                 page->fault + strlen(path) + 1);
}

/* --- A thread -----------------------------------------------------------------------------------
 */

static void
compare(Fsck *fsck, guint64 id, const char *there, MpListed list, const MpListedLine *line)
{
    g_autofree char *record = mp_path_of_thread(id);
    g_autofree char *path = g_strconcat(record, "/thread", NULL);

    if (there == NULL && line->line != NULL)
        mp_fsck_tell(fsck, "no-index", path, g_strdup(ANEW), "it is not in " MP_LISTED "/%s/",
                     mp_listed_name(line->list));
    else if (there != NULL && (line->line == NULL || list != line->list))
        tell_line(fsck, list, id, "is of one that is not listed there");
    else if (g_strcmp0(there, line->line) != 0)
        tell_line(fsck, list, id, "does not say what its record does");
}

void
mp_fsck_listed_thread(Fsck *fsck, guint64 id, const MpThread *thread)
{
    MpListedPage *page = &fsck->listed.page;
    guint i = (guint)(id % MP_LISTED_PAGE);
    MpListedLine *line = mp_listed_line_of(id, thread);

    begin_page(fsck, id / MP_LISTED_PAGE);
    if (fsck->listed.is_checked && !is_fresh(fsck, id))
        compare(fsck, id, page->threads[i].line, page->threads[i].list, line);
    page->threads[i].line = NULL;
    mp_listed_line_free(line);
}

void
mp_fsck_listed_skip(Fsck *fsck, guint64 id)
{
    begin_page(fsck, id / MP_LISTED_PAGE);
    fsck->listed.page.threads[id % MP_LISTED_PAGE].line = NULL;
}

/* --- After: what is left ------------------------------------------------------------------------
 */

static void
tell_misplaced(Fsck *fsck, const char *path)
{
    mp_fsck_tell(fsck, "misplaced", path, g_strdup(ANEW),
                 "neither a page of lines nor a directory of them");
}

/* Level 1 is below the directory of a list, level 3 holds its pages. */
static void
check_level(Fsck *fsck, const git_oid *id, const char *path, int level)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, id, path, &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && fsck->stop == NULL; i++) {
        const char *name = mp_tree_name(root, i);
        bool is_directory = mp_tree_is_directory(root, i);
        g_autofree char *below = g_strconcat(path, "/", name, NULL);
        MpListed list;

        if (level == 0 && !is_directory && strcmp(below, MP_LISTED_OF) == 0)
            continue;
        if (level == 0 ? !mp_listed_parse(name, &list) || !is_directory
                       : !mp_listed_is_part(name) || is_directory != (level < 3))
            tell_misplaced(fsck, below);
        else if (level < 3)
            check_level(fsck, mp_tree_id(root, i), below, level + 1);
    }
}

static void
check_pages_without_threads(Fsck *fsck)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GError) why = NULL;
    guint seen = 0;

    for (MpListed list = 0; list < MP_N_LISTED; list++)
        if (!mp_listed_pages(mp_store_view(fsck->store), list, numbers, &why))
            return mp_fsck_tell_error(fsck, MP_LISTED, &why);
    mp_listed_sort(numbers);
    for (guint i = 0; i < numbers->len && fsck->stop == NULL; i++) {
        guint64 number = g_array_index(numbers, guint64, i);

        while (seen < fsck->listed.seen->len &&
               g_array_index(fsck->listed.seen, guint64, seen) < number)
            seen++;
        if (seen == fsck->listed.seen->len ||
            g_array_index(fsck->listed.seen, guint64, seen) != number)
            begin_page(fsck, number);
    }
    end_page(fsck);
}

void
mp_fsck_listed_end(Fsck *fsck)
{
    git_oid id;

    end_page(fsck);
    if (mp_fsck_find_in_root(fsck, MP_LISTED, &id))
        check_level(fsck, &id, MP_LISTED, 0);
    if (fsck->listed.is_checked)
        check_pages_without_threads(fsck);
    g_array_unref(fsck->listed.fresh);
    g_array_unref(fsck->listed.seen);
}
