/* What a push did, in the words of a mail: Markdown in which nothing of the repository is markup.
 */
#include "notify/internal.h"

#include <string.h>

#include "markup/markdown.h"

/* A branch that goes on is nothing to remark upon; all else a list of subjects has to tell. */
char *
mp_push_heading(const MpRefPush *push)
{
    g_autofree char *ref = mp_header_text(mp_push_short_ref(push));
    MpPushDeed deed = mp_push_deed(push);

    if (!mp_push_is_of_tag(push))
        return deed == MP_PUSH_UPDATED ? g_steal_pointer(&ref)
                                       : g_strdup_printf("%s %s", ref, mp_push_deed_name(deed));
    return g_strdup_printf("tag %s %s", ref,
                           deed == MP_PUSH_REWOUND ? "moved" : mp_push_deed_name(deed));
}

static const char *
sentence_of(const MpRefPush *push, const MpNoticeTexts *texts)
{
    const char *const branch[] = {texts->branch_created, texts->branch_updated,
                                  texts->branch_rewound, texts->branch_deleted};
    const char *const tag[] = {texts->tag_created, texts->tag_moved, texts->tag_moved,
                               texts->tag_deleted};

    return (mp_push_is_of_tag(push) ? tag : branch)[mp_push_deed(push)];
}

/* A ref may be called {after}, so that it comes in last. */
static void
add_sentence(GString *out, const MpRefPush *push, const MpNoticeTexts *texts)
{
    g_autofree char *before = mp_push_short_id(push->before),
                    *after = mp_push_short_id(push->after);
    g_autofree char *ref = mp_markdown_quote(mp_push_short_ref(push));
    g_autofree char *line = mp_text_fill(sentence_of(push, texts), "{before}", before, "{after}",
                                         after, "{ref}", ref, NULL);

    g_string_append_printf(out, "%s\n", line);
}

char *
mp_count_text(guint64 n, bool are_more)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT "%s", n, are_more ? "+" : "");
}

static void
add_count(GString *out, const char *text, guint64 n, bool is_unsure)
{
    g_autofree char *count = mp_count_text(n, is_unsure);
    g_autofree char *line = mp_text_fill(text, "{count}", count, NULL);

    g_string_append_printf(out, "\n%s\n\n", line);
}

static void
add_commits(GString *out, const GPtrArray *commits, guint64 n, const MpNoticeTexts *texts)
{
    for (guint i = 0; i < commits->len; i++) {
        const MpPushCommit *commit = commits->pdata[i];

        mp_commit_markdown(out, commit->id, commit->subject, commit->author);
    }
    if (n > commits->len)
        g_string_append_printf(out, "- %s\n", texts->and_more);
}

char *
mp_files_text(const MpNoticeTexts *texts, const char *count, guint64 n_added, guint64 n_removed)
{
    g_autofree char *added = g_strdup_printf("%" G_GUINT64_FORMAT, n_added);
    g_autofree char *removed = g_strdup_printf("%" G_GUINT64_FORMAT, n_removed);

    return mp_text_fill(texts->files, "{count}", count, "{added}", added, "{removed}", removed,
                        NULL);
}

static void
add_file_counts(GString *out, const MpRefPush *push, const MpNoticeTexts *texts)
{
    g_autofree char *count = mp_count_text(push->n_files, push->has_more_files);
    g_autofree char *line = mp_files_text(texts, count, push->n_lines_added, push->n_lines_removed);
    g_autofree char *others = mp_count_text(push->n_uncounted, false);
    g_autofree char *uncounted = mp_text_fill(texts->push_uncounted, "{count}", others, NULL);

    g_string_append_printf(out, "\n%s%s%s\n\n", line, push->n_uncounted > 0 ? " " : "",
                           push->n_uncounted > 0 ? uncounted : "");
}

static void
add_files(GString *out, const MpRefPush *push, const MpNoticeTexts *texts)
{
    if (push->n_files == 0) {
        if (push->has_more_files)
            g_string_append_printf(out, "\n%s\n", texts->push_unread);
        return;
    }
    add_file_counts(out, push, texts);
    for (guint i = 0; i < push->files->len; i++) {
        g_autofree char *file = mp_markdown_quote(push->files->pdata[i]);

        g_string_append_printf(out, "- %s\n", file);
    }
    if (push->n_files > push->files->len || push->has_more_files)
        g_string_append_printf(out, "- %s\n", texts->and_more);
}

/* Who made a tag, and what they wrote of it, as a quote. */
static void
add_message(GString *out, const MpRefPush *push, const MpNoticeTexts *texts)
{
    g_auto(GStrv) lines = push->message != NULL ? g_strsplit(push->message, "\n", -1) : NULL;

    if (push->tagger != NULL) {
        g_autofree char *quoted = mp_markdown_quote(push->tagger);
        g_autofree char *line = mp_text_fill(texts->tagged_by, "{author}", quoted, NULL);

        g_string_append_printf(out, "\n%s\n", line);
    }
    if (lines != NULL)
        g_string_append_c(out, '\n');
    for (char **line = lines; line != NULL && *line != NULL; line++) {
        g_autofree char *quoted = mp_markdown_quote(*line);

        if (**line != '\0' || line[1] != NULL)
            g_string_append_printf(out, "> %s  \n", quoted);
    }
}

char *
mp_push_markdown(const MpRefPush *push, const MpNoticeTexts *texts)
{
    GString *out = g_string_new(NULL);

    add_sentence(out, push, texts);
    add_message(out, push, texts);
    if (push->n_removed > 0) {
        add_count(out, push->after != NULL ? texts->push_removed : texts->push_lost,
                  push->n_removed, push->is_unsure);
        add_commits(out, push->removed, push->n_removed, texts);
    }
    if (push->n_added > 0) {
        add_count(out, texts->push_added, push->n_added, push->is_unsure);
        add_commits(out, push->added, push->n_added, texts);
    }
    add_files(out, push, texts);
    if (push->n_others > 0)
        add_count(out, texts->push_others, push->n_others, false);
    return g_string_free(out, FALSE);
}
