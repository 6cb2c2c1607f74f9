/*
 * Making digests: the recipients of events who are due to be told in one are noted as each event is
 * done with; when none is open, those of one account and thread become a digest, or several, where
 * they are many. outbox/digest.c says how one is made, whatever stops in between.
 */
#include "outbound/internal.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"

#define MOST_EVENTS 100         /* in a digest; what is more is in the next */
#define MOST_OCTETS (64 * 1024) /* of their comments: a mail that can be read to its end */

/* One event that one account is to be told of. */
typedef struct {
    guint64 user, thread;
    gint64 due, created;
    guint64 comment; /* G_MAXUINT64: none */
    gsize size;
    MpEventKind kind;
    guint64 actor;
    char *key, *reason;
} Gathered;

static void
gathered_free(gpointer data)
{
    Gathered *g = data;

    g_free(g->key);
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
    return g_ptr_array_new_with_free_func(gathered_free);
}

static Gathered *
gathered_new(const MpAnnouncement *announcement, const MpEventRecipient *recipient)
{
    const MpEvent *event = mp_event_file_event(announcement->file);
    const MpComment *comment = announcement->notice->comment;
    Gathered *g = g_new0(Gathered, 1);

    *g = (Gathered){
        .user = recipient->user,
        .thread = event->thread,
        .due = recipient->due,
        .created = event->created,
        .comment = comment != NULL ? comment->number : G_MAXUINT64,
        .size = comment != NULL ? strlen(comment->body) : 0,
        .kind = event->kind,
        .actor = event->actor,
        .key = g_strdup(event->key),
        .reason = g_strdup(recipient->reason),
    };
    return g;
}

GPtrArray *
mp_digests_due(const MpAnnouncement *announcement)
{
    GPtrArray *due = mp_digests_new();
    const GPtrArray *recipients = mp_event_file_recipients(announcement->file);
    gint64 now = mp_time_now();

    for (guint i = 0; i < recipients->len && announcement->notice != NULL; i++) {
        const MpEventRecipient *recipient = g_ptr_array_index(recipients, i);

        if (recipient->state == MP_RECIPIENT_LATER && recipient->due <= now)
            g_ptr_array_add(due, gathered_new(announcement, recipient));
    }
    return due;
}

void
mp_digests_take(MpOutbound *outbound, GPtrArray *due)
{
    g_mutex_lock(&outbound->mutex);
    g_ptr_array_extend_and_steal(outbound->gathered, due);
    g_mutex_unlock(&outbound->mutex);
}

/* By account and thread, then in the order in which it happened. */
static gint
by_place(gconstpointer a, gconstpointer b)
{
    const Gathered *x = *(Gathered *const *)a, *y = *(Gathered *const *)b;
    const gint64 ours[] = {(gint64)x->user, (gint64)x->thread, x->created,
                           (gint64)(x->comment / 2)};
    const gint64 theirs[] = {(gint64)y->user, (gint64)y->thread, y->created,
                             (gint64)(y->comment / 2)};

    for (gsize i = 0; i < G_N_ELEMENTS(ours); i++)
        if (ours[i] != theirs[i])
            return ours[i] < theirs[i] ? -1 : 1;
    return x->comment != y->comment ? (x->comment < y->comment ? -1 : 1) : strcmp(x->key, y->key);
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

        if (next->user != first->user || next->thread != first->thread ||
            (n > 0 && octets + next->size > MOST_OCTETS))
            break;
        octets += next->size;
        n++;
    }
    return n;
}

/* --- Names ------------------------------------------------------------------------------------ */

/* The KEYs that are taken, of all events that there are. */
static bool
add_taken(MpOutbox *outbox, GHashTable *taken, GError **error)
{
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++) {
        g_autoptr(GPtrArray) list = mp_outbox_list(outbox, queue, error);

        if (list == NULL)
            return false;
        for (guint i = 0; i < list->len; i++)
            g_hash_table_add(taken, g_strdup(((MpQueued *)list->pdata[i])->key));
    }
    return true;
}

/* digest-USER-THREAD-DUE; DUE is a later second where there was such a digest before. */
static char *
name_digest(const Gathered *last, GHashTable *taken, gint64 *due)
{
    char *key = NULL;

    for (*due = last->due;; ++*due) {
        key =
            g_strdup_printf("digest-%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "-%" G_GINT64_FORMAT,
                            last->user, last->thread, *due);
        if (g_hash_table_add(taken, g_strdup(key)))
            return key;
        g_free(key);
    }
}

/* --- Making ----------------------------------------------------------------------------------- */

static MpEvent *
new_digest(const MpOutbound *outbound, GHashTable *taken, const GPtrArray *gathered, guint start,
           guint n)
{
    const Gathered *last = g_ptr_array_index(gathered, start + n - 1);
    MpEvent *event = g_new0(MpEvent, 1);
    gint64 due;

    event->key = name_digest(last, taken, &due);
    event->kind = MP_EVENT_DIGEST;
    event->thread = last->thread;
    event->created = mp_time_now();
    event->host = g_strdup(outbound->instance->host);
    event->digest = mp_digest_new(last->user, last->reason, due);
    for (guint i = start; i < start + n; i++) {
        const Gathered *g = g_ptr_array_index(gathered, i);

        mp_digest_add(event->digest, g->key, g->kind, g->actor, g->created);
    }
    return event;
}

/* The KEYs of what was made, char *. */
static GPtrArray *
make_all(MpOutbound *outbound, const GPtrArray *gathered, GError **error)
{
    MpOutbox *outbox = outbound->instance->outbox;
    g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(g_free);

    if (!add_taken(outbox, taken, error))
        return NULL;
    for (guint i = 0, n; i < gathered->len; i += n) {
        n = share(gathered, i);
        g_autoptr(MpEvent) digest = new_digest(outbound, taken, gathered, i, n);
        if (!mp_outbox_make_digest(outbox, digest, error))
            return NULL;
        mp_info("Digest %s holds %u %s", digest->key, n, mp_plural(n, "event", "events"));
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
    g_autoptr(GPtrArray) gathered = g_steal_pointer(&outbound->gathered);

    outbound->gathered = mp_digests_new();
    g_ptr_array_sort(gathered, by_place);
    return make_all(outbound, gathered, error);
}
