/* The record of an event of a thread, and of the labels and assignees that threads have as well. */
#include <string.h>

#include "tracker/record_file.h"
#include "tracker/records.h"

#define ASSIGNEES "assignees" /* the group of them: a key for each, its value the login */

GPtrArray *
mp_record_labels(MpRecordReader *r, const char *key)
{
    g_auto(GStrv) texts = mp_record_list(r, key);
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);

    for (char **text = texts; text != NULL && *text != NULL; text++) {
        if (!mp_is_label(*text))
            mp_record_blame(r, key, "not a list of labels");
        g_ptr_array_add(labels, g_strdup(*text));
    }
    return labels->len > 0 ? g_steal_pointer(&labels) : NULL;
}

void
mp_record_set_labels(MpRecordWriter *file, const char *group, const char *key,
                     const GPtrArray *labels)
{
    if (labels != NULL && labels->len > 0)
        mp_record_set_list(file, group, key, (const char *const *)labels->pdata, labels->len);
}

GPtrArray *
mp_record_assignees(MpRecordReader *r)
{
    g_autoptr(GPtrArray) assignees = mp_assignees_new();
    const char *group = r->group;

    r->group = ASSIGNEES;
    g_auto(GStrv) keys = mp_record_keys(r);
    for (char **key = keys; *key != NULL; key++) {
        g_autofree char *login = mp_record_string(r, *key);
        guint64 id;

        if (!g_ascii_string_to_unsigned(*key, 10, 1, MP_MAX_ID, &id, NULL))
            mp_record_blame(r, *key, "not the id of an account");
        else if (login != NULL && !mp_is_login(login))
            mp_record_blame(r, *key, "not a login");
        else if (login != NULL)
            mp_assignees_add(assignees, id, login);
    }
    r->group = group;
    return assignees->len > 0 ? g_steal_pointer(&assignees) : NULL;
}

void
mp_record_set_assignees(MpRecordWriter *file, const GPtrArray *assignees)
{
    for (guint i = 0; assignees != NULL && i < assignees->len; i++) {
        const MpAssignee *assignee = assignees->pdata[i];
        g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, assignee->id);

        mp_record_set_string(file, ASSIGNEES, key, assignee->login);
    }
}

/* Nobody but Git may be nobody. */
static void
check_git(MpRecordReader *r, const MpThreadEvent *event)
{
    bool has_commit = event->commits != NULL && event->source != NULL;

    if (event->author == 0 && event->push == NULL && g_strcmp0(event->via, MP_VIA_GIT) != 0)
        mp_record_blame(r, "author", "0 is for what happened in Git");
    if (event->change == MP_THREAD_HEAD_PUSHED && (event->from == NULL || event->to == NULL))
        mp_record_blame(r, "from", "without from= and to= nothing was pushed");
    if (event->change == MP_THREAD_MERGED && event->to == NULL)
        mp_record_blame(r, "to", "missing: where it was merged");
    if (event->change == MP_THREAD_REFERENCED && !has_commit)
        mp_record_blame(r, "source", "without it and a commit nothing is named");
    if (event->source != NULL && !mp_is_repository_name(event->source))
        mp_record_blame(r, "source", "not of the form owner/name");
}

static void
read_git(MpRecordReader *r, MpThreadEvent *event)
{
    event->from = mp_record_object_id(r, "from");
    event->to = mp_record_object_id(r, "to");
    event->source = mp_record_optional(r, "source");
    if (mp_record_has(r, "added"))
        event->n_added = mp_record_number(r, "added", 0, G_MAXUINT32);
    if (mp_record_has(r, "removed"))
        event->n_removed = mp_record_number(r, "removed", 0, G_MAXUINT32);
    event->commits = mp_record_commits(r);
    if (event->commits->len == 0)
        g_clear_pointer(&event->commits, g_ptr_array_unref);
}

static void
set_git(MpRecordWriter *file, const char *g, const MpThreadEvent *event)
{
    mp_record_set_optional(file, g, "from", event->from);
    mp_record_set_optional(file, g, "to", event->to);
    mp_record_set_optional(file, g, "source", event->source);
    if (event->change == MP_THREAD_HEAD_PUSHED) {
        mp_record_set_number(file, g, "added", event->n_added);
        mp_record_set_number(file, g, "removed", event->n_removed);
    }
}

/* What the change needs and lacks. */
static void
check_event(MpRecordReader *r, const MpThreadEvent *event)
{
    bool has_labels = event->change == MP_THREAD_LABELED || event->change == MP_THREAD_UNLABELED;
    bool has_assignees =
        event->change == MP_THREAD_ASSIGNED || event->change == MP_THREAD_UNASSIGNED;

    if (event->change == MP_THREAD_RENAMED && (event->was == NULL || event->title == NULL))
        mp_record_blame(r, "title", "without was= and title= it renames nothing");
    if (has_labels != (event->labels != NULL))
        mp_record_blame(r, "labels", "missing, or of a change that has none");
    check_git(r, event);
    if (has_assignees != (event->assignees != NULL))
        mp_record_blame(r, "change", "assignees are missing, or it has none");
    if ((event->change == MP_THREAD_PUSHED) != (event->push != NULL))
        mp_record_blame(r, "change", "the group [push] is missing, or it has none");
}

MpThreadEvent *
mp_record_parse_event(const char *text, const char *path, guint64 number, GError **error)
{
    g_autoptr(MpThreadEvent) event = g_new0(MpThreadEvent, 1);
    MpRecordReader r;

    mp_record_begin(&r, text, path, "event");
    g_autofree char *change = mp_record_string(&r, "change");
    event->number = number;
    event->comment = mp_record_number(&r, "comment", 0, G_MAXUINT32);
    event->author = mp_record_number(&r, "author", 0, MP_MAX_ID);
    event->author_login = mp_record_string(&r, "login");
    event->date = mp_record_date(&r, "date");
    event->via = mp_record_string(&r, "via");
    event->host = mp_record_optional(&r, "host");
    event->key = mp_record_string(&r, "key");
    event->was = mp_record_optional(&r, "was");
    event->title = mp_record_optional(&r, "title");
    event->labels = mp_record_labels(&r, "labels");
    event->assignees = mp_record_assignees(&r);
    event->push = mp_record_push(&r);
    read_git(&r, event);
    if (change != NULL && !mp_thread_change_parse(change, &event->change))
        mp_record_blame(&r, "change", "not a change of a thread");
    check_event(&r, event);
    return mp_record_end(&r, error) ? g_steal_pointer(&event) : NULL;
}

char *
mp_record_event(const MpThreadEvent *event)
{
    g_autoptr(MpRecordWriter) file = mp_record_writer_new();
    const char *g = "event";

    mp_record_set_string(file, g, "change", mp_thread_change_name(event->change));
    mp_record_set_number(file, g, "comment", event->comment);
    mp_record_set_number(file, g, "author", event->author);
    mp_record_set_string(file, g, "login", event->author_login);
    mp_record_set_date(file, g, "date", event->date);
    mp_record_set_string(file, g, "via", event->via);
    mp_record_set_optional(file, g, "host", event->host);
    mp_record_set_string(file, g, "key", event->key);
    mp_record_set_optional(file, g, "was", event->was);
    mp_record_set_optional(file, g, "title", event->title);
    mp_record_set_labels(file, g, "labels", event->labels);
    set_git(file, g, event);
    mp_record_set_assignees(file, event->assignees);
    mp_record_set_push(file, event->push);
    mp_record_set_commits(file, event->commits);
    return mp_record_writer_text(file);
}
