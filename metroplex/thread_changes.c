/* What a pull request would change, as thread show has it: JSON for a program that draws it, and
 * lines for people. */
#include "thread.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/text.h"
#include "cli/output.h"

#define HEAD "diff --git " /* of each file: no line of a hunk begins so */

/* What of a diff is about the file whose turn it is, and the rest: the caller's; NULL where the
 * diff was cut before. */
static char *
next_patch(const char **diff)
{
    const char *begin = *diff, *end = strstr(begin, "\n" HEAD);

    if (!g_str_has_prefix(begin, HEAD))
        return NULL;
    *diff = end != NULL ? end + 1 : begin + strlen(begin);
    return g_strndup(begin, (gsize)(*diff - begin));
}

static void
add_files(JsonObject *object, const GPtrArray *files, const char *diff)
{
    JsonArray *array = mp_json_array(object, "files");

    for (guint i = 0; i < files->len; i++) {
        const MpChangedFile *file = files->pdata[i];
        g_autofree char *patch = next_patch(&diff);
        JsonObject *element = json_object_new();

        mp_json_text(element, "path", file->path);
        mp_json_text(element, "old_path", file->old_path);
        mp_json_text(element, "change", file->kind);
        mp_json_flag(element, "binary", file->is_binary);
        mp_json_number(element, "added", file->n_added);
        mp_json_number(element, "removed", file->n_removed);
        mp_json_text(element, "patch", patch);
        json_array_add_object_element(array, element);
    }
}

/* An event names commits without them. */
static void
add_bodies(JsonObject *object, const GPtrArray *commits)
{
    JsonArray *array = json_object_get_array_member(object, "commits");

    for (guint i = 0; i < commits->len; i++) {
        const MpChangedCommit *commit = commits->pdata[i];

        mp_json_text(json_array_get_object_element(array, i), "body",
                     commit->body != NULL ? commit->body : "");
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
    add_bodies(member, changes->commits);
    mp_json_flag(member, "bodies_cut", changes->are_bodies_cut);
    add_files(member, changes->files, changes->diff);
    mp_json_flag(member, "more_files", changes->has_more);
    mp_json_number(member, "added", changes->n_added);
    mp_json_number(member, "removed", changes->n_removed);
    mp_json_text(member, "diff", changes->diff);
    mp_json_flag(member, "diff_cut", changes->is_cut);
    json_object_set_object_member(object, "changes", member);
}

static void
print_commits(const GPtrArray *commits, guint64 all)
{
    for (guint i = 0; i < commits->len; i++) {
        const MpChangedCommit *commit = commits->pdata[i];
        g_autofree char *subject = mp_escape(commit->subject), *author = mp_escape(commit->author);

        printf("  %.12s %s (%s)", commit->id, subject, author);
        if (commit->thread != 0)
            printf(" #%" G_GUINT64_FORMAT, commit->thread);
        printf("\n");
    }
    if (all > commits->len)
        printf("  and %" G_GUINT64_FORMAT " more\n", all - commits->len);
}

/* The commit that a ref led away from, and that it leads to. */
static void
print_push(const MpRefPush *push)
{
    g_autofree char *before = mp_push_short_id(push->before);
    g_autofree char *after = mp_push_short_id(push->after);
    bool has_both = push->before != NULL && push->after != NULL;

    printf("  %s%s%s\n", push->before != NULL ? before : "", has_both ? " -> " : "",
           push->after != NULL ? after : "");
    if (push->message != NULL)
        mp_print_text(push->message);
}

void
thread_print_git(const MpThreadEvent *event)
{
    if (event->push != NULL)
        print_push(event->push);
    if (event->commits != NULL)
        print_commits(event->commits, event->n_added);
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
    print_commits(changes->commits, changes->n_commits);
    for (guint i = 0; i < changes->files->len; i++) {
        const MpChangedFile *file = changes->files->pdata[i];
        g_autofree char *path = mp_escape_again(file->path), *kind = mp_escape(file->kind);

        printf("  %s: %s, +%" G_GUINT64_FORMAT " -%" G_GUINT64_FORMAT "\n", path, kind,
               file->n_added, file->n_removed);
    }
}

/* --- The threads of its commits -----------------------------------------------------------------
 */

bool
thread_find_commits(MpInstance *instance, const MpThread *thread, const GPtrArray *events,
                    const MpChanges *changes, GError **error)
{
    for (guint i = 0; i < events->len; i++) {
        const MpThreadEvent *event = events->pdata[i];

        if (event->change == MP_THREAD_HEAD_PUSHED &&
            !mp_tracker_commit_threads(instance->tracker, thread->repository, event->commits,
                                       G_MAXINT64, error))
            return false;
    }
    return changes == NULL || mp_tracker_commit_threads(instance->tracker, thread->repository,
                                                        changes->commits, G_MAXINT64, error);
}

/* --- Where its branches are, and how it ended ---------------------------------------------------
 */

/* The last event that says where the head is. */
static const char *
find_head(const GPtrArray *events)
{
    for (guint i = events->len; i > 0; i--) {
        const MpThreadEvent *event = events->pdata[i - 1];

        if (event->change == MP_THREAD_HEAD_PUSHED)
            return event->to;
        if (event->change == MP_THREAD_MERGED || event->change == MP_THREAD_HEAD_DELETED)
            return event->from;
    }
    return NULL;
}

static const MpThreadEvent *
find_last(const GPtrArray *events, bool (*is_wanted)(MpThreadChange change))
{
    for (guint i = events->len; i > 0; i--) {
        const MpThreadEvent *event = events->pdata[i - 1];

        if (is_wanted(event->change))
            return event;
    }
    return NULL;
}

static bool
is_merge(MpThreadChange change)
{
    return change == MP_THREAD_MERGED;
}

static bool
is_end(MpThreadChange change)
{
    return change == MP_THREAD_CLOSED || change == MP_THREAD_MERGED ||
           change == MP_THREAD_HEAD_DELETED;
}

void
thread_json_branches(JsonObject *object, const MpPullTold *told, const GPtrArray *events,
                     const MpChanges *changes)
{
    const MpThreadEvent *merge = find_last(events, is_merge);
    const char *head = told != NULL ? told->head_id : find_head(events);
    const char *base = told != NULL ? told->base_id : merge != NULL ? merge->to : NULL;

    mp_json_text(object, "head_id", head != NULL || changes == NULL ? head : changes->to);
    mp_json_text(object, "base_id", base);
    mp_json_text(object, "merge_base", changes != NULL ? changes->from : NULL);
}

void
thread_json_end(JsonObject *object, const MpThread *thread, const GPtrArray *events)
{
    const MpThreadEvent *event = thread->is_open ? NULL : find_last(events, is_end);
    JsonObject *end;

    if (event == NULL) {
        json_object_set_null_member(object, "closed");
        return;
    }
    end = json_object_new();
    mp_json_text(end, "change", mp_thread_change_name(event->change));
    mp_json_text(end, "by", event->author_login);
    mp_json_date(end, "date", event->date);
    mp_json_text(end, "via", event->via);
    mp_json_number(end, "event", event->number);
    json_object_set_object_member(object, "closed", end);
}
