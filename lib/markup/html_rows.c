/* Writing tables: rows and cells of those that show data, lines of those that lay a mail out. */
#include "markup/html_element.h"
#include "markup/html_table.h"

void
html_write_table(MarkdownWriter *writer, const GumboNode *node)
{
    guint columns = writer->columns;
    bool headed = writer->headed;

    writer->columns = writer->cells == 0 ? html_table_columns(node) : 0;
    writer->headed = false;
    html_write_block(writer, node, 2);
    writer->columns = columns;
    writer->headed = headed;
}

/* Empty columns up to `last`, and the end of the row. */
static void
end_row(MarkdownWriter *writer, guint column, guint last)
{
    for (; column < last; column++) {
        markdown_raw(writer, "|");
        writer->space = true;
    }
    markdown_raw(writer, "|");
    markdown_break(writer, 1);
}

static guint
write_data_cell(MarkdownWriter *writer, const GumboNode *cell)
{
    guint span = html_cell_span(cell);

    markdown_raw(writer, "|");
    gsize before = writer->out->len;
    writer->space = true;
    writer->cells++;
    html_write_children(writer, cell);
    writer->cells--;
    markdown_escape_pipes(writer, before);
    writer->space = true;
    for (guint i = 1; i < span; i++) {
        markdown_raw(writer, "|");
        writer->space = true;
    }
    return span;
}

/* The first row heads the table: Markdown has none without, and drops what has no head. */
static void
write_data_row(MarkdownWriter *writer, const GumboNode *row)
{
    guint column = 0;

    for (guint i = 0; i < row->v.element.children.length; i++) {
        if (html_is_cell(row->v.element.children.data[i]))
            column += write_data_cell(writer, row->v.element.children.data[i]);
    }
    end_row(writer, column, writer->headed ? column : writer->columns);
    if (writer->headed)
        return;
    writer->headed = true;
    for (column = 0; column < writer->columns; column++)
        markdown_raw(writer, column == 0 ? "| --- |" : " --- |");
    markdown_break(writer, 1);
}

void
html_write_row(MarkdownWriter *writer, const GumboNode *row)
{
    bool data = writer->columns > 0 && writer->cells == 0;

    markdown_break(writer, 1);
    if (data && !html_is_blank(row))
        write_data_row(writer, row);
    else if (!data)
        html_write_children(writer, row);
    markdown_break(writer, 1);
}

void
html_write_cell(MarkdownWriter *writer, const GumboNode *cell)
{
    html_write_children(writer, cell);
    writer->space = true;
}
