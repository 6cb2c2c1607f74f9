/*
 * What of Git stands in a mail: commits, files and a diff below a pull request's text, the commits
 * that were pushed, the lines that a comment is about.
 *
 * Below what a person wrote, all of it is indented as code is in Markdown: so nothing in it is
 * markup, in text or in HTML, and no line of a diff ends the mail as "-- " would. Commits of an
 * event are a list.
 */
#include "notify/internal.h"

#include <string.h>

#include "base/text.h"
#include "markup/markdown.h"

#define CODE        "    "
#define DIFF        "   " /* as far as a fence and what stands in it may be indented */
#define COMMITS_MAX 50    /* that a mail names */
#define FILES_MAX   100

/* Each line indented; one that ends in \n. */
static void
append_indented(GString *out, const char *indent, const char *text)
{
    for (const char *line = text, *end; *line != '\0'; line = end + (*end != '\0')) {
        end = strchrnul(line, '\n');
        if (end > line)
            g_string_append_printf(out, "%s%.*s", indent, (int)(end - line), line);
        g_string_append_c(out, '\n');
    }
}

static void
append_code(GString *out, const char *text)
{
    append_indented(out, CODE, text);
}

/* What says that its lines are not to be broken stands before it. */
static void
append_diff(GString *out, const char *diff)
{
    g_autofree char *fence = mp_markdown_fence(diff);

    if (*diff == '\0')
        return;
    g_string_append_printf(out, "\n" DIFF "%sdiff\n", fence);
    append_indented(out, DIFF, diff);
    g_string_append_printf(out, DIFF "%s\n", fence);
}

static void
append_more(GString *out, const char *start, const MpNoticeTexts *texts, guint64 count)
{
    g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, count);
    g_autofree char *said = mp_text_fill(texts->more, "{count}", number, NULL);

    if (count > 0)
        g_string_append_printf(out, "%s%s\n", start, said);
}

void
mp_commit_markdown(GString *out, const char *id, const char *subject, const char *author)
{
    g_autofree char *quoted = mp_markdown_quote(subject), *by = mp_markdown_quote(author);

    g_string_append_printf(out, "- %.12s %s", id, quoted);
    g_string_append_printf(out, *by != '\0' ? " (%s)\n" : "\n", by);
}

static void
append_commits(GString *out, const MpNoticeTexts *texts, const GPtrArray *commits, guint64 all)
{
    guint n = MIN(commits->len, COMMITS_MAX);

    for (guint i = 0; i < n; i++) {
        const MpChangedCommit *commit = commits->pdata[i];
        g_autofree char *line =
            g_strdup_printf("%.12s %s (%s)", commit->id, commit->subject, commit->author);

        append_code(out, line);
    }
    append_more(out, CODE, texts, MAX(all, n) - n);
}

/* The same where the whole mail is ours. */
static void
list_commits(GString *out, const MpNoticeTexts *texts, const GPtrArray *commits, guint64 all)
{
    guint n = MIN(commits->len, COMMITS_MAX);

    for (guint i = 0; i < n; i++) {
        const MpChangedCommit *commit = commits->pdata[i];

        mp_commit_markdown(out, commit->id, commit->subject, commit->author);
    }
    append_more(out, "- ", texts, MAX(all, n) - n);
}

static void
append_file(GString *out, const MpChangedFile *file)
{
    g_autofree char *counts = file->is_binary
                                  ? g_strdup("")
                                  : g_strdup_printf(" +%" G_GUINT64_FORMAT " -%" G_GUINT64_FORMAT,
                                                    file->n_added, file->n_removed);
    const char *old = file->old_path != NULL ? file->old_path : "";
    /* as git status --short has it */
    g_autofree char *line = g_strdup_printf("%c %s%s%s%s", g_ascii_toupper(file->kind[0]), old,
                                            *old != '\0' ? " -> " : "", file->path, counts);

    append_code(out, line);
}

static void
append_files(GString *out, const MpNoticeTexts *texts, const MpChanges *changes)
{
    guint n = MIN(changes->files->len, FILES_MAX);
    g_autofree char *count = mp_count_text(changes->files->len, changes->has_more);
    g_autofree char *head = mp_files_text(texts, count, changes->n_added, changes->n_removed);

    g_string_append_printf(out, "\n%s\n\n", head);
    for (guint i = 0; i < n; i++)
        append_file(out, changes->files->pdata[i]);
    if (changes->has_more)
        g_string_append_printf(out, CODE "%s\n", texts->more_files);
    else
        append_more(out, CODE, texts, changes->files->len - n);
}

/* Names of branches have no backtick. */
static void
append_branches(GString *out, const MpNoticeTexts *texts, const MpThread *pull)
{
    g_autofree char *head = g_strdup_printf("`%s`", pull->object);
    g_autofree char *base = g_strdup_printf("`%s`", pull->base);
    g_autofree char *line = mp_text_fill(texts->branches, "{head}", head, "{base}", base, NULL);

    g_string_append_printf(out, "\n%s\n", line);
}

char *
mp_changes_markdown(const MpThread *pull, const MpChanges *changes, MpLanguage language)
{
    const MpNoticeTexts *texts = mp_notice_texts(language);
    GString *out = g_string_new(NULL);
    g_autofree char *count = g_strdup_printf("%" G_GUINT64_FORMAT, changes->n_commits);
    g_autofree char *head = mp_text_fill(texts->commits, "{count}", count, NULL);

    if (pull->base != NULL && pull->object != NULL)
        append_branches(out, texts, pull);
    g_string_append_printf(out, "\n%s\n\n", head);
    append_commits(out, texts, changes->commits, changes->n_commits);
    if (changes->files->len > 0)
        append_files(out, texts, changes);
    append_diff(out, changes->diff);
    if (changes->is_cut)
        g_string_append_printf(out, "\n%s\n", texts->diff_cut);
    return g_string_free(out, FALSE);
}

char *
mp_pushed_markdown(const MpThreadEvent *event, const char *sentence, MpLanguage language)
{
    const MpNoticeTexts *texts = mp_notice_texts(language);
    GString *out = g_string_new(sentence);
    guint64 all = event->change == MP_THREAD_HEAD_PUSHED ? event->n_added : 0;

    if (event->commits == NULL)
        return g_string_free(out, FALSE);
    g_string_append(out, "\n\n");
    list_commits(out, texts, event->commits, all);
    return g_string_free(out, FALSE);
}

char *
mp_place_markdown(const MpComment *comment, MpLanguage language)
{
    GString *out = g_string_new(NULL);
    g_autofree char *line = g_strdup_printf("%" G_GUINT64_FORMAT, comment->line);
    g_autofree char *where =
        comment->line != 0 ? mp_text_fill(mp_notice_texts(language)->line, "{line}", line, NULL)
                           : g_strdup("");

    if (comment->path == NULL)
        return g_string_free(out, FALSE);
    g_autofree char *head = g_strconcat(comment->path, where, NULL);
    append_code(out, head);
    if (comment->quoted != NULL) {
        g_string_append_c(out, '\n');
        append_code(out, comment->quoted);
    }
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}
