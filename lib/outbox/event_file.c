/*
 * One event's file in the notifier's hands: read, expand, record outcomes, finish. All appends go
 * through append(), which holds the file's mutex, so that several connections can share an event.
 */
#include "outbox/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "outbox/internal.h"

#define FILE_LIMIT        (512 * 1024 * 1024)
#define FOLLOWED_LIMIT    (64 * 1024) /* of one recipient, some days of attempts */
#define MAX_REPLY         1000        /* characters */
#define LONGEST_OUTCOME   (16 * 1024) /* octets: a reply of that many characters, escaped */
#define UNSYNCED_OUTCOMES 100
#define UNSYNCED_TIME     (G_USEC_PER_SEC)

/* --- Open ----------------------------------------------------------------------------------- */

static bool
prepare_appending(MpEventFile *file, GError **error)
{
    struct stat st;

    if (fstat(file->fd, &st) < 0)
        return mp_fail_errno(error, "cannot look at %s", file->path);
    if (!file->text->is_expanded)
        mp_event_text_undo_expansion(file->text);
    if ((gsize)st.st_size == file->text->length)
        return true;
    mp_warn("%s: its end was torn: cut off", file->path);
    if (ftruncate(file->fd, (off_t)file->text->length) < 0)
        return mp_fail_errno(error, "cannot cut the torn end of %s", file->path);
    return true;
}

static MpEventFile *
new_file(MpOutbox *outbox, const MpQueued *queued)
{
    MpEventFile *file = g_new0(MpEventFile, 1);

    file->outbox = outbox;
    file->queue = queued->queue;
    file->name = g_strdup(queued->name);
    file->path = mp_outbox_show(queued->queue, queued->name);
    file->fd = -1;
    file->synced = g_get_monotonic_time();
    g_mutex_init(&file->mutex);
    return file;
}

