/* What a pull request would change, in the tree: the files `changes` and `changes.diff` of its
 * thread; see changes.h. */
#include "tracker/changes.h"

#include <string.h>

#include "base/error.h"
#include "tracker/internal.h"
#include "tracker/pulls_file.h"
#include "tracker/records.h"

#define DATES_MAX G_GINT64_CONSTANT(253402300799) /* the end of the year 9999 */

bool
mp_is_object_id(const char *id)
{
    return strlen(id) == 40 && strspn(id, "0123456789abcdef") == 40;
}

/* --- In memory -----------------------------------------------------------------------------------
 */

static void
free_commit(gpointer data)
{
    MpChangedCommit *commit = data;

    g_free(commit->id);
    g_free(commit->author);
    g_free(commit->subject);
    g_free(commit->body);
    g_free(commit);
}

static void
free_file(gpointer data)
{
    MpChangedFile *file = data;

    g_free(file->kind);
    g_free(file->path);
    g_free(file->old_path);
    g_free(file);
}

GPtrArray *
mp_changed_commits_new(void)
{
    return g_ptr_array_new_with_free_func(free_commit);
}

void
mp_changed_commits_add(GPtrArray *commits, const MpChangedCommit *commit)
{
    MpChangedCommit *copy = g_new0(MpChangedCommit, 1);

    copy->id = g_strdup(commit->id);
    copy->author = g_strdup(commit->author);
    copy->subject = g_strdup(commit->subject);
    copy->body = commit->body != NULL && *commit->body != '\0' ? g_strdup(commit->body) : NULL;
    copy->date = CLAMP(commit->date, 0, DATES_MAX);
    g_ptr_array_add(commits, copy);
}

void
mp_changed_files_add(GPtrArray *files, const MpChangedFile *file)
{
    MpChangedFile *copy = g_memdup2(file, sizeof *file);

    copy->kind = g_strdup(file->kind);
    copy->path = g_strdup(file->path);
    copy->old_path = g_strdup(file->old_path);
    g_ptr_array_add(files, copy);
}

MpChanges *
mp_changes_new(void)
{
    MpChanges *changes = g_new0(MpChanges, 1);

    changes->commits = mp_changed_commits_new();
    changes->files = g_ptr_array_new_with_free_func(free_file);
    return changes;
}

void
mp_changes_free(MpChanges *changes)
{
    if (changes == NULL)
        return;
    g_free(changes->from);
    g_free(changes->to);
    g_ptr_array_unref(changes->commits);
    g_ptr_array_unref(changes->files);
    g_free(changes->diff);
    g_free(changes);
}

/* --- Records: a key for each, 1 and up, whose value is a list ------------------------------------
 */

#define COMMITS "commits" /* groups */
#define FILES   "files"
#define BODIES  "bodies" /* by the numbers of the commits */

/* The next element of the group, of `n` parts; NULL behind the last. */
static GStrv
next_list(MpRecordReader *r, guint number, guint n)
{
    g_autofree char *key = g_strdup_printf("%u", number);
    GStrv list = mp_record_list(r, key);

    if (list == NULL || g_strv_length(list) == n)
        return list;
    mp_record_blame(r, key, "has another number of parts");
    g_strfreev(list);
    return NULL;
}

static bool
read_count(const char *text, guint64 most, guint64 *number)
{
    return g_ascii_string_to_unsigned(text, 10, 0, most, number, NULL);
}

GPtrArray *
mp_record_commits(MpRecordReader *r)
{
    g_autoptr(GPtrArray) commits = mp_changed_commits_new();
    const char *group = r->group;

    r->group = COMMITS;
    for (guint number = 1;; number++) {
        g_auto(GStrv) part = next_list(r, number, 4);
        guint64 date;

        if (part == NULL)
            break;
        if (!mp_is_object_id(part[0]) || !read_count(part[1], DATES_MAX, &date)) {
            g_autofree char *key = g_strdup_printf("%u", number);
            mp_record_blame(r, key, "not of the form ID;SECONDS;AUTHOR;SUBJECT;");
            break;
        }
        const MpChangedCommit commit = {
            .id = part[0], .author = part[2], .subject = part[3], .date = (gint64)date};
        mp_changed_commits_add(commits, &commit);
    }
    r->group = group;
    return g_steal_pointer(&commits);
}

void
mp_record_set_commits(MpRecordWriter *file, const GPtrArray *commits)
{
    for (guint i = 0; commits != NULL && i < commits->len; i++) {
        const MpChangedCommit *commit = commits->pdata[i];
        g_autofree char *key = g_strdup_printf("%u", i + 1);
        g_autofree char *date = g_strdup_printf("%" G_GINT64_FORMAT, commit->date);
        const char *const part[] = {commit->id, date, commit->author, commit->subject};

        mp_record_set_list(file, COMMITS, key, part, G_N_ELEMENTS(part));
    }
}

static void
read_bodies(MpRecordReader *r, const GPtrArray *commits)
{
    const char *group = r->group;

    r->group = BODIES;
    for (guint i = 0; i < commits->len; i++) {
        MpChangedCommit *commit = commits->pdata[i];
        g_autofree char *key = g_strdup_printf("%u", i + 1);

        commit->body = mp_record_optional(r, key);
    }
    r->group = group;
}

static void
set_bodies(MpRecordWriter *file, const GPtrArray *commits)
{
    for (guint i = 0; i < commits->len; i++) {
        const MpChangedCommit *commit = commits->pdata[i];
        g_autofree char *key = g_strdup_printf("%u", i + 1);

        if (commit->body != NULL)
            mp_record_set_string(file, BODIES, key, commit->body);
    }
}

