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
        if (event->labels != NULL)
            mp_json_texts(element, "labels", event->labels);
        if (event->assignees != NULL)
            thread_json_assignees(element, event->assignees);
        json_array_add_object_element(array, element);
    }
}
