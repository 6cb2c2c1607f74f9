/* The accounts that a comment mentions: @login, as on GitHub. */
#pragma once

#include "tracker/tracker.h"

/* The most accounts that one comment can call. */
#define MP_MENTIONS_MAX 50

/*
 * The ids (guint64) of the active accounts, no guests, that the Markdown mentions, each once, in
 * the order of the text (markup/mentions.h), at most MP_MENTIONS_MAX; none where its author is a
 * guest, who calls nobody. The array is the caller's; NULL with *error set where the accounts
 * cannot be read.
 */
GArray *mp_mentions(MpAccounts *accounts, const char *author, const char *body, GError **error);
