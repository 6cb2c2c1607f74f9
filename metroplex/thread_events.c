/* The events of a thread, its labels and assignees, as JSON: for thread show, list and export. */
#include "thread.h"

#include "cli/json.h"

GPtrArray *
thread_read_events(MpInstance *instance, guint64 id, GError **error)
{
    g_autoptr(GPtrArray) events =
        g_ptr_array_new_with_free_func((GDestroyNotify)mp_thread_event_free);
    guint64 last;

    if (!mp_tracker_last_event(instance->tracker, id, &last, error))
        return NULL;
    for (guint64 number = 1; number <= last; number++) {
        MpThreadEvent *event;

        if (!mp_tracker_event(instance->tracker, id, number, &event, error))
            return NULL;
        if (event != NULL)
            g_ptr_array_add(events, event);
    }
    return g_steal_pointer(&events);
}

void
thread_json_assignees(JsonObject *object, const GPtrArray *assignees)
{
    JsonArray *array = mp_json_array(object, "assignees");

    for (guint i = 0; assignees != NULL && i < assignees->len; i++)
        json_array_add_string_element(array, ((MpAssignee *)assignees->pdata[i])->login);
}

static void
json_commits(JsonObject *object, const char *name, const GPtrArray *commits)
{
    JsonArray *array = mp_json_array(object, name);

    for (guint i = 0; i < commits->len; i++) {
        const MpPushCommit *commit = commits->pdata[i];
        JsonObject *element = json_object_new();

        mp_json_text(element, "id", commit->id);
        mp_json_text(element, "author", commit->author);
        mp_json_text(element, "subject", commit->subject);
        json_array_add_object_element(array, element);
    }
}

static void
thread_json_push(JsonObject *parent, const MpRefPush *push)
{
    JsonObject *object = json_object_new();

    mp_json_text(object, "ref", push->ref);
    mp_json_text(object, "deed", mp_push_deed_name(mp_push_deed(push)));
    mp_json_text(object, "before", push->before);
    mp_json_text(object, "after", push->after);
    mp_json_number(object, "n-added", push->n_added);
    mp_json_number(object, "n-removed", push->n_removed);
    mp_json_flag(object, "unsure", push->is_unsure);
    json_commits(object, "added", push->added);
    json_commits(object, "removed", push->removed);
    mp_json_number(object, "n-files", push->n_files);
    mp_json_number(object, "lines-added", push->n_lines_added);
    mp_json_number(object, "lines-removed", push->n_lines_removed);
    mp_json_number(object, "uncounted", push->n_uncounted);
    mp_json_flag(object, "more-files", push->has_more_files);
    mp_json_texts(object, "files", push->files);
    mp_json_text(object, "message", push->message);
    mp_json_text(object, "tagger", push->tagger);
    mp_json_number(object, "others", push->n_others);
    json_object_set_object_member(parent, "push", object);
}

void
thread_json_commits(JsonObject *object, const GPtrArray *commits)
{
    JsonArray *array = mp_json_array(object, "commits");

    for (guint i = 0; i < commits->len; i++) {
        const MpChangedCommit *commit = commits->pdata[i];
        JsonObject *element = json_object_new();

        mp_json_text(element, "id", commit->id);
        mp_json_text(element, "author", commit->author);
        mp_json_date(element, "date", commit->date);
        mp_json_text(element, "subject", commit->subject);
        if (commit->thread != 0)
            mp_json_number(element, "thread", commit->thread);
        json_array_add_object_element(array, element);
    }
}

/* What happened in Git. */
static void
add_git(JsonObject *object, const MpThreadEvent *event)
{
    if (event->from != NULL)
        mp_json_text(object, "from", event->from);
    if (event->to != NULL)
        mp_json_text(object, "to", event->to);
    if (event->change == MP_THREAD_HEAD_PUSHED) {
        mp_json_number(object, "added", event->n_added);
        mp_json_number(object, "removed", event->n_removed);
    }
    if (event->source != NULL)
        mp_json_text(object, "source", event->source);
    if (event->commits != NULL)
        thread_json_commits(object, event->commits);
}

void
thread_json_events(JsonObject *object, const GPtrArray *events)
{
    JsonArray *array = mp_json_array(object, "events");

    for (guint i = 0; i < events->len; i++) {
        const MpThreadEvent *event = events->pdata[i];
        JsonObject *element = json_object_new();

        mp_json_number(element, "number", event->number);
        mp_json_text(element, "change", mp_thread_change_name(event->change));
        mp_json_text(element, "author", event->author_login);
        mp_json_date(element, "date", event->date);
        mp_json_text(element, "via", event->via);
        mp_json_text(element, "key", event->key);
        mp_json_number(element, "comment", event->comment);
        if (event->title != NULL) {
            mp_json_text(element, "was", event->was);
            mp_json_text(element, "title", event->title);
        }
        if (event->push != NULL)
            thread_json_push(element, event->push);
        if (event->labels != NULL)
            mp_json_texts(element, "labels", event->labels);
        if (event->assignees != NULL)
            thread_json_assignees(element, event->assignees);
        add_git(element, event);
        json_array_add_object_element(array, element);
    }
}
