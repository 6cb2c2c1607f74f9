/* What of Git stands on a thread's page: commits, files and a diff of a pull request, the commits
 * of an event, the lines that a comment is about. */
#include "pages/internal.h"

#include <string.h>

void
mp_pages_add_commits(GString *page, const MpPagesTexts *texts, const GPtrArray *commits,
                     guint64 all)
{
    mp_page_add(page, "<ul class=\"commits\">\n");
    for (guint i = 0; i < commits->len; i++) {
        const MpChangedCommit *commit = commits->pdata[i];
        g_autofree char *id = g_strndup(commit->id, 12);

        mp_page_add(page, "<li>");
        if (commit->thread != 0)
            mp_page_add(page, "<a href=\"%d.html\">", commit->thread);
        mp_page_add(page, "<code>%s</code> <bdi>%s</bdi>", id, commit->subject);
        if (commit->thread != 0)
            mp_page_add(page, "</a>");
        mp_page_add(page, " · <bdi>%s</bdi> · %D</li>\n", commit->author, commit->date);
    }
    if (all > commits->len)
        mp_page_add(page, "<li>%s %d</li>\n", texts->more, all - commits->len);
    mp_page_add(page, "</ul>\n");
}

static void
add_file(GString *page, const MpChangedFile *file)
{
    g_autofree char *kind = g_strdup_printf("%c", g_ascii_toupper(file->kind[0]));

    mp_page_add(page, "<li>%s ", kind);
    if (file->old_path != NULL)
        mp_page_add(page, "<code>%s</code> → ", file->old_path);
    mp_page_add(page, "<code>%s</code>", file->path);
    if (!file->is_binary)
        mp_page_add(page, " +%d −%d", file->n_added, file->n_removed);
    mp_page_add(page, "</li>\n");
}

static void
add_files(GString *page, const MpPagesTexts *texts, const MpChanges *changes)
{
    mp_page_add(page,
                "<details class=\"cut\"><summary>%s (%d%s) · +%d −%d</summary>\n"
                "<ul class=\"commits\">\n",
                texts->files, (guint64)changes->files->len, changes->has_more ? "+" : "",
                changes->n_added, changes->n_removed);
    for (guint i = 0; i < changes->files->len; i++)
        add_file(page, changes->files->pdata[i]);
    if (changes->has_more)
        mp_page_add(page, "<li>%s</li>\n", texts->more);
    mp_page_add(page, "</ul></details>\n");
}

static void
add_diff(GString *page, const MpPagesTexts *texts, const MpChanges *changes)
{
    if (*changes->diff == '\0')
        return;
    mp_page_add(page,
                "<details class=\"cut\"><summary>%s</summary><pre dir=\"ltr\" tabindex=\"0\">\n%s"
                "</pre>\n",
                texts->diff, changes->diff);
    if (changes->is_cut)
        mp_page_add(page, "<p>%s</p>\n", texts->diff_cut);
    mp_page_add(page, "</details>\n");
}

/* Of the commits those have a thread that had one at the last event: what is opened later changes
 * no page (see references.c). */
static bool
find_threads(MpPagesUpdate *update, const MpThread *thread, const MpChanges *changes,
             GError **error)
{
    g_autoptr(MpThreadEvent) event = NULL;
    guint64 last;

    if (!mp_tracker_last_event(update->tracker, thread->id, &last, error) ||
        (last > 0 && !mp_tracker_event(update->tracker, thread->id, last, &event, error)))
        return false;
    return mp_tracker_commit_threads(update->tracker, thread->repository, changes->commits,
                                     event != NULL ? event->date : thread->created, error);
}

bool
mp_pages_add_changes(MpPagesUpdate *update, const MpThread *thread, GString *page, GError **error)
{
    const MpPagesTexts *texts = update->texts;
    g_autoptr(MpChanges) changes = NULL;

    if (thread->kind != MP_PULL)
        return true;
    if (!mp_tracker_changes(update->tracker, thread->id, &changes, error))
        return false;
    if (changes == NULL)
        return true;
    if (!find_threads(update, thread, changes, error))
        return false;
    mp_page_add(page,
                "<section class=\"changes\">\n<details class=\"cut\" open><summary>%s (%d)"
                "</summary>\n",
                texts->commits, changes->n_commits);
    mp_pages_add_commits(page, texts, changes->commits, changes->n_commits);
    mp_page_add(page, "</details>\n");
    add_files(page, texts, changes);
    add_diff(page, texts, changes);
    mp_page_add(page, "</section>\n");
    return true;
}

void
mp_pages_add_place(const MpPagesTexts *texts, const MpComment *comment, GString *page)
{
    if (comment->path == NULL)
        return;
    mp_page_add(page, "<p><code>%s</code>", comment->path);
    if (comment->line != 0)
        mp_page_add(page, ", %s %d", texts->line, comment->line);
    mp_page_add(page, "</p>\n");
    if (comment->quoted != NULL)
        mp_page_add(page, "<pre dir=\"ltr\" tabindex=\"0\">\n%s</pre>\n", comment->quoted);
}
