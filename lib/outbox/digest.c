/*
 * Digests on the disk. What holds whatever stops in between:
 *
 *   make     digests/KEY, once (O_EXCL), whole and synced: from here on its content is fixed
 *   gather   a line in each event that it holds: the event owes that account nothing any more
 *   publish  digests/KEY is renamed to new/KEY, and is an event like all others
 *
 * Until it is published nobody sends it, and once it is nobody makes it again, since the events say
 * that they were gathered. What is found in digests/ was left by a run that died: it is gathered
 * and published by the next; half a file was made by one that died before it was synced, when no
 * event knew of it, and is deleted.
 */
#include "outbox/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "outbox/internal.h"

#define DIGEST_LIMIT (1024 * 1024)
#define PLACE        "outbox/digests"

bool
mp_outbox_make_digest(MpOutbox *outbox, const MpEvent *event, GError **error)
{
    g_autofree char *text = mp_event_text_format(event);

    if (!mp_create_file(outbox->fd[DIRECTORY_DIGESTS], event->key, text, strlen(text), 0640,
                        error)) {
        g_prefix_error(error, PLACE ": ");
        return false;
    }
    g_ptr_array_add(outbox->digests, g_strdup(event->key));
    return true;
}

bool
mp_outbox_sync_digests(MpOutbox *outbox, GError **error)
{
    int directory = outbox->fd[DIRECTORY_DIGESTS];
    bool good = mp_sync_files(directory, outbox->digests, error) &&
                mp_sync_directory(directory, PLACE, error);

    g_ptr_array_set_size(outbox->digests, 0);
    return good;
}

/* --- What was made ---------------------------------------------------------------------------- */

/* A digest that waits in digests/: false with *error set; *made is NULL where it was only half of
 * one. */
static bool
read_made(MpOutbox *outbox, const char *name, MpEvent **made, GError **error)
{
    int directory = outbox->fd[DIRECTORY_DIGESTS];
    g_autofree char *bytes = NULL, *path = mp_outbox_show(DIRECTORY_DIGESTS, name);
    g_autoptr(MpEventText) text = NULL;
    g_autoptr(GError) why = NULL;
    gsize length = 0;

    *made = NULL;
    if (mp_read_file(directory, name, DIGEST_LIMIT, &bytes, &length, &why))
        text = mp_event_text_parse(bytes, length, name, path, &why);
    if (text != NULL && text->event->digest != NULL) {
        *made = g_steal_pointer(&text->event);
        return true;
    }
    if (why != NULL && !g_error_matches(why, MP_ERROR, MP_ERROR_INPUT)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&why), PLACE ": ");
        return false;
    }
    mp_warn("Deleting %s, left half written by a run that died", path);
    if (unlinkat(directory, name, 0) < 0 && errno != ENOENT)
        return mp_fail_errno(error, "cannot remove %s", path);
    return true;
}

static GPtrArray *
list_made(MpOutbox *outbox, GError **error)
{
    g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func((GDestroyNotify)mp_event_free);
    g_autofree char *path = g_build_filename(outbox->path, "digests", NULL);
    g_autoptr(GPtrArray) names = mp_list_directory(path, NULL, NULL, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        MpEvent *event;

        if (!read_made(outbox, names->pdata[i], &event, error))
            return NULL;
        if (event != NULL)
            g_ptr_array_add(made, event);
    }
    return names != NULL ? g_steal_pointer(&made) : NULL;
}

/* --- Gather ----------------------------------------------------------------------------------- */

/* KEY of an event to the digests (MpEvent, not owned) that hold it. */
static GHashTable *
holders_of(const GPtrArray *made)
{
    GHashTable *holders =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);

    for (guint i = 0; i < made->len; i++) {
        const MpEvent *digest = g_ptr_array_index(made, i);

        for (guint k = 0; k < digest->digest->events->len; k++) {
            const MpDigestEvent *held = g_ptr_array_index(digest->digest->events, k);
            GPtrArray *all = g_hash_table_lookup(holders, held->key);

            if (all == NULL) {
                all = g_ptr_array_new();
                g_hash_table_insert(holders, held->key, all);
            }
            g_ptr_array_add(all, (gpointer)digest);
        }
    }
    return holders;
}

/* What an administrator has set aside stays there. */
static bool
finish(MpEventFile *file, MpQueue queue, GError **error)
{
    MpEventEnd end;

    return queue == MP_QUEUE_HOLD || queue == MP_QUEUE_FAILED ||
           mp_event_file_finish(file, &end, error);
}

/* An event that cannot be read any more owes nobody anything. */
static bool
gather_event(MpOutbox *outbox, const MpQueued *queued, const GPtrArray *digests, gint64 now,
             GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(MpEventFile) file = mp_event_file_open(outbox, queued, MP_EVENT_WRITE, &why);

    if (file == NULL && (why == NULL || g_error_matches(why, MP_ERROR, MP_ERROR_INPUT)))
        return true;
    if (file == NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    return mp_event_file_gather(file, digests, now, error) && finish(file, queued->queue, error);
}

static bool
gather(MpOutbox *outbox, const GPtrArray *made, gint64 now, GError **error)
{
    g_autoptr(GHashTable) holders = holders_of(made);

    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++) {
        g_autoptr(GPtrArray) list = mp_outbox_list(outbox, queue, error);

        for (guint i = 0; list != NULL && i < list->len; i++) {
            const MpQueued *queued = g_ptr_array_index(list, i);
            const GPtrArray *digests = g_hash_table_lookup(holders, queued->key);

            if (digests != NULL && !gather_event(outbox, queued, digests, now, error))
                return false;
        }
        if (list == NULL)
            return false;
    }
    return true;
}

/* --- Publish ---------------------------------------------------------------------------------- */

/* Both names are what a power cut may leave of the rename: then it is published, since no two
 * digests have one name. */
static bool
publish_one(int digests, int new, const char *key, GError **error)
{
    return mp_rename_new(digests, key, new, key) == 0 || errno == ENOENT ||
           (errno == EEXIST && unlinkat(digests, key, 0) == 0) ||
           mp_fail_errno(error, "cannot move " PLACE "/%s to outbox/new", key);
}

static bool
publish(MpOutbox *outbox, const GPtrArray *made, GError **error)
{
    int digests = outbox->fd[DIRECTORY_DIGESTS], new = outbox->fd[MP_QUEUE_NEW];

    for (guint i = 0; i < made->len; i++)
        if (!publish_one(digests, new, ((const MpEvent *)g_ptr_array_index(made, i))->key, error))
            return false;
    return mp_sync_directory(new, "outbox/new", error) && mp_sync_directory(digests, PLACE, error);
}

bool
mp_outbox_publish_digests(MpOutbox *outbox, gint64 now, GError **error)
{
    g_autoptr(GPtrArray) made = list_made(outbox, error);

    if (made == NULL || made->len == 0)
        return made != NULL;
    return gather(outbox, made, now, error) && publish(outbox, made, error);
}
