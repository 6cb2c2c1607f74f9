/*
 * The texts sent, as words: what sent.c marks the lines with and sent_words.c keeps. Internal to
 * the room.
 */
#pragma once

#include "reply/sent.h"

enum { SENT_GRAM = 4 }; /* words that must agree before anything counts */

typedef struct {
    guint hash;
    guint line : 31; /* of the mail, or of all texts sent */
    guint alone : 1; /* a character that is a word: two of them say as much as one of letters */
} Word;

struct Sent {
    GArray *words, *texts; /* of Word, of a text each */
    guint *heads, *next;   /* for each sequence a chain of the places where it stands */
    guint mask;
    GHashTable *lines; /* hash of a line's words → where it begins, 1 … */
    GHashTable *links; /* how many words stand above a line with a URL in it, or within it */
};

static inline Word
sent_word(const GArray *words, guint i)
{
    return g_array_index(words, Word, i);
}

/* Appends the words of one line. */
void sent_append_words(GArray *words, const char *text, guint line);

/* The position before the first word of a text. */
guint sent_text_start(const Sent *sent, guint i);

/* Whether a URL stands in the line of the word at a position, or right below it. */
bool sent_has_link(const Sent *sent, guint position);

/* The hash of the sequence that begins at word `i`, and of the words of a line. */
guint sent_gram(const GArray *words, guint i);
guint sent_line_hash(const GArray *words, guint start, guint end);
