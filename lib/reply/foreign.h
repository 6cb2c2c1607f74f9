/*
 * Boundaries that announce nothing of ours. Internal to the room.
 */
#pragma once

#include "reply/sent.h"

/*
 * Where it is known what we sent and from whom: a header block or an attribution that names neither
 * us nor our subject, and below which no line of ours stands, was written or shown by the person,
 * and is text. Where `sent` is NULL, so is what words of the person's introduce, unless a
 * notification's footer stands below.
 */
void foreign_unmark(GArray *lines, const Sent *sent, MpMatcher *matcher);
