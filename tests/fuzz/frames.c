/* The answer of a worker that was taken over: any octets as a frame. The first one chooses whether
 * they are read as a message, as an extraction, or as what the octets themselves ask for. */
#include "inbound/extraction.h"
#include "message/message.h"
#include "worker/frame.h"

#include "fuzz.h"

/* What is believed is written again as it came. */
static void
claim_same(GByteArray *again, GBytes *frame)
{
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(again);

    fuzz_claim(g_bytes_equal(bytes, frame));
}

static void
read_message(GBytes *frame)
{
    g_autoptr(MpMessage) message = mp_message_from_frame(frame, NULL);

    if (message == NULL)
        return;
    GByteArray *again = g_byte_array_new();
    mp_message_to_frame(message, again);
    claim_same(again, frame);
}

static void
read_extraction(GBytes *frame)
{
    g_autoptr(MpExtraction) extraction = mp_extraction_from_frame(frame, NULL);

    if (extraction == NULL)
        return;
    GByteArray *again = g_byte_array_new();
    mp_extraction_to_frame(extraction, again);
    claim_same(again, frame);
}

static void
claim_text(const char *text, bool is_line, bool may_be_null)
{
    fuzz_claim(may_be_null || text != NULL);
    if (text == NULL)
        return;
    fuzz_claim(g_utf8_validate(text, -1, NULL));
    for (const char *p = text; is_line && *p != '\0'; p++)
        fuzz_claim((guchar)*p >= ' ' && *p != 127);
}

static void
read_one(MpFrameReader *reader, guint what, guint most)
{
    g_autoptr(GBytes) octets = NULL;

    if (what == 0)
        claim_text(mp_frame_text(reader), false, false);
    else if (what == 1)
        claim_text(mp_frame_line(reader), true, false);
    else if (what == 2)
        claim_text(mp_frame_text_or_null(reader), false, true);
    else if (what == 3)
        claim_text(mp_frame_line_or_null(reader), true, true);
    else if (what == 4)
        fuzz_claim(mp_frame_count(reader, most) <= most);
    else if (what == 5)
        octets = mp_frame_octets(reader);
    else if (what == 6)
        mp_frame_number(reader);
    else
        mp_frame_flag(reader);
}

/* The first octets say what is asked for. */
static void
read_anything(GBytes *frame)
{
    gsize length;
    const guint8 *octets = g_bytes_get_data(frame, &length);
    gsize asked = length > 0 ? MIN(length - 1, octets[0] % 32) : 0;
    g_autoptr(GBytes) rest =
        g_bytes_new_from_bytes(frame, MIN(length, asked + 1), length - MIN(length, asked + 1));
    MpFrameReader reader = mp_frame_read(rest);

    for (gsize i = 0; i < asked; i++) {
        bool was_broken = reader.is_broken;
        const guint8 *at = reader.at;

        read_one(&reader, octets[1 + i] % 8, octets[1 + i] / 8);
        fuzz_claim(reader.at >= at && reader.at <= reader.end);
        fuzz_claim(!was_broken || (reader.is_broken && reader.at == at));
    }
    fuzz_claim(!mp_frame_is_read(&reader) || reader.at == reader.end);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static void (*const ways[])(GBytes *) = {read_message, read_extraction, read_anything};

    if (size == 0)
        return 0;
    g_autoptr(GBytes) frame = g_bytes_new(data + 1, size - 1);
    ways[data[0] % G_N_ELEMENTS(ways)](frame);
    return 0;
}
