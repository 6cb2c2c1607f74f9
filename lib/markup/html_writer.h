/*
 * Writing Markdown line by line: prefixes, list markers, owed line breaks. Internal to the room.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    GString *out;
    GString *prefix;   /* what begins each line: "> ", list indents */
    GString *opening;  /* marks (** * `) that wait for the text they go with */
    gsize marker_at;   /* where in the prefix the list marker stands */
    char marker[16];   /* waits for the first line of its item */
    guint breaks;      /* line breaks owed before the next text */
    bool space;        /* a space owed before the next text */
    guint quotes;      /* depth of quoting */
    guint last_quotes; /* … of the last line written */
    guint lists, verbatim, cells;
    guint signatures; /* depth of elements that are known to be one, or to hold nothing */
    guint number;     /* of the next item, in an ordered list */
    guint columns;    /* of the table that shows data, 0: in none */
    bool headed;      /* its first row is written */
} MarkdownWriter;

void markdown_init(MarkdownWriter *writer);

/* The text written, without trailing white space; the writer is done. The result is the caller's.
 */
char *markdown_finish(MarkdownWriter *writer);

/* Text with white space as HTML sees it, or as it stands if verbatim. */
void markdown_text(MarkdownWriter *writer, const char *text);

/* A piece that is not touched: a mark, an address. */
void markdown_raw(MarkdownWriter *writer, const char *text);

/* At least this many line breaks before the next text: 1 begins a line, 2 a paragraph. */
void markdown_break(MarkdownWriter *writer, guint breaks);

/* One line break more: <br>. */
void markdown_newline(MarkdownWriter *writer);

/* Emphasis and code: the mark is written before the next text; closing returns to before it if no
 * text came. */
void markdown_open(MarkdownWriter *writer, const char *mark);
void markdown_close(MarkdownWriter *writer, const char *mark);

/* Escapes the pipes in what was written since `from`, which are none of the table's. */
void markdown_escape_pipes(MarkdownWriter *writer, gsize from);

/* True if nothing has been written yet. */
bool markdown_is_empty(const MarkdownWriter *writer);
