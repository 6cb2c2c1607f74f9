/*
 * Responses (RFC 3834): which refused or confirmed mails get one, and with what. The gate says
 * whether and to whom; here it becomes an event of the outbox, once an account, reason, thread and
 * day (mp_response_name() is the name of all four), and so many an hour in all.
 */
#pragma once

#include "inbound/delivery.h"

/*
 * Sets delivery->decision.response if the mail it decided on gets one: there is an account to
 * respond to, and it had none for this reason and thread on the day of the mail's receipt. Asked
 * again after each decision. False for errors only.
 */
bool mp_response_plan(MpInstance *instance, MpDelivery *delivery, GError **error);

/* True if the response wants the person's text, and it has not been extracted. */
bool mp_response_wants_reply(const MpDelivery *delivery);

/* Of a whole batch: completes the planned responses, and drops those that are one too many. */
bool mp_responses_admit(MpInstance *instance, const GPtrArray *deliveries, GError **error);

/* The day of the mail's receipt, of which its response is; the caller's. */
char *mp_response_day(const MpDelivery *delivery);

/* The event of the response. The delivery keeps its own reference: what is staged with a batch that
 * does not come true is staged again with the next. */
MpEvent *mp_response_event(const MpInstance *instance, const MpDelivery *delivery);

/* The same of a response to no mail of its own. */
MpEvent *mp_response_event_of(const MpInstance *instance, MpResponse *response, guint64 thread);
