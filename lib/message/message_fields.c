/* The mail's own header, field by field as it stands: nothing merged, nothing reordered. */
#include "message/internal.h"

#include "base/escape.h"
#include "base/utf8.h"

#include <string.h>

static const char *const recipient_fields[] = {
    "X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To",
    "Resent-To",     "Resent-Cc",    "To",          "Cc",
};

/* Of these, set by whoever delivers, an older one below tells of an earlier delivery elsewhere. */
#define TRACE_FIELDS 4

const char *const *
mp_message_recipient_fields(gsize *n)
{
    *n = G_N_ELEMENTS(recipient_fields);
    return recipient_fields;
}

/* The value without its folding; the spaces of RFC 5322's continuation lines stay. */
static char *
unfolded(const MpRawField *field)
{
    char *text = g_strndup(field->value, field->value_length), *to = text + strcspn(text, "\r\n");

    for (const char *from = to; *from != '\0'; from += *from != '\0') {
        gsize length = strcspn(from, "\r\n");

        memmove(to, from, length);
        to += length;
        from += length;
        if (*from == '\r' && from[1] != '\n')
            *to++ = ' ';
    }
    *to = '\0';
    return g_strstrip(text);
}

/* Nothing in it to decode, as in nearly all fields. */
static bool
is_plain(const char *value)
{
    bool is_ascii = mp_is_ascii_line(value, strlen(value)) ||
                    (g_str_is_ascii(value) && strchr(value, '\x1b') == NULL);

    return is_ascii && strstr(value, "=?") == NULL;
}

static char *
decoded(MpReading *reading, const char *name, const char *value)
{
    if (is_plain(value))
        return mp_one_line(value);
    g_autofree char *note = NULL;
    g_autofree char *text = mp_decode_words(value, &note);

    if (g_mime_utils_text_is_8bit((const unsigned char *)value, strlen(value)))
        mp_repair(reading, "8-bit header field %s", name);
    if (note != NULL && !g_utf8_validate(value, -1, NULL))
        mp_repair(reading, "%s: %s", name, note);
    return mp_one_line(text);
}

static void
add_from(const char *address, const char *name, gpointer data)
{
    MpMessage *message = data;

    if (message->from->len == 0 && name != NULL && *name != '\0')
        message->from_name = mp_one_line(name);
    g_ptr_array_add(message->from, g_strdup(address));
}

static void
keep_first(const char *address, const char *name, gpointer data)
{
    char **first = data;

    (void)name;
    if (*first == NULL)
        *first = g_strdup(address);
}

typedef struct {
    MpMessage *message;
    const char *field;
} Recipients;

static void
add_recipient(const char *address, const char *name, gpointer data)
{
    const Recipients *to = data;
    MpAddressee *recipient = g_new0(MpAddressee, 1);

    (void)name;
    recipient->field = g_strdup(to->field);
    recipient->address = g_strdup(address);
    g_ptr_array_add(to->message->recipients, recipient);
}

char *
mp_message_id(const char *value)
{
    const char *open = strchr(value, '<'), *close = open == NULL ? NULL : strchr(open, '>');
    g_autofree char *id =
        close == NULL ? g_strdup(value) : g_strndup(open + 1, (gsize)(close - open - 1));
    g_autofree char *valid = mp_one_line(id);

    return *valid == '\0' ? NULL : g_strdup_printf("<%s>", valid);
}

static void
add_ids(GPtrArray *ids, const char *value)
{
    const char *open, *close;

    while ((open = strchr(value, '<')) != NULL && (close = strchr(open, '>')) != NULL) {
        g_autofree char *part = g_strndup(open, (gsize)(close + 1 - open));
        char *id = mp_message_id(part);
        if (id != NULL)
            g_ptr_array_add(ids, id);
        value = close + 1;
    }
}

static bool
is_from(const MpMessage *message, const char *address)
{
    for (guint i = 0; i < message->from->len; i++)
        if (g_ascii_strcasecmp(g_ptr_array_index(message->from, i), address) == 0)
            return true;
    return false;
}

/* Past a quoted string or a comment, which begins at `p`. */
static const char *
skip_quoted(const char *p, char open, char close)
{
    guint depth = 1;

    for (p++; *p != '\0' && depth > 0; p++)
        if (*p == '\\' && p[1] != '\0')
            p++;
        else if (*p == close)
            depth--;
        else if (*p == open)
            depth++;
    return p;
}

/*
 * Programs disagree about which address `a@b@c`, or `a@b <c@d>`, is from. So that nobody passes as
 * one sender with us and as another with who checked the mail before, all that looks like an
 * address outside of quotes and comments counts as one.
 */
static void
add_lookalikes(MpReading *reading, const char *value)
{
    MpMessage *message = reading->message;

    for (const char *p = value; *p != '\0';) {
        gsize length = strcspn(p, " \t,;:<>()\"");
        const char *at = memchr(p, '@', length);
        g_autofree char *address = g_strndup(p, length);

        if (at != NULL && at > p && at + 1 < p + length && message->from->len < 100 &&
            !is_from(message, address)) {
            g_ptr_array_add(message->from, mp_one_line(address));
            mp_repair(reading, "From can be read in several ways");
        }
        p += length;
        if (*p == '"' || *p == '(')
            p = skip_quoted(p, *p, *p == '(' ? ')' : '"');
        else
            p += *p != '\0';
    }
}

