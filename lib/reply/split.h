/*
 * Attributions that begin on the answer's own line. Internal to the room.
 */
#pragma once

#include "reply/sent.h"

/*
 * "It works. On … Ada <ada@example.org> wrote:" becomes two lines, in place: the space before the
 * attribution ends the first. `sent` may be NULL.
 */
void split_attributions(GArray *lines, const Sent *sent, MpMatcher *matcher);

/*
 * "It works.On … Ada <ada@example.org> wrote:", without a space between, becomes two lines. Takes
 * the text of a mail, and gives it back or another.
 */
char *split_glued(char *text, MpMatcher *matcher);
