/* A mail: the scan, the parser, and its answer's way to another process and back. */
#include "message/message.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    MpLimits limits = mp_limits_default;

    limits.parts = 100; /* so that a limit can be met by a short input */
    limits.nesting = 20;
    limits.addresses = 50;
    g_autoptr(MpMessage) message =
        mp_scan(data, size, &limits, NULL) ? mp_message_parse(data, size, &limits, NULL) : NULL;
    if (message == NULL)
        return 0;
    g_autofree char *words = mp_message_words(message);
    g_autoptr(GVariant) value = g_variant_ref_sink(mp_message_to_variant(message));
    g_autoptr(MpMessage) again = mp_message_from_variant(value, NULL);
    fuzz_claim(again != NULL); /* we believe our own parser */
    g_autofree char *words_again = mp_message_words(again);
    fuzz_claim(strcmp(words, words_again) == 0);
    return 0;
}
