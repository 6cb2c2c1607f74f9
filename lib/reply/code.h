/*
 * Which lines are code. Internal to the room.
 */
#pragma once

#include "reply/lines.h"

/* Marks as fenced what stands in closed fences, front matter, and diffs, unified ones and in
 * diff(1)'s own format. */
void code_mark(GArray *lines);
