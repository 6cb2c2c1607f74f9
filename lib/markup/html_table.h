/*
 * Which tables of HTML show data, and which lay a mail out. Internal to the room.
 */
#pragma once

#include <glib.h>
#include <gumbo.h>
#include <stdbool.h>

/*
 * How many columns the table has if it shows data, else 0. It does if it has header cells, or a
 * border and several rows and columns, or several rows of as many short cells without pictures;
 * but not if a table is nested in it (unless it has header cells), nor if a quote is, nor if it
 * says that it does not, nor if its first cells are labels that end in a colon. Looks at no nested
 * table's cells, so that all of a mail's tables together take linear time.
 */
guint html_table_columns(const GumboNode *table);

bool html_is_cell(const GumboNode *node);

/* How many columns a cell takes, 1 to a few. */
guint html_cell_span(const GumboNode *cell);

/* Whether anything is to be read in the node. */
bool html_is_blank(const GumboNode *node);
