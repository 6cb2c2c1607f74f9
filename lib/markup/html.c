/*
 * HTML to Markdown, for mails that have nothing better.
 *
 * Markdown that is typed into an HTML mail stays Markdown: nothing is escaped. Quotes,
 * separators and signatures that clients mark come out as the lines the rules for plain text know,
 * so there is one set of rules. Remote images are named, never linked: they tell the sender who
 * reads.
 */
#include "markup/html.h"
#include "markup/html_client.h"
#include "markup/html_element.h"
#include "markup/html_memory.h"
#include "markup/html_table.h"
#include "markup/html_writer.h"

#include <stdlib.h>
#include <string.h>

enum { NESTING = 8, QUOTE_SEARCH = 6 };

static void write_node(MarkdownWriter *writer, const GumboNode *node);

void
html_write_children(MarkdownWriter *writer, const GumboNode *node)
{
    const GumboVector *children = &node->v.element.children;

    for (guint i = 0; i < children->length; i++)
        write_node(writer, children->data[i]);
}

void
html_write_block(MarkdownWriter *writer, const GumboNode *node, guint breaks)
{
    markdown_break(writer, breaks);
    html_write_children(writer, node);
    markdown_break(writer, breaks);
}

static void
write_quote(MarkdownWriter *writer, const GumboNode *node)
{
    gsize before = writer->prefix->len;
    bool deeper = writer->quotes < NESTING;

    markdown_break(writer, 2);
    if (deeper) {
        g_string_append(writer->prefix, "> ");
        writer->quotes++;
    }
    html_write_children(writer, node);
    g_string_truncate(writer->prefix, before);
    writer->quotes -= deeper;
    markdown_break(writer, 2);
}

static void
write_paragraph(MarkdownWriter *writer, const GumboNode *node)
{
    bool word =
        strstr(html_attribute(node, "class"), "Mso") != NULL; /* Word's paragraphs are lines */
    gsize before = writer->out->len;

    html_write_block(writer, node, word ? 1 : 2);
    if (word && writer->out->len == before)
        markdown_newline(writer);
}

static void
write_heading(MarkdownWriter *writer, const GumboNode *node)
{
    static const char marks[] = "###### ";
    guint level = 1 + (guint)(node->v.element.tag - GUMBO_TAG_H1);

    markdown_break(writer, 2);
    if (writer->cells == 0)
        markdown_open(writer, marks + (6 - level));
    html_write_children(writer, node);
    if (writer->opening->len > 0)
        g_string_truncate(writer->opening, 0);
    markdown_break(writer, 2);
}

/* A mark cannot reach over a paragraph's end, so emphasis around blocks is dropped. */
static void
write_marked(MarkdownWriter *writer, const GumboNode *node, const char *mark)
{
    static const GumboTag blocks[] = {GUMBO_TAG_DIV,   GUMBO_TAG_P,  GUMBO_TAG_BR,
                                      GUMBO_TAG_TABLE, GUMBO_TAG_UL, GUMBO_TAG_BLOCKQUOTE};
    bool plain = writer->verbatim == 0 && writer->opening->len == 0;

    for (gsize i = 0; plain && i < G_N_ELEMENTS(blocks); i++)
        plain = !html_contains(node, blocks[i], QUOTE_SEARCH);
    if (plain)
        markdown_open(writer, mark);
    html_write_children(writer, node);
    if (plain)
        markdown_close(writer, mark);
}

static void
write_pre(MarkdownWriter *writer, const GumboNode *node)
{
    bool fenced = writer->cells == 0 && !html_is_plain_mail(node);

    markdown_break(writer, 2);
    if (fenced)
        markdown_raw(writer, "```");
    markdown_break(writer, 1);
    writer->verbatim++;
    html_write_children(writer, node);
    writer->verbatim--;
    markdown_break(writer, 1);
    if (fenced)
        markdown_raw(writer, "```");
    markdown_break(writer, 2);
}

static void
write_list(MarkdownWriter *writer, const GumboNode *node)
{
    guint breaks = writer->lists > 0 ? 1 : 2, number = writer->number;

    writer->number = (guint)CLAMP(atoi(html_attribute(node, "start")), 1, 9999);
    writer->lists++;
    html_write_block(writer, node, breaks);
    writer->lists--;
    writer->number = number;
}

/* "12. ", without printf: lists are long. */
static void
write_number(char *out, gsize size, guint number)
{
    char digits[16], *p = digits + sizeof digits;

    *--p = '\0';
    *--p = ' ';
    *--p = '.';
    do
        *--p = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    g_strlcpy(out, p, size);
}