/* "-" for a number stands for what could not be counted. */
static bool
read_file(GStrv part, MpChangedFile *file)
{
    file->kind = part[0];
    file->path = part[3];
    file->old_path = *part[4] != '\0' ? part[4] : NULL;
    file->is_binary = strcmp(part[1], "-") == 0;
    return file->is_binary || (read_count(part[1], G_MAXUINT32, &file->n_added) &&
                               read_count(part[2], G_MAXUINT32, &file->n_removed));
}

static void
read_files(MpRecordReader *r, GPtrArray *files)
{
    const char *group = r->group;

    r->group = FILES;
    for (guint number = 1;; number++) {
        g_auto(GStrv) part = next_list(r, number, 5);
        MpChangedFile file = {NULL};

        if (part == NULL)
            break;
        if (!read_file(part, &file)) {
            g_autofree char *key = g_strdup_printf("%u", number);
            mp_record_blame(r, key, "not of the form KIND;ADDED;REMOVED;PATH;OLD-PATH;");
            break;
        }
        mp_changed_files_add(files, &file);
    }
    r->group = group;
}

static void
set_files(MpRecordWriter *keys, const GPtrArray *files)
{
    for (guint i = 0; i < files->len; i++) {
        const MpChangedFile *file = files->pdata[i];
        g_autofree char *key = g_strdup_printf("%u", i + 1);
        g_autofree char *added =
            file->is_binary ? g_strdup("-") : g_strdup_printf("%" G_GUINT64_FORMAT, file->n_added);
        g_autofree char *removed = file->is_binary
                                       ? g_strdup("-")
                                       : g_strdup_printf("%" G_GUINT64_FORMAT, file->n_removed);
        const char *const part[] = {file->kind, added, removed, file->path,
                                    file->old_path != NULL ? file->old_path : ""};

        mp_record_set_list(keys, FILES, key, part, G_N_ELEMENTS(part));
    }
}

char *
mp_record_object_id(MpRecordReader *r, const char *key)
{
    char *id = mp_record_optional(r, key);

    if (id != NULL && !mp_is_object_id(id))
        mp_record_blame(r, key, "not 40 hexadecimal digits");
    return id;
}

MpChanges *
mp_record_parse_changes(const char *text, const char *path, GError **error)
{
    g_autoptr(MpChanges) changes = mp_changes_new();
    MpRecordReader r;

    mp_record_begin(&r, text, path, "changes");
    changes->from = mp_record_object_id(&r, "from");
    changes->to = mp_record_object_id(&r, "to");
    if (changes->to == NULL)
        mp_record_blame(&r, "to", "missing");
    changes->n_commits = mp_record_number(&r, "commits", 0, G_MAXUINT32);
    changes->n_added = mp_record_number(&r, "added", 0, G_MAXINT64);
    changes->n_removed = mp_record_number(&r, "removed", 0, G_MAXINT64);
    changes->has_more = mp_record_boolean(&r, "more-files");
    changes->is_cut = mp_record_boolean(&r, "diff-cut");
    g_ptr_array_unref(changes->commits);
    changes->commits = mp_record_commits(&r);
    changes->are_bodies_cut = mp_record_boolean(&r, "bodies-cut");
    read_bodies(&r, changes->commits);
    read_files(&r, changes->files);
    return mp_record_end(&r, error) ? g_steal_pointer(&changes) : NULL;
}

char *
mp_record_changes(const MpChanges *changes)
{
    g_autoptr(MpRecordWriter) file = mp_record_writer_new();
    const char *g = "changes";

    mp_record_set_optional(file, g, "from", changes->from);
    mp_record_set_string(file, g, "to", changes->to);
    mp_record_set_number(file, g, "commits", changes->n_commits);
    mp_record_set_number(file, g, "added", changes->n_added);
    mp_record_set_number(file, g, "removed", changes->n_removed);
    mp_record_set_string(file, g, "more-files", changes->has_more ? "true" : "false");
    mp_record_set_string(file, g, "diff-cut", changes->is_cut ? "true" : "false");
    if (changes->are_bodies_cut)
        mp_record_set_string(file, g, "bodies-cut", "true");
    mp_record_set_commits(file, changes->commits);
    set_bodies(file, changes->commits);
    set_files(file, changes->files);
    return mp_record_writer_text(file);
}

/* --- In the tree ---------------------------------------------------------------------------------
 */

bool
mp_tracker_changes(MpTracker *tracker, guint64 thread, MpChanges **changes, GError **error)
{
    MpTree *tree = mp_store_view(&tracker->store);
    g_autofree char *directory = mp_path_of_thread(thread);
    g_autofree char *path = g_strconcat(directory, "/changes", NULL);
    g_autofree char *of_diff = g_strconcat(directory, "/changes.diff", NULL);
    g_autofree char *text = NULL;
    char *diff;

    *changes = NULL;
    if (!mp_tree_read(tree, NULL, path, &text, NULL, error))
        return false;
    if (text == NULL)
        return true;
    *changes = mp_record_parse_changes(text, path, error);
    if (*changes == NULL)
        return false;
    if (!mp_tree_read(tree, NULL, of_diff, &diff, NULL, error)) {
        g_clear_pointer(changes, mp_changes_free);
        return false;
    }
    (*changes)->diff = diff != NULL ? diff : g_strdup("");
    return true;
}

bool
mp_changes_write(MpTree *tree, guint64 thread, const MpChanges *changes, GError **error)
{
    g_autofree char *directory = mp_path_of_thread(thread);
    g_autofree char *path = g_strconcat(directory, "/changes", NULL);
    g_autofree char *of_diff = g_strconcat(directory, "/changes.diff", NULL);
    g_autofree char *record = mp_record_changes(changes);

    return mp_tree_set_at(tree, path, record, strlen(record), error) &&
           mp_tree_set_at(tree, of_diff, changes->diff, strlen(changes->diff), error);
}
