/* Attachments: named always, kept within the limits. See internal.h. */
#include "message/internal.h"

#include "base/escape.h"

#include <string.h>

/* Where the content is decoded to, and what there is of it. */
typedef struct {
    GByteArray *bytes; /* not more than the limit */
    gsize limit, size;
} Decoded;

static void
take_decoded(Decoded *decoded, const char *chunk, gsize count)
{
    decoded->size += count;
    if (decoded->size <= decoded->limit)
        g_byte_array_append(decoded->bytes, (const guint8 *)chunk, (guint)count);
}

/* What is in one piece of memory needs no streams. False if it is not, or is uuencoded. */
static bool
decode_memory(GMimeStream *stream, GMimeContentEncoding encoding, Decoded *decoded)
{
    enum { STEP = 4096 };
    char chunk[2 * STEP]; /* a step gives as many octets as it takes, and three more at most */
    GMimeEncoding state;

    if (!GMIME_IS_STREAM_MEM(stream) || encoding == GMIME_CONTENT_ENCODING_UUENCODE)
        return false;
    const GByteArray *array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    gint64 end = stream->bound_end < 0 ? array->len : MIN(stream->bound_end, array->len);

    g_mime_encoding_init_decode(&state, encoding);
    for (gint64 at = stream->bound_start; at < end; at += STEP) {
        const char *octets = (const char *)array->data + at;
        gsize count = (gsize)MIN(end - at, STEP);

        take_decoded(decoded, chunk, g_mime_encoding_step(&state, octets, count, chunk));
    }
    take_decoded(decoded, chunk, g_mime_encoding_flush(&state, "", 0, chunk));
    return true;
}

static void
decode_stream(GMimeStream *stream, GMimeContentEncoding encoding, Decoded *decoded)
{
    g_autoptr(GMimeStream) decoding = g_mime_stream_filter_new(stream);
    g_autoptr(GMimeFilter) decoder = g_mime_filter_basic_new(encoding, FALSE);
    char chunk[8192];
    ssize_t count;

    g_mime_stream_filter_add(GMIME_STREAM_FILTER(decoding), decoder);
    g_mime_stream_reset(stream);
    while ((count = g_mime_stream_read(decoding, chunk, sizeof chunk)) > 0)
        take_decoded(decoded, chunk, (gsize)count);
}

GByteArray *
mp_part_content(GMimeObject *part, gsize limit, gsize *size)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    GMimeDataWrapper *content =
        GMIME_IS_PART(part) ? g_mime_part_get_content(GMIME_PART(part)) : NULL;
    Decoded decoded = {.bytes = bytes, .limit = limit};

    if (content != NULL) {
        GMimeStream *stream = g_mime_data_wrapper_get_stream(content);
        GMimeContentEncoding encoding = g_mime_data_wrapper_get_encoding(content);

        if (!decode_memory(stream, encoding, &decoded))
            decode_stream(stream, encoding, &decoded);
    }
    *size = decoded.size;
    return *size <= limit ? g_steal_pointer(&bytes) : NULL;
}

/* A message within, as it stands in the mail. */
static GByteArray *
content_of_message(GMimeObject *part, gsize limit, gsize *size)
{
    g_autoptr(GMimeStream) stream = g_mime_stream_mem_new();
    GMimeMessage *inner = GMIME_IS_MESSAGE_PART(part)
                              ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(part))
                              : NULL;

    if (inner != NULL)
        g_mime_object_write_to_stream(GMIME_OBJECT(inner), NULL, stream);

    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    g_autoptr(GByteArray) bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    *size = bytes->len;
    return bytes->len <= limit ? g_steal_pointer(&bytes) : NULL;
}

char *
mp_part_type(GMimeObject *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);
    g_autofree char *text = type == NULL ? NULL : g_mime_content_type_get_mime_type(type);
    g_autofree char *valid =
        g_utf8_make_valid(text == NULL ? "application/octet-stream" : text, -1);

    for (char *p = valid; *p != '\0'; p++)
        if ((guchar)*p <= ' ' || *p == 127)
            *p = '_';
    return g_ascii_strdown(valid, -1);
}

char *
mp_safe_name(const char *name)
{
    g_autofree char *valid = name == NULL ? NULL : g_utf8_make_valid(name, -1);
    const char *slash;

    if (valid == NULL)
        return NULL;
    g_strdelimit(valid, "\\", '/');
    for (char *p = valid; *p != '\0'; p++)
        if ((guchar)*p < ' ' || *p == 127)
            *p = '_';
    slash = strrchr(valid, '/');
    const char *base = g_strstrip(slash == NULL ? valid : valid + (slash + 1 - valid));
    return *base == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0 ? NULL
                                                                              : g_strdup(base);
}

/* Types whose content is of no use to anybody who reads the thread. */
static const struct {
    const char *type, *name, *why;
} useless[] = {
    {"application/ms-tnef", "winmail.dat", "a TNEF container, which only Outlook reads"},
    {"application/vnd.ms-tnef", "winmail.dat", "a TNEF container, which only Outlook reads"},
    {"application/pkcs7-mime", "smime.p7m",
     "an S/MIME container, which needs the recipient's key or software"},
    {"application/x-pkcs7-mime", "smime.p7m",
     "an S/MIME container, which needs the recipient's key or software"},
    {"message/partial", NULL, "a fragment of a message"},
    {"message/external-body", NULL, "a reference to something elsewhere"},
};

static const char *
why_useless(const MpAttachment *attachment)
{
    for (gsize i = 0; i < G_N_ELEMENTS(useless); i++)
        if (strcmp(useless[i].type, attachment->type) == 0)
            return useless[i].why;
    if (attachment->name != NULL && g_ascii_strcasecmp(attachment->name, "winmail.dat") == 0)
        return useless[0].why;
    return NULL;
}

