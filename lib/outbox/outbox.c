/*
 * The directories of the outbox, and the side of those who announce: stage, publish, discard.
 * The contents of a file are event_text.c's business, what is done with one event_file.c's.
 */
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
#include "outbox/internal.h"

#define STAGED_LIMIT (4 * 1024 * 1024) /* a response quotes the mail */

const char *const mp_outbox_directories[N_DIRECTORIES] = {"new", "retry",    "hold",     "failed",
                                                          "tmp", "answered", "requests", "digests"};

char *
mp_outbox_show(int directory, const char *name)
{
    g_autofree char *shown = mp_escape(name);

    return g_strdup_printf("outbox/%s/%s", mp_outbox_directories[directory], shown);
}

bool
mp_is_event_key(const char *key)
{
    gsize length = strlen(key);

    if (length == 0 || length > 64)
        return false;
    for (const char *p = key; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && *p != '-' && *p != '_')
            return false;
    return true;
}

bool
mp_outbox_init(const char *path, GError **error)
{
    for (int i = 0; i < N_DIRECTORIES; i++) {
        g_autofree char *directory = g_build_filename(path, mp_outbox_directories[i], NULL);

        if (!mp_make_directories(directory, 0750, NULL, error))
            return false;
    }
    return mp_sync_found_directory(path, error);
}

MpOutbox *
mp_outbox_open(const char *path, GError **error)
{
    g_autoptr(MpOutbox) outbox = g_new0(MpOutbox, 1);

    outbox->path = g_strdup(path);
    outbox->staged = g_ptr_array_new_with_free_func(g_free);
    outbox->digests = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < N_DIRECTORIES; i++)
        outbox->fd[i] = -1;
    for (int i = 0; i < N_DIRECTORIES; i++) {
        g_autofree char *directory = g_build_filename(path, mp_outbox_directories[i], NULL);

        outbox->fd[i] = mp_open_made_directory(directory, error);
        if (outbox->fd[i] < 0)
            return NULL;
    }
    return g_steal_pointer(&outbox);
}

void
mp_outbox_free(MpOutbox *outbox)
{
    if (outbox == NULL)
        return;
    for (int i = 0; i < N_DIRECTORIES; i++)
        mp_fd_clear(&outbox->fd[i]);
    g_clear_pointer(&outbox->staged, g_ptr_array_unref);
    g_clear_pointer(&outbox->digests, g_ptr_array_unref);
    g_free(outbox->path);
    g_free(outbox);
}

/*
 * Events are worked off by the age of their files, and the kernel's clock stands still for some
 * milliseconds, in which a batch writes many. So each gets a time of its own, in the order in which
 * they are staged. If that fails, only their order is lost.
 */
static void
stamp(MpOutbox *outbox, const char *key)
{
    gint64 now = g_get_real_time() * 1000;

    outbox->stamp = MAX(now, outbox->stamp + 1);
    const struct timespec times[] = {
        {.tv_nsec = UTIME_OMIT},
        {outbox->stamp / G_GINT64_CONSTANT(1000000000),
         outbox->stamp % G_GINT64_CONSTANT(1000000000)},
    };
    (void)utimensat(outbox->fd[DIRECTORY_TMP], key, times, AT_SYMLINK_NOFOLLOW);
}

bool
mp_outbox_stage(MpOutbox *outbox, const MpEvent *event, GError **error)
{
    g_autofree char *text = NULL;

    if (!mp_is_event_key(event->key)) {
        g_autofree char *shown = mp_escape(event->key);
        return mp_fail(error, MP_ERROR_INPUT, "%s cannot name an event", shown);
    }
    text = mp_event_text_format(event);
    if (!mp_create_file(outbox->fd[DIRECTORY_TMP], event->key, text, strlen(text), 0640, error)) {
        g_prefix_error(error, "outbox/tmp: ");
        return false;
    }
    stamp(outbox, event->key);
    g_ptr_array_add(outbox->staged, g_strdup(event->key));
    return true;
}

bool
mp_outbox_sync_staged(MpOutbox *outbox, GError **error)
{
    int tmp = outbox->fd[DIRECTORY_TMP];
    bool good = mp_sync_files(tmp, outbox->staged, error);

    g_ptr_array_set_size(outbox->staged, 0);
    if (!good)
        g_prefix_error(error, "outbox/tmp: ");
    return good && mp_sync_directory(tmp, "outbox/tmp", error);
}

bool
mp_outbox_publish(MpOutbox *outbox, const char *key, GError **error)
{
    int tmp = outbox->fd[DIRECTORY_TMP], new = outbox->fd[MP_QUEUE_NEW];

    if (mp_rename_new(tmp, key, new, key) == 0 || errno == ENOENT)
        return true;
    if (errno == EEXIST) /* published before: what lies there may hold attempts already */
        return mp_outbox_discard(outbox, key, error);
    return mp_fail_errno(error, "cannot move outbox/tmp/%s to outbox/new", key);
}

