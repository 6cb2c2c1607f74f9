/* format=flowed undone, RFC 3676, section 4; and whether a plain part is worth reading. */
#include "reply/reply.h"

#include <string.h>

/* One line taken apart: quote depth, content without stuffing, and whether it goes on in the next.
 */
typedef struct {
    gsize depth;
    const char *content;
    gsize length;
    bool flows;
} Flowed;

static Flowed
read_line(const char *p, gsize length)
{
    Flowed line = {.depth = strspn(p, ">")};

    if (line.depth > length)
        line.depth = length;
    line.content = p + line.depth;
    line.length = length - line.depth;
    if (line.length > 0 && line.content[line.length - 1] == '\r')
        line.length--;
    if (line.length > 0 && line.content[0] == ' ') {
        line.content++;
        line.length--;
    }
    bool separator = line.length == 3 && strncmp(line.content, "-- ", 3) == 0;
    line.flows = line.length > 0 && line.content[line.length - 1] == ' ' && !separator;
    return line;
}

static void
begin_line(GString *out, gsize depth, bool has_content)
{
    for (gsize i = 0; i < depth; i++)
        g_string_append_c(out, '>');
    if (depth > 0 && has_content)
        g_string_append_c(out, ' ');
}

char *
mp_reply_unflow(const char *text, bool delsp)
{
    GString *out = g_string_sized_new(strlen(text) + 16);
    bool open = false; /* the last line written waits for more */
    gsize depth = 0;

    for (const char *p = text; *p != '\0';) {
        gsize length = strcspn(p, "\n");
        Flowed line = read_line(p, length);
        bool separator = line.length == 3 && strncmp(line.content, "-- ", 3) == 0;

        if (open && (line.depth != depth ||
                     separator)) /* a soft break at the end of a quote: taken as hard */
            g_string_append_c(out, '\n');
        if (!open || line.depth != depth || separator)
            begin_line(out, line.depth, line.length > 0);
        depth = line.depth;
        g_string_append_len(out, line.content, (gssize)(line.length - (line.flows && delsp)));
        open = line.flows;
        if (!open && p[length] == '\n')
            g_string_append_c(out, '\n');
        p += length + (p[length] == '\n');
    }
    return g_string_free(out, FALSE);
}

#define SPACES " \t\n\v\f\r"

static bool
holds_any(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strstr(text, *words) != NULL)
            return true;
    }
    return false;
}

bool
mp_reply_part_is_stub(const char *plain)
{
    /* clang-format off */
    static const char *const wholes[] = {"multi-part message in mime", "multipart message in mime",
                                         NULL};
    static const char *const formats[] = {"html", "rich text", "mime", NULL};
    static const char *const verbs[] = {
        "view", "support", "display", "require", "capable", "enable", "unable", "cannot",
        "unterstütz", "anzeig", "angezeigt", "darstell", "dargestellt", "affich", "visualiz", "visualis", "soporta",
        "suporta", "admite", "mostra", "weergegeven", "ondersteun", "stöd", "obsługuj", "поддерж",
        "отобра", "支持", "显示", "顯示", "支援", "表示", "対応", "지원", NULL};
    static const char *const programs[] = {
        "client", "viewer", "reader", "browser", "program", "message", "mail", "nachricht",
        "messagerie", "correo", "mensaje", "mensagem", "messaggio", "bericht", "meddelande",
        "klient", "почт", "письм", "сообщен", "клиент", "邮件", "郵件", "メール", "메일", NULL};
    /* clang-format on */
    enum { LONGEST_REMARK = 300 };

    if (plain == NULL)
        return true;
    const char *begin = plain + strspn(plain, SPACES);
    gsize length = strlen(begin);

    while (length > 0 && strchr(SPACES, begin[length - 1]) != NULL)
        length--;
    if (length == 0)
        return true;
    if (length > LONGEST_REMARK || memchr(begin, '>', length) != NULL ||
        memmem(begin, length, "\n\n", 2) != NULL)
        return false;
    g_autofree char *text = g_utf8_make_valid(begin, (gssize)length);
    g_autofree char *folded = g_utf8_strdown(text, -1);
    return holds_any(folded, wholes) ||
           (holds_any(folded, formats) && holds_any(folded, verbs) && holds_any(folded, programs));
}
