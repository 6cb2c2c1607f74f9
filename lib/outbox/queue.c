/* The notifier's queues: which events lie where, and how their files move between them. */
#include "outbox/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "outbox/internal.h"

#define NAMED_MAX   10   /* events that a word may mean */
#define FACTS_LIMIT 8192 /* octets in which those of an event stand, answers included */

const char *
mp_queue_name(MpQueue queue)
{
    return mp_outbox_directories[queue];
}

void
mp_queued_free(MpQueued *queued)
{
    if (queued == NULL)
        return;
    g_free(queued->name);
    g_free(queued->key);
    g_free(queued);
}

/* --- Names ---------------------------------------------------------------------------------- */

static bool
is_number(const char *text, gint64 *number)
{
    return g_ascii_isdigit(text[0]) &&
           g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, number, NULL);
}

MpQueued *
mp_queued_parse(MpQueue queue, const char *name)
{
    g_auto(GStrv) piece = g_strsplit(name, ".", 3);
    guint n = g_strv_length(piece);
    g_autoptr(MpQueued) queued = g_new0(MpQueued, 1);
    bool has_suffix = n == 2 && (queue == MP_QUEUE_HOLD || queue == MP_QUEUE_FAILED);
    gint64 suffix;

    if (n != (queue == MP_QUEUE_RETRY || has_suffix ? 2 : 1))
        return NULL;
    if ((queue == MP_QUEUE_RETRY && !is_number(piece[0], &queued->due)) ||
        (has_suffix && !is_number(piece[1], &suffix)))
        return NULL;
    queued->key = g_strdup(piece[queue == MP_QUEUE_RETRY ? 1 : 0]);
    if (!mp_is_event_key(queued->key))
        return NULL;
    queued->queue = queue;
    queued->name = g_strdup(name);
    return g_steal_pointer(&queued);
}

static char *
retry_name(gint64 due, const char *key)
{
    return g_strdup_printf("%" G_GINT64_FORMAT ".%s", MAX(due, 0), key);
}

/* The name after `name`, which is taken: a second later in retry, else the next suffix. */
static char *
next_name(int directory, const char *name)
{
    g_autoptr(MpQueued) queued = mp_queued_parse((MpQueue)directory, name);
    const char *dot = strchr(name, '.');

    if (directory == MP_QUEUE_RETRY)
        return retry_name(queued->due + 1, queued->key);
    return g_strdup_printf("%s.%" G_GINT64_FORMAT, queued->key,
                           dot != NULL ? g_ascii_strtoll(dot + 1, NULL, 10) + 1 : 2);
}

/* --- Lists ---------------------------------------------------------------------------------- */

static gint
by_age(gconstpointer a, gconstpointer b)
{
    const MpQueued *x = *(MpQueued *const *)a, *y = *(MpQueued *const *)b;

    if (x->due != y->due)
        return x->due < y->due ? -1 : 1;
    if (x->modified != y->modified)
        return x->modified < y->modified ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool
add_entry(MpOutbox *outbox, MpQueue queue, const char *name, GPtrArray *list, GError **error)
{
    g_autoptr(MpQueued) queued = mp_queued_parse(queue, name);
    struct stat st;

    if (queued == NULL) {
        g_autofree char *path = mp_outbox_show(queue, name);
        mp_warn("%s is not the file of an event: left alone", path);
        return true;
    }
    if (fstatat(outbox->fd[queue], name, &st, AT_SYMLINK_NOFOLLOW) < 0) /* moved meanwhile? */
        return errno == ENOENT ||
               mp_fail_errno(error, "cannot look at outbox/%s/%s", mp_queue_name(queue), name);
    queued->modified = st.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + st.st_mtim.tv_nsec;
    g_ptr_array_add(list, g_steal_pointer(&queued));
    return true;
}

GPtrArray *
mp_outbox_list(MpOutbox *outbox, MpQueue queue, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)mp_queued_free);
    g_autofree char *path = g_build_filename(outbox->path, mp_queue_name(queue), NULL);
    g_autoptr(GPtrArray) names = mp_list_directory(path, NULL, NULL, error);

    if (names == NULL)
        return NULL;
    for (guint i = 0; i < names->len; i++)
        if (!add_entry(outbox, queue, names->pdata[i], list, error))
            return NULL;
    g_ptr_array_sort(list, by_age);
    return g_steal_pointer(&list);
}

