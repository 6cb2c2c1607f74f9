/* Inside of the room: one dialect of Markdown for all that read it, and the parts of its writer. */
#pragma once

#include <glib.h>
#include <md4c.h>
#include <stdbool.h>

#include "markup/markdown.h"
#include "markup/references.h"

/* --- markdown_parse.c --- */

/* Has md4c call what `sink` names, as GitHub's dialect without raw HTML. What is left was entered
 * before. The work is bounded by the length of the text: false, in the middle of it, where one asks
 * for more, or where md4c gave up. */
bool mp_markdown_parse(const char *markdown, const MD_PARSER *sink, void *user_data);

/* --- markdown_text.c --- */

/* The masks of addresses put out of the parser's sight; the other functions show them again. */
char *mp_markdown_hide_masks(const char *markdown);

void mp_markdown_append_escaped(GString *out, const char *text, gsize size);

/* An entity as it stands in the text. */
void mp_markdown_append_entity(GString *out, const char *text, gsize size);

/* A URL or a word, whose entities md4c has found and left as they are. */
void mp_markdown_append_attribute(GString *out, const MD_ATTRIBUTE *attribute);

/* --- markdown_links.c --- */

typedef struct {
    GString *out;
    const MpMarkdownHost *host;
    GArray *links; /* Link of markdown_links.c, of the links and pictures around the place */
    guint anchors; /* how many of them are an <a> */
    guint alts;    /* 1 within the text of a picture that is shown: no element may stand there */
    guint heads;   /* 1 within a heading */
} MpMarkdownWriter;

GArray *mp_markdown_links_new(void);

/* A link that leads somewhere safe. HTML does not nest them: in another it is only its text. */
void mp_markdown_enter_link(MpMarkdownWriter *w, const MD_ATTRIBUTE *url);
void mp_markdown_enter_picture(MpMarkdownWriter *w, const MD_ATTRIBUTE *url);
void mp_markdown_leave_link(MpMarkdownWriter *w, const MD_ATTRIBUTE *url);

/* Prose, in which what has a page is a link to it. */
void mp_markdown_append_prose(MpMarkdownWriter *w, const char *text, gsize size);

/* --- mentions.c --- */

/* The length of the login behind the @ at `at`, in a text that begins at `start`; 0 if the @ is
 * part of something else. */
gsize mp_mention_length(const char *start, const char *at);
