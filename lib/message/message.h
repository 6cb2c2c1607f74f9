/*
 * A mail as the rest of the program sees it: decoded, in UTF-8, without a trace of MIME.
 *
 * GMime does the reading, on bytes that come from anybody. So outside of tests mp_message_parse
 * runs in a worker process (worker/worker.h), and what comes back from there is a frame that
 * mp_message_from_frame trusts in nothing.
 *
 * A mail need not be truthful: headers, addresses and dates are the sender's claims, and
 * a mail can have several From fields or none. Which of it counts is decided elsewhere.
 */
#pragma once

#include "message/scan.h"
#include "worker/frame.h"

/* Why a mail is refused here. The error's message begins with the same word and ": ". */
typedef enum {
    MP_FAULT_NONE,       /* no error, or none of the mail's */
    MP_FAULT_TOO_LARGE,  /* "too-large": over a limit */
    MP_FAULT_MALFORMED,  /* "malformed": no mail at all */
    MP_FAULT_UNPARSABLE, /* "unparsable": its parser died, hung, or said nonsense */
    MP_FAULT_PASSING,    /* not the mail's: it could not be read just now (worker/worker.h) */
} MpMessageFault;

/* Which of these an error is; MP_FAULT_NONE for NULL and for errors that are not the mail's. */
MpMessageFault mp_message_fault(const GError *error);

/* The reason code: "too-large", "malformed", "unparsable"; NULL for those that are not the mail's.
 */
const char *mp_message_fault_code(MpMessageFault fault);

typedef struct {
    char *name;  /* as written: "subject", "X-Mailer" */
    char *value; /* unfolded, RFC 2047 decoded, one line of UTF-8 */
} MpHeader;

typedef struct {
    char *field;   /* as spelt in recipient_fields (message_fields.c): "Delivered-To" */
    char *address; /* addr-spec without comments, folding or needless quotes: "tim@example.org" */
} MpAddressee;

typedef struct {
    char *name;        /* file name as given, without directories; NULL if none */
    char *type;        /* "image/png", lower case */
    char *content_id;  /* without <>; NULL if none */
    char *disposition; /* "attachment" or "inline"; NULL if the mail does not say */
    gsize size;        /* decoded; for what is not kept too */
    GBytes *data;      /* decoded, or NULL if not kept */
    char *refused;     /* why it is not kept, for people; NULL if it is */
} MpAttachment;

/* One recipient in a delivery report (RFC 3464); "" for a field that it lacks. */
typedef struct {
    char *action;    /* "failed", "delayed", "delivered", … */
    char *status;    /* "5.1.1" */
    char *recipient; /* the address of Final-Recipient */
    char *original;  /* the address of Original-Recipient */
} MpDeliveryStatus;

/* The most recipients of a report that are read. */
#define MP_DELIVERIES_MAX 100

typedef struct {
    char *message_id;       /* "<id@host>", or NULL */
    char *subject;          /* NULL if there is none */
    GPtrArray *from;        /* char *: every addr-spec of every From field, and "NAME:;" for a group
                               in one; may be empty */
    char *from_name;        /* display name of the first of them, or NULL */
    char *sender;           /* addr-spec of Sender, or NULL */
    char *return_path;      /* addr-spec of the topmost Return-Path, "" for <>, NULL if absent */
    GPtrArray *in_reply_to; /* char *: "<id>" of In-Reply-To, then of References */
    gint64 date;            /* Date in seconds since the epoch; G_MININT64 if absent or nonsense */

    GPtrArray *results; /* char *: the Authentication-Results fields, the topmost first, unfolded
                           and not decoded: an encoded word is no result (RFC 8601) */

    GPtrArray *headers;     /* MpHeader *, in the mail's order, repeated ones repeated */
    GPtrArray *recipients;  /* MpAddressee *, by field in the order of recipient_fields: of the
                               trace fields (X-Original-To … X-Envelope-To) the topmost, of the
                               others all */
    GPtrArray *attachments; /* MpAttachment *, in the mail's order */

    char *plain; /* the text, lines ending in LF, NULL if there is none; format=flowed not undone */
    char *html;  /* the same as HTML, NULL if there is none */
    bool flowed; /* plain is format=flowed (RFC 3676) */
    bool delsp;  /* with DelSp=yes */
    bool encrypted; /* nothing readable in it: OpenPGP or S/MIME */
    bool report;    /* multipart/report, or a delivery or disposition notification */

    GPtrArray
        *returned; /* char *: "<id>" of what a delivery report sends back, whole or its header */
    GPtrArray *deliveries; /* MpDeliveryStatus *: a delivery report's machine-readable part */

    GPtrArray *repairs; /* char *: what was wrong and how it was read, for `explain` */

    char *word_hash; /* mp_message_word_hash(), where the worker has reckoned it; else NULL */

    GBytes *frame; /* in which all strings are; NULL where each is its own */
} MpMessage;

/* The fields in which addresses of ours are looked for, in that order; mp_field_has_addresses() has
 * to know each of them. */
const char *const *mp_message_recipient_fields(gsize *n);

/*
 * Reads a mail. Borne: LF, CRLF or bare CR, an mbox "From " line, a missing blank line, missing,
 * repeated or 8-bit header fields, wrong or unknown charsets, unclosed multiparts. Text in several
 * parts is joined; of alternatives one of each kind is taken; a message within is an attachment.
 * MP_ERROR_INPUT with a fault if a limit is broken or if there is no header field at all.
 */
MpMessage *
mp_message_parse(const void *bytes, gsize length, const MpLimits *limits, GError **error);

void mp_message_free(MpMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpMessage, mp_message_free)

/* The first field of that name, in any case; NULL if there is none. The string is the message's. */
const char *mp_message_header(const MpMessage *message, const char *name);

/*
 * The words of the text as it came (the HTML's, if there is no plain text), one space between them:
 * the same for the same mail on another way here, however it was wrapped or encoded. "" if there
 * are none. The result is the caller's.
 */
char *mp_message_words(const MpMessage *message);

/* Their SHA-256 in 64 hexadecimal digits; the caller's. */
char *mp_message_word_hash(const MpMessage *message);

/* Adds everything above, to be sent to another process. */
void mp_message_to_frame(const MpMessage *message, GByteArray *frame);

/*
 * And back, from a process that may have been taken over: MP_ERROR_INPUT unless it is exactly of
 * that shape, in UTF-8, within bounds, and without controls where lines matter.
 */
MpMessage *mp_message_from_frame(GBytes *frame, GError **error);
