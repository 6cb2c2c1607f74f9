/* Which tables show data; see html_table.h. */
#include "markup/html_table.h"
#include "markup/html_client.h"

#include <stdlib.h>
#include <string.h>

enum {
    SHORT_CELL = 60, /* bytes of text in a cell of data that nothing else marks as such */
    MOST_SPANNED = 8,
};

typedef struct {
    guint rows, fewest, most; /* with text in them, and how many columns they have */
    gsize longest;            /* cell's text */
    bool header, table, quote, picture, label;
} Table;

static bool
is_element(const GumboNode *node, GumboTag tag)
{
    return node->type == GUMBO_NODE_ELEMENT && node->v.element.tag == tag;
}

bool
html_is_cell(const GumboNode *node)
{
    return is_element(node, GUMBO_TAG_TD) || is_element(node, GUMBO_TAG_TH);
}

guint
html_cell_span(const GumboNode *cell)
{
    return (guint)CLAMP(atoi(html_attribute(cell, "colspan")), 1, MOST_SPANNED);
}

/* How many cells a row has, those counted that a cell spans. */
static guint
row_columns(const GumboNode *row)
{
    guint n = 0;

    for (guint i = 0; i < row->v.element.children.length; i++) {
        const GumboNode *cell = row->v.element.children.data[i];
        n += html_is_cell(cell) ? html_cell_span(cell) : 0;
    }
    return n;
}

/* Reads what is in a cell, but not into a table in it; returns how many bytes of text there are,
 * and adds to the last of them. */
static gsize
read_content(const GumboNode *node, Table *table, char *last)
{
    gsize bytes = 0;

    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_CDATA) {
        bytes = strlen(node->v.text.text);
        *last = bytes > 0 ? node->v.text.text[bytes - 1] : *last;
        return bytes;
    }
    if (node->type != GUMBO_NODE_ELEMENT)
        return 0;
    HtmlRole role = html_role(&node->v.element);
    table->table |= is_element(node, GUMBO_TAG_TABLE);
    table->picture |= is_element(node, GUMBO_TAG_IMG);
    table->quote |=
        is_element(node, GUMBO_TAG_BLOCKQUOTE) || role == HTML_SEPARATOR || role == HTML_QUOTE;
    if (is_element(node, GUMBO_TAG_TABLE))
        return 1;
    for (guint i = 0; i < node->v.element.children.length; i++)
        bytes += read_content(node->v.element.children.data[i], table, last);
    return bytes;
}

static void
read_row(const GumboNode *row, Table *table)
{
    guint cells = 0, columns = row_columns(row);
    gsize text = 0;

    for (guint i = 0; i < row->v.element.children.length; i++) {
        const GumboNode *cell = row->v.element.children.data[i];
        char last = '\0';

        if (!html_is_cell(cell))
            continue;
        gsize bytes = read_content(cell, table, &last);
        text += bytes;
        table->longest = MAX(table->longest, bytes);
        table->header |= is_element(cell, GUMBO_TAG_TH);
        table->label |= cells++ == 0 && last == ':';
    }
    if (text == 0)
        return;
    table->fewest = table->rows == 0 ? columns : MIN(table->fewest, columns);
    table->most = MAX(table->most, columns);
    table->rows++;
}

static void
read_rows(const GumboNode *node, Table *table)
{
    for (guint i = 0; i < node->v.element.children.length; i++) {
        const GumboNode *child = node->v.element.children.data[i];

        if (is_element(child, GUMBO_TAG_TR))
            read_row(child, table);
        else if (is_element(child, GUMBO_TAG_TBODY) || is_element(child, GUMBO_TAG_THEAD) ||
                 is_element(child, GUMBO_TAG_TFOOT))
            read_rows(child, table);
    }
}

guint
html_table_columns(const GumboNode *node)
{
    Table table = {0};

    read_rows(node, &table);
    bool several = table.rows > 1 && table.most > 1 && !table.table && !table.label;
    bool bordered = atoi(html_attribute(node, "border")) > 0;
    bool even = table.fewest == table.most && table.longest <= SHORT_CELL && !table.picture;
    const char *role = html_attribute(node, "role");

    if (table.quote || strcmp(role, "presentation") == 0 || strcmp(role, "none") == 0)
        return 0;
    return table.header || (several && (bordered || even)) ? table.most : 0;
}

bool
html_is_blank(const GumboNode *node)
{
    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_CDATA) {
        for (const char *p = node->v.text.text; *p != '\0'; p = g_utf8_next_char(p)) {
            if (!g_unichar_isspace(g_utf8_get_char(p)))
                return false;
        }
        return true;
    }
    if (node->type != GUMBO_NODE_ELEMENT)
        return true;
    if (is_element(node, GUMBO_TAG_IMG))
        return false;
    for (guint i = 0; i < node->v.element.children.length; i++) {
        if (!html_is_blank(node->v.element.children.data[i]))
            return false;
    }
    return true;
}
