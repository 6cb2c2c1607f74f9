/*
 * Boundaries that take more than one line to see: attributions and header blocks. Internal to the
 * room.
 */
#pragma once

#include "reply/lines.h"

/* Marks the lines of every attribution and header block with its kind, rule and end. */
void boundaries_mark(GArray *lines, MpMatcher *matcher);