bool
mp_outbox_sync_published(MpOutbox *outbox, GError **error)
{
    return mp_sync_directory(outbox->fd[MP_QUEUE_NEW], "outbox/new", error) &&
           mp_sync_directory(outbox->fd[DIRECTORY_TMP], "outbox/tmp", error);
}

/* Nobody sees it before it is whole: names that begin with a dot are passed over. */
static bool
write_new(MpOutbox *outbox, const char *key, const char *text, int *fd, GError **error)
{
    int new = outbox->fd[MP_QUEUE_NEW];
    g_autofree char *unfinished = g_strconcat(".", key, NULL);

    unlinkat(new, unfinished, 0); /* left by one that died */
    *fd = openat(new, unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (*fd < 0)
        return mp_fail_errno(error, "cannot create outbox/new/%s", unfinished);
    if (mp_write_all(*fd, text, strlen(text), error) &&
        (fdatasync(*fd) == 0 || mp_fail_errno(error, "cannot sync")) &&
        (mp_rename_new(new, unfinished, new, key) == 0 || mp_fail_errno(error, "cannot rename")))
        return mp_sync_directory(new, "outbox/new", error);
    g_prefix_error(error, "outbox/new/%s: ", unfinished);
    unlinkat(new, unfinished, 0);
    return false;
}

bool
mp_outbox_submit(MpOutbox *outbox, const MpEvent *event, int *fd, GError **error)
{
    g_autofree char *text = mp_event_text_format(event);

    if (write_new(outbox, event->key, text, fd, error))
        return true;
    mp_fd_clear(fd);
    return false;
}

bool
mp_outbox_sync(MpOutbox *outbox, GError **error)
{
    for (int i = 0; i < N_DIRECTORIES; i++)
        if (!mp_sync_directory(outbox->fd[i], mp_outbox_directories[i], error))
            return false;
    return true;
}

static gboolean
is_key(gconstpointer staged, gconstpointer key)
{
    return strcmp(staged, key) == 0;
}

bool
mp_outbox_discard(MpOutbox *outbox, const char *key, GError **error)
{
    guint i;

    if (g_ptr_array_find_with_equal_func(outbox->staged, key, is_key, &i))
        g_ptr_array_remove_index_fast(outbox->staged, i);
    if (unlinkat(outbox->fd[DIRECTORY_TMP], key, 0) < 0 && errno != ENOENT)
        return mp_fail_errno(error, "cannot remove outbox/tmp/%s", key);
    return true;
}

bool
mp_outbox_is_staged(MpOutbox *outbox, const char *key)
{
    return faccessat(outbox->fd[DIRECTORY_TMP], key, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
is_input_fault(const GError *error)
{
    return g_error_matches(error, MP_ERROR, MP_ERROR_INPUT);
}

/* One file of tmp/: NULL without error if it was unreadable, and is deleted. */
static MpEvent *
take_staged(MpOutbox *outbox, const char *name, GError **error)
{
    int tmp = outbox->fd[DIRECTORY_TMP];
    g_autofree char *bytes = NULL, *path = mp_outbox_show(DIRECTORY_TMP, name);
    g_autoptr(MpEventText) text = NULL;
    g_autoptr(GError) why = NULL;
    gsize length = 0;

    if (mp_read_file(tmp, name, STAGED_LIMIT, &bytes, &length, &why))
        text = mp_event_text_parse(bytes, length, name, path, &why);
    if (text != NULL)
        return g_steal_pointer(&text->event);
    if (!is_input_fault(why)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&why), "outbox/tmp: ");
        return NULL;
    }
    mp_warn("Deleting %s, left half written by a run that died: %s", path, why->message);
    if (unlinkat(tmp, name, 0) < 0 && errno != ENOENT)
        return mp_fail_errno_null(error, "cannot remove %s", path);
    return NULL;
}

GPtrArray *
mp_outbox_staged(MpOutbox *outbox, GError **error)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)mp_event_free);
    g_autofree char *path = g_build_filename(outbox->path, "tmp", NULL);
    g_autoptr(GPtrArray) names = mp_list_directory(path, NULL, NULL, error);
    g_autoptr(GError) why = NULL;

    if (names == NULL)
        return NULL;
    for (guint i = 0; why == NULL && i < names->len; i++) {
        MpEvent *event = take_staged(outbox, names->pdata[i], &why);

        if (event != NULL)
            g_ptr_array_add(events, event);
    }
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return NULL;
    }
    return g_steal_pointer(&events);
}
