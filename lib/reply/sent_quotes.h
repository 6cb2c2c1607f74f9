/*
 * How our message is quoted, where only the text sent tells. Internal to the room.
 */
#pragma once

#include "reply/sent.h"

/* Marks as an attribution what names us and ends in a colon right above lines of ours: "Ada
 * Example:", "Ada Example schrieb:", without a day or an address. */
void sent_quotes_mark(GArray *lines, const Sent *sent, MpMatcher *matcher);

/* Whether our message stands in the mail without marks, and without a line that announces it: a
 * line of its text and one of its footer. */
bool sent_quotes_unmarked(const GArray *lines, const Sent *sent);
