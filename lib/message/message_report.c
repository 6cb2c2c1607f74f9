/*
 * The machine-readable part of a delivery report: RFC 3464, section 2. Groups of fields, an empty
 * line between them; the first is about the message, each further one about a recipient. And which
 * message it sends back.
 */
#include "message/internal.h"

#include "base/escape.h"

#include <string.h>

#define REPORT_LIMIT (64 * 1024) /* octets; what is more is no report */
#define VALUE_LIMIT  320         /* octets of a field: an address has at most 254 */

MpDeliveryStatus *
mp_delivery_status_new(void)
{
    return g_new0(MpDeliveryStatus, 1);
}

void
mp_delivery_status_free(MpDeliveryStatus *status)
{
    g_free(status->action);
    g_free(status->status);
    g_free(status->recipient);
    g_free(status->original);
    g_free(status);
}

/* "rfc822; kate@example.org", also utf-8 (RFC 6533): the address. Comments are left out. */
static char *
address_of(const char *value)
{
    const char *semicolon = strchr(value, ';');
    g_autofree char *address = g_strstrip(g_strdup(semicolon != NULL ? semicolon + 1 : value));
    gsize length = strlen(address);

    if (length > 2 && address[0] == '<' && address[length - 1] == '>')
        return g_strndup(address + 1, length - 2);
    return g_strdup(address);
}

static char *
word_of(const char *value)
{
    return g_strndup(value, strcspn(value, " \t("));
}

static const struct {
    const char *name;
    gsize offset;
    char *(*take)(const char *value);
} fields[] = {
    {"Action", offsetof(MpDeliveryStatus, action), word_of},
    {"Status", offsetof(MpDeliveryStatus, status), word_of},
    {"Final-Recipient", offsetof(MpDeliveryStatus, recipient), address_of},
    {"Original-Recipient", offsetof(MpDeliveryStatus, original), address_of},
};

static void
take_field(MpDeliveryStatus *status, const char *line)
{
    const char *colon = strchr(line, ':');
    gsize length = colon != NULL ? (gsize)(colon - line) : 0;

    while (length > 0 && g_ascii_isspace(line[length - 1]))
        length--;
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        char **at = (char **)(gpointer)((char *)status + fields[i].offset);

        if (strlen(fields[i].name) != length ||
            g_ascii_strncasecmp(fields[i].name, line, length) != 0 || *at != NULL)
            continue;
        g_autofree char *value = mp_one_line(colon + 1);
        if (strlen(value) <= VALUE_LIMIT)
            *at = fields[i].take(value);
    }
}

static void
finish_group(MpReading *reading, MpDeliveryStatus *status)
{
    GPtrArray *deliveries = reading->message->deliveries;
    bool is_about_one =
        status->action != NULL && (status->recipient != NULL || status->original != NULL);

    if (!is_about_one || deliveries->len >= MP_DELIVERIES_MAX) {
        mp_delivery_status_free(status);
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        char **at = (char **)(gpointer)((char *)status + fields[i].offset);

        *at = *at != NULL ? *at : g_strdup("");
    }
    g_ptr_array_add(deliveries, status);
}

/* Unfolds in place: a line that begins with a blank continues the one before. */
static void
read_groups(MpReading *reading, char *text)
{
    MpDeliveryStatus *status = mp_delivery_status_new();

    for (char *line = text, *end; *line != '\0'; line = end) {
        end = strchrnul(line, '\n');
        while (*end == '\n' && end > line && (end[1] == ' ' || end[1] == '\t')) {
            *end = ' ';
            end = strchrnul(end, '\n');
        }
        if (*end == '\n')
            *end++ = '\0';
        if (line[strspn(line, " \t\r")] != '\0') {
            take_field(status, line);
            continue;
        }
        finish_group(reading, status);
        status = mp_delivery_status_new();
    }
    finish_group(reading, status);
}

void
mp_read_report(MpReading *reading, GMimeObject *part)
{
    gsize size;
    g_autoptr(GByteArray) bytes = mp_part_content(part, REPORT_LIMIT, &size);

    if (bytes == NULL) {
        mp_repair(reading, "a delivery report of %" G_GSIZE_FORMAT " octets is not read", size);
        return;
    }
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    g_autofree char *note = NULL;
    g_autofree char *text = mp_decode_text((const char *)bytes->data, size, "utf-8", &note);
    read_groups(reading, text);
}

static void
add_returned(MpReading *reading, const char *value)
{
    char *id = mp_message_id(value);

    if (id != NULL && reading->message->returned->len < MP_DELIVERIES_MAX)
        g_ptr_array_add(reading->message->returned, id);
    else
        g_free(id);
}

/* RFC 6522, section 4: the header only. */
static void
read_returned_header(MpReading *reading, GMimeObject *part)
{
    gsize size;
    g_autoptr(GByteArray) bytes = mp_part_content(part, REPORT_LIMIT, &size);
    const char *at = bytes != NULL ? (const char *)bytes->data : NULL;
    MpRawField field;

    for (const char *end = at + size, *next;
         at != NULL && at < end && (next = mp_scan_field(at, end, &field)) != NULL; at = next) {
        if (!mp_field_is(&field, "Message-ID"))
            continue;
        g_autofree char *value = g_strndup(field.value, field.value_length);
        add_returned(reading, value);
    }
}

void
mp_read_returned(MpReading *reading, GMimeObject *part)
{
    static const char *const header_types[][2] = {
        {"text", "rfc822-headers"}, {"text", "rfc822-header"}, {"message", "global-headers"}};
    GMimeContentType *type = g_mime_object_get_content_type(part);

    if (GMIME_IS_MESSAGE_PART(part)) {
        GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
        const char *value =
            message != NULL ? g_mime_object_get_header(GMIME_OBJECT(message), "Message-ID") : NULL;
        if (value != NULL)
            add_returned(reading, value);
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(header_types); i++)
        if (GMIME_IS_PART(part) &&
            g_mime_content_type_is_type(type, header_types[i][0], header_types[i][1]))
            read_returned_header(reading, part);
}
