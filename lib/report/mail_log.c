/* Postfix's log as records; see mail_log.h. */
#include "report/mail_log.h"

#include <stdio.h>
#include <string.h>

#define RECORDS_MAX 10000 /* that are open; then those that had no line for long are let go */
#define LINES_MAX   200   /* of a record */

/* --- One line --------------------------------------------------------------------------------- */

/* Behind the time stamp and the blank that follows; NULL if the line begins with none. */
static const char *
skip_time(const char *line)
{
    gsize length = g_ascii_isdigit(*line) ? strcspn(line, " ") : 0;

    if (length >= strlen("2014-10-30T00:47:18") && line[4] == '-' && line[10] == 'T')
        return line[length] == ' ' ? line + length + 1 : NULL;
    /* "Oct 30 00:47:18 " */
    for (gsize i = 0; i < 16; i++)
        if (line[i] == '\0')
            return NULL;
    return line[3] == ' ' && line[6] == ' ' && line[9] == ':' && line[12] == ':' && line[15] == ' '
               ? line + 16
               : NULL;
}

/* "postfix/smtpd[123]: " gives what follows. Other programs count if they work on a queue id. */
static const char *
skip_program(const char *p, MpMailLogLine *parsed)
{
    static const char *const milters[] = {"opendkim[", "opendmarc[", "metroplex["};
    gsize length = strcspn(p, "[ :");
    const char *end = strstr(p, "]: ");
    bool is_ours = memchr(p, '/', length) != NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(milters); i++)
        is_ours |= g_str_has_prefix(p, milters[i]);
    if (!is_ours || p[length] != '[' || end == NULL ||
        p + length + 1 + strspn(p + length + 1, "0123456789") != end)
        return NULL;
    parsed->program = p;
    parsed->program_length = length;
    return end + strlen("]: ");
}

/* Short ids are hexadecimal digits, of which each may be a letter; long ones begin with a digit, of
 * the time, and have letters behind it; words like "warning" are none. */
static bool
is_queue_id(const char *p, gsize length)
{
    gsize digits = 0, hexadecimal = strspn(p, "0123456789ABCDEF");

    if (length == strlen(MP_MAIL_LOG_NOQUEUE) && strncmp(p, MP_MAIL_LOG_NOQUEUE, length) == 0)
        return true;
    if (length < 5 || length > 40)
        return false;
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isalnum(p[i]))
            return false;
        digits += g_ascii_isdigit(p[i]) != 0;
    }
    return digits > 0 || hexadecimal >= length;
}

bool
mp_mail_log_parse(const char *line, MpMailLogLine *parsed)
{
    const char *p = skip_time(line);

    *parsed = (MpMailLogLine){0};
    p = p != NULL ? strchr(p, ' ') : NULL; /* the host's name */
    p = p != NULL ? skip_program(p + 1, parsed) : NULL;
    if (p == NULL)
        return false;
    gsize length = strcspn(p, ": ");
    if (p[length] == ':' && p[length + 1] == ' ' && is_queue_id(p, length)) {
        parsed->queue_id = p;
        parsed->queue_id_length = length;
        p += length + 2;
    }
    parsed->text = p;
    return true;
}

/* Without a year, the last one in which it is not in the future of its file. */
static gint64
traditional_time(const char *line, gint64 modified)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char name[4] = "";
    int day, hour, minute, second;
    g_autoptr(GDateTime) latest = g_date_time_new_from_unix_local(modified + 24 * 3600);

    if (latest == NULL ||
        sscanf(line, "%3s %2d %2d:%2d:%2d", name, &day, &hour, &minute, &second) != 5)
        return 0;
    const char *found = strlen(name) == 3 ? strstr(months, name) : NULL;
    if (found == NULL || (found - months) % 3 != 0)
        return 0;
    for (int year = g_date_time_get_year(latest), tries = 0; tries < 8; tries++) {
        g_autoptr(GDateTime) time = g_date_time_new_local(
            year - tries, (int)(found - months) / 3 + 1, day, hour, minute, second);

        if (time != NULL && g_date_time_compare(time, latest) <= 0) /* NULL: the 29th of February */
            return g_date_time_to_unix(time) * G_USEC_PER_SEC;
    }
    return 0;
}

gint64
mp_mail_log_time(const char *line, gint64 modified)
{
    if (skip_time(line) == NULL)
        return 0;
    if (!g_ascii_isdigit(*line))
        return traditional_time(line, modified);
    g_autofree char *stamp = g_strndup(line, strcspn(line, " "));
    g_autoptr(GTimeZone) local = g_time_zone_new_local();
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(stamp, local);
    return time != NULL
               ? g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time)
               : 0;
}

char *
mp_mail_log_value(const char *text, const char *key)
{
    gsize length = strlen(key);

    for (const char *p = text; (p = strstr(p, key)) != NULL; p++) {
        if (p[length] != '=' || (p != text && p[-1] != ' ' && p[-1] != ','))
            continue;
        const char *value = p + length + 1;
        const char *end = *value == '<' ? strchr(value, '>') : NULL;
        if (end != NULL)
            return g_strndup(value + 1, (gsize)(end - value - 1));
        return g_strndup(value, strcspn(value, ", "));
    }
    return NULL;
}

