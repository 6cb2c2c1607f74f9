/* The events of a thread in the tree: events/7, events/100-199/123; see thread_event.h. */
#include <string.h>

#include "base/error.h"
#include "tracker/internal.h"
#include "tracker/pulls_file.h"
#include "tracker/records.h"

/* --- Read ----------------------------------------------------------------------------------------
 */

static char *
path_of(guint64 thread, const char *below)
{
    g_autofree char *directory = mp_path_of_thread(thread);

    return g_strconcat(directory, "/", below, NULL);
}

/* As comments are, so that no directory grows. */
static char *
path_of_event(guint64 thread, guint64 number)
{
    g_autofree char *name = mp_path_of_comment(number);
    g_autofree char *below = g_strconcat("events/", name, NULL);

    return path_of(thread, below);
}

static bool
last_event(MpTree *tree, guint64 thread, guint64 *number, GError **error)
{
    g_autofree char *path = path_of(thread, "events");
    MpTreeNode *events;

    *number = 0;
    return mp_tree_directory(tree, NULL, path, &events, error) &&
           (events == NULL || mp_paths_last_comment(tree, events, number, error));
}

bool
mp_tracker_last_event(MpTracker *tracker, guint64 thread, guint64 *number, GError **error)
{
    return last_event(mp_store_view(&tracker->store), thread, number, error);
}

bool
mp_tracker_event(MpTracker *tracker, guint64 thread, guint64 number, MpThreadEvent **event,
                 GError **error)
{
    g_autofree char *path = path_of_event(thread, number);
    g_autofree char *text = NULL;

    *event = NULL;
    if (!mp_tree_read(mp_store_view(&tracker->store), NULL, path, &text, NULL, error))
        return false;
    *event = text != NULL ? mp_record_parse_event(text, path, number, error) : NULL;
    return text == NULL || *event != NULL;
}

bool
mp_tracker_event_of_key(MpTracker *tracker, guint64 thread, const char *key, MpThreadEvent **event,
                        GError **error)
{
    MpTree *tree = mp_store_view(&tracker->store);
    g_autofree char *path = path_of(thread, "received");
    MpTreeNode *received;
    guint64 number = 0;

    *event = NULL;
    if (!mp_tree_directory(tree, NULL, path, &received, error) ||
        (received != NULL && !mp_keys_find_event(tree, received, key, &number, error)))
        return false;
    return number == 0 || mp_tracker_event(tracker, thread, number, event, error);
}

bool
mp_tracker_first_event(MpTracker *tracker, guint64 thread, guint64 comment, guint64 *number,
                       GError **error)
{
    guint64 low = 1, high;

    if (!mp_tracker_last_event(tracker, thread, &high, error))
        return false;
    high++;
    while (low < high) {
        guint64 middle = low + (high - low) / 2;
        g_autoptr(MpThreadEvent) event = NULL;

        if (!mp_tracker_event(tracker, thread, middle, &event, error))
            return false;
        if (event != NULL && event->comment < comment)
            low = middle + 1;
        else
            high = middle;
    }
    *number = low;
    return true;
}

/* --- Write ---------------------------------------------------------------------------------------
 */

/* The number of the last comment. */
static bool
last_comment(MpBatch *batch, guint64 thread, guint64 *number, GError **error)
{
    g_autofree char *path = path_of(thread, "comments");
    MpTreeNode *comments;

    *number = 0;
    return mp_tree_directory(batch->chain.tree, NULL, path, &comments, error) &&
           (comments == NULL || mp_paths_last_comment(batch->chain.tree, comments, number, error));
}

static bool
write_event(MpBatch *batch, guint64 thread, const MpThreadEvent *event, GError **error)
{
    MpTree *tree = batch->chain.tree;
    g_autofree char *path = path_of_event(thread, event->number);
    g_autofree char *received = path_of(thread, "received");
    g_autofree char *record = mp_record_event(event);
    MpTreeNode *keys = mp_tree_make_directory(tree, NULL, received, error);

    return keys != NULL && mp_tree_set_at(tree, path, record, strlen(record), error) &&
           mp_keys_add_event(tree, keys, event->key, event->number, batch->tracker->store.host,
                             error);
}

static void
take_actor(MpThreadEvent *event, const MpActor *actor)
{
    event->author = actor->user;
    g_free(event->author_login);
    event->author_login = g_strdup(actor->login);
    event->date = actor->date;
}

bool
mp_batch_change(MpBatch *batch, guint64 id, MpThreadEvent *event, const MpActor *actor,
                bool *has_changed, GError **error)
{
    MpTree *tree = batch->chain.tree;
    g_autoptr(MpThread) thread = NULL;

    *has_changed = false;
    if (!mp_read_thread(tree, id, &thread, error))
        return false;
    if (thread == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "no such thread: %" G_GUINT64_FORMAT, id);
    *has_changed = mp_thread_apply(thread, event);
    if (!*has_changed)
        return true;
    g_autofree char *said = mp_thread_event_text(event);
    g_autofree char *what =
        g_strdup_printf("%s#%" G_GUINT64_FORMAT ": %s", thread->repository, id, said);
    take_actor(event, actor);
    if (!last_event(tree, id, &event->number, error) ||
        !last_comment(batch, id, &event->comment, error))
        return false;
    event->number++;
    return mp_batch_put_record(batch, thread, error) && mp_pulls_follow(tree, thread, error) &&
           write_event(batch, id, event, error) &&
           (event->change != MP_THREAD_ASSIGNED ||
            mp_batch_follow(batch, id, event->assignees, error)) &&
           mp_chain_commit(&batch->chain, what, actor, error);
}

bool
mp_batch_add_event(MpBatch *batch, guint64 thread, MpThreadEvent *event, const MpActor *actor,
                   GError **error)
{
    g_autofree char *said = mp_thread_event_text(event);
    g_autofree char *what = g_strdup_printf("#%" G_GUINT64_FORMAT ": %s", thread, said);

    if (!last_event(batch->chain.tree, thread, &event->number, error))
        return false;
    event->number++;
    return write_event(batch, thread, event, error) &&
           mp_chain_commit(&batch->chain, what, actor, error);
}
