/* Pushes, and their record; see push.h. */
#include "tracker/push.h"

#include <string.h>

#include "base/names.h"
#include "tracker/records.h"

static const char *const deed_names[] = {"created", "updated", "rewound", "deleted"};

const char *
mp_push_deed_name(MpPushDeed deed)
{
    return deed_names[deed];
}

static void
free_commit(gpointer data)
{
    MpPushCommit *commit = data;

    g_free(commit->id);
    g_free(commit->author);
    g_free(commit->subject);
    g_free(commit);
}

MpRefPush *
mp_push_new(const char *ref)
{
    MpRefPush *push = g_new0(MpRefPush, 1);

    push->ref = g_strdup(ref);
    push->added = g_ptr_array_new_with_free_func(free_commit);
    push->removed = g_ptr_array_new_with_free_func(free_commit);
    push->files = g_ptr_array_new_with_free_func(g_free);
    return push;
}

void
mp_push_free(MpRefPush *push)
{
    if (push == NULL)
        return;
    g_free(push->ref);
    g_free(push->before);
    g_free(push->after);
    g_free(push->message);
    g_free(push->tagger);
    g_ptr_array_unref(push->added);
    g_ptr_array_unref(push->removed);
    g_ptr_array_unref(push->files);
    g_free(push);
}

void
mp_push_add_commit(GPtrArray *commits, const char *id, const char *author, const char *subject)
{
    MpPushCommit *commit = g_new0(MpPushCommit, 1);

    commit->id = g_strdup(id);
    commit->author = g_strdup(author);
    commit->subject = g_strdup(subject);
    g_ptr_array_add(commits, commit);
}

const char *
mp_push_short_ref(const MpRefPush *push)
{
    const char *slash = strchr(push->ref, '/');

    slash = slash != NULL ? strchr(slash + 1, '/') : NULL;
    return slash != NULL ? slash + 1 : push->ref;
}

bool
mp_push_is_of_tag(const MpRefPush *push)
{
    return g_str_has_prefix(push->ref, "refs/tags/");
}

char *
mp_push_short_id(const char *id)
{
    return g_strdup_printf("%.12s", id != NULL ? id : "-");
}

/* A tag that moved has left its commit, wherever it went. */
MpPushDeed
mp_push_deed(const MpRefPush *push)
{
    if (push->before == NULL)
        return MP_PUSH_CREATED;
    if (push->after == NULL)
        return MP_PUSH_DELETED;
    return push->n_removed > 0 || mp_push_is_of_tag(push) ? MP_PUSH_REWOUND : MP_PUSH_UPDATED;
}

/* --- The record ----------------------------------------------------------------------------- */

/* ID=AUTHOR;SUBJECT; */
static void
read_commits(MpRecordReader *r, const char *group, GPtrArray *commits)
{
    r->group = group;
    g_auto(GStrv) ids = mp_record_keys(r);
    for (char **id = ids; *id != NULL; id++) {
        g_auto(GStrv) said = mp_record_list(r, *id);

        if (!mp_is_object_id(*id) || said == NULL || g_strv_length(said) != 2)
            mp_record_blame(r, *id, "not of the form ID=AUTHOR;SUBJECT;");
        else
            mp_push_add_commit(commits, *id, said[0], said[1]);
    }
}

static void
read_files(MpRecordReader *r, MpRefPush *push)
{
    g_auto(GStrv) files = mp_record_list(r, "files");

    for (char **file = files; file != NULL && *file != NULL; file++)
        g_ptr_array_add(push->files, g_strdup(*file));
}

static guint64
read_count(MpRecordReader *r, const char *key)
{
    return mp_record_has(r, key) ? mp_record_number(r, key, 0, G_MAXUINT32) : 0;
}

