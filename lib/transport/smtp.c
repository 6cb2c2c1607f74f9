/*
 * The SMTP transport: one connection, kept from message to message, and the dialogue of RFC 5321
 * over it, from MAIL to the final dot. What a failure means is decided in judge.c.
 */
#include <string.h>

#include "transport/connection.h"
#include "transport/judge.h"
#include "transport/internal.h"

#define BLOCK_SIZE 32768

typedef struct {
    const MpConfig *config;
    MpConnection *connection;
    MpTranscript *transcript; /* the connection's */
    bool is_reset_due;        /* a transaction was begun that came to nothing */
    char *kept;               /* where conversations that fail are kept, or NULL */
    MpCause cause;            /* of the last failure */
} Session;

static gpointer
smtp_open(const MpConfig *config, GError **error)
{
    MpConnection *connection = mp_connection_new(config, error);

    if (connection == NULL)
        return NULL;
    Session *session = g_new0(Session, 1);
    session->config = config;
    session->connection = connection;
    session->transcript = mp_connection_transcript(connection);
    return session;
}

static void
smtp_close(gpointer data)
{
    Session *session = data;

    mp_connection_quit(session->connection);
    mp_connection_free(session->connection);
    g_free(session->kept);
    g_free(session);
}

static void
smtp_watch(gpointer data, MpSmtpWatch watch, gpointer user_data)
{
    Session *session = data;

    session->transcript->watch = watch;
    session->transcript->watch_data = user_data;
}

static void
smtp_keep(gpointer data, const char *directory)
{
    Session *session = data;

    g_free(session->kept);
    session->kept = g_strdup(directory);
}

/* --- The dialogue --------------------------------------------------------------------------- */

/* One command and its answer; true if that begins with the digit `good`. */
static bool
ask(Session *session, const char *command, int seconds, int good)
{
    return mp_connection_say(session->connection, command) &&
           mp_connection_hear(session->connection, seconds) &&
           session->transcript->code / 100 == good;
}

static bool
ask_envelope(Session *session, const MpEnvelope *envelope)
{
    int seconds = session->config->reply_timeout;
    g_autofree char *mail = g_strdup_printf("MAIL FROM:<%s>%s\r\n", envelope->from,
                                            mp_needs_smtputf8(envelope) ? " SMTPUTF8" : "");
    g_autofree char *rcpt = g_strdup_printf("RCPT TO:<%s>\r\n", envelope->to);

    session->is_reset_due = true;
    return ask(session, mail, seconds, 2) && ask(session, rcpt, seconds, 2);
}

/* Dots are stuffed, the end is marked (RFC 5321, section 4.5.2). */
static GString *
as_data(const MpEnvelope *envelope)
{
    GString *data = g_string_sized_new(envelope->length + 64);
    const char *end = envelope->message + envelope->length;

    for (const char *line = envelope->message, *next; line < end; line = next) {
        const char *newline = memchr(line, '\n', (gsize)(end - line));

        next = newline != NULL ? newline + 1 : end;
        if (line[0] == '.')
            g_string_append_c(data, '.');
        g_string_append_len(data, line, next - line);
    }
    return g_string_append(data, ".\r\n");
}

/* A server may refuse before it has seen the end, and then reads no more. */
static bool
send_message(Session *session, const MpEnvelope *envelope)
{
    g_autoptr(GString) data = as_data(envelope);

    for (gsize sent = 0, n; sent < data->len; sent += n) {
        n = MIN(data->len - sent, BLOCK_SIZE);
        if (sent + n == data->len)
            mp_transcript_message_handed_over(session->transcript, envelope->length);
        if ((sent > 0 && !mp_connection_is_quiet(session->connection)) ||
            !mp_connection_send(session->connection, data->str + sent, n)) {
            mp_connection_hear(session->connection, 1);
            return false;
        }
    }
    session->is_reset_due = false;
    return mp_connection_hear(session->connection, session->config->end_timeout);
}

/* From MAIL to the last answer that is needed; the transcript has it. */
static void
transact(Session *session, const MpEnvelope *envelope)
{
    if (!ask_envelope(session, envelope) || envelope->message == NULL ||
        !ask(session, "DATA\r\n", session->config->data_timeout, 3))
        return;
    if (!send_message(session, envelope) && session->is_reset_due)
        mp_connection_cut(session->connection); /* in the midst of a message */
}

/* The connection of the last message, if it is still good for another. */
static bool
is_kept(Session *session)
{
    if (!mp_connection_is_quiet(session->connection))
        return false;
    if (session->is_reset_due && !ask(session, "RSET\r\n", session->config->reply_timeout, 2))
        return false;
    session->is_reset_due = false;
    return true;
}

