/* Inside of lib/notify: shared by its files. */
#pragma once

#include <gmime/gmime.h>

#include "markup/markdown.h"
#include "notify/notify.h"
#include "policy/commands.h"

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

/* --- notification.c --- */

/* The name, or the login, who did it; `actor` need not be known. */
const char *mp_notification_actor(const MpNotificationFacts *facts);

/* Whether a reply of this reader's would be taken: what the gates of lib/policy ask. */
bool mp_notification_can_reply(const MpNotificationFacts *facts, const MpUser *reader);

/* What was written, or what became of the thread, as clean Markdown. The caller's. */
char *mp_notification_markdown(const MpNotificationFacts *facts, MpLanguage language);

/* Where it can be read, or NULL. The caller's. */
char *mp_notification_page(const MpNotificationFacts *facts);

/* As a header has it. The caller's. */
char *mp_notification_subject(const MpNotificationFacts *facts);

/* --- push.c --- */

struct MpNoticeTexts;

/* The mail of a push, as Markdown; what its subject says of it before the commit: "main", or
 * "topic deleted". The caller's. */
char *mp_push_markdown(const MpRefPush *push, const struct MpNoticeTexts *texts);
char *mp_push_heading(const MpRefPush *push);

/* "17", or "17+" where that is not all; so many files, and lines in them. The caller's. */
char *mp_count_text(guint64 n, bool are_more);
char *mp_files_text(const struct MpNoticeTexts *texts, const char *count, guint64 n_added,
                    guint64 n_removed);

/* --- notice_texts.c --- */

/* What our mails say themselves, in one language; {host}, {thread} and {url} are replaced. */
typedef struct MpNoticeTexts {
    /* The invitation to answer, [what is between brackets] being the link to the page. */
    const char *reply_or_view, *view, *reply;
    const char *colon;                /* behind the invitation, where the address follows it */
    const char *stop_by_reply, *stop; /* how to hear no more of the thread */
    const char *message_id;           /* before it */
    const char *closed, *reopened, *locked, *unlocked; /* of {thread} */
    const char *renamed;                               /* from {was} to {title} */
    const char *labeled, *unlabeled;                   /* {labels} */
    const char *assigned, *unassigned;                 /* {assignees} */
    /* What a push did to {ref}: {before}, {after} are ids. */
    const char *branch_created, *branch_updated, *branch_rewound, *branch_deleted;
    const char *tag_created, *tag_moved, *tag_deleted;
    const char *push_added, *push_removed, *push_others; /* {count} */
    const char *push_lost, *tagged_by;                   /* {count} of a deleted branch; {author} */
    const char *push_uncounted, *push_unread;            /* {count} of them; none is known */
    const char *and_more;                                /* at the end of a list */
    const char *pushed, *taken_back;    /* {added} to {thread}; behind it, {removed} */
    const char *merged, *head_deleted;  /* {thread} into {base}; {thread}, {head} */
    const char *closed_by, *referenced; /* {thread}, {source}; the commit stands below */
    const char *branches;               /* of a pull request: {head}, {base} */
    const char *commits, *files;        /* headings: {count}; {count}, {added}, {removed} */
    const char *more, *more_files;      /* {count} that are not named; of files, how many ever */
    const char *diff_cut, *line;        /* the latter behind a path: {line} */
    const char *redacted;               /* in a digest, in place of a comment */
    const char *attached; /* before the name of an attachment that the text does not name */
    const char *not_sent; /* behind the size of one that does not travel */
    const char *left_out; /* {count} is how many characters */
    const char *test_opening, *test_subject, *test_body;
    const char *mended_subject, *mended_body; /* also {since} {until} {server} {reply} */
} MpNoticeTexts;

const MpNoticeTexts *mp_notice_texts(MpLanguage language);

/* The text with each `name` replaced; pairs of name and value, ended by NULL. The caller's. */
char *mp_text_fill(const char *text, ...) G_GNUC_NULL_TERMINATED;

/* --- changes.c --- */

/* What a pull request would change, below its text; the commits of an event below its sentence; of
 * which lines a comment is, above it ("" where it is of none). Markdown, the caller's. */
char *mp_changes_markdown(const MpThread *pull, const MpChanges *changes, MpLanguage language);
/* Appends a commit as an item of a list. */
void mp_commit_markdown(GString *out, const char *id, const char *subject, const char *author);

char *mp_pushed_markdown(const MpThreadEvent *event, const char *sentence, MpLanguage language);
char *mp_place_markdown(const MpComment *comment, MpLanguage language);

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
    const char *discussion, *questions, *your_message, *the_message, *waiting, *from, *subject,
        *rest, *footer, *unreadable, *footer_of_one, *done, *not_done, *more, *commands;
} MpResponsePhrases;

/* By the response's text, else by its reason; NULL if there is none. */
const MpResponseText *mp_response_text_find(const MpResponse *response);
const MpResponsePhrases *mp_response_phrases(MpLanguage language);

/* --- command_texts.c --- */

/* What a command does, and what became of it; of the latter {command}, {about} and
 * {repository} are replaced. */
const char *mp_command_act_text(MpMailAct act, MpLanguage language);
const char *mp_command_fate_text(MpMailFate fate, MpLanguage language);

/* --- response_lists.c --- */

/* What became of the commands of a mail, and what else there is to give: as text, or as HTML. "" if
 * there is nothing to tell. The caller's. */
char *mp_response_lists(const MpResponseFacts *facts, MpLanguage language, bool as_html);

