/* Words that a pattern needs, read from its text. Internal to the room. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A word is up to eight characters as mp_needs_seen() has them, the last in the lowest octet. */
enum { MP_NEEDS_WORD = 8, MP_NEEDS_SHORTEST = 3, MP_NEEDS_MOST = 320 };

/* Stands before the first character of a text. */
enum { MP_NEEDS_START = 1 };

typedef struct {
    guint n;
    bool any; /* there may be others */
    guint64 words[MP_NEEDS_MOST];
} MpNeededWords;

/* One of the words is in whatever matches, in texts of which mp_needs_seen() says something; where
 * there are no words, and may be no others, it matches no such text. Each has MP_NEEDS_SHORTEST
 * characters or more. `is_whole`: the pattern begins where the text does. */
void mp_needs_read(const char *pattern, bool is_whole, MpNeededWords *words);

guint mp_needs_length(guint64 word);