static char *
default_name(GMimeObject *part, const char *type)
{
    if (GMIME_IS_MESSAGE_PART(part)) {
        GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
        const char *subject = inner == NULL ? NULL : g_mime_message_get_subject(inner);
        g_autofree char *name = g_strdup_printf("%s.eml", subject == NULL ? "message" : subject);
        return mp_safe_name(g_strdelimit(name, "/\\", '_'));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(useless); i++)
        if (strcmp(useless[i].type, type) == 0)
            return g_strdup(useless[i].name);
    return NULL;
}

/* Takes the bytes, which are NULL where they are over the limit. `why`: it is not kept, or NULL. */
static void
keep(MpReading *reading, MpAttachment *attachment, GByteArray *taken, const char *why)
{
    const MpLimits *limits = reading->limits;
    g_autoptr(GByteArray) bytes = taken;

    if (why != NULL)
        attachment->refused = g_strdup(why);
    else if (reading->kept >= limits->attachments)
        attachment->refused = g_strdup_printf("more than %u attachments", limits->attachments);
    else if (bytes == NULL)
        attachment->refused =
            g_strdup_printf("larger than %" G_GSIZE_FORMAT " bytes", limits->attachment_bytes);
    if (attachment->refused != NULL)
        return;
    attachment->data = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
    reading->kept++;
}

static void
keep_content(MpReading *reading, GMimeObject *part, MpAttachment *attachment)
{
    const MpLimits *limits = reading->limits;
    const char *why = why_useless(attachment);
    bool is_wanted = why == NULL && reading->kept < limits->attachments;
    gsize limit = is_wanted ? limits->attachment_bytes : 0;

    keep(reading, attachment,
         GMIME_IS_PART(part) ? mp_part_content(part, limit, &attachment->size)
                             : content_of_message(part, limit, &attachment->size),
         why);
}

/* A field of the part as it is to be read by GMime; NULL if it stands as GMime has read it. */
static char *
recoded_field(GMimeObject *part, const char *field)
{
    GMimeHeader *header = g_mime_header_list_get_header(g_mime_object_get_header_list(part), field);
    const char *raw = header == NULL ? NULL : g_mime_header_get_raw_value(header);

    if (raw == NULL || (strstr(raw, "=?") == NULL && strstr(raw, "*=") == NULL))
        return NULL;
    g_autofree char *unfolded = g_strdelimit(g_strdup(raw), "\r\n", ' ');
    return mp_recode_parameters(unfolded);
}

/* The file's name as the mail says it, in any of the ways that mail programs write it. */
static char *
file_name(const MpReading *reading, GMimeObject *part)
{
    g_autofree char *disposition = recoded_field(part, "Content-Disposition");
    g_autofree char *type = recoded_field(part, "Content-Type");
    const char *name = g_mime_object_get_content_disposition_parameter(part, "filename");

    if (name != NULL && disposition == NULL)
        return mp_safe_name(name);
    if (disposition != NULL) {
        g_autoptr(GMimeContentDisposition) read =
            g_mime_content_disposition_parse(reading->options, disposition);
        name = g_mime_content_disposition_get_parameter(read, "filename");
        if (name != NULL)
            return mp_safe_name(name);
    }
    if (type == NULL)
        return mp_safe_name(g_mime_object_get_content_type_parameter(part, "name"));
    g_autoptr(GMimeContentType) read = g_mime_content_type_parse(reading->options, type);
    return mp_safe_name(g_mime_content_type_get_parameter(read, "name"));
}

void
mp_read_attachment(MpReading *reading, GMimeObject *part)
{
    MpAttachment *attachment = g_new0(MpAttachment, 1);
    GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(part);

    const char *id = g_mime_object_get_content_id(part);
    attachment->type = mp_part_type(part);
    attachment->name = GMIME_IS_PART(part) ? file_name(reading, part) : NULL;
    if (attachment->name == NULL)
        attachment->name = default_name(part, attachment->type);
    attachment->content_id = id == NULL ? NULL : mp_one_line(id);
    if (disposition != NULL)
        attachment->disposition =
            g_ascii_strcasecmp(g_mime_content_disposition_get_disposition(disposition),
                               "attachment") == 0
                ? g_strdup("attachment")
                : g_strdup("inline");
    keep_content(reading, part, attachment);
    g_ptr_array_add(reading->message->attachments, attachment);
}

/* There is no type but what the first octets say: a picture is to be seen. */
static const char *
type_of_content(const GByteArray *bytes)
{
    static const struct {
        const char *octets, *type;
    } pictures[] = {
        {"\x89PNG\r\n\x1a\n", "image/png"}, {"\xFF\xD8\xFF", "image/jpeg"}, {"GIF8", "image/gif"}};

    for (gsize i = 0; i < G_N_ELEMENTS(pictures); i++) {
        gsize length = strlen(pictures[i].octets);
        if (bytes->len >= length && memcmp(bytes->data, pictures[i].octets, length) == 0)
            return pictures[i].type;
    }
    return "application/octet-stream";
}

void
mp_read_embedded(MpReading *reading, const char *name, GByteArray *bytes, const char *why)
{
    MpAttachment *attachment = g_new0(MpAttachment, 1);

    attachment->type = g_strdup(type_of_content(bytes));
    attachment->name = mp_safe_name(name);
    attachment->size = bytes->len;
    if (bytes->len > reading->limits->attachment_bytes)
        g_clear_pointer(&bytes, g_byte_array_unref);
    keep(reading, attachment, bytes, why != NULL ? why : why_useless(attachment));
    g_ptr_array_add(reading->message->attachments, attachment);
}
