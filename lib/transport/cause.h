/*
 * Why a message was not sent, in an administrator's words: a table of causes, each with what
 * happened and what it most likely means, what to do, and the settings that it is about. For
 * whoever tells a person of a failure: `notifier test`, `metroplex check`, the kept conversations.
 *
 * Pure: it opens nothing, and knows no connection but by its symptoms.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"

/* The last request to the server, in the order of a conversation. */
typedef enum {
    MP_ASKED_NOTHING, /* connecting, or waiting for the greeting */
    MP_ASKED_HELLO,
    MP_ASKED_STARTTLS,
    MP_ASKED_AUTH,
    MP_ASKED_MAIL,
    MP_ASKED_RCPT,
    MP_ASKED_DATA,
    MP_ASKED_END, /* all of the message was handed over, its final dot included or soon */
} MpAsked;

/* In the order in which a connection meets them. */
typedef enum {
    MP_CAUSE_NONE, /* it was sent */
    MP_CAUSE_ADDRESS,
    MP_CAUSE_STORE,
    MP_CAUSE_NAME,
    MP_CAUSE_PORT,
    MP_CAUSE_UNREACHABLE,
    MP_CAUSE_CLEAR_TEXT_PORT,
    MP_CAUSE_TLS_PORT,
    MP_CAUSE_NOT_SMTP,
    MP_CAUSE_SILENCE,
    MP_CAUSE_CUT,
    MP_CAUSE_BUSY,
    MP_CAUSE_BLOCKED,
    MP_CAUSE_HELO,
    MP_CAUSE_NO_STARTTLS,
    MP_CAUSE_STARTTLS_REFUSED,
    MP_CAUSE_TLS,
    MP_CAUSE_CA_FILE,
    MP_CAUSE_EXPIRED,
    MP_CAUSE_NOT_YET_VALID,
    MP_CAUSE_WRONG_NAME,
    MP_CAUSE_SELF_SIGNED,
    MP_CAUSE_UNKNOWN_AUTHORITY,
    MP_CAUSE_CERTIFICATE,
    MP_CAUSE_NO_AUTH,
    MP_CAUSE_MECHANISM,
    MP_CAUSE_LOGIN,
    MP_CAUSE_WEAK_LOGIN,
    MP_CAUSE_TOKEN,
    MP_CAUSE_LOGIN_LATER,
    MP_CAUSE_TLS_REQUIRED,
    MP_CAUSE_LOGIN_REQUIRED,
    MP_CAUSE_SENDER,
    MP_CAUSE_AUTHENTICITY,
    MP_CAUSE_RELAY,
    MP_CAUSE_RECIPIENT,
    MP_CAUSE_GREYLISTED,
    MP_CAUSE_SIZE,
    MP_CAUSE_QUOTA,
    MP_CAUSE_UTF8,
    MP_CAUSE_CONTENT,
    MP_CAUSE_POLICY,
    MP_CAUSE_LATER,
    MP_CAUSE_UNKNOWN,
    MP_N_CAUSES,
} MpCause;

#define MP_CAUSE_SETTINGS 4

typedef struct {
    const char *name;   /* a word for programs and for names of files: "wrong-name" */
    const char *found;  /* what happened, and what it most likely means: no end of a sentence */
    const char *advice; /* what to do about it, likewise; both are msgids, for gettext */
    const char *settings[MP_CAUSE_SETTINGS]; /* "smtp.port": the likeliest first, then NULL */
} MpCauseRow;

const MpCauseRow *mp_cause_row(MpCause cause);

/* The cause of that name; MP_CAUSE_UNKNOWN for none. */
MpCause mp_cause_find(const char *name);

/* One sentence in the user's language: what happened, what it means, what to do. The caller's. */
char *mp_cause_sentence(MpCause cause);

/* What a second look at the port found, where the first leaves it open. */
typedef enum { MP_LISTENER_UNKNOWN, MP_LISTENER_CLEAR_TEXT, MP_LISTENER_TLS } MpListener;

/* What was seen of an attempt that did not send its message. */
typedef struct {
    const MpConfig *config; /* as which it was made */
    int curl;          /* libcurl's CURLcode of what broke; 0: the server's answer is the end */
    int os_error;      /* errno of connecting, or 0 */
    const char *error; /* libcurl's words for it, or "" */
    MpAsked asked;     /* the last question to the server */
    int code;          /* its answer, 0 for none */
    const char *reply; /* that in words, the code first, or "" */
    bool is_connected, offers_starttls, offers_auth;
    bool lacks_token; /* neither file nor command gave a token */
    MpListener listener;
} MpSymptoms;

MpCause mp_cause_of(const MpSymptoms *symptoms);

/* Whether a second look at the port would tell more. */
bool mp_cause_needs_look(const MpSymptoms *symptoms);
