/*
 * Postfix's log, read as records: the lines that carry one queue id, from the one that makes it to
 * "removed", since a short queue id is used again. What Postfix refused at once (NOQUEUE) is a
 * record of its one line.
 *
 * What is stable over versions and settings is read, and nothing else: both forms of time stamps,
 * "SERVICE/DAEMON[PID]: QUEUEID: " (where SERVICE may have slashes of its own), and key=value.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "report/log_files.h"

#define MP_MAIL_LOG_NOQUEUE "NOQUEUE"

typedef struct {
    const char *program; /* "postfix/smtpd", not ended; or NULL */
    gsize program_length;
    const char *queue_id; /* not ended; NULL where the line has none */
    gsize queue_id_length;
    const char *text; /* what follows, to the end of the line */
} MpMailLogLine;

/* Takes a line apart; false if it is none of Postfix's, or of a milter's about a queue id. */
bool mp_mail_log_parse(const char *line, MpMailLogLine *parsed);

/* The time of a line in microseconds since 1970, 0 if it has none. The traditional form has no
 * year: it is the last one in which the line is not later than `modified` (seconds), when its file
 * was written last, and a day. */
gint64 mp_mail_log_time(const char *line, gint64 modified);

/* The value of "key=" in a line's text, without <>, the caller's; NULL if it has none. */
char *mp_mail_log_value(const char *text, const char *key);

typedef struct {
    char *queue_id;
    GPtrArray *lines; /* char *, whole */
    GArray *times;    /* gint64, of each */
    guint left_out;   /* lines, from the middle of a long record */
    bool is_wanted;
    gint64 last; /* line that was added, counted over the whole log */
} MpMailLogRecord;

/* Whether a record with this line is wanted. */
typedef bool (*MpMailLogWants)(const MpMailLogLine *line, gpointer user_data);
typedef void (*MpMailLogTell)(const MpMailLogRecord *record, gpointer user_data);

/* Opens it, for mp_log_files_read(): the file that Postfix logs into, with its older parts, or what
 * the journal of this machine has of it since then, where there is no such file. */
MpLogFiles *mp_mail_log_open(gint64 since, GError **error);

/* Puts lines together. Holds some ten thousand records that are not at their end, at most. */
typedef struct MpMailLog MpMailLog;

MpMailLog *mp_mail_log_new(MpMailLogWants wants, MpMailLogTell tell, gpointer user_data);

/* The next line, which is ended by a zero. A record is told at its end, if it is wanted. */
void mp_mail_log_add(MpMailLog *log, const char *line, gint64 modified);

/* Tells those that are wanted and have no end yet, and frees it. */
void mp_mail_log_finish(MpMailLog *log);
