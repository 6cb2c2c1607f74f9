/*
 * Markdown to HTML, for mails and pages. Pure: no files, no network, no state. What differs between
 * a mail and a page, and between one installation and another, is asked of an MpMarkdownHost.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What people write in prose to name something that has a page. */
typedef enum {
    MP_REFERENCE_LOGIN,  /* "tim" of "@tim" */
    MP_REFERENCE_THREAD, /* "#17", "owner/name#17" */
    MP_REFERENCE_COMMIT, /* 7 to 64 hexadecimal digits, a digit and a letter among them */
} MpReferenceKind;

/* Elements that a host may dress. */
typedef enum {
    MP_ELEMENT_QUOTE,
    MP_ELEMENT_PRE,
    MP_ELEMENT_CODE,
    MP_ELEMENT_TABLE,
    MP_ELEMENT_CELL,
    MP_ELEMENT_PICTURE,
    MP_ELEMENT_TASK, /* an item of a list that has a box */
    MP_ELEMENT_DIFF, /* code in a block whose lines are not to be broken */
    MP_N_ELEMENTS
} MpElement;

/*
 * Where things are that a text names. A function may be NULL, and answers NULL for what leads
 * nowhere: that stays text. Its result is the writer's to free, and is escaped by it.
 */
typedef struct {
    /* The page of what was written: its URL, or where it is from the page that is written. */
    char *(*page)(MpReferenceKind kind, const char *written, gpointer data);
    /* The absolute URL of a link without a scheme. */
    char *(*resolve)(const char *relative, gpointer data);
    /* The source of a picture that may be shown at its place; others are links to it. */
    char *(*picture)(const char *url, gpointer data);
    const char *const *attributes; /* by MpElement: " style=…", or NULL for none at all */
    gpointer data;
} MpMarkdownHost;

/*
 * HTML of Markdown in GitHub's dialect: raw HTML shown as text, a line break as one, links to http,
 * https and mailto only and with rel="nofollow". `host` may be NULL. The result is the caller's.
 */
char *mp_markdown_to_html(const char *markdown, const MpMarkdownHost *host);

/* One line, Markdown's own characters in it escaped: a name within a link. The caller's. */
char *mp_markdown_quote(const char *text);

/* What begins and ends a block of code that has the text: longer than any run of backticks in it.
 * The caller's. */
char *mp_markdown_fence(const char *text);

/* The same without what mp_markdown_quote put in: as people read it. The caller's. */
char *mp_markdown_unquote(const char *text);

/* Line ends \n, one at the end; controls dropped. The result is the caller's. */
char *mp_clean_text(const char *text);