MpRefPush *
mp_record_push(MpRecordReader *r)
{
    const char *group = r->group;

    if (!mp_record_has_group(r, "push"))
        return NULL;
    r->group = "push";
    g_autofree char *ref = mp_record_string(r, "ref");
    MpRefPush *push = mp_push_new(ref);
    push->before = mp_record_optional(r, "before");
    push->after = mp_record_optional(r, "after");
    push->n_added = read_count(r, "added");
    push->n_removed = read_count(r, "removed");
    push->is_unsure = mp_record_boolean(r, "unsure");
    push->message = mp_record_optional(r, "message");
    push->tagger = mp_record_optional(r, "tagger");
    push->n_files = read_count(r, "n-files");
    push->n_lines_added = read_count(r, "lines-added");
    push->n_lines_removed = read_count(r, "lines-removed");
    push->n_uncounted = read_count(r, "uncounted");
    push->has_more_files = mp_record_boolean(r, "more-files");
    push->n_others = read_count(r, "others");
    read_files(r, push);
    if ((push->before == NULL && push->after == NULL) ||
        (push->before != NULL && !mp_is_object_id(push->before)) ||
        (push->after != NULL && !mp_is_object_id(push->after)))
        mp_record_blame(r, "after", "without the ids of commits in before= or after=");
    read_commits(r, "commits", push->added);
    read_commits(r, "commits-removed", push->removed);
    r->group = group;
    return push;
}

static void
set_count(MpRecordWriter *file, const char *key, guint64 count)
{
    if (count > 0)
        mp_record_set_number(file, "push", key, count);
}

static void
set_flag(MpRecordWriter *file, const char *key, bool is_set)
{
    if (is_set)
        mp_record_set_string(file, "push", key, "true");
}

static void
set_commits(MpRecordWriter *file, const char *group, const GPtrArray *commits)
{
    for (guint i = 0; i < commits->len; i++) {
        const MpPushCommit *commit = g_ptr_array_index(commits, i);
        const char *said[] = {commit->author, commit->subject};

        mp_record_set_list(file, group, commit->id, said, 2);
    }
}

void
mp_record_set_push(MpRecordWriter *file, const MpRefPush *push)
{
    if (push == NULL)
        return;
    mp_record_set_string(file, "push", "ref", push->ref);
    mp_record_set_optional(file, "push", "before", push->before);
    mp_record_set_optional(file, "push", "after", push->after);
    set_count(file, "added", push->n_added);
    set_count(file, "removed", push->n_removed);
    set_flag(file, "unsure", push->is_unsure);
    mp_record_set_optional(file, "push", "message", push->message);
    mp_record_set_optional(file, "push", "tagger", push->tagger);
    set_count(file, "n-files", push->n_files);
    set_count(file, "lines-added", push->n_lines_added);
    set_count(file, "lines-removed", push->n_lines_removed);
    set_count(file, "uncounted", push->n_uncounted);
    set_flag(file, "more-files", push->has_more_files);
    set_count(file, "others", push->n_others);
    if (push->files->len > 0)
        mp_record_set_list(file, "push", "files", (const char *const *)push->files->pdata,
                           push->files->len);
    set_commits(file, "commits", push->added);
    set_commits(file, "commits-removed", push->removed);
}

/* Some text for each star: if that makes a ref, the pattern has refs to match. */
static bool
is_ref_below(const char *pattern, const char *directory)
{
    g_autoptr(GString) name = g_string_new(pattern + strlen(directory));

    g_string_replace(name, "*", "x", 0);
    for (char *p = name->str; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && strchr("./-", *p) == NULL)
            *p = 'x'; /* Git allows more than mp_is_revision() */
    return mp_is_branch(name->str);
}

/* Without its stars' help it says where the ref is, or it leaves that to the first of them. */
static bool
matches_below(const char *pattern, const char *directory)
{
    gsize fixed = strcspn(pattern, "*");

    if (g_str_has_prefix(pattern, directory))
        return is_ref_below(pattern, directory);
    return pattern[fixed] == '*' && fixed <= strlen(directory) &&
           strncmp(pattern, directory, fixed) == 0;
}

bool
mp_is_ref_pattern(const char *pattern)
{
    return matches_below(pattern, "refs/heads/") || matches_below(pattern, "refs/tags/");
}

char *
mp_find_stray_pattern(const char *patterns)
{
    g_auto(GStrv) all = g_strsplit(patterns, " ", -1);

    for (char **pattern = all; *pattern != NULL; pattern++)
        if (**pattern != '\0' && !mp_is_ref_pattern(*pattern))
            return g_strdup(*pattern);
    return NULL;
}
