/* Text on its way through the Markdown parser and into HTML: cleaned, masks kept, escaped. */
#include "markup/internal.h"

#include <string.h>

#include "base/escape.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/*
 * The masks of mp_address_mask() are made of stars, which Markdown takes for emphasis. So a mask
 * travels through the parser as one code point that Unicode keeps free for internal use; in what
 * people wrote such code points are dropped first.
 */
static const struct {
    const char *mask, *stand_in;
} masks[] = {
    {"***@***", "\xef\xb7\x90"}, /* U+FDD0 */
    {"-***-", "\xef\xb7\x91"},   /* U+FDD1 */
};

#define IS_STAND_IN(p) ((p)[0] == '\xef' && (p)[1] == '\xb7' && ((p)[2] & 0xfe) == 0x90)

/* The octets at `p` that stay as they are, up to a control character. */
static gsize
count_kept(const char *p)
{
    gsize n = 0;

    while ((guchar)p[n] >= 0x20 ? p[n] != 0x7f : p[n] == '\n' || p[n] == '\t')
        n++;
    return n;
}

char *
mp_clean_text(const char *text)
{
    gsize length = strlen(text);
    g_autofree char *valid = mp_is_text(text, length) ? NULL : g_utf8_make_valid(text, -1);
    GString *out = g_string_sized_new(length + 1);

    for (const char *p = valid != NULL ? valid : text; *p != '\0'; p++) {
        gsize n_kept = count_kept(p);

        g_string_append_len(out, p, (gssize)n_kept);
        p += n_kept;
        if (*p == '\0')
            break;
        if (*p == '\r' && p[1] != '\n')
            g_string_append_c(out, '\n');
    }
    while (out->len > 0 && out->str[out->len - 1] == '\n')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}

char *
mp_markdown_quote(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p != '\0'; p++) {
        if (strchr("\\`*_[]()<>#!|~", *p) != NULL)
            g_string_append_c(out, '\\');
        g_string_append_c(out, *p);
    }
    return g_string_free(out, FALSE);
}

char *
mp_markdown_fence(const char *text)
{
    gsize longest = 2, run = 0;

    for (const char *p = text; *p != '\0'; p++) {
        run = *p == '`' ? run + 1 : 0;
        longest = MAX(longest, run);
    }
    return g_strnfill(longest + 1, '`');
}

char *
mp_markdown_unquote(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p != '\0'; p++) {
        p += *p == '\\' && p[1] != '\0';
        g_string_append_c(out, *p);
    }
    return g_string_free(out, FALSE);
}

/* --- Masks ------------------------------------------------------------------------------------ */

static const char *
mask_at(const char *text, gsize *length)
{
    for (gsize i = 0; i < G_N_ELEMENTS(masks); i++) {
        *length = strlen(masks[i].mask);
        if (strncmp(text, masks[i].mask, *length) == 0)
            return masks[i].stand_in;
    }
    return NULL;
}

char *
mp_markdown_hide_masks(const char *markdown)
{
    GString *out = g_string_sized_new(strlen(markdown) + 1);
    gsize length = 1;

    for (const char *p = markdown; *p != '\0'; p += length) {
        const char *stand_in = *p == '*' || *p == '-' ? mask_at(p, &length) : NULL;

        if (stand_in != NULL) {
            g_string_append(out, stand_in);
        } else if (IS_STAND_IN(p)) {
            length = 3;
        } else {
            length = 1;
            g_string_append_c(out, *p);
        }
    }
    return g_string_free(out, FALSE);
}

/* --- Text ------------------------------------------------------------------------------------- */

void
mp_markdown_append_escaped(GString *out, const char *text, gsize size)
{
    const char *end = text + size;

    for (const char *p = text; p < end; p++) {
        if (end - p >= 3 && IS_STAND_IN(p)) {
            g_string_append(out, masks[p[2] & 1].mask);
            p += 2;
            continue;
        }
        switch (*p) {
        case '&':
            g_string_append(out, "&amp;");
            break;
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        case '"':
            g_string_append(out, "&quot;");
            break;
        default:
            g_string_append_c(out, *p);
        }
    }
}

/* The code point of "&#65;" or "&#x41;"; 0 for a named entity. */
static guint64
numeric_entity(const char *text)
{
    bool is_hex = text[1] == '#' && g_ascii_tolower(text[2]) == 'x';

    return text[1] == '#' ? g_ascii_strtoull(text + (is_hex ? 3 : 2), NULL, is_hex ? 16 : 10) : 0;
}

/* Readers of HTML know what entities stand for. One that is written to reorder or hide the text
 * is shown for what it is not. */
void
mp_markdown_append_entity(GString *out, const char *text, gsize size)
{
    guint64 c = numeric_entity(text);

    if (text[1] == '#' && (c == 0 || c > 0x10ffff || mp_is_deceptive((gunichar)c)))
        g_string_append(out, REPLACEMENT);
    else
        g_string_append_len(out, text, (gssize)size);
}

/* A URL or a word, whose entities md4c has found and left as they are. */
void
mp_markdown_append_attribute(GString *out, const MD_ATTRIBUTE *attribute)
{
    for (int i = 0; attribute->size > 0 && attribute->substr_offsets[i] < attribute->size; i++) {
        const char *text = attribute->text + attribute->substr_offsets[i];
        gsize size = attribute->substr_offsets[i + 1] - attribute->substr_offsets[i];

        if (attribute->substr_types[i] == MD_TEXT_ENTITY)
            mp_markdown_append_entity(out, text, size);
        else if (attribute->substr_types[i] == MD_TEXT_NULLCHAR)
            g_string_append(out, REPLACEMENT);
        else
            mp_markdown_append_escaped(out, text, size);
    }
}
