/* Authentication-Results: lines are fields; a failure that stands among them stays one. */
#include "policy/authentication.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 20);
    g_autoptr(GPtrArray) fields = g_ptr_array_new();
    g_autoptr(GPtrArray) below = g_ptr_array_new();

    g_ptr_array_add(below, (gpointer)(gsize) "mx.example.org; dmarc=fail");
    for (char **line = lines; *line != NULL; line++) {
        g_ptr_array_add(fields, *line);
        g_ptr_array_add(below, *line);
    }
    MpVerdicts v = mp_verdicts_read(fields, 1, "mx.example.org, other.example", "kate@example.org");
    g_autofree char *said = mp_verdicts_describe(&v);
    fuzz_claim(v.check != MP_SENDER_AUTHENTIC || said != NULL);
    fuzz_claim(mp_verdicts_read(below, below->len, "mx.example.org", "kate@example.org").check ==
               MP_SENDER_UNAUTHENTICATED);
    fuzz_claim(mp_verdicts_read(fields, 1, "", "kate@example.org").check == MP_SENDER_UNCHECKED);
    return 0;
}
