/* What a pull request would change, as thread show has it: JSON for a program that draws it, and
 * lines for people. */
#include "thread.h"

#include <stdio.h>

#include "base/escape.h"
#include "base/text.h"

static void
add_files(JsonObject *object, const GPtrArray *files)
{
    JsonArray *array = mp_json_array(object, "files");

    for (guint i = 0; i < files->len; i++) {
        const MpChangedFile *file = files->pdata[i];
        JsonObject *element = json_object_new();

        mp_json_text(element, "path", file->path);
        mp_json_text(element, "old_path", file->old_path);
        mp_json_text(element, "change", file->kind);
        mp_json_flag(element, "binary", file->is_binary);
        mp_json_number(element, "added", file->n_added);
        mp_json_number(element, "removed", file->n_removed);
        json_array_add_object_element(array, element);
    }
}

void
thread_json_changes(JsonObject *object, const MpChanges *changes)
{
    JsonObject *member;

    if (changes == NULL)
        return;
    member = json_object_new();
    mp_json_text(member, "from", changes->from);
    mp_json_text(member, "to", changes->to);
    mp_json_number(member, "n_commits", changes->n_commits);
    thread_json_commits(member, changes->commits);
    add_files(member, changes->files);
    mp_json_flag(member, "more_files", changes->has_more);
    mp_json_number(member, "added", changes->n_added);
    mp_json_number(member, "removed", changes->n_removed);
    mp_json_text(member, "diff", changes->diff);
    mp_json_flag(member, "diff_cut", changes->is_cut);
    json_object_set_object_member(object, "changes", member);
}

void
thread_print_changes(const MpChanges *changes)
{
    if (changes == NULL)
        return;
    printf("\n%" G_GUINT64_FORMAT " %s, %u%s %s, +%" G_GUINT64_FORMAT " -%" G_GUINT64_FORMAT "\n",
           changes->n_commits, mp_plural(changes->n_commits, "commit", "commits"),
           changes->files->len, changes->has_more ? "+" : "",
           mp_plural(changes->files->len, "file", "files"), changes->n_added, changes->n_removed);
    for (guint i = 0; i < changes->commits->len; i++) {
        const MpChangedCommit *commit = changes->commits->pdata[i];
        g_autofree char *subject = mp_escape(commit->subject), *author = mp_escape(commit->author);

        printf("  %.12s %s (%s)\n", commit->id, subject, author);
    }
    for (guint i = 0; i < changes->files->len; i++) {
        const MpChangedFile *file = changes->files->pdata[i];
        g_autofree char *path = mp_escape_again(file->path), *kind = mp_escape(file->kind);

        printf("  %s: %s, +%" G_GUINT64_FORMAT " -%" G_GUINT64_FORMAT "\n", path, kind,
               file->n_added, file->n_removed);
    }
}
