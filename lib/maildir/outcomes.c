/* Outcomes, a line for each mail, in a file a month; see maildir.h. */
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
#include "maildir/internal.h"
#include "maildir/kept.h"

#define TAIL_MAX 65536 /* looked at in one go: some hundred lines */

/* --- The lines ------------------------------------------------------------------------------- */

static void
append_number(GString *text, guint64 number)
{
    if (number > 0)
        g_string_append_printf(text, "\t%" G_GUINT64_FORMAT, number);
    else
        g_string_append(text, "\t-");
}

static void
append_line(GString *text, const MpOutcomeLine *line, gint64 now)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(now / G_USEC_PER_SEC);
    g_autofree char *when = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
    g_autofree char *id = mp_escape(line->message_id);
    g_autofree char *name = mp_escape(line->name);

    g_string_append_printf(text, "%s.%03dZ\t%s\t%s\t%s\t%s", when, (int)(now / 1000 % 1000),
                           mp_outcome_name(line->outcome), line->reason, id, name);
    append_number(text, line->thread);
    append_number(text, line->comment);
    g_string_append_printf(text, "\t%.3f\n", (double)MAX(now - line->received, 0) / G_USEC_PER_SEC);
}

static bool
is_time(const char *text, gsize length)
{
    static const char form[] = "0000-00-00T00:00:00.000Z";

    if (length != sizeof form - 1)
        return false;
    for (gsize i = 0; i < length; i++)
        if (form[i] == '0' ? !g_ascii_isdigit(text[i]) : text[i] != form[i])
            return false;
    return true;
}

/* Looks as closely as it takes to know a line that is torn or full of zeros. */
static bool
is_line(const char *line, gsize length)
{
    const char *tab = memchr(line, '\t', length);
    guint fields = 1;

    for (gsize i = 0; i < length; i++) {
        if (line[i] == '\0')
            return false;
        fields += line[i] == '\t';
    }
    return fields == MP_OUTCOMES_FIELDS && is_time(line, (gsize)(tab - line));
}

/* --- Mending --------------------------------------------------------------------------------- */

/* Length of the whole lines at the beginning of the tail. */
static gsize
good_length(const char *tail, gsize length)
{
    const char *zero = memchr(tail, '\0', length); /* a page that was never written */
    gsize end = zero != NULL ? (gsize)(zero - tail) : length;

    while (end > 0) {
        const char *newline = memrchr(tail, '\n', end);
        if (newline == NULL)
            return 0;
        const char *before = memrchr(tail, '\n', (gsize)(newline - tail));
        const char *line = before != NULL ? before + 1 : tail;
        if (is_line(line, (gsize)(newline - line)))
            return (gsize)(newline + 1 - tail);
        end = (gsize)(line - tail);
    }
    return 0;
}

