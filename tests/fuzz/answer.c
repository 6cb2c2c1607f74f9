/* The answer of a worker that was taken over: any bytes as the value that a message is sent as. */
#include "message/message.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const char type[] = "(amsaasabxa(ss)a(ss)a(msmsmsmstmayms))";
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(type), bytes, FALSE));
    g_autoptr(MpMessage) message = mp_message_from_variant(value, NULL);

    if (message == NULL)
        return 0;
    g_autoptr(GVariant) again = g_variant_ref_sink(mp_message_to_variant(message));
    fuzz_claim(g_variant_equal(value, again));
    return 0;
}
