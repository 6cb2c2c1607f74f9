/* The parts that are files of lines; see parts.h. */
#include "report/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "maildir/kept.h"
#include "report/mail_log.h"

static void
tell_line(const char *line, gsize length, gint64 modified, gpointer user_data)
{
    (void)modified;
    mp_report_line(user_data, line, length);
}

/* Read and told by `tell`, or noted. */
static void
read_log(MpReport *report, const char *place, const char *path, MpLogTell tell, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpLogFiles) files = mp_log_files_open(path, report->since, &error);

    mp_redaction_begin(report->redaction);
    if (files == NULL || !mp_log_files_read(files, tell, user_data, &error))
        mp_report_note(report, place, error->message);
}

/* --- Ours ------------------------------------------------------------------------------------- */

typedef struct {
    MpReport *report;
    char since[20];   /* as the lines have it, so that they are compared as text */
    gsize skip;       /* octets before it */
    bool is_young;    /* of the last line that had a time */
    GPtrArray *last;  /* char *: a ring, or NULL where all lines are told */
    guint most, next; /* of the ring */
} Since;

static void
since_begin(Since *since, MpReport *report, bool is_local, gsize skip)
{
    g_autoptr(GDateTime) time = is_local ? g_date_time_new_from_unix_local(report->since)
                                         : g_date_time_new_from_unix_utc(report->since);
    g_autofree char *text = time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S") : NULL;

    *since = (Since){.report = report, .skip = skip};
    g_strlcpy(since->since, text != NULL ? text : "", sizeof since->since);
}

/* A line without a time belongs to the one before. */
static bool
is_young(Since *since, const char *line, gsize length)
{
    gsize n = strlen(since->since);

    if (length > since->skip + n && g_ascii_isdigit(line[since->skip]) &&
        line[since->skip + 10] == 'T')
        since->is_young = memcmp(line + since->skip, since->since, n) >= 0;
    return since->is_young;
}

static void
tell_young(const char *line, gsize length, gint64 modified, gpointer user_data)
{
    Since *since = user_data;

    (void)modified;
    if (is_young(since, line, length))
        mp_report_line(since->report, line, length);
}

void
mp_report_our_log(MpReport *report, const char *name)
{
    g_autofree char *path = g_build_filename(report->instance->config->log_directory, name, NULL);
    Since since;

    since_begin(&since, report, true, 1);
    read_log(report, name, path, tell_young, &since);
}

/* The months from that of `since` on. */
static void
read_outcomes(MpReport *report, MpLogTell tell, Since *since)
{
    const char *data = report->instance->config->data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) names = mp_outcomes_files(data, report->since, &error);

    if (names == NULL)
        mp_report_note(report, "outcomes.tsv", error->message);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *path = mp_outcomes_path(data, names->pdata[i]);

        read_log(report, names->pdata[i], path, tell, since);
    }
}

void
mp_report_outcomes(MpReport *report)
{
    Since since;

    since_begin(&since, report, false, 0);
    read_outcomes(report, tell_young, &since);
}

/* --- The last ones ---------------------------------------------------------------------------- */

static void
ring_add(Since *since, const char *line, gsize length)
{
    if (since->last->len < since->most) {
        g_ptr_array_add(since->last, g_strndup(line, length));
        return;
    }
    g_free(since->last->pdata[since->next]);
    since->last->pdata[since->next] = g_strndup(line, length);
    since->next = (since->next + 1) % since->most;
}

static void
ring_begin(Since *since, guint most)
{
    since->last = g_ptr_array_new_with_free_func(g_free);
    since->most = most;
}

static void
ring_end(Since *since)
{
    for (guint i = 0; i < since->last->len; i++) {
        const char *line = since->last->pdata[(since->next + i) % since->last->len];

        mp_report_line(since->report, line, strlen(line));
    }
    g_clear_pointer(&since->last, g_ptr_array_unref);
}