static void
write_item(MarkdownWriter *writer, const GumboNode *node)
{
    const GumboNode *list = node->parent;
    gsize before = writer->prefix->len;

    markdown_break(writer, 1);
    if (list != NULL && list->type == GUMBO_NODE_ELEMENT && list->v.element.tag == GUMBO_TAG_OL)
        write_number(writer->marker, sizeof writer->marker, writer->number++);
    else
        g_strlcpy(writer->marker, "- ", sizeof writer->marker);
    writer->marker_at = before;
    for (gsize n = writer->lists <= NESTING ? strlen(writer->marker) : 0; n > 0; n--)
        g_string_append_c(writer->prefix, ' ');
    html_write_children(writer, node);
    writer->marker[0] = '\0';
    g_string_truncate(writer->prefix, before);
    markdown_break(writer, 1);
}

/* Links that say where they go are written bare, and so are addresses; scripts never. */
static void
write_link(MarkdownWriter *writer, const GumboNode *node)
{
    const char *href = html_attribute(node, "href");
    bool web = g_ascii_strncasecmp(href, "http://", 7) == 0 ||
               g_ascii_strncasecmp(href, "https://", 8) == 0;
    bool plain = !web || writer->verbatim > 0 || strpbrk(href, " \t\r\n()<>") != NULL;

    if (plain) {
        html_write_children(writer, node);
        return;
    }
    gsize before = writer->out->len;
    markdown_open(writer, "[");
    html_write_children(writer, node);
    if (writer->out->len == before) { /* no text in it */
        markdown_close(writer, "[");
        return;
    }
    char *bracket = strchr(writer->out->str + before, '[');
    if (bracket != NULL && strcmp(bracket + 1, href) == 0) {
        g_string_erase(writer->out, bracket - writer->out->str, 1);
        return;
    }
    g_string_append_printf(writer->out, "](%s)", href);
}

static void
write_image(MarkdownWriter *writer, const GumboNode *node)
{
    const char *src = html_attribute(node, "src"), *alt = html_attribute(node, "alt");
    g_autofree char *shown = NULL;

    if (g_str_has_prefix(src, "cid:") && strpbrk(src, " ()<>\r\n") == NULL)
        shown = g_strdup_printf("![%s](%s)", *alt != '\0' ? alt : "image", src);
    else if (*alt != '\0')
        shown = g_strdup_printf("[image: %s]", alt);
    if (shown != NULL)
        markdown_text(writer, shown);
}

static void
write_line_break(MarkdownWriter *writer, G_GNUC_UNUSED const GumboNode *node)
{
    markdown_newline(writer);
}

static void
write_rule(MarkdownWriter *writer, G_GNUC_UNUSED const GumboNode *node)
{
    markdown_break(writer, 2);
    markdown_raw(writer, "* * *"); /* not ---, which may begin a signature */
    markdown_break(writer, 2);
}

/* ---- what each element is ---- */

/* What is not in the table is written as its children are. */
typedef struct {
    void (*write)(MarkdownWriter *writer, const GumboNode *node); /* a writer of its own */
    const char *mark;                                             /* around the children */
    guint breaks;                                                 /* around them */
    bool hidden;
} Element;

/* clang-format off */
static const Element elements[GUMBO_TAG_LAST + 1] = {
    [GUMBO_TAG_HEAD] = {.hidden = true},
    [GUMBO_TAG_STYLE] = {.hidden = true},
    [GUMBO_TAG_SCRIPT] = {.hidden = true},
    [GUMBO_TAG_TITLE] = {.hidden = true},
    [GUMBO_TAG_TEMPLATE] = {.hidden = true},
    [GUMBO_TAG_NOSCRIPT] = {.hidden = true},
    [GUMBO_TAG_OBJECT] = {.hidden = true},
    [GUMBO_TAG_IFRAME] = {.hidden = true},
    [GUMBO_TAG_SVG] = {.hidden = true},
    [GUMBO_TAG_BR] = {.write = write_line_break},
    [GUMBO_TAG_HR] = {.write = write_rule},
    [GUMBO_TAG_P] = {.write = write_paragraph},
    [GUMBO_TAG_H1] = {.write = write_heading},
    [GUMBO_TAG_H2] = {.write = write_heading},
    [GUMBO_TAG_H3] = {.write = write_heading},
    [GUMBO_TAG_H4] = {.write = write_heading},
    [GUMBO_TAG_H5] = {.write = write_heading},
    [GUMBO_TAG_H6] = {.write = write_heading},
    [GUMBO_TAG_BLOCKQUOTE] = {.write = write_quote},
    [GUMBO_TAG_PRE] = {.write = write_pre},
    [GUMBO_TAG_UL] = {.write = write_list},
    [GUMBO_TAG_OL] = {.write = write_list},
    [GUMBO_TAG_LI] = {.write = write_item},
    [GUMBO_TAG_TABLE] = {.write = html_write_table},
    [GUMBO_TAG_TR] = {.write = html_write_row},
    [GUMBO_TAG_TD] = {.write = html_write_cell},
    [GUMBO_TAG_TH] = {.write = html_write_cell},
    [GUMBO_TAG_B] = {.mark = "**"},
    [GUMBO_TAG_STRONG] = {.mark = "**"},
    [GUMBO_TAG_I] = {.mark = "*"},
    [GUMBO_TAG_EM] = {.mark = "*"},
    [GUMBO_TAG_S] = {.mark = "~~"},
    [GUMBO_TAG_DEL] = {.mark = "~~"},
    [GUMBO_TAG_STRIKE] = {.mark = "~~"},
    [GUMBO_TAG_CODE] = {.mark = "`"},
    [GUMBO_TAG_TT] = {.mark = "`"},
    [GUMBO_TAG_KBD] = {.mark = "`"},
    [GUMBO_TAG_A] = {.write = write_link},
    [GUMBO_TAG_IMG] = {.write = write_image},
    [GUMBO_TAG_DIV] = {.breaks = 1},
    [GUMBO_TAG_SECTION] = {.breaks = 1},
    [GUMBO_TAG_ARTICLE] = {.breaks = 1},
    [GUMBO_TAG_HEADER] = {.breaks = 1},
    [GUMBO_TAG_FOOTER] = {.breaks = 1},
    [GUMBO_TAG_CENTER] = {.breaks = 1},
    [GUMBO_TAG_ADDRESS] = {.breaks = 1},
    [GUMBO_TAG_DL] = {.breaks = 1},
    [GUMBO_TAG_DT] = {.breaks = 1},
    [GUMBO_TAG_DD] = {.breaks = 1},
};
/* clang-format on */

