/*
 * The marks that mail clients leave in their HTML: quotes, message separators, signatures. Internal
 * to the room.
 */
#pragma once

#include <glib.h>
#include <gumbo.h>
#include <stdbool.h>

typedef enum {
    HTML_PLAIN,
    HTML_QUOTE,     /* holds the message answered, nothing else */
    HTML_SEPARATOR, /* stands at the beginning of the message answered */
    HTML_SIGNATURE,
    HTML_HIDDEN, /* not shown to the person either */
} HtmlRole;

/* The role of the element, by its id, class and style. */
HtmlRole html_role(const GumboElement *element);

/* The value of an element's attribute, "" if it has none. */
const char *html_attribute(const GumboNode *element, const char *name);

/* True if a <pre> holds no code but a mail's plain text, whose quotes are quotes. */
bool html_is_plain_mail(const GumboNode *pre);

/* True if any element below `node` has this tag, looked for no deeper than `depth` levels. */
bool html_contains(const GumboNode *node, GumboTag tag, guint depth);

/*
 * True if the HTML nests elements deeper than gumbo, which recurses, can be trusted with. Counts
 * without parsing, and rather too much than too little.
 */
bool html_is_too_deep(const char *html, gsize length);
