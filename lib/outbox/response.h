/*
 * A response to one mail (RFC 3834): a rejection, a confirmation, or what became of commands; a
 * part of the event that announces it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A response to a mail, and its account. Strings are one line of text but for `quote`. */
typedef struct {
    guint64 user;     /* the one account that hears it; 0: the author of a question, who has none */
    guint64 thread;   /* that the mail was for; 0 for none */
    char *reason;     /* the gate's reason code */
    char *text;       /* which text says it, where one reason has several; or NULL */
    char *repository; /* to which a first mail came, or NULL */
    char *day;        /* of the mail's receipt: "2026-01-31", UTC */
    char *hash;       /* of the raw mail: SHA-256 in hexadecimal digits */
    char *language;   /* "en", "fr" */
    char *message_id; /* "<id@host>" of the mail, or NULL */
    char *sender;     /* its first From, or NULL */
    char *subject;    /* or NULL */
    char *verdicts;   /* what made its sender unbelievable: "dmarc=fail, spf=none"; "" where that
                         could not be read; NULL if nothing did */
    char *quote;      /* what the person wrote, or NULL */
    bool is_cut;      /* and it was longer */
    char *question;   /* of who is asked whether a held mail is theirs: KEY.ADDRESS.DOMAIN, see
                         questions.h; or NULL */
    char *author;     /* then the address in that mail's From */
    char *right;      /* they asked for help: what they may give; or NULL */
    GPtrArray *commands; /* MpResponseCommand that were in the mail, or NULL */
} MpResponse;

/* What became of a command; the words are policy's (policy/commands.h). */
typedef struct {
    char *fate;
    char *nearest; /* the word of the command that it is, or that it is near to */
    char *about;   /* the word of it that is in the way; or NULL */
    char *line;    /* as it was given */
} MpResponseCommand;

/* The fate in place of further ones; `line` is how many. */
#define MP_RESPONSE_MORE "more"

void mp_response_add_command(MpResponse *response, const char *fate, const char *nearest,
                             const char *about, const char *line);

/* Counted, as long as it does not change any more: each reference is its owner's to give back. */
MpResponse *mp_response_new(void);
MpResponse *mp_response_ref(MpResponse *response);
void mp_response_unref(MpResponse *response);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpResponse, mp_response_unref)

/* The name of the response's record, by which it is given once: "DAY.ACCOUNT.REASON.THREAD"; where
 * it says what became of commands, each mail has its own: "DAY.ACCOUNT.REASON-HASH.THREAD"; of a
 * question it is "question.KEY.ADDRESS.DOMAIN". The caller's. */
char *mp_response_name(const MpResponse *response);

#define MP_QUESTION_PREFIX "question."

/* The first part of response->question. The caller's. */
char *mp_response_question_key(const MpResponse *response);