static void
write_by_tag(MarkdownWriter *writer, const GumboNode *node)
{
    const Element *element = &elements[node->v.element.tag];

    if (element->write != NULL)
        element->write(writer, node);
    else if (element->mark != NULL)
        write_marked(writer, node, element->mark);
    else if (element->breaks > 0)
        html_write_block(writer, node, element->breaks);
    else if (!element->hidden)
        html_write_children(writer, node);
}

static void
write_line(MarkdownWriter *writer, const char *line)
{
    markdown_break(writer, 2);
    markdown_raw(writer, line);
    markdown_break(writer, 1);
}

static void
write_element(MarkdownWriter *writer, const GumboNode *node)
{
    HtmlRole role = html_role(&node->v.element);

    if (role == HTML_HIDDEN)
        return;
    if (role == HTML_SEPARATOR && writer->quotes == 0 && writer->cells == 0)
        write_line(writer, "-----Original Message-----");
    /* the outermost only: each within would be searched for text once more */
    bool signs = role == HTML_SIGNATURE && writer->quotes == 0 && !markdown_is_empty(writer);
    if (signs && writer->signatures == 0 && !html_is_blank(node))
        write_line(writer, "-- ");
    writer->signatures += signs;
    if (role == HTML_QUOTE && writer->quotes == 0 && node->v.element.tag != GUMBO_TAG_BLOCKQUOTE &&
        !html_contains(node, GUMBO_TAG_BLOCKQUOTE, QUOTE_SEARCH))
        write_quote(writer, node);
    else
        write_by_tag(writer, node);
    writer->signatures -= signs;
}

static void
write_node(MarkdownWriter *writer, const GumboNode *node)
{
    switch (node->type) {
    case GUMBO_NODE_TEXT:
    case GUMBO_NODE_CDATA:
    case GUMBO_NODE_WHITESPACE:
        markdown_text(writer, node->v.text.text);
        return;
    case GUMBO_NODE_ELEMENT:
        write_element(writer, node);
        return;
    default:
        return;
    }
}

/* For what is nested too deeply to be parsed: the text between the tags. */
static void
write_stripped(MarkdownWriter *writer, const char *html)
{
    for (const char *p = html; *p != '\0';) {
        gsize n = strcspn(p, "<");
        g_autofree char *text = g_strndup(p, n);

        markdown_text(writer, text);
        p += n;
        if (*p != '<')
            break;
        if (g_ascii_strncasecmp(p, "<br", 3) == 0 || g_ascii_strncasecmp(p, "<p", 2) == 0 ||
            g_ascii_strncasecmp(p, "<div", 4) == 0)
            markdown_newline(writer);
        n = strcspn(p, ">");
        p += n + (p[n] == '>');
    }
}

char *
mp_html_to_markdown(const char *html, gsize length)
{
    g_autofree char *valid = g_utf8_make_valid(html, (gssize)length);
    gsize size = strlen(valid);
    MarkdownWriter writer;

    markdown_init(&writer);
    if (html_is_too_deep(valid, size)) {
        write_stripped(&writer, valid);
    } else {
        HtmlMemory *memory = html_memory_new();
        GumboOptions options = html_memory_options(memory);
        write_node(&writer, gumbo_parse_with_options(&options, valid, size)->root);
        html_memory_free(memory);
    }
    return markdown_finish(&writer);
}