static void
take_warning(const char *line, gsize length, gint64 modified, gpointer user_data)
{
    Since *since = user_data;
    const char *level = length > 25 ? line + 25 : ""; /* behind "[2014-10-30T00:47:23.306 " */

    (void)modified;
    if (is_young(since, line, length) &&
        (strncmp(level, "WARN ", 5) == 0 || strncmp(level, "ERROR ", 6) == 0))
        ring_add(since, line, length);
}

static void
take_failure(const char *line, gsize length, gint64 modified, gpointer user_data)
{
    Since *since = user_data;
    const char *tab = memchr(line, '\t', length);

    (void)modified;
    if (is_young(since, line, length) && tab != NULL && g_str_has_prefix(tab + 1, "failure\t"))
        ring_add(since, line, length);
}

void
mp_report_last_warnings(MpReport *report, const char *name, guint most)
{
    g_autofree char *path = g_build_filename(report->instance->config->log_directory, name, NULL);
    Since since;

    since_begin(&since, report, true, 1);
    ring_begin(&since, most);
    read_log(report, name, path, take_warning, &since);
    ring_end(&since);
}

void
mp_report_last_failures(MpReport *report, guint most)
{
    Since since;

    since_begin(&since, report, false, 0);
    ring_begin(&since, most);
    read_outcomes(report, take_failure, &since);
    ring_end(&since);
}

/* --- Postfix's -------------------------------------------------------------------------------- */

/* Our domains have this one at their end, and so have the Message-IDs that we make. */
static bool
is_about_us(const MpMailLogLine *line, gpointer user_data)
{
    const MpReport *report = user_data;

    return strcasestr(line->text, report->instance->config->hostname) != NULL;
}

static void
tell_record(const MpMailLogRecord *record, gpointer user_data)
{
    MpReport *report = user_data;
    gint64 last = g_array_index(record->times, gint64, record->times->len - 1);

    if (last != 0 && last / G_USEC_PER_SEC < report->since)
        return;
    for (guint i = 0; i < record->lines->len; i++)
        mp_report_line(report, record->lines->pdata[i], strlen(record->lines->pdata[i]));
    if (record->left_out > 0)
        mp_report_print(report, "    %u more %s of %s", record->left_out,
                        mp_plural(record->left_out, "line", "lines"), record->queue_id);
}

static void
add_to_mail_log(const char *line, gsize length, gint64 modified, gpointer user_data)
{
    (void)length;
    mp_mail_log_add(user_data, line, modified);
}

void
mp_report_mail_log(MpReport *report)
{
    MpMailLog *log;
    g_autoptr(GError) error = NULL;

    if (report->mail_log == NULL)
        return; /* noted where it could not be opened */
    log = mp_mail_log_new(is_about_us, tell_record, report);
    mp_redaction_begin(report->redaction);
    if (!mp_log_files_read(report->mail_log, add_to_mail_log, log, &error))
        mp_report_note(report, "mail.log", error->message);
    mp_mail_log_finish(log);
}

/* --- Files ------------------------------------------------------------------------------------ */

static int
open_plain(MpReport *report, const char *directory, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_auto(MpFd) folder = mp_open_directory(directory, &error);
    g_auto(MpFd) fd = -1;
    struct stat st;

    mp_redaction_begin(report->redaction);
    if (folder < 0) {
        mp_report_note(report, name, error->message);
        return -1;
    }
    fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        mp_report_note(report, name, fd < 0 ? g_strerror(errno) : "is not a regular file");
        return -1;
    }
    return g_steal_fd(&fd);
}

void
mp_report_file(MpReport *report, const char *directory, const char *name)
{
    g_auto(MpFd) fd = open_plain(report, directory, name);
    g_autoptr(GError) error = NULL;

    if (fd >= 0 && !mp_log_read_lines(fd, 0, tell_line, report, &error))
        mp_report_note(report, name, error->message);
}
