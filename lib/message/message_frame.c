/* A message as a frame and back; the way back believes nothing. See message.h. */
#include "message/internal.h"

#include "base/error.h"

#include <string.h>

/* More than any mail within the limits can have; a worker that says so is broken. */
#define MOST_ENTRIES 100000

/* The scalar fields, in the order of the frame. */
static const struct {
    gsize offset;
    bool is_text; /* many lines; the others have one */
} strings[] = {
    {offsetof(MpMessage, message_id), false},  {offsetof(MpMessage, subject), false},
    {offsetof(MpMessage, from_name), false},   {offsetof(MpMessage, sender), false},
    {offsetof(MpMessage, return_path), false}, {offsetof(MpMessage, plain), true},
    {offsetof(MpMessage, html), true},         {offsetof(MpMessage, word_hash), false},
};

static const gsize string_lists[] = {
    offsetof(MpMessage, from),    offsetof(MpMessage, in_reply_to), offsetof(MpMessage, repairs),
    offsetof(MpMessage, results), offsetof(MpMessage, returned),
};

static const gsize flags[] = {
    offsetof(MpMessage, flowed),
    offsetof(MpMessage, delsp),
    offsetof(MpMessage, encrypted),
    offsetof(MpMessage, report),
};

/* Lists of structures that are nothing but strings, each of one line, none of them NULL. */
static const struct {
    gsize offset, n_strings;
    guint most;
} records[] = {
    {offsetof(MpMessage, headers), sizeof(MpHeader) / sizeof(char *), MOST_ENTRIES},
    {offsetof(MpMessage, recipients), sizeof(MpAddressee) / sizeof(char *), MOST_ENTRIES},
    {offsetof(MpMessage, deliveries), sizeof(MpDeliveryStatus) / sizeof(char *), MP_DELIVERIES_MAX},
};

#define FIELD(message, type, offset) (*(type *)(gpointer)((char *)(message) + (offset)))

/* ---- there ---- */

static void
add_attachment(GByteArray *frame, const MpAttachment *a)
{
    const char *const lines[] = {a->name, a->type, a->content_id, a->disposition, a->refused};
    gsize length = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
        mp_frame_add_text(frame, lines[i]);
    mp_frame_add_number(frame, a->size);
    mp_frame_add_flag(frame, a->data != NULL);
    if (a->data == NULL)
        return;
    const void *octets = g_bytes_get_data(a->data, &length);
    mp_frame_add_octets(frame, octets, length);
}

void
mp_message_to_frame(const MpMessage *message, GByteArray *frame)
{
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        mp_frame_add_text(frame, FIELD(message, char *, strings[i].offset));
    for (gsize i = 0; i < G_N_ELEMENTS(string_lists); i++) {
        const GPtrArray *list = FIELD(message, GPtrArray *, string_lists[i]);

        mp_frame_add_number(frame, list->len);
        for (guint k = 0; k < list->len; k++)
            mp_frame_add_text(frame, list->pdata[k]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++)
        mp_frame_add_flag(frame, FIELD(message, bool, flags[i]));
    mp_frame_add_number(frame, (guint64)message->date);
    for (gsize i = 0; i < G_N_ELEMENTS(records); i++) {
        const GPtrArray *list = FIELD(message, GPtrArray *, records[i].offset);

        mp_frame_add_number(frame, list->len);
        for (guint k = 0; k < list->len; k++)
            for (gsize n = 0; n < records[i].n_strings; n++)
                mp_frame_add_text(frame, ((char **)list->pdata[k])[n]);
    }
    mp_frame_add_number(frame, message->attachments->len);
    for (guint i = 0; i < message->attachments->len; i++)
        add_attachment(frame, message->attachments->pdata[i]);
}

/* ---- and back ---- */

static char *
borrow(const char *text)
{
    return (char *)(gsize)text;
}

static void
take_records(MpFrameReader *reader, MpMessage *message, gsize of)
{
    GPtrArray *list = FIELD(message, GPtrArray *, records[of].offset);
    guint count = mp_frame_count(reader, records[of].most);

    for (guint i = 0; i < count && !reader->is_broken; i++) {
        char **record = g_new(char *, records[of].n_strings);

        for (gsize n = 0; n < records[of].n_strings; n++)
            record[n] = borrow(mp_frame_line(reader));
        g_ptr_array_add(list, record);
    }
}

static bool
is_sound(const MpAttachment *a)
{
    if (a->name != NULL && (strchr(a->name, '/') != NULL || strcmp(a->name, "..") == 0))
        return false;
    if (a->data != NULL && g_bytes_get_size(a->data) != a->size)
        return false;
    return a->type != NULL && (a->data == NULL) == (a->refused != NULL);
}

static void
take_attachment(MpFrameReader *reader, MpMessage *message)
{
    MpAttachment *a = g_new0(MpAttachment, 1);

    g_ptr_array_add(message->attachments, a);
    a->name = borrow(mp_frame_line_or_null(reader));
    a->type = borrow(mp_frame_line_or_null(reader));
    a->content_id = borrow(mp_frame_line_or_null(reader));
    a->disposition = borrow(mp_frame_line_or_null(reader));
    a->refused = borrow(mp_frame_line_or_null(reader));
    a->size = mp_frame_number(reader);
    if (mp_frame_flag(reader))
        a->data = mp_frame_octets(reader);
    reader->is_broken |= !is_sound(a);
}

static void
take_lists(MpFrameReader *reader, MpMessage *message)
{
    for (gsize i = 0; i < G_N_ELEMENTS(string_lists); i++) {
        GPtrArray *list = FIELD(message, GPtrArray *, string_lists[i]);
        guint count = mp_frame_count(reader, MOST_ENTRIES);

        for (guint k = 0; k < count && !reader->is_broken; k++)
            g_ptr_array_add(list, borrow(mp_frame_line(reader)));
    }
}

static bool
is_hash(const char *text)
{
    return text == NULL || (strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64);
}

MpMessage *
mp_message_from_frame(GBytes *frame, GError **error)
{
    g_autoptr(MpMessage) message = mp_message_new_in(frame);
    MpFrameReader reader = mp_frame_read(frame);

    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        FIELD(message, char *, strings[i].offset) = borrow(
            strings[i].is_text ? mp_frame_text_or_null(&reader) : mp_frame_line_or_null(&reader));
    reader.is_broken |= !is_hash(message->word_hash);
    take_lists(&reader, message);
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++)
        FIELD(message, bool, flags[i]) = mp_frame_flag(&reader);
    message->date = (gint64)mp_frame_number(&reader);
    for (gsize i = 0; i < G_N_ELEMENTS(records); i++)
        take_records(&reader, message, i);
    guint count = mp_frame_count(&reader, MOST_ENTRIES);
    for (guint i = 0; i < count && !reader.is_broken; i++)
        take_attachment(&reader, message);
    if (!mp_frame_is_read(&reader))
        return mp_fail_null(error, MP_ERROR_INPUT, "the parser's answer is no message");
    return g_steal_pointer(&message);
}
