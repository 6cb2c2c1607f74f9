/* Delivery reports that came to a bounce address: counted against the account's own addresses. */
#pragma once

#include "delivery.h"

/*
 * Counts what the mail's report says, in accounts.git; a mail of another gate, or without a report,
 * changes nothing. Idempotent: a report is known by its Message-ID (without one, by its octets), so
 * that a repeated run, or the same report twice, counts once.
 */
bool mp_bounce_count(MpSite *site, const MpItem *item, GError **error);
