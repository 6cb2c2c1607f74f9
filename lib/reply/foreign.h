/*
 * Boundaries that announce nothing of ours. Internal to the room.
 */
#pragma once

#include "reply/sent.h"

/*
 * Where it is known what we sent and from whom: a header block or an attribution that names neither
 * us nor our subject, and below which no line of ours stands, was written or shown by the person,
 * and is text. `sent` may be NULL.
 */
void foreign_unmark(GArray *lines, const Sent *sent);
