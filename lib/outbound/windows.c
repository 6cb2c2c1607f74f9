/*
 * Windows: who gets a thread's events in digests gets the first at DUE, so many minutes after it
 * happened, together with all that happened until then. DUE is kept in the events' own lines; what
 * was put off by the run before is looked up there, once a run.
 */
#include "outbound/internal.h"

#include "base/log.h"
#include "base/time.h"

GHashTable *
mp_outbound_windows(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* `due` is the latest of those that are known. */
static void
note(MpOutbound *outbound, guint64 user, guint64 thread, gint64 due)
{
    g_autofree char *name =
        g_strdup_printf("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, user, thread);
    gint64 *known = g_hash_table_lookup(outbound->windows, name);

    if (known != NULL)
        *known = MAX(*known, due);
    else
        g_hash_table_insert(outbound->windows, g_steal_pointer(&name), g_memdup2(&due, sizeof due));
}

static void
note_all(MpOutbound *outbound, const MpQueued *queued)
{
    g_autoptr(MpEventFile) file =
        mp_event_file_open(outbound->instance->outbox, queued, MP_EVENT_READ, NULL);
    const GPtrArray *recipients = file != NULL ? mp_event_file_recipients(file) : NULL;

    for (guint i = 0; recipients != NULL && i < recipients->len; i++) {
        const MpEventRecipient *recipient = g_ptr_array_index(recipients, i);

        if (recipient->state == MP_RECIPIENT_LATER)
            note(outbound, recipient->user, mp_event_file_event(file)->thread, recipient->due);
    }
}

/* What cannot be read is told by who works on it; here it only opens another window. */
static void
look_up(MpOutbound *outbound)
{
    static const MpQueue queues[] = {MP_QUEUE_NEW, MP_QUEUE_RETRY};

    if (outbound->knows_windows)
        return;
    outbound->knows_windows = true;
    for (gsize i = 0; i < G_N_ELEMENTS(queues); i++) {
        g_autoptr(GPtrArray) list = mp_outbox_list(outbound->instance->outbox, queues[i], NULL);

        for (guint n = 0; list != NULL && n < list->len; n++)
            note_all(outbound, list->pdata[n]);
    }
}

gint64
mp_outbound_window(MpOutbound *outbound, guint64 thread, gint64 created, const MpUser *user)
{
    g_autofree char *name =
        g_strdup_printf("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, user->id, thread);

    look_up(outbound);
    const gint64 *open = g_hash_table_lookup(outbound->windows, name);
    if (open != NULL && created <= *open && mp_time_now() < *open) /* its digest is not made yet */
        return *open;
    gint64 due = MIN(created, mp_time_now()) + (gint64)user->batch * 60; /* clocks may be wrong */
    note(outbound, user->id, thread, due);
    return due;
}

static gboolean
is_over(gpointer name, gpointer due, gpointer now)
{
    (void)name;
    return *(const gint64 *)due <= *(const gint64 *)now;
}

void
mp_outbound_forget_windows(MpOutbound *outbound)
{
    gint64 now = mp_time_now();

    g_hash_table_foreach_remove(outbound->windows, is_over, &now);
}
