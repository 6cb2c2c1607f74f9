/*
 * From classified lines to kept and elided ones. Internal to the room.
 */
#pragma once

#include "reply/lines.h"

/* Sets kept and why of every line. `sent_known`: sent_mark() had texts to compare with. */
void lines_decide(GArray *lines, bool sent_known);
