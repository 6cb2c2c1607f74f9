/*
 * Words that are an answer by themselves. Internal to the room.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* "Yes", "+1", "да", "はい": whether the first `length` bytes of the text are such a word, with or
 * without a mark behind it. None of them begins an attribution. */
bool short_answer_is(const char *text, gsize length);
