/*
 * Inside of lib/report: a log, and what logrotate made of it, as one text. They are opened at once,
 * with the rights of that moment, and read later.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A line without its end, ended by a zero; longer ones than MP_LOG_LINE_MAX octets are cut.
 * `modified` is when its file was written last, seconds since 1970. */
typedef void (*MpLogTell)(const char *line, gsize length, gint64 modified, gpointer user_data);

#define MP_LOG_LINE_MAX 65536

typedef struct MpLogFiles MpLogFiles;

/* PATH, PATH.1, PATH.2.gz, PATH-20260131 …, of those that were written since `since`, oldest first.
 * MP_ERROR_INSTALLATION if PATH itself cannot be opened, or is no file. */
MpLogFiles *mp_log_files_open(const char *path, gint64 since, GError **error);

/* The one file that is open there, which is theirs then, without older parts. */
MpLogFiles *mp_log_files_of(int fd, GError **error);

void mp_log_files_free(MpLogFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpLogFiles, mp_log_files_free)

/* Tells every line of them. A packed file that is damaged ends where it is. */
bool mp_log_files_read(MpLogFiles *files, MpLogTell tell, gpointer user_data, GError **error);

/* How many octets they have, as they lie on the disk. */
guint64 mp_log_files_size(const MpLogFiles *files);

/* One file that is no log, in the same way; the descriptor stays the caller's. */
bool mp_log_read_lines(int fd, gint64 modified, MpLogTell tell, gpointer user_data, GError **error);

/*
 * The time of a line of ours, "[2014-10-30T00:47:23.306 INFO (5284) #] …", in microseconds since
 * 1970; 0 if it has none. *message is what follows.
 */
gint64 mp_log_time(const char *line, const char **message);