GPtrArray *
mp_outbox_due(MpOutbox *outbox, gint64 now, gint64 *next_due, GError **error)
{
    g_autoptr(GPtrArray) due = mp_outbox_list(outbox, MP_QUEUE_NEW, error);
    g_autoptr(GPtrArray) retry = due != NULL ? mp_outbox_list(outbox, MP_QUEUE_RETRY, error) : NULL;
    guint n = 0;

    if (retry == NULL)
        return NULL;
    while (n < retry->len && ((MpQueued *)retry->pdata[n])->due <= now)
        n++;
    if (next_due != NULL)
        *next_due = n < retry->len ? ((MpQueued *)retry->pdata[n])->due : G_MAXINT64;
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(due, g_ptr_array_steal_index(retry, 0));
    return g_steal_pointer(&due);
}

/* One that moves while the queues are read may be seen in none of them: they are read twice. */
MpQueued *
mp_outbox_find(MpOutbox *outbox, const char *key, GError **error)
{
    for (int queue = 0; queue < 2 * MP_N_QUEUES; queue++) {
        g_autoptr(GPtrArray) list = mp_outbox_list(outbox, (MpQueue)(queue % MP_N_QUEUES), error);

        if (list == NULL)
            return NULL;
        for (guint i = 0; i < list->len; i++) {
            MpQueued *queued = list->pdata[i];

            if (strcmp(queued->key, key) == 0 || strcmp(queued->name, key) == 0)
                return g_ptr_array_steal_index(list, i);
        }
    }
    return NULL;
}

/* The KEYs of all queues that begin so: a set of char *. */
static GHashTable *
keys_that_begin(MpOutbox *outbox, const char *beginning, GError **error)
{
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++) {
        g_autoptr(GPtrArray) list = mp_outbox_list(outbox, queue, error);

        if (list == NULL)
            return NULL;
        for (guint i = 0; i < list->len; i++) {
            const MpQueued *queued = list->pdata[i];

            if (g_str_has_prefix(queued->key, beginning))
                g_hash_table_add(keys, g_strdup(queued->key));
        }
    }
    return g_steal_pointer(&keys);
}

static bool
fail_ambiguous(GHashTable *keys, const char *beginning, GError **error)
{
    g_autoptr(GList) sorted =
        g_list_sort(g_hash_table_get_keys(keys), (GCompareFunc)(void (*)(void))strcmp);
    g_autoptr(GString) names = g_string_new(NULL);
    guint n = 0;

    for (const GList *key = sorted; key != NULL && n < NAMED_MAX; key = key->next, n++)
        g_string_append_printf(names, "%s%s", n > 0 ? ", " : "", (const char *)key->data);
    if (g_hash_table_size(keys) > n)
        g_string_append_printf(names, " and %u more", g_hash_table_size(keys) - n);
    return mp_fail(error, MP_ERROR_INPUT, "%s is the beginning of several events: %s", beginning,
                   names->str);
}

MpQueued *
mp_outbox_resolve(MpOutbox *outbox, const char *key, GError **error)
{
    g_autofree char *shown = mp_escape_word(key);
    g_autoptr(GHashTable) keys = NULL;
    GError *why = NULL;
    MpQueued *found = mp_outbox_find(outbox, key, &why);

    if (found != NULL)
        return found;
    if (why == NULL && *key != '\0')
        keys = keys_that_begin(outbox, key, &why);
    if (why != NULL) {
        g_propagate_error(error, why);
        return NULL;
    }
    if (keys != NULL && g_hash_table_size(keys) > 1) {
        fail_ambiguous(keys, shown, error);
        return NULL;
    }
    if (keys != NULL && g_hash_table_size(keys) == 1) {
        g_autoptr(GList) only = g_hash_table_get_keys(keys);

        found = mp_outbox_find(outbox, only->data, error);
    }
    return found != NULL || (error != NULL && *error != NULL)
               ? found
               : mp_fail_null(error, MP_ERROR_INPUT, "no such event: %s", shown);
}