static bool
read_tail(int fd, off_t size, GString **tail, GError **error)
{
    off_t start = MAX(size - TAIL_MAX, 0);

    *tail = g_string_sized_new((gsize)(size - start) + 1);
    g_string_set_size(*tail, (gsize)(size - start));
    for (gsize at = 0; at < (*tail)->len;) {
        ssize_t n = pread(fd, (*tail)->str + at, (*tail)->len - at, start + (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            g_string_free(g_steal_pointer(tail), TRUE);
            return n < 0 ? mp_fail_errno(error, "cannot read")
                         : mp_fail(error, MP_ERROR_TEMPORARY, "was cut short");
        }
        at += (gsize)n;
    }
    if (start > 0) { /* the tail begins within a line */
        const char *newline = memchr((*tail)->str, '\n', (*tail)->len);
        g_string_erase(*tail, 0, newline != NULL ? newline + 1 - (*tail)->str : 0);
    }
    return true;
}

/* Cuts off the torn lines of the tail; *cut says how much, *is_all that it was the whole tail. */
static bool
cut_tail(int fd, gsize *cut, bool *is_all, GError **error)
{
    g_autoptr(GString) tail = NULL;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return mp_fail_errno(error, "cannot look at it");
    if (!read_tail(fd, st.st_size, &tail, error))
        return false;
    gsize torn = tail->len - good_length(tail->str, tail->len);
    *cut += torn;
    *is_all = torn > 0 && torn == tail->len;
    return torn == 0 || ftruncate(fd, st.st_size - (off_t)torn) == 0 ||
           mp_fail_errno(error, "cannot cut off what is torn");
}

/* What was not synced by a process that died must not turn out torn behind whole lines, either. */
static bool
mend_file(int fd, const char *name, GError **error)
{
    bool is_all = true;
    gsize cut = 0;

    while (is_all)
        if (!cut_tail(fd, &cut, &is_all, error))
            return false;
    if (cut > 0)
        mp_warn("%s: the last %" G_GSIZE_FORMAT " %s no lines: cut off", name, cut,
                mp_plural(cut, "octet was", "octets were"));
    return fdatasync(fd) == 0 || mp_fail_errno(error, "cannot sync");
}

static int
open_file(const MpMaildir *m, const char *name, int flags, GError **error)
{
    int fd = openat(m->incoming_fd, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0640);

    if (fd < 0)
        mp_fail_errno(error, "cannot open it");
    return fd;
}

/* The month is new, so that a process that died may have written to the last file but this one. No
 * line is glued to that: what cannot be mended is no reason to stop. */
static void
mend_before(const MpMaildir *m, const char *name)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) names = mp_outcomes_files(m->data, 0, &why);
    guint n = names != NULL ? names->len : 0;

    if (n > 0 && strcmp(names->pdata[n - 1], name) == 0)
        n--;
    if (n > 0) {
        g_auto(MpFd) fd = open_file(m, names->pdata[n - 1], O_NONBLOCK, &why);
        if (fd >= 0)
            (void)mend_file(fd, names->pdata[n - 1], &why);
    }
    if (why != NULL)
        mp_warn("%s: %s", n > 0 ? (const char *)names->pdata[n - 1] : "incoming-mail",
                why->message);
}

/*
 * Once a process and file, the remains of a write that a power cut interrupted are cut off, since
 * the next line would be glued to them. Nothing is lost, since a mail is moved only when its line
 * is durable. The name of the file is made durable too, since the process that made it may have
 * died before.
 */
static bool
mend(MpMaildir *m, int fd, const char *name, GError **error)
{
    struct stat st;

    if (g_strcmp0(m->mended, name) == 0)
        return true;
    if (fstat(fd, &st) == 0 && st.st_size == 0)
        mend_before(m, name);
    if (!mend_file(fd, name, error) || !mp_sync_directory(m->incoming_fd, "incoming-mail", error))
        return false;
    g_free(m->mended);
    m->mended = g_strdup(name);
    return true;
}

static bool
append(MpMaildir *m, int fd, const char *name, const GString *text, GError **error)
{
    if (!mend(m, fd, name, error))
        return false;
    if (!mp_write_all(fd, text->str, text->len, error)) { /* a part of it may be there */
        g_clear_pointer(&m->mended, g_free);
        return false;
    }
    return fdatasync(fd) == 0 || mp_fail_errno(error, "cannot sync");
}

bool
mp_maildir_record(MpMaildir *m, const GArray *lines, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gint64 now = g_get_real_time();
    g_autofree char *name = mp_outcomes_name(now / G_USEC_PER_SEC);

    if (lines->len == 0)
        return true;
    for (guint i = 0; i < lines->len; i++)
        append_line(text, &g_array_index(lines, MpOutcomeLine, i), now);
    g_auto(MpFd) fd = open_file(m, name, O_CREAT, error);
    if (fd >= 0 && append(m, fd, name, text, error))
        return true;
    g_prefix_error(error, "incoming-mail/%s: ", name);
    return false;
}
