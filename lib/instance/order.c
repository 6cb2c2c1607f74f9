/* The order of events; see order.h. */
#include "instance/order.h"

#include <string.h>

#define NS_PER_S G_GINT64_CONSTANT(1000000000)

typedef struct {
    MpQueued *queued; /* whose place this is */
    gint64 created;
    guint64 thread, comment;
    bool is_comment; /* and its number is known */
} Place;

static void
clear_place(gpointer data)
{
    mp_queued_free(((Place *)data)->queued);
}

/* A file that cannot be read is somewhere: it is told when its turn comes. */
static Place
place_of(MpOutbox *outbox, MpQueued *queued)
{
    g_autoptr(MpEvent) event = mp_outbox_peek(outbox, queued, NULL);

    return (Place){.queued = queued,
                   .created = event != NULL ? event->created : queued->modified / NS_PER_S,
                   .thread = event != NULL ? event->thread : 0,
                   .is_comment = event != NULL && mp_event_has_comment(event->kind)};
}

static gint
by_time(gconstpointer a, gconstpointer b)
{
    const Place *x = a, *y = b;

    if (x->created != y->created)
        return x->created < y->created ? -1 : 1;
    if (x->thread != y->thread)
        return x->thread < y->thread ? -1 : 1;
    if (x->queued->modified != y->queued->modified)
        return x->queued->modified < y->queued->modified ? -1 : 1;
    return strcmp(x->queued->key, y->queued->key);
}

static gint
by_comment(gconstpointer a, gconstpointer b)
{
    const Place *x = *(Place *const *)a, *y = *(Place *const *)b;

    return (x->comment > y->comment) - (x->comment < y->comment);
}

/* The comments of each thread: guint64 to a GPtrArray of Place. */
static GHashTable *
group_comments(GArray *places)
{
    GHashTable *threads =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, (GDestroyNotify)g_ptr_array_unref);

    for (guint i = 0; i < places->len; i++) {
        Place *place = &g_array_index(places, Place, i);
        GPtrArray *comments = g_hash_table_lookup(threads, &place->thread);

        if (!place->is_comment)
            continue;
        if (comments == NULL)
            g_hash_table_insert(threads, &place->thread, comments = g_ptr_array_new());
        g_ptr_array_add(comments, place);
    }
    return threads;
}

/* A comment that the tracker does not have yet stays where it is. */
static void
find_numbers(const MpInstance *instance, GPtrArray *comments)
{
    for (guint i = comments->len; i-- > 0;) {
        Place *place = comments->pdata[i];
        bool found = false;

        if (!mp_instance_find_key(instance, place->thread, place->queued->key, &found,
                                  &place->comment, NULL, NULL) ||
            !found)
            g_ptr_array_remove_index(comments, i);
    }
}

/* They share the places that they have, in the order of their numbers. */
static void
settle_thread(const MpInstance *instance, GPtrArray *comments)
{
    g_autoptr(GPtrArray) places = NULL;
    g_autoptr(GPtrArray) events = g_ptr_array_new();

    if (comments->len < 2)
        return;
    find_numbers(instance, comments);
    places = g_ptr_array_copy(comments, NULL, NULL);
    g_ptr_array_sort(comments, by_comment);
    for (guint i = 0; i < comments->len; i++)
        g_ptr_array_add(events, ((Place *)comments->pdata[i])->queued);
    for (guint i = 0; i < places->len; i++)
        ((Place *)places->pdata[i])->queued = events->pdata[i];
}

void
mp_instance_order(const MpInstance *instance, MpOutbox *outbox, GPtrArray *events)
{
    g_autoptr(GArray) places = g_array_sized_new(FALSE, FALSE, sizeof(Place), events->len);
    GHashTableIter iter;
    gpointer comments;

    g_array_set_clear_func(places, clear_place);
    while (events->len > 0) {
        Place place = place_of(outbox, g_ptr_array_steal_index_fast(events, events->len - 1));

        g_array_append_val(places, place);
    }
    g_array_sort(places, by_time);
    g_autoptr(GHashTable) threads = group_comments(places);
    for (g_hash_table_iter_init(&iter, threads); g_hash_table_iter_next(&iter, NULL, &comments);)
        settle_thread(instance, comments);
    for (guint i = 0; i < places->len; i++)
        g_ptr_array_add(events, g_steal_pointer(&g_array_index(places, Place, i).queued));
}
