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
    GByteArray *frame = g_byte_array_new();
    mp_message_to_frame(message, frame);
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(frame);
    g_autoptr(MpMessage) again = mp_message_from_frame(bytes, NULL);
    fuzz_claim(again != NULL); /* we believe our own parser */
    g_autofree char *words_again = mp_message_words(again);
    fuzz_claim(strcmp(words, words_again) == 0);
    return 0;
}
