/*
 * What is kept of mails is no copy of anything, but grows for ever: it goes after the days that
 * [inbound] keep-success, keep-failure and keep-outcomes say, and where success/ and failure/ hold
 * more than keep-size, the oldest go before, those of success/ first.
 *
 * Every step is whole by itself, so that who is killed between two of them, or within one, leaves
 * nothing but work for the next time. What was removed is counted in the ledger and in the log.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "instance/instance.h"

typedef struct {
    guint64 mails[2], octets[2]; /* by MpOutcome */
    guint64 outcomes;            /* lines */
    guint ledger;                /* lines of the ledger that were joined */
} MpPruned;

/* Of a configured instance; the caller holds the data directory's lock, unless `is_dry_run`: then
 * what would be removed is only counted. */
bool
mp_prune(const MpInstance *instance, gint64 now, bool is_dry_run, MpPruned *pruned, GError **error);