/* --- document.c --- */

/* By MpElement: for the HTML of mails. */
extern const char *const mp_mail_elements[MP_N_ELEMENTS];

/* The whole document, in the reader's language, of two pieces of HTML. The caller's. */
char *mp_mail_document(MpLanguage language, const char *body, const char *footer);

/* --- link.c --- */

/* The page of a person, below a base of links; NULL where there is none. The caller's. */
char *mp_link_person(const char *template, const char *login);

/* --- pages.c --- */

typedef struct {
    const MpNotificationFacts *facts;
    int lookups; /* so far */
} MpPages;

/* For MpMarkdownHost; `data` begins with an MpPages. */
char *mp_pages_find(MpReferenceKind kind, const char *written, gpointer data);
char *mp_pages_resolve(const char *relative, gpointer data);

/* --- enclosure_part.c --- */

#define MP_ATTACHMENTS "attachments/" /* before the file, in the text of a comment */

/* A name to save it under: no path, nothing that hides or reorders, not too long. The caller's. */
char *mp_enclosure_name(const MpAttachmentRecord *record);

/* Whether mail servers would refuse the whole mail for a file of this name. */
bool mp_enclosure_is_program(const char *name);

/* Whether it is a picture that every program shows. */
bool mp_enclosure_is_picture(GBytes *data);

/* Header fields, empty line, base64; CRLF. With a Content-ID (without brackets) it is shown where
 * the HTML says, else attached. The caller's. */
char *mp_enclosure_part(const MpAttachmentRecord *record, GBytes *data, const char *content_id);

/* --- enclosures.c --- */

/* Where a text stands: of which comment (or NULL), on which page (or NULL), in which language we
 * speak of it. */
typedef struct {
    const MpComment *comment;
    const char *link;
    MpLanguage language;
} MpContentPlace;

/* The attachments of one mail. */
typedef struct MpEnclosures MpEnclosures;

/* Without data it knows what would travel, but brings nothing: for the text alone. */
MpEnclosures *mp_enclosures_new(const MpNotificationFacts *facts, bool with_data);
void mp_enclosures_free(MpEnclosures *enclosures);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpEnclosures, mp_enclosures_free)

/* Those of a comment, of several one after the other: all share one limit. */
void mp_enclosures_add(MpEnclosures *enclosures, const MpComment *comment);

/* The text of a comment with each attachment spoken of as it is here, for text/plain, or as
 * Markdown of which HTML will be made. The caller's. */
char *
mp_enclosures_plain(MpEnclosures *enclosures, const MpContentPlace *place, const char *markdown);
char *
mp_enclosures_markdown(MpEnclosures *enclosures, const MpContentPlace *place, const char *markdown);

/* "cid:…" of a picture that travels, which is shown from then on; else NULL. The caller's. */
char *mp_enclosures_picture(MpEnclosures *enclosures, const MpComment *comment, const char *url);

/* What stands before and behind the text and HTML of a mail, after all of it was made: its header
 * fields and octets make it a multipart/related of pictures in a multipart/mixed of files, as far
 * as there are any. `text` is all that people wrote: no line of it can be the boundary. */
void mp_enclosures_frame(const MpEnclosures *enclosures, bool has_html, const char *text,
                         char **before, char **behind);

/* --- content.c --- */

/* What somebody wrote, for a mail. */
typedef struct {
    char *text;
    char *html; /* or NULL */
} MpContent;

/* What a mail brings of it, in octets: programs cut a body that is longer, often within the footer,
 * Gmail at 102 KB. With what stands around it it has 90 KiB. */
#define MP_CONTENT_MAX (92160 - 6144)

/* Of clean Markdown; what was in *content is freed. What would be longer than `most`, as text or as
 * HTML, is cut, with a note of it behind. */
void mp_content_make(MpContent *content, const MpNotificationFacts *facts, MpEnclosures *enclosures,
                     const MpContentPlace *place, const char *markdown, bool with_html, gsize most);
void mp_content_clear(MpContent *content);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpContent, mp_content_clear)

/* One event's mail, as far as it is the same for all. */
struct MpNotification {
    const MpNotificationFacts facts;
    char *message_id, *opening_id; /* opening_id is NULL for the opening itself */
    char *subject, *link, *archive, *date;
    /* From the first rendering on. What surrounds a body, by whether there is HTML in it, is kept
     * once, since attachments are large. */
    MpEnclosures *enclosures;
    MpContent content[MP_N_LANGUAGES];
    char *before[2], *behind[2];
    GHashTable *bodies; /* char * by body_key() */
};

/* --- body.c --- */

typedef struct {
    const MpContent *content;
    const char *link; /* or NULL */
    const char *message_id;
    bool can_reply;
    bool is_foreign; /* what it says is in whatever language people wrote */
    MpLanguage language;
    MpMailFormat format;
} MpBodyFacts;

/* A part with its header fields as text, with CRLF. The caller's. */
char *mp_mime_text(GMimeObject *part);

/* The text/plain part, lines ending in LF. The caller's. */
char *mp_body_text(const MpBodyFacts *facts, const MpReason *reason);

/* Text and HTML as multipart/alternative, or the text alone, the header fields of the content
 * first, CRLF. The caller's. */
char *mp_body_content(MpMailFormat format, const char *text, const char *html);

/* The same of text alone: text/plain. */
char *mp_body_plain(const char *text);

/* The header fields of the content and the content, CRLF. The caller's. */
char *mp_body_make(const MpBodyFacts *facts, const MpReason *reason);
