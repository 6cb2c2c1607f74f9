/*
 * From classified lines to kept and elided ones. Internal to the room.
 */
#pragma once

#include "reply/sent.h"

/* Sets kept and why of every line. `sent`: what sent_mark() compared them with, or NULL. */
void lines_decide(GArray *lines, const Sent *sent, MpMatcher *matcher);
