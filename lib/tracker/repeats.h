/*
 * What repeats a text that is to be forgotten: runs of its words, however others wrapped and quoted
 * them. Five words in a row; fewer where a line, or all that was said, has no more; and a word by
 * itself that no dictionary has, such as an address or a password.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct MpRepeats MpRepeats;

MpRepeats *mp_repeats_new(void);
void mp_repeats_free(MpRepeats *repeats);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRepeats, mp_repeats_free)

/* What others wrote before, and is quoted in it, is not its own: a line behind '>'. */
void mp_repeats_add(MpRepeats *repeats, const char *text);

/* Whether a text has any of it. Linear with the text. */
bool mp_repeats_are_in(const MpRepeats *repeats, const char *text);

/* The same, by what nobody else writes by chance: not by a line or a text of few words that are in
 * a dictionary, such as "Thank you", which may as well be somebody else's. */
bool mp_repeats_are_surely_in(const MpRepeats *repeats, const char *text);
