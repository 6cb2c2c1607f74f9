/* Inside of lib/watch: "Fixes #3" in the message of a commit. The words are GitHub's. */
#pragma once

#include "repo/history.h"

/* A message, as it is read. */
typedef struct {
    const char *message;
    const char *meant; /* what stands before repeats the subject of a commit that is taken back */
    const char *next;
    guint *n_left; /* references that may still be read, of whatever kind */
} MpClosingWords;

/* From its beginning; points into the commit. */
MpClosingWords mp_closing_words(const MpRepoCommit *commit, guint *n_left);

/* The next thread that it names, and whether it closes that. *written is the caller's. */
bool mp_closing_words_next(MpClosingWords *words, char **written, bool *closes);
