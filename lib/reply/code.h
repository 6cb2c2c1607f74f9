/*
 * Which lines are code. Internal to the room.
 */
#pragma once

#include "reply/lines.h"

/* Marks as fenced what stands in closed fences, front matter, and diffs, unified ones and in
 * diff(1)'s own format. */
void code_mark(GArray *lines);

/* "@@ -10,1 +10,2 @@": how many lines of the old text and of the new one stand below it. */
bool code_is_hunk(const char *core, guint *old, guint *new);

/* What stands above the first hunk of a file. */
bool code_is_diff_head(const char *core);

/* "~~~~" alone is as likely a line drawn by hand: it opens no fence. */
bool code_is_drawn(const char *rest);

/* "```" and nothing behind it, which may close a fence. */
bool code_is_bare_fence(const char *rest);

/*
 * Where the quote from `start` to before `end`, below which an answer stands, ends within a diff or
 * a fence that is not closed: the line from which on it says what was answered, the head of the
 * hunk or one of the last lines. `end` where it ends otherwise. `whole`: it is known that all of a
 * message of ours is quoted.
 */
guint code_answered(const GArray *lines, guint start, guint end, bool whole);

/* Where a fence closes the quote's code, the nearest one above line `first`; else `end`. */
guint code_opening_fence(const GArray *lines, guint start, guint first, guint end);
