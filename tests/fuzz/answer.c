/* The answer of a worker that was taken over: any bytes as the value that a message is sent as. */
#include "message/message.h"

#include "fuzz.h"

/* The type is what a real message has. */
static const GVariantType *
type_of_answers(void)
{
    static GVariant *sample;

    if (sample == NULL) {
        g_autoptr(MpMessage) message = mp_message_parse("From: a@b\n\nx\n", 13, NULL, NULL);
        sample = g_variant_ref_sink(mp_message_to_variant(message));
    }
    return g_variant_get_type(sample);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GVariant) value =
        g_variant_ref_sink(g_variant_new_from_bytes(type_of_answers(), bytes, FALSE));
    g_autoptr(MpMessage) message = mp_message_from_variant(value, NULL);

    if (message == NULL)
        return 0;
    g_autoptr(GVariant) again = g_variant_ref_sink(mp_message_to_variant(message));
    fuzz_claim(g_variant_equal(value, again));
    return 0;
}