/*
 * A group in From (RFC 6854) is there for mail that nobody may answer. Who checked the sender
 * before us may see an author in it or none, so the group itself counts as one, which no account
 * has.
 */
static void
add_groups(MpReading *reading, const char *value)
{
    if (strchr(value, ':') == NULL)
        return;
    g_autoptr(InternetAddressList) list = mp_parse_addresses(reading, value);
    for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
        InternetAddress *entry = internet_address_list_get_address(list, i);

        if (!INTERNET_ADDRESS_IS_GROUP(entry))
            continue;
        const char *name = internet_address_get_name(entry);
        g_autofree char *group = g_strdup_printf("%s:;", name != NULL ? name : "");
        g_ptr_array_add(reading->message->from, mp_one_line(group));
        mp_repair(reading, "From holds a group");
    }
}

static void
read_from(MpReading *reading, const char *value)
{
    add_groups(reading, value);
    mp_each_address(reading, value, add_from, reading->message);
    add_lookalikes(reading, value);
}

static void
read_sender(MpReading *reading, const char *value)
{
    mp_each_address(reading, value, keep_first, &reading->message->sender);
}

static void
read_return_path(MpReading *reading, const char *value)
{
    if (reading->message->return_path != NULL)
        return;
    mp_each_address(reading, value, keep_first, &reading->message->return_path);
    if (reading->message->return_path == NULL)
        reading->message->return_path = g_strdup("");
}

static void
read_message_id(MpReading *reading, const char *value)
{
    if (reading->message->message_id == NULL)
        reading->message->message_id = mp_message_id(value);
}

static void
read_in_reply_to(MpReading *reading, const char *value)
{
    add_ids(reading->message->in_reply_to, value);
}

static void
read_subject(MpReading *reading, const char *value)
{
    if (reading->message->subject == NULL)
        reading->message->subject = decoded(reading, "Subject", value);
}

static void
read_date(MpReading *reading, const char *value)
{
    g_autoptr(GDateTime) date = NULL;

    if (reading->message->date != G_MININT64)
        return;
    date = g_mime_utils_header_decode_date(value);
    if (date != NULL && g_date_time_get_year(date) >= 1970)
        reading->message->date = g_date_time_to_unix(date);
    else
        mp_repair(reading, "Date is nonsense");
}

static const struct {
    const char *name;
    void (*read)(MpReading *, const char *value);
} readers[] = {
    {"From", read_from},
    {"Sender", read_sender},
    {"Return-Path", read_return_path},
    {"Message-ID", read_message_id},
    {"In-Reply-To", read_in_reply_to},
    {"References", read_in_reply_to},
    {"Subject", read_subject},
    {"Date", read_date},
};

static void
add_header(MpReading *reading, const MpRawField *field, const char *value)
{
    MpHeader *header = g_new0(MpHeader, 1);

    header->name = g_strndup(field->name, field->name_length);
    header->value = decoded(reading, header->name, value);
    g_ptr_array_add(reading->message->headers, header);
}

/* Index of the first field from `i` on that is named `name`; fields->len if there is none. */
static guint
next_field(const GArray *fields, const char *name, guint i)
{
    while (i < fields->len && !mp_field_is(&g_array_index(fields, MpRawField, i), name))
        i++;
    return i;
}

/* Outlook's users part addresses by semicolons: as commas, outside of quotes, comments and groups,
 * so that no address is overlooked. */
static void
mend_semicolons(char *value)
{
    bool is_in_group = false, is_in_route = false;

    for (char *p = value; *p != '\0'; p++) {
        if (*p == '"' || *p == '(') {
            p = value + (skip_quoted(p, *p, *p == '(' ? ')' : '"') - value) - 1;
            continue;
        }
        is_in_route = *p == '<' || (is_in_route && *p != '>');
        is_in_group |= *p == ':' && !is_in_route;
        if (*p == ';' && !is_in_group)
            *p = ',';
        is_in_group &= *p != ';';
    }
}

static void
read_recipients(MpReading *reading, const GArray *fields, const GPtrArray *values)
{
    for (gsize k = 0; k < G_N_ELEMENTS(recipient_fields); k++) {
        Recipients to = {reading->message, recipient_fields[k]};

        for (guint i = 0; (i = next_field(fields, to.field, i)) < fields->len; i++) {
            g_autofree char *value = g_strdup(g_ptr_array_index(values, i));
            mend_semicolons(value);
            mp_each_address(reading, value, add_recipient, &to);
            if (k < TRACE_FIELDS)
                break;
        }
    }
}

static void
read_results(MpReading *reading, const GArray *fields, const GPtrArray *values)
{
    for (guint i = 0; (i = next_field(fields, "Authentication-Results", i)) < fields->len; i++)
        g_ptr_array_add(reading->message->results, mp_one_line(g_ptr_array_index(values, i)));
}

void
mp_read_header(MpReading *reading, const GArray *fields)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new_full(fields->len, g_free);

    for (guint i = 0; i < fields->len; i++) {
        const MpRawField *field = &g_array_index(fields, MpRawField, i);
        char *value = unfolded(field);

        g_ptr_array_add(values, value);
        add_header(reading, field, value);
    }
    /* in the table's order, so that In-Reply-To comes before References */
    for (gsize k = 0; k < G_N_ELEMENTS(readers); k++)
        for (guint i = 0; (i = next_field(fields, readers[k].name, i)) < fields->len; i++)
            readers[k].read(reading, g_ptr_array_index(values, i));
    read_recipients(reading, fields, values);
    read_results(reading, fields, values);
}
