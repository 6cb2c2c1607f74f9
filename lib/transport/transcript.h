/*
 * The conversation with a server: written to the log in GHES's form (transport.h), and understood
 * as far as the caller needs it to tell whose fault a failure is. Down to the login it is
 * libcurl's, which lets us overhear it; libcurl's own result does not say which reply came, nor to
 * what.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "transport/cause.h"
#include "transport/conversation.h"
#include "transport/transport.h"

typedef struct {
    /* Of this attempt to send a message. */
    MpAsked asked;
    int code;               /* the server's answer to it, 0 while there is none */
    GString *reply;         /* its text, several lines joined */
    char *challenge;        /* why a token is refused, in the server's words, escaped; or NULL */
    bool is_new_connection; /* opened in this attempt */
    bool is_settled;        /* replies are no longer the outcome */
    /* Of this connection. */
    int last_code; /* of its last answer, whatever that was to */
    bool is_authenticated, offers_smtputf8, offers_pipelining, offers_starttls, offers_auth;
    bool took_recipient; /* it said yes to one */
    bool offers_size;
    guint64 largest; /* message that it says to take, in octets; 0: any (RFC 1870) */
    /* The rest is transcript.c's own. */
    const MpConfig *config;
    MpConversation *conversation;
    MpSmtpWatch watch;
    gpointer watch_data;
    GPtrArray *secrets; /* of char *, wiped when freed */
    guint n_known_secrets;
    guint n_lines; /* that the server said in this attempt; an answer is ended after 64 KiB */
    bool is_announced, is_tls_due;
    GArray *ahead; /* MpAsked: said, and not yet asked about by mp_transcript_turn */
} MpTranscript;

/* The configuration must outlive the transcript. */
MpTranscript *mp_transcript_new(const MpConfig *config);

/* What must not be told from now on, whoever says it: a password or a token. Others are forgotten.
 */
void mp_transcript_keep_secret(MpTranscript *transcript, const char *secret);
void mp_transcript_free(MpTranscript *transcript);

void mp_transcript_begin_attempt(MpTranscript *transcript);
void mp_transcript_new_connection(MpTranscript *transcript);
void mp_transcript_connected(MpTranscript *transcript); /* tells it, once for each connection */

/* To be told of all that goes over the wire: one command, one or more lines. */
void mp_transcript_we_said(MpTranscript *transcript, const char *bytes, gsize length);

/*
 * The same where several commands go out before their answers come (RFC 2920), and the message:
 * what the server says counts for the next of them after mp_transcript_turn.
 */
void mp_transcript_we_said_ahead(MpTranscript *transcript, const char *line);
void mp_transcript_message_handed_over(MpTranscript *transcript, gsize octets);
void mp_transcript_turn(MpTranscript *transcript);
/* What was said and not yet asked about did not go out whole: no answer to it will come. */
void mp_transcript_forget_ahead(MpTranscript *transcript);

/* The outcome of this attempt is known: further answers are told, and count for nothing. */
void mp_transcript_settle(MpTranscript *transcript);

/* What is told from now on belongs to the next message as well: its envelope is about to be said.
 */
void mp_transcript_next_begins(MpTranscript *transcript);

/* One line of the server's; true if it ends an answer. */
bool mp_transcript_server_said(MpTranscript *transcript, const char *bytes, gsize length);

/* The reason why the attempt ended, where no reply of the server tells it. */
void mp_transcript_failed(MpTranscript *transcript, const char *why);
