/* The atoms of a pattern: characters, escapes, classes, and how often they stand; for needs_read.c.
 */
#pragma once

#include "patterns/needs_read.h"

enum { EXACT = 16 };

/* All that a part of the pattern matches; with `any` that may be anything, and no words are here. */
typedef struct {
    guint n;
    bool any;
    guint64 words[EXACT];
} Exact;

/* Where in the pool the words stand of which every match has one. */
typedef struct {
    guint at, n;
    bool any;
} Needed;

typedef struct {
    Exact exact;
    Needed needed;
} Part;

typedef struct {
    const char *at;
    GArray *pool;
    guint depth;
    bool is_start;   /* nothing of the text is before what is read next */
    bool is_unknown; /* syntax that is not read here */
} Reader;

/* Anything; and what takes no room. */
extern const Exact exact_everything, exact_nothing;

Part part_of(const Exact *exact);

/* Adds one more that it may be. */
void exact_add(Exact *exact, guint64 word);

Part read_character(Reader *reader);
Part read_escape(Reader *reader); /* behind the backslash */
Part read_class(Reader *reader);  /* behind the bracket */

/* How often, at the least and at the most, the atom before stands; true if that is said. */
bool read_count(Reader *reader, guint *least, guint *most);
