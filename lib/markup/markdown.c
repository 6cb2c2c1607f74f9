/*
 * Markdown to HTML that is fit for a mail. md4c parses; what is written is ours, since in a mail
 * a line break is one (a signature or an address block must not become one line), a picture of
 * a stranger's must not report who reads (so it is a link), and a link leads nowhere unsafe.
 */
#include "markup/markdown.h"

#include <glib.h>
#include <string.h>

#include "base/escape.h"
#include "markup/internal.h"

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

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

#define IS_STAND_IN(p) ((p)[0] == '\xef' && (p)[1] == '\xb7' && ((p)[2] & 0xfe) == 0x90)

char *
mp_clean_text(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_sized_new(strlen(valid) + 1);

    for (const char *p = valid; *p != '\0'; p++) {
        if (*p == '\r')
            g_string_append(out, p[1] == '\n' ? "" : "\n");
        else if (*p == '\n' || *p == '\t' || ((unsigned char)*p >= 0x20 && *p != 0x7f))
            g_string_append_c(out, *p);
    }
    while (out->len > 0 && out->str[out->len - 1] == '\n')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
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

static char *
hide_masks(const char *markdown)
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

static void
append_escaped(GString *out, const char *text, gsize size)
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
static void
append_entity(GString *out, const char *text, gsize size)
{
    guint64 c = numeric_entity(text);

    if (text[1] == '#' && (c == 0 || c > 0x10ffff || mp_is_deceptive((gunichar)c)))
        g_string_append(out, REPLACEMENT);
    else
        g_string_append_len(out, text, (gssize)size);
}

/* A URL or a word, whose entities md4c has found and left as they are. */
static void
append_attribute(GString *out, const MD_ATTRIBUTE *attribute)
{
    for (int i = 0; attribute->substr_offsets[i] < attribute->size; i++) {
        const char *text = attribute->text + attribute->substr_offsets[i];
        gsize size = attribute->substr_offsets[i + 1] - attribute->substr_offsets[i];

        if (attribute->substr_types[i] == MD_TEXT_ENTITY)
            append_entity(out, text, size);
        else if (attribute->substr_types[i] == MD_TEXT_NULLCHAR)
            g_string_append(out, REPLACEMENT);
        else
            append_escaped(out, text, size);
    }
}

/* --- Links ------------------------------------------------------------------------------------ */

typedef struct {
    GString *out;
    GArray *links;       /* of bool, for each link and picture around the place: is it an <a>? */
    guint anchors;       /* how many of them are */
    GArray *text_starts; /* of gsize: where the text of each of them begins */
} Writer;

static bool
has_safe_scheme(const MD_ATTRIBUTE *url)
{
    static const char *const safe[] = {"http://", "https://", "mailto:"};

    for (gsize i = 0; i < G_N_ELEMENTS(safe); i++)
        if (url->size > strlen(safe[i]) &&
            g_ascii_strncasecmp(url->text, safe[i], strlen(safe[i])) == 0)
            return true;
    return false;
}

/* The rest of an address behind its mask looks like an address of its own. */
static bool
is_behind_mask(const GString *out)
{
    return out->len >= 4 && strcmp(out->str + out->len - 4, "***-") == 0;
}

/* A link that leads somewhere safe. HTML does not nest them: in another it is only its text. */
static void
enter_link(Writer *w, const MD_ATTRIBUTE *url)
{
    bool is_anchor = w->anchors == 0 && has_safe_scheme(url) && !is_behind_mask(w->out);

    if (is_anchor) {
        g_string_append(w->out, "<a rel=\"nofollow noopener noreferrer\" href=\"");
        append_attribute(w->out, url);
        g_string_append(w->out, "\">");
    }
    g_array_append_val(w->links, is_anchor);
    g_array_append_val(w->text_starts, w->out->len);
    w->anchors += is_anchor;
}

/* One that has no text of its own shows where it leads. */
static void
leave_link(Writer *w, const MD_ATTRIBUTE *url)
{
    guint last = w->links->len - 1;

    if (w->out->len == g_array_index(w->text_starts, gsize, last))
        append_attribute(w->out, url);
    if (g_array_index(w->links, bool, last)) {
        g_string_append(w->out, "</a>");
        w->anchors--;
    }
    g_array_set_size(w->links, last);
    g_array_set_size(w->text_starts, last);
}

/* --- What md4c finds -------------------------------------------------------------------------- */

/* Blocks and spans that are one tag, by md4c's number. */
static const char *const blocks[][2] = {
    [MD_BLOCK_DOC] = {"", ""},
    [MD_BLOCK_QUOTE] = {"<blockquote>\n", "</blockquote>\n"},
    [MD_BLOCK_UL] = {"<ul>\n", "</ul>\n"},
    [MD_BLOCK_OL] = {"", "</ol>\n"},
    [MD_BLOCK_LI] = {"", "</li>\n"},
    [MD_BLOCK_HR] = {"<hr>\n", ""},
    [MD_BLOCK_H] = {"", ""},
    [MD_BLOCK_CODE] = {"<pre><code", "</code></pre>\n"},
    [MD_BLOCK_HTML] = {"", ""},
    [MD_BLOCK_P] = {"<p>", "</p>\n"},
    [MD_BLOCK_TABLE] = {"<table>\n", "</table>\n"},
    [MD_BLOCK_THEAD] = {"<thead>\n", "</thead>\n"},
    [MD_BLOCK_TBODY] = {"<tbody>\n", "</tbody>\n"},
    [MD_BLOCK_TR] = {"<tr>\n", "</tr>\n"},
    [MD_BLOCK_TH] = {"<th", "</th>\n"},
    [MD_BLOCK_TD] = {"<td", "</td>\n"},
};

static const char *const spans[][2] = {
    [MD_SPAN_EM] = {"<em>", "</em>"},
    [MD_SPAN_STRONG] = {"<strong>", "</strong>"},
    [MD_SPAN_A] = {"", ""},
    [MD_SPAN_IMG] = {"", ""},
    [MD_SPAN_CODE] = {"<code>", "</code>"},
    [MD_SPAN_DEL] = {"<del>", "</del>"},
};

static void
enter_list(GString *out, const MD_BLOCK_OL_DETAIL *list)
{
    if (list->start == 1)
        g_string_append(out, "<ol>\n");
    else
        g_string_append_printf(out, "<ol start=\"%u\">\n", list->start);
}

static void
enter_item(GString *out, const MD_BLOCK_LI_DETAIL *item)
{
    g_string_append(out, "<li>");
    if (item->is_task)
        g_string_append(out, strchr("xX", item->task_mark) != NULL ? "\xe2\x98\x91 "   /* checked */
                                                                   : "\xe2\x98\x90 "); /* open */
}

static void
enter_cell(GString *out, const MD_BLOCK_TD_DETAIL *cell)
{
    static const char *const alignments[] = {
        [MD_ALIGN_DEFAULT] = ">",
        [MD_ALIGN_LEFT] = " align=\"left\">",
        [MD_ALIGN_CENTER] = " align=\"center\">",
        [MD_ALIGN_RIGHT] = " align=\"right\">",
    };

    g_string_append(out, alignments[cell->align]);
}

static void
enter_code(GString *out, const MD_BLOCK_CODE_DETAIL *code)
{
    if (code->lang.text != NULL) {
        g_string_append(out, " class=\"language-");
        append_attribute(out, &code->lang);
        g_string_append_c(out, '"');
    }
    g_string_append_c(out, '>');
}

static int
enter_block(MD_BLOCKTYPE type, void *detail, void *user_data)
{
    GString *out = ((Writer *)user_data)->out;

    g_string_append(out, blocks[type][0]);
    if (type == MD_BLOCK_H)
        g_string_append_printf(out, "<h%u>", ((const MD_BLOCK_H_DETAIL *)detail)->level);
    else if (type == MD_BLOCK_OL)
        enter_list(out, detail);
    else if (type == MD_BLOCK_LI)
        enter_item(out, detail);
    else if (type == MD_BLOCK_CODE)
        enter_code(out, detail);
    else if (type == MD_BLOCK_TH || type == MD_BLOCK_TD)
        enter_cell(out, detail);
    return 0;
}

static int
leave_block(MD_BLOCKTYPE type, void *detail, void *user_data)
{
    GString *out = ((Writer *)user_data)->out;

    if (type == MD_BLOCK_H)
        g_string_append_printf(out, "</h%u>\n", ((const MD_BLOCK_H_DETAIL *)detail)->level);
    g_string_append(out, blocks[type][1]);
    return 0;
}

static int
enter_span(MD_SPANTYPE type, void *detail, void *user_data)
{
    Writer *w = user_data;

    if (type == MD_SPAN_A)
        enter_link(w, &((const MD_SPAN_A_DETAIL *)detail)->href);
    else if (type == MD_SPAN_IMG)
        enter_link(w, &((const MD_SPAN_IMG_DETAIL *)detail)->src);
    else
        g_string_append(w->out, spans[type][0]);
    return 0;
}

static int
leave_span(MD_SPANTYPE type, void *detail, void *user_data)
{
    Writer *w = user_data;

    if (type == MD_SPAN_A)
        leave_link(w, &((const MD_SPAN_A_DETAIL *)detail)->href);
    else if (type == MD_SPAN_IMG)
        leave_link(w, &((const MD_SPAN_IMG_DETAIL *)detail)->src);
    else
        g_string_append(w->out, spans[type][1]);
    return 0;
}

static int
take_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user_data)
{
    GString *out = ((Writer *)user_data)->out;

    if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR)
        g_string_append(out, "<br>\n");
    else if (type == MD_TEXT_NULLCHAR)
        g_string_append(out, REPLACEMENT);
    else if (type == MD_TEXT_ENTITY)
        append_entity(out, text, size);
    else
        append_escaped(out, text, size);
    return 0;
}

bool
mp_markdown_parse(const char *markdown, MD_PARSER *sink, void *user_data)
{
    sink->flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML;
    return md_parse(markdown, (MD_SIZE)strlen(markdown), sink, user_data) == 0;
}

char *
mp_markdown_to_html(const char *markdown)
{
    g_autofree char *text = hide_masks(markdown);
    g_autoptr(GArray) links = g_array_new(FALSE, FALSE, sizeof(bool));
    g_autoptr(GArray) text_starts = g_array_new(FALSE, FALSE, sizeof(gsize));
    Writer w = {g_string_sized_new(strlen(text) * 2), links, 0, text_starts};
    MD_PARSER sink = {
        .enter_block = enter_block,
        .leave_block = leave_block,
        .enter_span = enter_span,
        .leave_span = leave_span,
        .text = take_text,
    };

    if (!mp_markdown_parse(text, &sink, &w)) {
        g_string_assign(w.out, "<pre>");
        append_escaped(w.out, text, strlen(text));
        g_string_append(w.out, "</pre>\n");
    }
    return g_string_free(w.out, FALSE);
}
