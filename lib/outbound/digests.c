/*
 * Making digests: an event of which somebody is due to be told in one is noted as it is done with;
 * when none is open, what these events still owe becomes, by account and thread, a digest or
 * several, where they are many. outbox/digest.c says how one is made, whatever stops in between.
 */
#include "outbound/internal.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"

#define MOST_EVENTS 100         /* in a digest; what is more is in the next */
#define MOST_OCTETS (64 * 1024) /* of their comments: a mail that can be read to its end */

typedef struct {
    char *key;
    guint64 thread, actor;
    MpEventKind kind;
    gint64 created;
    guint64 comment; /* G_MAXUINT64: none */
    gsize size;
} Noted;

/* One event that one account is to be told of. */
typedef struct {
    const Noted *event;
    guint64 user;
    gint64 due;
    char *reason;
} Gathered;

static void
noted_free(gpointer data)
{
    Noted *noted = data;

    g_free(noted->key);
    g_free(noted);
}

static void
gathered_free(gpointer data)
{
    Gathered *g = data;

    g_free(g->reason);
    g_free(g);
}

GHashTable *
mp_digests_held(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)mp_notice_free);
}

GPtrArray *
mp_digests_new(void)
{
    return g_ptr_array_new_with_free_func(noted_free);
}

/* --- Noted ------------------------------------------------------------------------------------ */

static bool
is_due(const MpEventRecipient *recipient, gint64 now)
{
    return recipient->state == MP_RECIPIENT_LATER && recipient->due <= now;
}

static bool
has_due(const MpEventFile *file)
{
    const GPtrArray *recipients = mp_event_file_recipients(file);
    gint64 now = mp_time_now();

    for (guint i = 0; i < recipients->len; i++)
        if (is_due(g_ptr_array_index(recipients, i), now))
            return true;
    return false;
}

static Noted *
noted_new(const MpAnnouncement *announcement)
{
    const MpEvent *event = mp_event_file_event(announcement->file);
    const MpComment *comment = announcement->notice->comment;
    Noted *noted = g_new0(Noted, 1);

    *noted = (Noted){
        .key = g_strdup(event->key),
        .thread = event->thread,
        .actor = event->actor,
        .kind = event->kind,
        .created = event->created,
        .comment = comment != NULL ? comment->number : G_MAXUINT64,
        .size = comment != NULL ? strlen(comment->body) : 0,
    };
    return noted;
}

void
mp_digests_note(const MpAnnouncement *announcement)
{
    MpOutbound *outbound = announcement->outbound;

    if (announcement->notice == NULL || !has_due(announcement->file))
        return;
    g_mutex_lock(&outbound->mutex);
    g_ptr_array_add(outbound->noted, noted_new(announcement));
    g_mutex_unlock(&outbound->mutex);
}

/* --- Gathered --------------------------------------------------------------------------------- */

/* KEY to MpQueued, of all events that there are. */
static GHashTable *
list_events(MpOutbox *outbox, GError **error)
{
    g_autoptr(GHashTable) events =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)mp_queued_free);

    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++) {
        g_autoptr(GPtrArray) list = mp_outbox_list(outbox, queue, error);

        if (list == NULL)
            return NULL;
        while (list->len > 0) {
            MpQueued *queued = g_ptr_array_steal_index_fast(list, list->len - 1);

            g_hash_table_insert(events, g_strdup(queued->key), queued);
        }
    }
    return g_steal_pointer(&events);
}

static void
gather_due(const MpEventFile *file, const Noted *event, GPtrArray *gathered)
{
    const GPtrArray *recipients = mp_event_file_recipients(file);
    gint64 now = mp_time_now();

    for (guint i = 0; i < recipients->len; i++) {
        const MpEventRecipient *recipient = g_ptr_array_index(recipients, i);

        if (!is_due(recipient, now))
            continue;
        Gathered *g = g_new0(Gathered, 1);
        *g = (Gathered){event, recipient->user, recipient->due, g_strdup(recipient->reason)};
        g_ptr_array_add(gathered, g);
    }
}

/* What the events say now: an administrator may have held or dropped them since they were noted. */
static GPtrArray *
gather(MpOutbox *outbox, GHashTable *events, const GPtrArray *noted, GError **error)
{
    g_autoptr(GPtrArray) gathered = g_ptr_array_new_with_free_func(gathered_free);

    for (guint i = 0; i < noted->len; i++) {
        const Noted *event = g_ptr_array_index(noted, i);
        const MpQueued *queued = g_hash_table_lookup(events, event->key);
        g_autoptr(MpEventFile) file = NULL;
        GError *why = NULL;

        if (queued != NULL && (queued->queue == MP_QUEUE_NEW || queued->queue == MP_QUEUE_RETRY))
            file = mp_event_file_open(outbox, queued, MP_EVENT_READ, &why);
        if (why != NULL) {
            g_propagate_error(error, why);
            return NULL;
        }
        if (file != NULL)
            gather_due(file, event, gathered);
    }
    return g_steal_pointer(&gathered);
}

