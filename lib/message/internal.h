/* Inside of lib/message: shared by its files. */
#pragma once

#include "message/message.h"

#include <gmime/gmime.h>

/* GMime has none of these. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeStream, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeFilter, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeObject, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InternetAddressList, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentType, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentDisposition, g_object_unref)

/* One mail being read. */
typedef struct {
    MpMessage *message;
    const MpLimits *limits;
    GMimeParserOptions *options;
    guint kept;     /* attachments */
    gsize text;     /* bytes of text and HTML so far */
    GError **error; /* set once something ends the reading */
} MpReading;

/* Adds a line to the message's repairs, unless it is there already. */
void mp_repair(MpReading *reading, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Fills all that comes from the mail's own header: MpRawField in its order. */
void mp_read_header(MpReading *reading, const GArray *fields);

/* The addresses of a field's value; names that are encoded words are read as a Subject's are. The
 * caller's. */
InternetAddressList *mp_parse_addresses(const MpReading *reading, const char *value);

/* Calls for each of them, those of groups too; `name` may be NULL. */
typedef void (*MpAddressFunc)(const char *address, const char *name, gpointer data);
void mp_each_address(MpReading *reading, const char *value, MpAddressFunc func, gpointer data);

/* Fills text, attachments and flags. False with the error set if the text is over its limit. */
bool mp_read_body(MpReading *reading, GMimeObject *root);

/* --- part_text.c --- */

/* The text of a part and all below it. A side is NULL if no part has it. */
typedef struct {
    GString *plain, *html;
    bool flowed, delsp;
    bool half; /* some of what the HTML says is in no plain part */
} MpPartText;

void mp_part_text_clear(MpPartText *text);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpPartText, mp_part_text_clear)

/* Whether there is more than white space, and tags. */
bool mp_text_says_something(const GString *text, bool is_html);

/* Puts a text behind another, on a line of its own. */
void mp_text_join(GString **to, const char *text);

/* Puts `more` behind `text`, on both sides: what is only plain joins the HTML as well. */
void mp_part_text_append(MpPartText *text, const MpPartText *more);

/* --- Attachments --- */

/* Adds the part to the attachments, with its content if the limits and its type allow. */
void mp_read_attachment(MpReading *reading, GMimeObject *part);

/* The same of a file without a part, whose bytes it takes. `why`: it is not kept, or NULL. */
void mp_read_embedded(MpReading *reading, const char *name, GByteArray *bytes, const char *why);

/* Takes the uuencoded files out of the text, and adds them to the attachments. False with the error
 * set if they are too many. */
bool mp_read_uuencoded(MpReading *reading, char **text);

/* The part's content decoded, at most `limit` bytes: beyond it NULL, with *size still the whole. */
GByteArray *mp_part_content(GMimeObject *part, gsize limit, gsize *size);

/* "text/plain", in lower case and without blanks or controls. */
char *mp_part_type(GMimeObject *part);

/* A name without directories and controls; NULL if nothing is left. */
char *mp_safe_name(const char *name);

/*
 * Bytes of unknown honesty as UTF-8, without NUL, each line ending in LF. Tried in this order: what
 * the bytes say themselves (a byte order mark, escapes), the declared charset, UTF-8 or the
 * declared one with U+FFFD for the odd bad byte, what the letters say, windows-1252. *note says in
 * a few words what was done other than declared, NULL if nothing. Both are the caller's.
 */
char *mp_decode_text(const char *bytes, gsize length, const char *charset, char **note);

/* A header field's value with its encoded words (RFC 2047) decoded, by mp_decode_text. *note
 * likewise. Both are the caller's. */
char *mp_decode_words(const char *value, char **note);

/* A structured field's value whose encoded words are decoded by mp_decode_text and encoded again,
 * in UTF-8, which GMime reads without a table of its own: whatever is in them stays one token. The
 * result is the caller's. */
char *mp_recode_words(const char *value);

/* The same of a value with parameters; those in the manner of RFC 2231 get a charset's label that
 * GMime knows. */
char *mp_recode_parameters(const char *value);

/* text/enriched as plain text, its excerpts marked with >. The result is the caller's. */
char *mp_enriched_to_plain(const char *text);

/* The words in a text, or in the text of HTML, one space between them. The result is the caller's.
 */
char *mp_words(const char *text, bool is_html);
bool mp_has_words(const char *text, bool is_html);

/* Adds what a message/delivery-status part says to the message's deliveries. */
void mp_read_report(MpReading *reading, GMimeObject *part);

/* Adds the Message-ID of what a report sends back, if this part of it is that, to `returned`. */
void mp_read_returned(MpReading *reading, GMimeObject *part);

/* "<id@host>", whatever was around it; NULL if nothing is left. The result is the caller's. */
char *mp_message_id(const char *value);

MpDeliveryStatus *mp_delivery_status_new(void); /* all fields NULL */
void mp_delivery_status_free(MpDeliveryStatus *status);

void mp_header_free(MpHeader *header);
void mp_addressee_free(MpAddressee *recipient);
void mp_attachment_free(MpAttachment *attachment);
MpMessage *mp_message_new(void);

/* One whose strings will be in the frame, on which it holds. */
MpMessage *mp_message_new_in(GBytes *frame);
