/* Inside of lib/notify: shared by its files. */
#pragma once

#include "notify/notify.h"

/* --- reason.c --- */

typedef struct {
    const char *word;                     /* as the tracker has it, and X-GitHub-Reason */
    const char *label;                    /* the display name of the Cc */
    bool takes_part;                      /* in the conversation: the Cc names the person as well */
    const char *sentence[MP_N_LANGUAGES]; /* "You are receiving this because …" */
} MpReason;

/* Never NULL: a reason that is not in the table is shown as `manual`, since the tracker's text need
 * not be fit for a header. */
const MpReason *mp_reason_find(const char *word);
guint mp_reason_number(const MpReason *reason); /* its place in the table */

/* --- notice_texts.c --- */

/* What our mails say themselves, in one language; {host}, {thread} and {url} are replaced. */
typedef struct {
    /* The invitation to answer, [what is between brackets] being the link to the page. */
    const char *reply_or_view, *view, *reply;
    const char *stop_by_reply, *stop; /* how to hear no more of the thread */
    const char *message_id;           /* before it */
    const char *closed, *reopened;
    const char *test_opening, *test_subject, *test_body;
} MpNoticeTexts;

const MpNoticeTexts *mp_notice_texts(MpLanguage language);

/* The text with each `name` replaced; pairs of name and value, ended by NULL. The caller's. */
char *mp_text_fill(const char *text, ...) G_GNUC_NULL_TERMINATED;

/* --- header.c --- */

/* "Name: value" folded at 78 columns, ended by CRLF; `value` is what RFC 5322 allows, on one line.
 */
void mp_header_append(GString *head, const char *name, const char *value);

/* Free text for a Subject: words that need it encoded by RFC 2047, cut at 255 characters. */
char *mp_header_text(const char *text);

/* "Phrase <address>", the phrase always quoted, or encoded where it must be. */
char *mp_header_mailbox(const char *name, const char *address);

/* The same with a bare phrase where RFC 5322 allows it: owner/repo <repo@…>. */
char *mp_header_plain_mailbox(const char *name, const char *address);

/* A local part as it is if it is a dot-atom, else quoted, at this domain. */
char *mp_header_address(const char *local_part, const char *domain);

/* Whether an address can stand in a header as it is: ASCII, its local part a dot-atom. */
bool mp_header_is_address(const char *address);

/* The last word on a header: no line too long, no octet that it cannot hold; else MP_ERROR_INPUT.
 */
bool mp_header_check(const GString *head, GError **error);

/* --- notice_head.c --- */

/* What a recipient's header is made of, beside the recipient. */
typedef struct {
    const MpNotificationFacts *facts;     /* config, ring and thread count */
    const char *name, *login;             /* who wrote */
    const char *message_id, *opening_id;  /* the latter NULL for the opening itself */
    const char *subject, *date, *archive; /* the last NULL where there is no page */
    bool can_reply;
} MpNoticeHead;

/* Appends the header, but for the fields of the content. *sender (the caller's) is the envelope's.
 */
bool mp_notice_head(GString *out, const MpNoticeHead *head, const MpUser *recipient,
                    const char *address, const MpReason *reason, char **sender, GError **error);

/* --- outgoing_mail.c --- */

/* Takes `text`. */
MpOutgoingMail *mp_outgoing_mail_new(const char *sender, const char *recipient,
                                     const char *message_id, GString *text);

/* --- response_texts.c --- */

typedef struct {
    const char *name;
    struct {
        const char *subject, *what, *todo;
    } in[MP_N_LANGUAGES];
} MpResponseText;

typedef struct {
    const char *discussion, *questions, *your_message, *the_message, *from, *subject, *rest,
        *footer, *unreadable;
} MpResponsePhrases;

/* By the response's text, else by its reason; NULL if there is none. */
const MpResponseText *mp_response_text_find(const MpResponse *response);
const MpResponsePhrases *mp_response_phrases(MpLanguage language);

/* --- body.c --- */

typedef struct {
    const char *markdown; /* clean */
    const char *html;
    const char *link; /* or NULL */
    const char *message_id;
    bool can_reply;
    MpLanguage language;
    MpMailFormat format;
} MpBodyFacts;

/* The text/plain part, lines ending in LF. The caller's. */
char *mp_body_text(const MpBodyFacts *facts, const MpReason *reason);

/* Text and HTML as multipart/alternative, or the text alone, the header fields of the content
 * first, CRLF. The caller's. */
char *mp_body_content(MpMailFormat format, const char *text, const char *html);

/* The same of text alone: text/plain. */
char *mp_body_plain(const char *text);

/* The header fields of the content and the content, CRLF. The caller's. */
char *mp_body_make(const MpBodyFacts *facts, const MpReason *reason);
