/*
 * HTML to Markdown, for mails that have nothing better. Pure: no files, no network, no
 * state, so that it may run in a sandboxed child and in any thread. Time is linear in the size of
 * the input.
 */
#pragma once

#include <glib.h>

/*
 * HTML as Markdown: headings, lists, links, emphasis, code, tables, rules, images by name.
 * Quotes become "> " lines; what a client marks as the start of the message answered becomes a
 * separator line, what it marks as a signature is preceded by "-- ", so that the rules for
 * plain text find them. `length` is in bytes; the bytes are taken as UTF-8. The result is the
 * caller's.
 */
char *mp_html_to_markdown(const char *html, gsize length);