/* --- Records ---------------------------------------------------------------------------------- */

struct MpMailLog {
    GHashTable *open; /* queue id: MpMailLogRecord */
    MpMailLogWants wants;
    MpMailLogTell tell;
    gpointer user_data;
    gint64 n_lines;
};

static void
record_free(gpointer data)
{
    MpMailLogRecord *record = data;

    g_free(record->queue_id);
    g_ptr_array_unref(record->lines);
    g_array_unref(record->times);
    g_free(record);
}

static MpMailLogRecord *
record_new(const MpMailLogLine *parsed)
{
    MpMailLogRecord *record = g_new0(MpMailLogRecord, 1);

    record->queue_id = g_strndup(parsed->queue_id, parsed->queue_id_length);
    record->lines = g_ptr_array_new_with_free_func(g_free);
    record->times = g_array_new(FALSE, FALSE, sizeof(gint64));
    return record;
}

MpMailLog *
mp_mail_log_new(MpMailLogWants wants, MpMailLogTell tell, gpointer user_data)
{
    MpMailLog *log = g_new0(MpMailLog, 1);

    log->open = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, record_free);
    log->wants = wants;
    log->tell = tell;
    log->user_data = user_data;
    return log;
}

/* True for the line that makes a queue id: from here on it means another mail. */
static bool
begins_record(const MpMailLogLine *parsed)
{
    return g_str_has_prefix(parsed->text, "client=") ||
           (g_str_has_prefix(parsed->text, "uid=") && strstr(parsed->text, " from=<") != NULL);
}

static void
add_line(MpMailLog *log, MpMailLogRecord *record, const MpMailLogLine *parsed, const char *line,
         gint64 modified)
{
    gint64 time;

    record->is_wanted = record->is_wanted || log->wants(parsed, log->user_data);
    record->last = log->n_lines;
    if (record->lines->len >= LINES_MAX) { /* the beginning stays, and the last one */
        record->left_out++;
        g_ptr_array_remove_index(record->lines, LINES_MAX - 1);
        g_array_set_size(record->times, LINES_MAX - 1);
    }
    time = modified; /* is made a time when it is told */
    g_ptr_array_add(record->lines, g_strdup(line));
    g_array_append_val(record->times, time);
}

static void
end_record(MpMailLog *log, MpMailLogRecord *record)
{
    for (guint i = 0; record->is_wanted && i < record->lines->len; i++) {
        gint64 *time = &g_array_index(record->times, gint64, i);

        *time = mp_mail_log_time(record->lines->pdata[i], *time);
    }
    if (record->is_wanted)
        log->tell(record, log->user_data);
}

static gboolean
is_stale(gpointer id, gpointer data, gpointer user_data)
{
    const MpMailLogRecord *record = data;
    const MpMailLog *log = user_data;

    (void)id;
    return !record->is_wanted && log->n_lines - record->last > 4 * RECORDS_MAX;
}

/* Of what has no end, what is not wanted and old goes first, then all that is not wanted. */
static gboolean
is_unwanted(gpointer id, gpointer data, gpointer user_data)
{
    (void)id, (void)user_data;
    return !((const MpMailLogRecord *)data)->is_wanted;
}

static gboolean
end_any(gpointer id, gpointer data, gpointer user_data)
{
    (void)id;
    end_record(user_data, data);
    return TRUE;
}

static void
make_room(MpMailLog *log)
{
    if (g_hash_table_size(log->open) < RECORDS_MAX)
        return;
    if (g_hash_table_foreach_remove(log->open, is_stale, log) == 0 &&
        g_hash_table_foreach_remove(log->open, is_unwanted, log) == 0)
        g_hash_table_foreach_remove(log->open, end_any, log);
}

void
mp_mail_log_add(MpMailLog *log, const char *line, gint64 modified)
{
    MpMailLogRecord *record;
    MpMailLogLine parsed;
    char id[64];

    log->n_lines++;
    if (!mp_mail_log_parse(line, &parsed) || parsed.queue_id == NULL)
        return;
    g_snprintf(id, sizeof id, "%.*s", (int)parsed.queue_id_length, parsed.queue_id);
    if (strcmp(id, MP_MAIL_LOG_NOQUEUE) == 0) {
        record = record_new(&parsed);
        add_line(log, record, &parsed, line, modified);
        end_record(log, record);
        record_free(record);
        return;
    }
    record = g_hash_table_lookup(log->open, id);
    if (record != NULL && begins_record(&parsed)) {
        end_record(log, record);
        g_hash_table_remove(log->open, id);
        record = NULL;
    }
    if (record == NULL) {
        make_room(log);
        record = record_new(&parsed);
        g_hash_table_insert(log->open, record->queue_id, record);
    }
    add_line(log, record, &parsed, line, modified);
    if (strcmp(parsed.text, "removed") == 0) {
        end_record(log, record);
        g_hash_table_remove(log->open, id);
    }
}

void
mp_mail_log_finish(MpMailLog *log)
{
    g_hash_table_foreach_remove(log->open, end_any, log);
    g_hash_table_unref(log->open);
    g_free(log);
}
