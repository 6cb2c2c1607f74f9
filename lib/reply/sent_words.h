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

/* A list of them; it grows without a call for each. */
typedef struct {
    Word *at;
    guint len, room;
} Words;

struct Sent {
    Words words;
    GArray *texts;       /* of a text each */
    guint *heads, *next; /* for each sequence a chain of the places where it stands */
    guint mask;
    GHashTable *links; /* how many words stand above a line with a URL in it, or within it */
};

static inline Word
sent_word(const Words *words, guint i)
{
    return words->at[i];
}

/* Appends the words of one line. */
void sent_append_words(Words *words, const char *text, guint line);

/* The position before the first word of a text. */
guint sent_text_start(const Sent *sent, guint i);

/* Whether a URL stands in the line of the word at a position, or right below it. */
bool sent_has_link(const Sent *sent, guint position);

/* The hash of the sequence that begins at word `i`, and of the words of a line. */
guint sent_gram(const Words *words, guint i);
guint sent_line_hash(const Words *words, guint start, guint end);

/* Where each line of the texts begins, 1 …, by the hash of its words; of equal lines the last. The
 * caller owns the result. */
GHashTable *sent_lines(const Sent *sent);
