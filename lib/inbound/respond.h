/*
 * Answers: which refused (or confirmed) mails are answered, and with what. The gate says whether
 * and to whom; here it becomes an event of the outbox, once an account, reason and day, and so many
 * an hour in all.
 */
#pragma once

#include "inbound/delivery.h"

/*
 * Sets item->answer if the mail it decided on is to be answered: there is an account that hears of
 * it, and it has had no answer for this reason on the day of the mail's receipt. Asked again after
 * each decision. False for errors only.
 */
bool mp_answer_plan(MpInstance *instance, MpItem *item, GError **error);

/* True if the answer wants the person's text, and it has not been extracted. */
bool mp_answer_wants_reply(const MpItem *item);

/* Of a whole batch: completes the planned answers, and drops those that are one too many. */
bool mp_answers_admit(MpInstance *instance, const GPtrArray *items, GError **error);

/* The event of item->answer, which it takes. */
MpEvent *mp_answer_event(const MpInstance *instance, MpItem *item);
