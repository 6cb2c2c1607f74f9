/*
 * Writing elements as Markdown, for the files that do. Internal to the room.
 */
#pragma once

#include <gumbo.h>

#include "markup/html_writer.h"

void html_write_children(MarkdownWriter *writer, const GumboNode *node);

/* The children, with so many line breaks before and behind. */
void html_write_block(MarkdownWriter *writer, const GumboNode *node, guint breaks);

/* html_rows.c */
void html_write_table(MarkdownWriter *writer, const GumboNode *node);
void html_write_row(MarkdownWriter *writer, const GumboNode *row);
void html_write_cell(MarkdownWriter *writer, const GumboNode *cell);
