/* Values one behind the other; see frame.h. A number is eight octets as the machine has them, a
 * flag one, of octets the number comes first. A text is octets that end in NUL; their number is 0
 * for none. */
#include "worker/frame.h"

#include "base/utf8.h"

#include <string.h>

/* ---- writing ---- */

void
mp_frame_add_number(GByteArray *frame, guint64 number)
{
    g_byte_array_append(frame, (const guint8 *)&number, sizeof number);
}

void
mp_frame_add_flag(GByteArray *frame, bool flag)
{
    const guint8 octet = flag ? 1 : 0;

    g_byte_array_append(frame, &octet, 1);
}

void
mp_frame_add_octets(GByteArray *frame, const void *octets, gsize length)
{
    mp_frame_add_number(frame, length);
    if (length > 0)
        g_byte_array_append(frame, octets, (guint)length);
}

void
mp_frame_add_text(GByteArray *frame, const char *text)
{
    mp_frame_add_octets(frame, text, text != NULL ? strlen(text) + 1 : 0);
}

/* ---- reading ---- */

MpFrameReader
mp_frame_read(GBytes *bytes)
{
    gsize length;
    const guint8 *at = g_bytes_get_data(bytes, &length);

    at = at != NULL ? at : (const guint8 *)"";
    return (MpFrameReader){bytes, at, at + length, false};
}

/* The next octets, or NULL. */
static const guint8 *
take(MpFrameReader *reader, gsize length)
{
    const guint8 *at = reader->at;

    reader->is_broken |= length > (gsize)(reader->end - at);
    if (reader->is_broken)
        return NULL;
    reader->at += length;
    return at;
}

guint64
mp_frame_number(MpFrameReader *reader)
{
    const guint8 *octets = take(reader, sizeof(guint64));
    guint64 number = 0;

    if (octets != NULL)
        memcpy(&number, octets, sizeof number);
    return number;
}

bool
mp_frame_flag(MpFrameReader *reader)
{
    const guint8 *octet = take(reader, 1);

    reader->is_broken |= octet != NULL && *octet > 1;
    return octet != NULL && *octet == 1;
}

guint
mp_frame_count(MpFrameReader *reader, guint most)
{
    guint64 count = mp_frame_number(reader);

    reader->is_broken |= count > most || count > (gsize)(reader->end - reader->at);
    return reader->is_broken ? 0 : (guint)count;
}

/* As many as the number before them says. */
static const guint8 *
take_octets(MpFrameReader *reader, gsize *length)
{
    guint64 claimed = mp_frame_number(reader);
    const guint8 *octets = take(reader, claimed);

    *length = octets != NULL ? claimed : 0;
    return octets;
}

GBytes *
mp_frame_octets(MpFrameReader *reader)
{
    gsize length;
    const guint8 *octets = take_octets(reader, &length),
                 *all = g_bytes_get_data(reader->bytes, NULL);

    return octets != NULL ? g_bytes_new_from_bytes(reader->bytes, (gsize)(octets - all), length)
                          : NULL;
}

static const char *
take_text(MpFrameReader *reader, bool (*is_sound)(const char *, gsize), bool may_be_null)
{
    gsize length;
    const char *text = (const char *)take_octets(reader, &length);

    reader->is_broken |=
        length == 0 ? !may_be_null : text[length - 1] != '\0' || !is_sound(text, length - 1);
    if (reader->is_broken || length == 0)
        return may_be_null ? NULL : "";
    return text;
}

const char *
mp_frame_text(MpFrameReader *reader)
{
    return take_text(reader, mp_is_text, false);
}

const char *
mp_frame_line(MpFrameReader *reader)
{
    return take_text(reader, mp_is_line, false);
}

const char *
mp_frame_text_or_null(MpFrameReader *reader)
{
    return take_text(reader, mp_is_text, true);
}

const char *
mp_frame_line_or_null(MpFrameReader *reader)
{
    return take_text(reader, mp_is_line, true);
}

bool
mp_frame_is_read(const MpFrameReader *reader)
{
    return !reader->is_broken && reader->at == reader->end;
}
