/* An event file of the outbox, as a crash, a full disk or an administrator may have left it. */
#include "outbox/internal.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    g_autofree char *bytes = g_malloc(size + 1);
    g_autoptr(GError) error = NULL;

    memcpy(bytes, data, size);
    bytes[size] = '\0';
    g_autoptr(MpEventText) text =
        mp_event_text_parse(bytes, size, "0123456789abcdef0123456789abcdef", "new/x", &error);
    fuzz_claim((text == NULL) == (error != NULL));
    if (text == NULL)
        return 0;
    fuzz_claim(text->length <= size);
    g_autofree char *again = mp_event_text_format(text->event);
    fuzz_claim(strchr(again, '\n') != NULL);
    return 0;
}
