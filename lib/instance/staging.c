/* Staging events beside the building of their transaction; see staging.h. */
#include "instance/staging.h"

#include "base/log.h"

#define PORTION 16 /* events: to wake a thread costs as much as to make a file */

struct MpStaging {
    MpOutbox *outbox, *hooks;
    guint n_given;
    bool is_kept, is_closed;
    GThread *thread;       /* or NULL: nothing was given yet */
    GAsyncQueue *portions; /* GPtrArray of MpEvent *; an empty one is the last */
    GPtrArray *fresh;      /* char *: KEYs that nobody had staged; the thread's, as what follows */
    GError *error;
    gint is_over; /* from the thread: it is at its end */
};

MpStaging *
mp_staging_new(MpOutbox *outbox, MpOutbox *hooks)
{
    MpStaging *staging = g_new0(MpStaging, 1);

    *staging = (MpStaging){
        .outbox = outbox,
        .hooks = hooks,
        .portions = g_async_queue_new_full((GDestroyNotify)g_ptr_array_unref),
        .fresh = g_ptr_array_new_with_free_func(g_free),
    };
    return staging;
}

/* Of comments, opening posts included. */
bool
mp_staging_is_for_hook(const MpEvent *event)
{
    return mp_event_has_comment(event->kind);
}

static bool
stage(MpStaging *staging, const MpEvent *event)
{
    if (!mp_outbox_is_staged(staging->outbox, event->key))
        g_ptr_array_add(staging->fresh, g_strdup(event->key));
    return (staging->hooks == NULL || !mp_staging_is_for_hook(event) ||
            mp_outbox_stage(staging->hooks, event, &staging->error)) &&
           mp_outbox_stage(staging->outbox, event, &staging->error);
}

static void
stage_all(MpStaging *staging, const GPtrArray *events)
{
    for (guint i = 0; i < events->len && staging->error == NULL; i++)
        (void)stage(staging, g_ptr_array_index(events, i));
}

static void
sync_staged(MpStaging *staging)
{
    if (staging->error == NULL &&
        (staging->hooks == NULL || mp_outbox_sync_staged(staging->hooks, &staging->error)))
        (void)mp_outbox_sync_staged(staging->outbox, &staging->error);
}

static gpointer
stage_portions(gpointer data)
{
    MpStaging *staging = data;
    bool is_last = false;

    while (!is_last) {
        g_autoptr(GPtrArray) portion = g_async_queue_pop(staging->portions);

        stage_all(staging, portion);
        is_last = portion->len == 0;
    }
    sync_staged(staging);
    g_atomic_int_set(&staging->is_over, 1);
    return NULL;
}

/* The array itself may move while the thread reads. */
static GPtrArray *
next_portion(MpStaging *staging, const GPtrArray *events)
{
    GPtrArray *portion = g_ptr_array_sized_new(events->len - staging->n_given);

    for (; staging->n_given < events->len; staging->n_given++)
        g_ptr_array_add(portion, g_ptr_array_index(events, staging->n_given));
    return portion;
}

/* Where there can be no thread, all are staged at the end. */
void
mp_staging_go_on(MpStaging *staging, const GPtrArray *events)
{
    if (events->len - staging->n_given < PORTION)
        return;
    if (staging->thread == NULL)
        staging->thread = g_thread_try_new("stage", stage_portions, staging, NULL);
    if (staging->thread != NULL)
        g_async_queue_push(staging->portions, next_portion(staging, events));
}

static void
give_end(MpStaging *staging)
{
    if (staging->thread != NULL && !staging->is_closed)
        g_async_queue_push(staging->portions, g_ptr_array_new());
    staging->is_closed = true;
}

static void
join(MpStaging *staging)
{
    give_end(staging);
    if (staging->thread != NULL)
        g_thread_join(g_steal_pointer(&staging->thread));
}

void
mp_staging_close(MpStaging *staging, const GPtrArray *events)
{
    if (staging->thread != NULL && staging->n_given < events->len)
        g_async_queue_push(staging->portions, next_portion(staging, events));
    give_end(staging);
}

bool
mp_staging_is_busy(const MpStaging *staging)
{
    return staging->thread != NULL && !g_atomic_int_get(&staging->is_over);
}

bool
mp_staging_end(MpStaging *staging, const GPtrArray *events, GError **error)
{
    bool has_thread = staging->thread != NULL;

    mp_staging_close(staging, events);
    join(staging);
    if (!has_thread && events->len > 0) {
        g_autoptr(GPtrArray) all = next_portion(staging, events);
        stage_all(staging, all);
        sync_staged(staging);
    }
    if (staging->error == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&staging->error));
    return false;
}

void
mp_staging_keep(MpStaging *staging)
{
    staging->is_kept = true;
}

static void
take_away(MpStaging *staging)
{
    for (guint i = 0; i < staging->fresh->len; i++) {
        const char *key = g_ptr_array_index(staging->fresh, i);
        g_autoptr(GError) why = NULL;

        if (!mp_outbox_discard(staging->outbox, key, &why) ||
            (staging->hooks != NULL && !mp_outbox_discard(staging->hooks, key, &why)))
            mp_warn("%s", why->message); /* the next recovery does it */
    }
}

void
mp_staging_free(MpStaging *staging)
{
    if (staging == NULL)
        return;
    join(staging);
    if (!staging->is_kept)
        take_away(staging);
    g_clear_error(&staging->error);
    g_async_queue_unref(staging->portions);
    g_ptr_array_unref(staging->fresh);
    g_free(staging);
}
