/*
 * How lines read: as sentences, lists, code, or as the names and numbers of a signature. Internal
 * to the room.
 */
#pragma once

#include "reply/lines.h"

/* "Please fix both.", "为什么？": ends like a sentence, and is no name or title that ends in a full
 * stop. */
bool prose_is_sentence(const char *core);

/* Whether the paragraph from line `i` to before `end` begins with a sentence that was wrapped. */
bool prose_runs_on(const GArray *lines, guint i, guint end);

/* "If you need the old path, set this:" */
bool prose_leads_on(const char *core);

/* "PS: please close it." */
bool prose_is_postscript(const char *core);

/* "- x", "* x", "1. x" */
bool prose_is_item(const char *core);

/* The line after the paragraph that begins at `i`: it ends at a blank line, a quote, a boundary or
 * line `limit`. */
guint prose_paragraph_end(const GArray *lines, guint i, guint limit);

/* Whether the lines from `start` to before `end` read like something that a person wrote to be
 * read: a sentence, a postscript, two items of a list, code. */
bool prose_is_text(const GArray *lines, guint start, guint end);

/* Whether some line of a paragraph is one of a program, a shell or a log. */
bool prose_holds_code(const GArray *lines, guint start, guint end);

/* Whether the person shows the lines from `start` to before `end`: text above leads on to them, or
 * a sentence goes on behind them, and text stands below. */
bool prose_shows(const GArray *lines, guint start, guint end);

/* A telephone number or another long one, an address, a site. */
bool prose_holds_contact(const Line *line);
