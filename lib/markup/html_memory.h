/*
 * Memory of one parsed page. A page of 100 KB may have fifty thousand nodes, of which the parser
 * takes and gives back each piece by itself: half of what it costs. Internal to the room.
 */
#pragma once

#include <gumbo.h>

typedef struct HtmlMemory HtmlMemory;

/* The caller owns the result. */
HtmlMemory *html_memory_new(void);

/* Frees all that was taken, at once: the page is not destroyed node by node. */
void html_memory_free(HtmlMemory *memory);

/* The parser's default options, but for where its memory comes from. */
GumboOptions html_memory_options(HtmlMemory *memory);
