/*
 * Comparing a mail with the texts we sent. Internal to the room.
 */
#pragma once

#include "reply/lines.h"

/*
 * Counts in each line its words, how many of them stand in runs of at least four words that also
 * stand in one of the texts sent, and the length of the longest such run. Marks of quoting,
 * punctuation, Markdown and URLs are no words, so a quote that was wrapped anew or lost its > still
 * matches. Linear in both sizes.
 */
void sent_mark(GArray *lines, const char *const *sent);
