/* Delivery reports that came to a bounce address: counted against the account's own addresses. */
#pragma once

#include "inbound/delivery.h"

/*
 * Judges what the mail's report does to the account, as it is now: *changed is the account with a
 * bounce more, to be written, or NULL if it does not count; *why says so for people. Both are the
 * caller's. Changes nothing itself: a run and `metroplex explain` ask the same. False for errors
 * only.
 */
bool mp_bounce_judge(MpInstance *instance, const MpDelivery *delivery, MpUser **changed, char **why,
                     GError **error);

/*
 * Counts it, in accounts.git; a mail of another gate changes nothing. Idempotent: a bounce is known
 * by the message that came back, and one a day counts, so that a repeated run, or the same report
 * twice, counts once.
 */
bool mp_bounce_count(MpInstance *instance, const MpDelivery *delivery, GError **error);
