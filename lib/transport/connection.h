/*
 * One connection to the SMTP server, inside this room: libcurl makes it (TCP, TLS, EHLO, AUTH), and
 * what is said over it from then on is ours, line by line, each answer with its own time-out.
 * Everything that is said goes to the transcript, whoever says it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "transport/transcript.h"

typedef struct MpConnection MpConnection;

/* Checks the settings and reads the password; connects nothing. MP_ERROR_INSTALLATION names what is
 * missing. */
MpConnection *mp_connection_new(const MpConfig *config, GError **error);

/* Cuts the connection, if there is one: QUIT is said by mp_connection_quit. */
void mp_connection_free(MpConnection *connection);

MpTranscript *mp_connection_transcript(const MpConnection *connection);

/*
 * Makes a new connection and logs in, where there is authentication; a former one is cut. After
 * true the server has said 235 to our login. False: mp_connection_symptoms has why, and the
 * transcript what was asked last.
 */
bool mp_connection_open(MpConnection *connection);

/* True if the last mp_connection_open failed for what no time mends: the server's certificate, our
 * login, or no way to log in. */
bool mp_connection_is_turned_away(const MpConnection *connection);

/*
 * A second look at the port, in clear text where TLS is configured to begin at once, and with TLS
 * at once where it is not: what answers to that? Nothing is logged in to and nothing sent; at most
 * half a minute.
 */
MpListener mp_connection_look(const MpConfig *config);

/* True if it is open and the server has said nothing since its last answer: idle connections are
 * closed by servers, some with a 421 first. */
bool mp_connection_is_quiet(MpConnection *connection);

/* True if the server has said more than was asked for. */
bool mp_connection_has_more(MpConnection *connection);

/* Says a line, which ends in CRLF, or octets of a message: they go out together, with what is said
 * after them, by mp_connection_flush. That one false: the connection is of no more use, but for an
 * answer that may have come before. */
void mp_connection_say(MpConnection *connection, const char *line);
void mp_connection_add(MpConnection *connection, const char *bytes, gsize length);
bool mp_connection_flush(MpConnection *connection);

/* Sends what was said, and waits for the answer to the first line of it that has none yet: whole,
 * and for `seconds` at most; the transcript has it then. False if none came. */
bool mp_connection_hear(MpConnection *connection, int seconds);

/* True if the last failure is that time ran out. */
bool mp_connection_is_late(const MpConnection *connection);

/* It explains nothing: the outcome was known before. */
void mp_connection_forget_failure(MpConnection *connection);

/* What was seen of the last failure: the connection's part, what was asked and answered included.
 * Its texts are the connection's until it is used again. */
MpSymptoms mp_connection_symptoms(const MpConnection *connection);

/* Says QUIT where a connection is open, waits 2 seconds for the answer, and cuts it. */
void mp_connection_quit(MpConnection *connection);
void mp_connection_cut(MpConnection *connection);
