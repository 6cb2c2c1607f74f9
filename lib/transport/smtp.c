/*
 * The SMTP transport: one connection, kept from message to message, and opened again, once, where
 * it had died. What is said over it is dialogue.c, what a failure means judge.c.
 */
#include <string.h>

#include "transport/dialogue.h"
#include "transport/judge.h"
#include "transport/internal.h"

typedef struct {
    const MpConfig *config;
    MpConnection *connection;
    MpTranscript *transcript; /* the connection's */
    MpDialogue dialogue;      /* over it */
    MpCause obstacle;         /* what kept the message from being tried, or MP_CAUSE_NONE */
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
    session->dialogue =
        (MpDialogue){.config = config, .connection = connection, .transcript = session->transcript};
    return session;
}

static void
smtp_close(gpointer data)
{
    Session *session = data;

    if (session->dialogue.ahead == NULL) /* else QUIT would be a message's first line */
        mp_connection_quit(session->connection);
    mp_connection_free(session->connection);
    g_strfreev(session->dialogue.ahead);
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

/* --- One attempt ---------------------------------------------------------------------------- */

static bool
reopen(Session *session)
{
    mp_dialogue_cut(&session->dialogue);
    session->dialogue.is_reset_due = session->dialogue.is_out_of_step = false;
    mp_transcript_begin_attempt(session->transcript);
    mp_conversation_begin(session->transcript->conversation);
    if (!mp_connection_open(session->connection))
        return false;
    mp_conversation_is_open(session->transcript->conversation);
    return true;
}

/* A kept connection that died in idleness, or on which an answer is too many, shows it before the
 * server asks for the message. */
static bool
was_stale(const Session *session)
{
    const MpTranscript *t = session->transcript;

    return !t->is_new_connection && t->asked <= MP_ASKED_DATA &&
           (mp_is_lost(t) || session->dialogue.is_out_of_step);
}

/* The server says that it takes several commands at once, and was lost over them or answered
 * something else: asked one by one it may do better. */
static bool
is_confused(const Session *session)
{
    const MpTranscript *t = session->transcript;

    if (!mp_dialogue_is_pipelined(&session->dialogue))
        return false;
    return session->dialogue.is_out_of_step ||
           (t->asked >= MP_ASKED_MAIL && t->asked <= MP_ASKED_DATA && t->code == 0 &&
            (t->is_new_connection || mp_connection_is_late(session->connection)));
}

/* Whether the server and we agree on what comes next. */
static bool
is_fit_to_keep(const MpTranscript *t)
{
    bool is_refused = t->code / 100 == 4 || t->code / 100 == 5;
    bool is_accepted = t->code / 100 == 2 && t->asked != MP_ASKED_MAIL && t->asked != MP_ASKED_DATA;

    return !mp_is_lost(t) && (is_refused || is_accepted);
}

/* False: the server has said before that it does not take such a message. */
static bool
transact(Session *session, const MpEnvelope *envelope)
{
    session->obstacle =
        mp_dialogue_obstacle(&session->dialogue, envelope->from, envelope->to, envelope->length);
    if (session->obstacle != MP_CAUSE_NONE)
        return false;
    mp_dialogue_transact(&session->dialogue, envelope);
    return true;
}

/* Once more over a new connection, where nothing was handed over yet. A silence is not waited for
 * twice. False if there is no other connection. */
static bool
attempt(Session *session, const MpEnvelope *envelope)
{
    const MpTranscript *t = session->transcript;
    bool was_lockstep = session->dialogue.is_lockstep;

    if (!transact(session, envelope))
        return true;
    if (is_confused(session))
        session->dialogue.is_lockstep = true;
    if (was_stale(session) || (session->dialogue.is_lockstep != was_lockstep &&
                               !mp_connection_is_late(session->connection))) {
        if (!reopen(session))
            return false;
        if (!transact(session, envelope))
            return true;
        if (mp_is_lost(t)) /* it was not for that */
            session->dialogue.is_lockstep = was_lockstep;
    }
    if (!is_fit_to_keep(t)) /* what may still come would answer something else */
        mp_dialogue_cut(&session->dialogue);
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

/* For good: what it has not been asked, it has answered nevertheless. */
static MpSendResult
refuse_for_it(Session *session, MpEnvelope *envelope)
{
    g_autofree char *why =
        session->obstacle == MP_CAUSE_UTF8
            ? g_strdup("the server does not offer SMTPUTF8")
            : g_strdup_printf("the message has %" G_GSIZE_FORMAT
                              " octets, and the server takes %" G_GUINT64_FORMAT " at most",
                              envelope->length, session->transcript->largest);

    explain(session, envelope, session->obstacle, why);
    return MP_REFUSED;
}

static MpSendResult
tell_outcome(Session *session, MpEnvelope *envelope)
{
    if (session->obstacle != MP_CAUSE_NONE)
        return refuse_for_it(session, envelope);
    const MpTranscript *t = session->transcript;
    MpSendResult result = mp_judge(t, envelope);

    if (result == MP_SENT) {
        envelope->code = t->code;
        envelope->reply = g_strdup(t->reply->str);
    } else {
        envelope->is_bounce = result == MP_REFUSED && mp_is_bounce(t);
        explain_failure(session, envelope);
    }
    return result;
}

/* The message whose envelope went ahead does not follow after all: the server waits for its data,
 * and nothing else could be said. */
static void
smtp_retract(gpointer data)
{
    Session *session = data;

    if (session->dialogue.ahead != NULL)
        mp_dialogue_cut(&session->dialogue);
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
    if (!mp_dialogue_is_ready(&session->dialogue, envelope) && !reopen(session))
        return fail_to_open(session, envelope);
    if (envelope->to == NULL)
        return MP_SENT; /* no more was asked than whether there is a connection */
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
    .retract = smtp_retract,
    .close = smtp_close,
};
