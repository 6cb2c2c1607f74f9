/*
 * A libFuzzer target for all that lib/reply does with what strangers send.
 *
 * The first byte chooses: HTML, flowed text, or a mail; of a mail, what stands behind a NUL was
 * sent. Besides not crashing it checks that the lines are all there, each with its rule.
 */
#include "reply/reply.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void
extract(const char *text, const char *sent)
{
    const char *const list[] = {sent, NULL};
    g_autoptr(MpReply) reply = mp_reply_extract(text, sent != NULL ? list : NULL);
    gsize lines = 1;

    for (const char *p = text; *p != '\0'; p++)
        lines += *p == '\n';
    if (reply->lines->len != lines)
        abort();
    for (guint i = 0; i < reply->lines->len; i++) {
        if (((const MpReplyLine *)reply->lines->pdata[i])->rule == NULL)
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size == 0)
        return 0;
    g_autofree char *text = g_malloc(size + 1);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';

    if (data[0] % 4 == 0) {
        g_autofree char *markdown = mp_html_to_markdown(text, size - 1);
        extract(markdown, NULL);
    } else if (data[0] % 4 == 1) {
        g_autofree char *unflowed = mp_reply_unflow(text, data[0] & 4);
        mp_reply_part_is_stub(text);
        extract(unflowed, NULL);
    } else {
        gsize length = strlen(text);
        extract(text, length + 1 < size ? text + length + 1 : NULL);
    }
    return 0;
}