/* By account and thread, then in the order in which it happened. */
static gint
by_place(gconstpointer a, gconstpointer b)
{
    const Gathered *x = *(Gathered *const *)a, *y = *(Gathered *const *)b;
    const gint64 ours[] = {(gint64)x->user, (gint64)x->event->thread, x->event->created,
                           (gint64)(x->event->comment / 2)};
    const gint64 theirs[] = {(gint64)y->user, (gint64)y->event->thread, y->event->created,
                             (gint64)(y->event->comment / 2)};

    for (gsize i = 0; i < G_N_ELEMENTS(ours); i++)
        if (ours[i] != theirs[i])
            return ours[i] < theirs[i] ? -1 : 1;
    return x->event->comment != y->event->comment ? (x->event->comment < y->event->comment ? -1 : 1)
                                                  : strcmp(x->event->key, y->event->key);
}

/* How many of those from `start` on one digest takes. */
static guint
share(const GPtrArray *gathered, guint start)
{
    const Gathered *first = g_ptr_array_index(gathered, start);
    gsize octets = 0;
    guint n = 0;

    while (start + n < gathered->len && n < MOST_EVENTS) {
        const Gathered *next = g_ptr_array_index(gathered, start + n);

        if (next->user != first->user || next->event->thread != first->event->thread ||
            (n > 0 && octets + next->event->size > MOST_OCTETS))
            break;
        octets += next->event->size;
        n++;
    }
    return n;
}

/* --- Names ------------------------------------------------------------------------------------ */

/* digest-USER-THREAD-DUE; DUE is a later second where there was such a digest before. */
static char *
name_digest(const Gathered *last, GHashTable *events, gint64 *due)
{
    char *key = NULL;

    for (*due = last->due;; ++*due) {
        key =
            g_strdup_printf("digest-%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "-%" G_GINT64_FORMAT,
                            last->user, last->event->thread, *due);
        if (!g_hash_table_contains(events, key)) {
            g_hash_table_insert(events, g_strdup(key), NULL);
            return key;
        }
        g_free(key);
    }
}

/* --- Making ----------------------------------------------------------------------------------- */

static MpEvent *
new_digest(const MpOutbound *outbound, GHashTable *events, const GPtrArray *gathered, guint start,
           guint n)
{
    const Gathered *last = g_ptr_array_index(gathered, start + n - 1);
    MpEvent *event = g_new0(MpEvent, 1);
    gint64 due;

    event->key = name_digest(last, events, &due);
    event->kind = MP_EVENT_DIGEST;
    event->thread = last->event->thread;
    event->created = mp_time_now();
    event->host = g_strdup(outbound->instance->host);
    event->digest = mp_digest_new(last->user, last->reason, due);
    for (guint i = start; i < start + n; i++) {
        const Gathered *g = g_ptr_array_index(gathered, i);

        mp_digest_add(event->digest, g->event->key, g->event->kind, g->event->actor,
                      g->event->created);
    }
    return event;
}

/* By its line one finds the way from an event, which ends here, to the digest. */
static void
log_digest(const MpEvent *digest)
{
    const GPtrArray *events = digest->digest->events;
    g_autoptr(GString) keys = g_string_new(NULL);

    for (guint i = 0; i < events->len; i++)
        g_string_append_printf(keys, "%s%s", i > 0 ? ", " : "",
                               ((const MpDigestEvent *)g_ptr_array_index(events, i))->key);
    mp_info("Digest %s holds %u %s: %s", digest->key, events->len,
            mp_plural(events->len, "event", "events"), keys->str);
}

/* The KEYs of what was made, char *. */
static GPtrArray *
make_all(MpOutbound *outbound, GHashTable *events, const GPtrArray *gathered, GError **error)
{
    MpOutbox *outbox = outbound->instance->outbox;
    g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0, n; i < gathered->len; i += n) {
        n = share(gathered, i);
        g_autoptr(MpEvent) digest = new_digest(outbound, events, gathered, i, n);
        if (!mp_outbox_make_digest(outbox, digest, error))
            return NULL;
        log_digest(digest);
        g_ptr_array_add(made, g_strdup(digest->key));
    }
    return mp_outbox_sync_digests(outbox, error) &&
                   mp_outbox_publish_digests(outbox, mp_time_now(), error)
               ? g_steal_pointer(&made)
               : NULL;
}

GPtrArray *
mp_digests_make(MpOutbound *outbound, GError **error)
{
    MpOutbox *outbox = outbound->instance->outbox;
    g_autoptr(GPtrArray) noted = g_steal_pointer(&outbound->noted), gathered = NULL;
    g_autoptr(MpLock) lock = mp_outbox_lock_changes(outbox, error);
    g_autoptr(GHashTable) events = lock != NULL ? list_events(outbox, error) : NULL;

    outbound->noted = mp_digests_new();
    if (events != NULL)
        gathered = gather(outbox, events, noted, error);
    if (gathered == NULL)
        return NULL;
    g_ptr_array_sort(gathered, by_place);
    return make_all(outbound, events, gathered, error);
}

bool
mp_digests_finish(MpOutbound *outbound, GError **error)
{
    MpOutbox *outbox = outbound->instance->outbox;
    g_autoptr(MpLock) lock = mp_outbox_lock_changes(outbox, error);

    return lock != NULL && mp_outbox_publish_digests(outbox, mp_time_now(), error);
}
