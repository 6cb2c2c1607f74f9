/*
 * Redacting a comment: its words go from the tip of tracker.git, its KEY to accounts.git, which is
 * private, since a KEY confirms who guesses words.
 */
#pragma once

#include "tracker/tracker.h"

/* What was redacted, as accounts.git knows it. */
typedef struct {
    char *key;
    guint64 thread, comment;
    gint64 date;
    char *message_id; /* of the mail, or NULL */
} MpRedacted;

void mp_redacted_clear(MpRedacted *redaction);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpRedacted, mp_redacted_clear)

/*
 * Takes the words of a comment away: what was written, cut and attached, and whence it came. Its
 * number stays, and the digits of its Message-ID; its KEY goes. `title` (or NULL) becomes the
 * thread's. What was cut from the comments `quoting` (guint64; or NULL) goes as well. First
 * mp_accounts_redact(), so that nobody posts its mail again in between.
 */
bool mp_batch_redact(MpBatch *batch, const MpComment *comment, const MpRedacted *redaction,
                     const char *title, const GArray *quoting, GError **error);

/* Remembers a KEY that leaves the tracker; no commit if it is known. */
bool mp_accounts_redact(MpAccounts *accounts, const MpRedacted *redaction, GError **error);

/* What is remembered of a KEY, which the caller clears. */
bool mp_accounts_redacted(MpAccounts *accounts, const char *key, bool *found, MpRedacted *redaction,
                          GError **error);
