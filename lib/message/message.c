/* A mail, read: what is kept of it, and the order in which it is read. See message.h. */
#include "message/internal.h"

#include "base/error.h"
#include "base/escape.h"

#include <stdarg.h>
#include <string.h>

enum { SMALL_BODY = 256 * 1024 }; /* octets, that are copied */

static const struct {
    MpMessageFault fault;
    const char *code;
} faults[] = {
    {MP_FAULT_TOO_LARGE, "too-large"},
    {MP_FAULT_MALFORMED, "malformed"},
    {MP_FAULT_UNPARSABLE, "unparsable"},
};

const char *
mp_message_fault_code(MpMessageFault fault)
{
    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++)
        if (faults[i].fault == fault)
            return faults[i].code;
    return NULL;
}

MpMessageFault
mp_message_fault(const GError *error)
{
    if (!g_error_matches(error, MP_ERROR, MP_ERROR_INPUT))
        return MP_FAULT_NONE;
    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++)
        if (g_str_has_prefix(error->message, faults[i].code))
            return faults[i].fault;
    return MP_FAULT_NONE;
}

void
mp_header_free(MpHeader *header)
{
    g_free(header->name);
    g_free(header->value);
    g_free(header);
}

void
mp_addressee_free(MpAddressee *recipient)
{
    g_free(recipient->field);
    g_free(recipient->address);
    g_free(recipient);
}

void
mp_attachment_free(MpAttachment *attachment)
{
    g_free(attachment->name);
    g_free(attachment->type);
    g_free(attachment->content_id);
    g_free(attachment->disposition);
    g_free(attachment->refused);
    g_clear_pointer(&attachment->data, g_bytes_unref);
    g_free(attachment);
}

/* Of a message in a frame. */
static void
attachment_free_in_frame(gpointer data)
{
    MpAttachment *attachment = data;

    g_clear_pointer(&attachment->data, g_bytes_unref);
    g_free(attachment);
}

static const struct {
    gsize offset;
    GDestroyNotify free, free_in_frame; /* an entry of it */
} lists[] = {
    {offsetof(MpMessage, from), g_free, NULL},
    {offsetof(MpMessage, in_reply_to), g_free, NULL},
    {offsetof(MpMessage, repairs), g_free, NULL},
    {offsetof(MpMessage, returned), g_free, NULL},
    {offsetof(MpMessage, results), g_free, NULL},
    {offsetof(MpMessage, deliveries), (GDestroyNotify)mp_delivery_status_free, g_free},
    {offsetof(MpMessage, headers), (GDestroyNotify)mp_header_free, g_free},
    {offsetof(MpMessage, recipients), (GDestroyNotify)mp_addressee_free, g_free},
    {offsetof(MpMessage, attachments), (GDestroyNotify)mp_attachment_free,
     attachment_free_in_frame},
};

#define LIST(message, i) ((GPtrArray **)(gpointer)((char *)(message) + lists[i].offset))

MpMessage *
mp_message_new_in(GBytes *frame)
{
    MpMessage *message = g_new0(MpMessage, 1);

    message->date = G_MININT64;
    message->frame = frame != NULL ? g_bytes_ref(frame) : NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
        *LIST(message, i) =
            g_ptr_array_new_with_free_func(frame != NULL ? lists[i].free_in_frame : lists[i].free);
    return message;
}

MpMessage *
mp_message_new(void)
{
    return mp_message_new_in(NULL);
}

