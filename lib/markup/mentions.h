/* The words behind an @ in Markdown, as on GitHub. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* False ends the search. */
typedef bool (*MpMentionVisit)(const char *word, gpointer user_data);

/* Calls `visit` for each word of letters, digits and hyphens behind an @, in the order of the text.
 * Code, links and mail addresses mention nobody. */
void mp_foreach_mention(const char *markdown, MpMentionVisit visit, gpointer user_data);