/* Read is as much as has all facts, and of the rest nothing matters. */
MpEvent *
mp_outbox_peek(MpOutbox *outbox, const MpQueued *queued, GError **error)
{
    g_autofree char *path = mp_outbox_show(queued->queue, queued->name);
    g_autofree char *bytes = g_malloc(FACTS_LIMIT);
    g_auto(MpFd) fd =
        openat(outbox->fd[queued->queue], queued->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    gssize length = fd >= 0 ? read(fd, bytes, FACTS_LIMIT) : -1;
    g_autoptr(MpEventText) text = NULL;

    if (fd < 0 && errno == ENOENT)
        return NULL;
    if (length < 0)
        return mp_fail_errno_null(error, "cannot read %s", path);
    text = mp_event_text_parse(bytes, (gsize)length, queued->key, path, error);
    return text != NULL ? g_steal_pointer(&text->event) : NULL;
}

/* --- Moves ---------------------------------------------------------------------------------- */

typedef enum { MOVED, TAKEN, MOVE_FAILED } MoveResult;

/* True if both names are one file, as a crash in a rename can leave on btrfs. */
static bool
is_same_file(const MpOutbox *outbox, int from, const char *name, int to, const char *new_name)
{
    struct stat a, b;

    return fstatat(outbox->fd[from], name, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(outbox->fd[to], new_name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
           a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static MoveResult
move_to_name(const MpOutbox *outbox, int from, const char *name, int to, const char *new_name,
             GError **error)
{
    if (mp_rename_new(outbox->fd[from], name, outbox->fd[to], new_name) == 0 || errno == ENOENT)
        return MOVED;
    if (errno == EEXIST && !is_same_file(outbox, from, name, to, new_name))
        return TAKEN;
    if (errno == EEXIST && unlinkat(outbox->fd[from], name, 0) == 0)
        return MOVED;
    mp_fail_errno(error, "cannot move outbox/%s/%s to outbox/%s/%s", mp_outbox_directories[from],
                  name, mp_outbox_directories[to], new_name);
    return MOVE_FAILED;
}

static bool
sync_move(MpOutbox *outbox, int from, int to, GError **error)
{
    return outbox->syncs_later ||
           (mp_sync_directory(outbox->fd[to], mp_outbox_directories[to], error) &&
            (from == to ||
             mp_sync_directory(outbox->fd[from], mp_outbox_directories[from], error)));
}

bool
mp_outbox_move(MpOutbox *outbox, int from, const char *name, int to, const char *new_name,
               MpIfTaken if_taken, GError **error)
{
    g_autofree char *target = g_strdup(new_name);
    MoveResult result;

    if (from == to && strcmp(name, new_name) == 0)
        return true;
    while ((result = move_to_name(outbox, from, name, to, target, error)) == TAKEN) {
        char *next;

        if (if_taken == MP_TAKEN_REFUSE)
            return mp_fail(error, MP_ERROR_INPUT,
                           "cannot move outbox/%s/%s: outbox/%s/%s is another file",
                           mp_outbox_directories[from], name, mp_outbox_directories[to], target);
        next = next_name(to, target);
        g_free(target);
        target = next;
    }
    return result == MOVED && sync_move(outbox, from, to, error);
}

bool
mp_outbox_postpone(MpOutbox *outbox, const MpQueued *queued, gint64 due, GError **error)
{
    g_autofree char *name = retry_name(due, queued->key);

    return mp_outbox_move(outbox, queued->queue, queued->name, MP_QUEUE_RETRY, name,
                          MP_TAKEN_RENAME, error);
}

bool
mp_outbox_hold(MpOutbox *outbox, const MpQueued *queued, GError **error)
{
    if (queued->queue == MP_QUEUE_HOLD)
        return true;
    return mp_outbox_move(outbox, queued->queue, queued->name, MP_QUEUE_HOLD, queued->key,
                          MP_TAKEN_RENAME, error);
}

bool
mp_outbox_release(MpOutbox *outbox, const MpQueued *queued, GError **error)
{
    return mp_outbox_move(outbox, queued->queue, queued->name, MP_QUEUE_NEW, queued->key,
                          MP_TAKEN_REFUSE, error);
}

bool
mp_outbox_drop(MpOutbox *outbox, const MpQueued *queued, GError **error)
{
    if (unlinkat(outbox->fd[queued->queue], queued->name, 0) < 0 && errno != ENOENT)
        return mp_fail_errno(error, "cannot remove outbox/%s/%s", mp_queue_name(queued->queue),
                             queued->name);
    return mp_sync_directory(outbox->fd[queued->queue], mp_queue_name(queued->queue), error);
}

bool
mp_retry_due(guint attempts, gint64 first, gint64 now, gint64 give_up, gint64 *due)
{
    static const gint64 minutes[] = {1, 5, 15, 30, 60, 120};
    gsize step = attempts > 0 ? attempts - 1 : 0;
    gint64 last = first + give_up;

    if (now >= last)
        return false;
    *due = MIN(now + mp_time_spread(minutes[MIN(step, G_N_ELEMENTS(minutes) - 1)] * 60), last);
    return true;
}