void
mp_message_free(MpMessage *message)
{
    if (message == NULL)
        return;

    char *strings[] = {message->message_id, message->subject,     message->from_name,
                       message->sender,     message->return_path, message->plain,
                       message->html,       message->word_hash};

    for (gsize i = 0; message->frame == NULL && i < G_N_ELEMENTS(strings); i++)
        g_free(strings[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
        g_ptr_array_unref(*LIST(message, i));
    g_clear_pointer(&message->frame, g_bytes_unref);
    g_free(message);
}

const char *
mp_message_header(const MpMessage *message, const char *name)
{
    for (guint i = 0; i < message->headers->len; i++) {
        const MpHeader *header = g_ptr_array_index(message->headers, i);
        if (g_ascii_strcasecmp(header->name, name) == 0)
            return header->value;
    }
    return NULL;
}

char *
mp_message_words(const MpMessage *message)
{
    if (message->plain != NULL || message->html == NULL)
        return mp_words(message->plain == NULL ? "" : message->plain, false);
    return mp_words(message->html, true);
}

char *
mp_message_word_hash(const MpMessage *message)
{
    g_autofree char *words = message->word_hash == NULL ? mp_message_words(message) : NULL;

    return words != NULL ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, words, -1)
                         : g_strdup(message->word_hash);
}

void
mp_repair(MpReading *reading, const char *format, ...)
{
    GPtrArray *repairs = reading->message->repairs;
    va_list args;

    va_start(args, format);
    g_autofree char *raw = g_strdup_vprintf(format, args), *text = mp_one_line(raw);
    va_end(args);
    if (repairs->len < 100 && !g_ptr_array_find_with_equal_func(repairs, text, g_str_equal, NULL))
        g_ptr_array_add(repairs, g_steal_pointer(&text));
}

/* The mail as GMime is to see it: either the caller's bytes, or a mended copy of them. */
typedef struct {
    const char *bytes;
    gsize length;
    char *copy;
} Mended;

static const char *
header_end(const char *at, const char *end)
{
    MpRawField field;
    const char *next;

    while (at < end && (next = mp_scan_field(at, end, &field)) != NULL)
        at = next;
    return at;
}

static gsize
leading_junk(MpReading *reading, const char *bytes, gsize length)
{
    static const char bom[] = "\xEF\xBB\xBF";
    gsize at = 0;

    if (length >= 3 && memcmp(bytes, bom, 3) == 0)
        at = 3;
    while (at < length && (bytes[at] == '\n' || bytes[at] == '\r'))
        at++;
    if (at > 0)
        mp_repair(reading, "nothing but blank lines before the header");
    while (length - at > 5 && memcmp(bytes + at + (bytes[at] == '>'), "From ", 5) == 0) {
        const char *newline = memchr(bytes + at, '\n', length - at);
        mp_repair(reading, "an mbox \"From \" line before the header");
        at = newline == NULL ? length : (gsize)(newline + 1 - bytes);
    }
    return at;
}

static void
take_copy(Mended *mail)
{
    if (mail->copy != NULL)
        return;
    mail->copy = g_malloc(mail->length + 2); /* room for the line end that may be missing */
    if (mail->length > 0)
        memcpy(mail->copy, mail->bytes, mail->length);
    mail->bytes = mail->copy;
}

static void
mend_line_ends(MpReading *reading, Mended *mail)
{
    if (memchr(mail->bytes, '\n', mail->length) != NULL ||
        memchr(mail->bytes, '\r', mail->length) == NULL)
        return;
    take_copy(mail);
    for (gsize i = 0; i < mail->length; i++)
        if (mail->copy[i] == '\r')
            mail->copy[i] = '\n';
    mp_repair(reading, "lines end in a bare CR");
}

static gsize
up_to_blank_line(const Mended *mail)
{
    const char *at = mail->bytes, *end = at + mail->length;

    while (at < end && *at != '\n' && *at != '\r') {
        const char *newline = memchr(at, '\n', (gsize)(end - at));
        at = newline == NULL ? end : newline + 1;
    }
    return (gsize)(at - mail->bytes);
}

/* NUL would end every string of C early, and hide what follows. */
static void
mend_nul(MpReading *reading, Mended *mail)
{
    gsize header = up_to_blank_line(mail), to = 0;

    if (memchr(mail->bytes, '\0', header) == NULL)
        return;
    take_copy(mail);
    for (gsize from = 0; from < mail->length; from++)
        if (from >= header || mail->copy[from] != '\0')
            mail->copy[to++] = mail->copy[from];
    mail->length = to;
    mp_repair(reading, "NUL removed from the header");
}

/* As Postfix does: what is no field ends the header. */
static void
mend_missing_blank_line(MpReading *reading, Mended *mail)
{
    const char *end = mail->bytes + mail->length, *body = header_end(mail->bytes, end);
    gsize at = (gsize)(body - mail->bytes);
    bool is_blank =
        body == end || *body == '\n' || (*body == '\r' && body + 1 < end && body[1] == '\n');

    if (is_blank)
        return;
    take_copy(mail);
    memmove(mail->copy + at + 1, mail->copy + at, mail->length - at);
    mail->copy[at] = '\n';
    mail->length++;
    mp_repair(reading, "no blank line between header and body");
}

/* The fields of the header; behind the blank line that ends it is *body. */
static GArray *
header_fields(const Mended *mail, const char **body)
{
    const char *end = mail->bytes + mail->length, *next;
    GArray *fields = g_array_sized_new(FALSE, FALSE, sizeof(MpRawField), 32);
    MpRawField field;

    for (*body = mail->bytes; *body < end && (next = mp_scan_field(*body, end, &field)) != NULL;
         *body = next)
        g_array_append_val(fields, field);
    *body += *body < end && **body == '\r';
    *body += *body < end;
    return fields;
}

/* Whether the field says how to read the body (RFC 2045); all other fields are read by us. */
static bool
is_mime(const MpRawField *field)
{
    return (field->name_length > 8 && g_ascii_strncasecmp(field->name, "Content-", 8) == 0) ||
           mp_field_is(field, "MIME-Version");
}

static GByteArray *
mime_header(const GArray *fields)
{
    GByteArray *header = g_byte_array_sized_new(1024);

    for (guint i = 0; i < fields->len; i++) {
        const MpRawField *field = &g_array_index(fields, MpRawField, i);
        gsize length = (gsize)(field->value - field->name) + field->value_length;

        if (is_mime(field))
            g_byte_array_append(header, (const guint8 *)field->name, (guint)length);
    }
    g_byte_array_append(header, (const guint8 *)"\n", 1);
    return header;
}

static GMimeStream *
stream_of(GByteArray *array)
{
    GMimeStream *stream = g_mime_stream_mem_new();

    g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), array);
    return stream;
}

