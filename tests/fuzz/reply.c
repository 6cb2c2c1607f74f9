/*
 * A libFuzzer target for all that is done with the text that strangers send: lib/reply, and the
 * references to attachments in it.
 *
 * The first byte chooses: HTML, flowed text, references, or a mail; of a mail, what stands behind a
 * NUL was sent. Besides not crashing it checks that the lines are all there, each with its rule.
 */
#include "inbound/attachments.h"
#include "markup/html.h"
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

/* Every reference lies within the text; the names and types are the text's own, too. */
static void
refer(char *text)
{
    MpAttachment image = {.name = text, .type = (char *)"image/png", .content_id = text},
                 file = {.name = text, .type = (char *)"text/plain"};
    MpAttachment *both[] = {&image, &file};
    const GPtrArray attachments = {(gpointer *)both, G_N_ELEMENTS(both)};
    const bool is_taken[] = {false, true};
    const MpNewAttachment stored = {.file = "1.txt", .name = text, .type = "text/plain"};
    g_autoptr(MpReferences) references = mp_references_new(&attachments);
    g_autoptr(GString) links = g_string_new(NULL);

    for (const char *p = text; *p != '\0'; p++) {
        gsize length = 0;
        bool by_id;
        int i = mp_attachment_reference(references, is_taken, p, &length, &by_id);

        if (i >= 0 && (i >= (int)attachments.len || length == 0 || length > strlen(p)))
            abort();
    }
    mp_attachment_append_link(links, &stored);
    mp_attachment_append_refusal(links, &file, text, "why");
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size == 0)
        return 0;
    g_autofree char *text = g_malloc(size + 1);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';

    if (data[0] % 16 == 3) {
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        refer(valid);
    } else if (data[0] % 4 == 0) {
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
