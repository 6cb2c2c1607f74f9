/*
 * Which held first mails were confirmed to be an account's: in accounts.git, which is private,
 * since a KEY confirms who guesses words.
 */
#pragma once

#include "tracker/tracker.h"

/* Remembers that the mail with this KEY is the account's; no commit if that is known. */
bool mp_accounts_confirm(MpAccounts *accounts, const char *key, guint64 user, GError **error);

/* Whose the mail was confirmed to be; 0 where nobody has. */
bool mp_accounts_confirmed(MpAccounts *accounts, const char *key, guint64 *user, GError **error);