/* Both behind each other. GMime only reads from the arrays. */
static GMimeStream *
stream_of_both(GByteArray *header, GByteArray *body)
{
    g_autoptr(GMimeStream) head = stream_of(header);
    g_autoptr(GMimeStream) rest = stream_of(body);
    GMimeStream *stream = g_mime_stream_cat_new();

    g_mime_stream_cat_add_source(GMIME_STREAM_CAT(stream), head);
    g_mime_stream_cat_add_source(GMIME_STREAM_CAT(stream), rest);
    return stream;
}

/* GMime sees of the header what concerns the body, so that the header is read once, and in one way.
 * A small body is copied behind that, since then it is all one piece of memory; a large one stays
 * the caller's. */
static bool
parse_mime(MpReading *reading, const GArray *fields, const char *body, const char *end)
{
    gsize length = (gsize)(end - body);
    g_autoptr(GByteArray) header = mime_header(fields);
    g_autoptr(GByteArray) rest = NULL;
    g_autoptr(GMimeStream) stream = NULL;

    if (length <= SMALL_BODY) {
        g_byte_array_append(header, (const guint8 *)body, (guint)length);
        stream = stream_of(header);
    } else {
        rest = g_byte_array_new_take((guint8 *)(gsize)body, length);
        stream = stream_of_both(header, rest);
    }
    g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);
    g_autoptr(GMimeObject) root = g_mime_parser_construct_part(parser, reading->options);

    if (root == NULL)
        mp_repair(reading, "no body found");
    bool is_read = root == NULL || mp_read_body(reading, root);

    if (rest != NULL)
        g_byte_array_steal(rest, NULL);
    return is_read;
}

static bool
read_mail(MpReading *reading, Mended *mail)
{
    MpRawField field;

    mend_line_ends(reading, mail);
    mend_nul(reading, mail);
    if (mp_scan_field(mail->bytes, mail->bytes + mail->length, &field) == NULL)
        return mp_fail(reading->error, MP_ERROR_INPUT, "malformed: %s",
                       mail->length == 0 ? "an empty file"
                                         : "it does not begin with a header field");
    mend_missing_blank_line(reading, mail);
    if (!mp_scan(mail->bytes, mail->length, reading->limits, reading->error))
        return false;

    const char *body;
    g_autoptr(GArray) fields = header_fields(mail, &body);
    mp_read_header(reading, fields);
    return parse_mime(reading, fields, body, mail->bytes + mail->length);
}

static void
start_gmime(void)
{
    static gsize started = 0;

    if (g_once_init_enter(&started)) {
        g_mime_init();
        g_once_init_leave(&started, 1);
    }
}

MpMessage *
mp_message_parse(const void *bytes, gsize length, const MpLimits *limits, GError **error)
{
    static const char *fallback[] = {"utf-8", "windows-1252", NULL};

    start_gmime();
    g_autoptr(MpMessage) message = mp_message_new();
    MpReading reading = {.message = message,
                         .limits = limits == NULL ? &mp_limits_default : limits,
                         .options = g_mime_parser_options_new(),
                         .error = error};

    g_mime_parser_options_set_fallback_charsets(reading.options, fallback);
    gsize junk = leading_junk(&reading, bytes, length);
    Mended mail = {.bytes = (const char *)bytes + junk, .length = length - junk};
    bool is_read =
        length > reading.limits->mail_bytes
            ? mp_fail(error, MP_ERROR_INPUT, "too-large: more than %" G_GSIZE_FORMAT " bytes",
                      reading.limits->mail_bytes)
            : read_mail(&reading, &mail);

    g_free(mail.copy);
    g_mime_parser_options_free(reading.options);
    return is_read ? g_steal_pointer(&message) : NULL;
}