static MpEventFile *
load(MpOutbox *outbox, const MpQueued *queued, GError **error)
{
    g_autoptr(MpEventFile) file = new_file(outbox, queued);
    g_autofree char *bytes = NULL;
    gsize length;

    if (faccessat(outbox->fd[queued->queue], queued->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
        errno == ENOENT)
        return NULL;
    if (!mp_read_file(outbox->fd[queued->queue], queued->name, FILE_LIMIT, &bytes, &length,
                      error)) {
        g_prefix_error(error, "outbox/%s: ", mp_queue_name(queued->queue));
        return NULL;
    }
    file->text = mp_event_text_parse(bytes, length, queued->key, file->path, error);
    return file->text != NULL ? g_steal_pointer(&file) : NULL;
}

MpEventFile *
mp_event_file_take(MpOutbox *outbox, const MpQueued *queued, int *claim, GError **error)
{
    g_autoptr(MpEventFile) file = load(outbox, queued, error);

    if (file == NULL)
        return NULL;
    file->fd = g_steal_fd(claim);
    if (!prepare_appending(file, error))
        return NULL;
    if (file->text->n_unread > 0)
        mp_warn("%s:%u: this and %u other %s of attempts cannot be read: who is meant may get "
                "the message again",
                file->path, file->text->first_unread, file->text->n_unread - 1,
                mp_plural(file->text->n_unread - 1, "line", "lines"));
    return g_steal_pointer(&file);
}

MpEventFile *
mp_event_file_open(MpOutbox *outbox, const MpQueued *queued, MpEventAccess access, GError **error)
{
    bool is_busy;
    g_auto(MpFd) claim = -1;

    if (access == MP_EVENT_READ)
        return load(outbox, queued, error);
    claim = mp_outbox_claim(outbox, queued, MP_LOCK_WAIT, &is_busy, error);
    return claim >= 0 ? mp_event_file_take(outbox, queued, &claim, error) : NULL;
}

MpEventFile *
mp_event_file_follow(MpOutbox *outbox, const char *key, int fd, GError **error)
{
    const MpQueued queued = {.queue = MP_QUEUE_NEW, .name = (char *)key, .key = (char *)key};
    g_autoptr(MpEventFile) file = new_file(outbox, &queued);
    g_autofree char *bytes = g_malloc0(FOLLOWED_LIMIT + 1);
    ssize_t length = pread(fd, bytes, FOLLOWED_LIMIT, 0);

    if (length < 0)
        return mp_fail_errno_null(error, "cannot read %s", file->path);
    file->text = mp_event_text_parse(bytes, (gsize)length, key, file->path, error);
    return file->text != NULL ? g_steal_pointer(&file) : NULL;
}

void
mp_event_file_free(MpEventFile *file)
{
    if (file == NULL)
        return;
    if (file->reserved > 0 && ftruncate(file->fd, (off_t)file->text->length) < 0)
        mp_warn("cannot give back room after %s: %s", file->path, g_strerror(errno));
    if (file->fd >= 0 && file->unsynced > 0 && fdatasync(file->fd) < 0)
        mp_warn("cannot sync %s: %s", file->path, g_strerror(errno));
    mp_fd_clear(&file->fd);
    mp_event_text_free(file->text);
    g_mutex_clear(&file->mutex);
    g_free(file->name);
    g_free(file->path);
    g_free(file);
}

const MpEvent *
mp_event_file_event(const MpEventFile *file)
{
    return file->text->event;
}

const GPtrArray *
mp_event_file_recipients(const MpEventFile *file)
{
    return file->text->audience->recipients;
}

const MpAudience *
mp_event_file_audience(const MpEventFile *file)
{
    return file->text->audience;
}

bool
mp_event_file_is_expanded(const MpEventFile *file)
{
    return file->text->is_expanded;
}

/* --- Append --------------------------------------------------------------------------------- */

bool
mp_event_file_sync(MpEventFile *file, GError **error)
{
    if (file->unsynced > 0 && fdatasync(file->fd) < 0)
        return mp_fail_errno(error, "cannot sync %s", file->path);
    file->unsynced = 0;
    file->synced = g_get_monotonic_time();
    return true;
}

/* A half-written append is cut off again, so that the next one starts on a line of its own. */
static bool
write_or_undo(MpEventFile *file, const char *bytes, gsize length, GError **error)
{
    if (mp_write_all(file->fd, bytes, length, error))
        return true;
    g_prefix_error(error, "%s: ", file->path);
    file->reserved = 0; /* it goes with the half-written line */
    if (ftruncate(file->fd, (off_t)file->text->length) < 0)
        mp_warn("%s: cannot cut off a half-written line: %s", file->path, g_strerror(errno));
    return false;
}

/* Writes whole lines with one write(2), and only then takes them into account, and apart. */
static bool
append(MpEventFile *file, char *bytes, GError **error)
{
    gsize length = strlen(bytes);
    const char *fault = NULL;

    if (!write_or_undo(file, bytes, length, error))
        return false;
    file->text->length += length;
    file->unsynced++;
    for (char *line = bytes, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (!mp_event_text_take(file->text, line, &fault))
            return mp_fail(error, MP_ERROR_INSTALLATION, "%s: wrote a wrong line: %s", file->path,
                           fault);
    }
    return true;
}

static bool
is_writable(const MpEventFile *file, GError **error)
{
    return file->fd >= 0 ||
           mp_fail(error, MP_ERROR_INSTALLATION, "%s was opened for reading", file->path);
}

/* --- Expand --------------------------------------------------------------------------------- */

bool
mp_event_file_expand(MpEventFile *file, MpAudience *audience, gint64 now, GError **error)
{
    g_autoptr(MpAudience) owned = audience;

    if (!is_writable(file, error))
        return false;
    if (file->text->is_expanded)
        return true;
    g_autoptr(GString) lines = mp_audience_format(owned, now);
    if (!write_or_undo(file, lines->str, lines->len, error))
        return false;
    file->text->length += lines->len;
    file->unsynced++;
    mp_event_text_set_audience(file->text, g_steal_pointer(&owned));
    return mp_event_file_sync(file, error);
}

/* --- Record --------------------------------------------------------------------------------- */

/* "-" for none, since no field is empty; escaped unless it is one line of text already. */
static char *
show_reply(const char *reply)
{
    g_autofree char *text = g_strstrip(g_utf8_make_valid(reply != NULL ? reply : "", -1));

    if (g_utf8_strlen(text, -1) > MAX_REPLY)
        *g_utf8_offset_to_pointer(text, MAX_REPLY) = '\0';
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
        if (*p == '\t' || *p == '\n' || mp_is_deceptive(g_utf8_get_char(p)))
            return mp_escape(text);
    return g_strdup(text[0] != '\0' ? text : "-");
}

/* The file's mutex is held. Behind the end of the file, so that nobody sees it. */
static bool
reserve(MpEventFile *file, GError **error)
{
    gsize end = file->text->length + (file->promised + 1) * LONGEST_OUTCOME;

    if (end > file->reserved) {
        gsize more = (file->promised + 1) * LONGEST_OUTCOME; /* so that not every message asks */

        if (fallocate(file->fd, FALLOC_FL_KEEP_SIZE, (off_t)file->text->length,
                      (off_t)(end + more - file->text->length)) == 0)
            file->reserved = end + more;
        else if (errno != EOPNOTSUPP && errno != ENOSYS)
            return mp_fail_errno(error, "%s: no room for the outcome of a message", file->path);
    }
    file->promised++;
    return true;
}

bool
mp_event_file_reserve(MpEventFile *file, GError **error)
{
    bool is_good;

    if (!is_writable(file, error))
        return false;
    g_mutex_lock(&file->mutex);
    is_good = reserve(file, error);
    g_mutex_unlock(&file->mutex);
    return is_good;
}

void
mp_event_file_release(MpEventFile *file)
{
    g_mutex_lock(&file->mutex);
    file->promised--;
    g_mutex_unlock(&file->mutex);
}

bool
mp_event_file_append(MpEventFile *file, char *line, GError **error)
{
    bool is_good;

    if (!is_writable(file, error))
        return false;
    g_mutex_lock(&file->mutex);
    is_good = append(file, line, error);
    if (is_good && (file->unsynced >= UNSYNCED_OUTCOMES ||
                    g_get_monotonic_time() - file->synced >= UNSYNCED_TIME))
        is_good = mp_event_file_sync(file, error);
    g_mutex_unlock(&file->mutex);
    return is_good;
}

bool
mp_event_file_record(MpEventFile *file, guint64 user, const MpAttempt *attempt, GError **error)
{
    g_autofree char *reply = show_reply(attempt->reply);
    g_autofree char *address = mp_escape(attempt->address);
    g_autofree char *due = attempt->outcome == MP_RECIPIENT_DEFERRED
                               ? g_strdup_printf("%" G_GINT64_FORMAT "\t", attempt->due)
                               : g_strdup("");
    g_autofree char *line = g_strdup_printf(
        "%s\t%" G_GINT64_FORMAT "\t%" G_GUINT64_FORMAT "\t%s%s\t%d\t%s\n",
        attempt->is_uncounted ? MP_WORD_WAITING : mp_event_recipient_state_name(attempt->outcome),
        attempt->now, user, due, address, attempt->code, reply);

    return mp_event_file_append(file, line, error);
}

bool
mp_event_file_retry(MpEventFile *file, const GArray *users, gint64 now, GError **error)
{
    GString *lines = g_string_new(NULL);
    g_autofree char *text = NULL;

    if (users == NULL || users->len == 0)
        g_string_append_printf(lines, "again\t%" G_GINT64_FORMAT "\n", now);
    for (guint i = 0; users != NULL && i < users->len; i++)
        g_string_append_printf(lines, "retry\t%" G_GINT64_FORMAT "\t%" G_GUINT64_FORMAT "\n", now,
                               g_array_index(users, guint64, i));
    text = g_string_free(lines, FALSE);
    return mp_event_file_append(file, text, error) && mp_event_file_sync(file, error);
}

bool
mp_event_file_drop(MpEventFile *file, const GArray *users, gint64 now, GError **error)
{
    const MpAttempt dropped = {
        .outcome = MP_RECIPIENT_DROPPED, .now = now, .reply = "dropped by an administrator"};

    for (guint i = 0; i < users->len; i++) {
        guint64 user = g_array_index(users, guint64, i);
        const MpEventRecipient *recipient = mp_event_text_recipient(file->text, user);

        if (recipient != NULL && recipient->state != MP_RECIPIENT_SENT &&
            recipient->state != MP_RECIPIENT_DROPPED &&
            !mp_event_file_record(file, user, &dropped, error))
            return false;
    }
    return mp_event_file_sync(file, error);
}

/* --- Finish --------------------------------------------------------------------------------- */

static MpEventEnd
end_of(const MpEventText *text, gint64 *due)
{
    const GPtrArray *recipients = text->audience->recipients;
    guint failed = 0;

    *due = G_MAXINT64;
    if (!text->is_expanded)
        return MP_EVENT_STAYS;
    for (guint i = 0; i < recipients->len; i++) {
        const MpEventRecipient *recipient = recipients->pdata[i];

        if (recipient->state == MP_RECIPIENT_PENDING)
            return MP_EVENT_STAYS;
        if (recipient->state == MP_RECIPIENT_DEFERRED || recipient->state == MP_RECIPIENT_LATER)
            *due = MIN(*due, recipient->due);
        failed += recipient->state == MP_RECIPIENT_FAILED;
    }
    if (*due != G_MAXINT64)
        return MP_EVENT_RETRIES;
    return failed > 0 ? MP_EVENT_FAILED : MP_EVENT_DONE;
}

bool
mp_event_file_is_done(const MpEventFile *file)
{
    gint64 due;

    return end_of(file->text, &due) == MP_EVENT_DONE;
}

bool
mp_event_file_leave(MpEventFile *file, MpEventEnd end, GError **error)
{
    const MpQueued queued = {file->queue, file->name, file->text->event->key, 0, 0};

    return mp_event_file_sync(file, error) &&
           (end == MP_EVENT_HELD ? mp_outbox_hold(file->outbox, &queued, error)
                                 : mp_outbox_drop(file->outbox, &queued, error));
}

bool
mp_event_file_finish(MpEventFile *file, MpEventEnd *end, GError **error)
{
    const MpQueued queued = {file->queue, file->name, file->text->event->key, 0, 0};
    gint64 due;

    if (!is_writable(file, error) || !mp_event_file_sync(file, error))
        return false;
    *end = end_of(file->text, &due);
    switch (*end) {
    case MP_EVENT_STAYS:
        return true;
    case MP_EVENT_RETRIES:
        return mp_outbox_postpone(file->outbox, &queued, due, error);
    case MP_EVENT_FAILED:
        return mp_outbox_move(file->outbox, file->queue, file->name, MP_QUEUE_FAILED, queued.key,
                              MP_TAKEN_RENAME, error);
    case MP_EVENT_DONE:
    case MP_EVENT_HELD:
    case MP_EVENT_DROPPED:
        return mp_outbox_drop(file->outbox, &queued, error);
    }
    return true;
}
