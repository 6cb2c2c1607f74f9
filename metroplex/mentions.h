/* Who is mentioned in a comment: @login, outside of code and mail addresses. */
#pragma once

#include "tracker/tracker.h"

/* The ids (guint64) of the accounts that `body` mentions, each once, at most fifty; the caller's. */
GArray *mp_mentions(MpAccounts *accounts, const char *body, GError **error);