static bool
reopen(Session *session)
{
    session->is_reset_due = false;
    mp_transcript_begin_attempt(session->transcript);
    mp_conversation_begin(session->transcript->conversation);
    if (!mp_connection_open(session->connection))
        return false;
    mp_conversation_is_open(session->transcript->conversation);
    return true;
}

/* A kept connection that died in idleness shows it before the server asks for the message. */
static bool
was_stale(const MpTranscript *t)
{
    return !t->is_new_connection && t->asked <= MP_ASKED_DATA && mp_is_lost(t);
}

/* Whether the server and we agree on what comes next. */
static bool
is_fit_to_keep(const MpTranscript *t)
{
    bool is_refused = t->code / 100 == 4 || t->code / 100 == 5;
    bool is_accepted = t->code / 100 == 2 && t->asked != MP_ASKED_MAIL && t->asked != MP_ASKED_DATA;

    return !mp_is_lost(t) && (is_refused || is_accepted);
}

/* False if the connection was dead and there is no other. */
static bool
attempt(Session *session, const MpEnvelope *envelope)
{
    transact(session, envelope);
    if (was_stale(session->transcript)) {
        if (!reopen(session))
            return false;
        transact(session, envelope);
    }
    if (!is_fit_to_keep(session->transcript)) /* what may still come would answer something else */
        mp_connection_cut(session->connection);
    return true;
}

/* --- Its outcome ---------------------------------------------------------------------------- */

/* If something else than the server's last answer ended it, the outcome is told in our words or
 * libcurl's. */
static void
explain(Session *session, MpEnvelope *envelope, MpCause cause, const char *why)
{
    const MpTranscript *t = session->transcript;
    const MpConfig *config = session->config;

    envelope->cause = session->cause = cause;
    envelope->code = t->code >= 400 ? t->code : 0;
    if (envelope->code != 0) {
        envelope->reply = g_strdup(t->reply->str);
    } else {
        mp_transcript_failed(session->transcript, why);
        envelope->reply =
            g_strdup_printf("%s:%d: %s", config->smtp_address, config->smtp_port, why);
    }
    if (session->kept != NULL)
        mp_conversation_keep(t->conversation, session->kept, config, cause);
}

/* The same where what was seen tells it. */
static void
explain_failure(Session *session, MpEnvelope *envelope)
{
    const MpSymptoms symptoms = mp_connection_symptoms(session->connection);
    g_autofree char *why = mp_why_unanswered(session->transcript, symptoms.error);

    explain(session, envelope, mp_cause_of(&symptoms), why);
}

static MpSendResult
fail_to_open(Session *session, MpEnvelope *envelope)
{
    bool is_turned_away = mp_connection_is_turned_away(session->connection);

    explain_failure(session, envelope);
    return is_turned_away ? MP_STOPPED : MP_UNAVAILABLE;
}

static MpSendResult
tell_outcome(Session *session, MpEnvelope *envelope)
{
    const MpTranscript *t = session->transcript;
    MpSendResult result = mp_judge(t, envelope);

    if (result == MP_SENT) {
        envelope->code = t->code;
        envelope->reply = g_strdup(t->reply->str);
    } else {
        explain_failure(session, envelope);
    }
    return result;
}

/* What was seen of a failure stays until the next attempt. */
static MpCause
smtp_look(gpointer data)
{
    Session *session = data;
    MpSymptoms symptoms = mp_connection_symptoms(session->connection);

    if (!mp_cause_needs_look(&symptoms))
        return session->cause;
    symptoms.listener = mp_connection_look(session->config);
    const MpCause cause = mp_cause_of(&symptoms);
    if (cause != session->cause && session->kept != NULL)
        mp_conversation_keep(session->transcript->conversation, session->kept, session->config,
                             cause);
    return session->cause = cause;
}

static MpSendResult
smtp_send(gpointer data, MpEnvelope *envelope)
{
    Session *session = data;

    mp_transcript_begin_attempt(session->transcript);
    if (!is_kept(session) && !reopen(session))
        return fail_to_open(session, envelope);
    if (envelope->to == NULL)
        return MP_SENT; /* no more was asked than whether there is a connection */
    if (mp_needs_smtputf8(envelope) && !session->transcript->offers_smtputf8) {
        explain(session, envelope, MP_CAUSE_UTF8, "the server does not offer SMTPUTF8");
        return MP_REFUSED;
    }
    if (!attempt(session, envelope))
        return fail_to_open(session, envelope);
    return tell_outcome(session, envelope);
}

const MpTransportRow mp_transport_smtp = {
    .line_end = "\r\n",
    .open = smtp_open,
    .send = smtp_send,
    .watch = smtp_watch,
    .keep = smtp_keep,
    .look = smtp_look,
    .close = smtp_close,
};
