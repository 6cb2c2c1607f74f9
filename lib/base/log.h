/*
 * The log, in the form of GitHub Enterprise Server's mail-replies log:
 *
 *   [2014-10-30T00:47:23.306 INFO (5284) #] metroplex: processing <b2b9@me.com>
 *
 * Local time with milliseconds, level, process id, an empty program name, the message. One line is
 * one write(2) to a file opened with O_APPEND, so that programs and runs may share it and logrotate
 * may move it between runs. The log is the one mutable global of this library.
 *
 * Callers escape what a mail supplied (mp_escape); the log itself escapes what still is a control
 * character, so that no text can forge a line.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { MP_LOG_DEBUG, MP_LOG_INFO, MP_LOG_WARN, MP_LOG_ERROR } MpLogLevel;

/*
 * Opens DIRECTORY/FILE_NAME for appending and drops messages below `level` from then on. Until it
 * is called, WARN and ERROR go to standard error and the rest nowhere.
 */
bool mp_log_open(const char *directory, const char *file_name, MpLogLevel level, GError **error);

/* Sends every line to standard error as well; for commands at a terminal. */
void mp_log_to_stderr(MpLogLevel level);

/* Whether a line of this level is written anywhere. */
bool mp_log_has(MpLogLevel level);

void mp_log(MpLogLevel level, const char *format, ...) G_GNUC_PRINTF(2, 3);

#define mp_debug(...) mp_log(MP_LOG_DEBUG, __VA_ARGS__)
#define mp_info(...)  mp_log(MP_LOG_INFO, __VA_ARGS__)
#define mp_warn(...)  mp_log(MP_LOG_WARN, __VA_ARGS__)
#define mp_error(...) mp_log(MP_LOG_ERROR, __VA_ARGS__)
