/*
 * What a text must hold before a pattern can match it: of each row, some words of which one stands
 * in whatever it matches. They are taken from the pattern itself, so that nobody has to keep them.
 * Most lines of a mail hold none of any row, which one look tells. Internal to the room.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct MpNeeds MpNeeds;

enum { MP_CANDIDATES_MOST = 3 };

/* What may match. */
typedef struct {
    guint32 flags;
    guint n_rows;                   /* more than MP_CANDIDATES_MOST: too many to name, or any */
    guint rows[MP_CANDIDATES_MOST]; /* ascending */
} MpCandidates;

MpNeeds *mp_needs_new(void);
void mp_needs_free(MpNeeds *needs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpNeeds, mp_needs_free)

/* Adds what the pattern of a row (PCRE2, UTF and caseless) needs, under one bit. `is_whole`: it
 * begins where the text does. What cannot be told from it is taken for a match of everything. */
void mp_needs_add(MpNeeds *needs, guint row, const char *pattern, bool is_whole, guint32 flag);

/* Those rows added under `wanted` flags that might match in `text` (valid UTF-8), and their flags.
 */
MpCandidates mp_needs_look(const MpNeeds *needs, const char *text, guint32 wanted);

/* How a character is seen, in either case of it: a lower case letter of ASCII as itself, letters of
 * Latin script that are not and punctuation by two numbers of their own. 0: nothing is said of
 * texts that hold it. For the test of this. */
guint8 mp_needs_seen(const char *character);
