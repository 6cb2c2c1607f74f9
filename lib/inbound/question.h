/* Questions to who should have written a held mail: whom to ask, how many, and what an answer does.
 * Nobody else includes it. */
#pragma once

#include "inbound/delivery.h"
#include "tracker/tracker.h"

/* --- Asking --- */

/* Sets delivery->decision.response to the question, if there is somebody to ask. Whether they were
 * asked already is for mp_questions_admit(). */
void mp_question_plan(const MpInstance *instance, MpDelivery *delivery);

/* Of a whole batch: completes the planned questions, and drops those that were asked before or are
 * one too many. False for errors only. */
bool mp_questions_admit(MpInstance *instance, const GPtrArray *deliveries, GError **error);

/* Closes the questions about what is held no more. */
bool mp_questions_close(const MpInstance *instance, const GPtrArray *deliveries, GError **error);

/* --- Answers --- */

/* If this is an address by which a question is answered: fills in the delivery's identity. It
 * counts only for the sender of the held mail; of one with an account, from whichever of its
 * addresses, since the question went to the first. False for errors only. */
bool mp_delivery_find_question(const MpInstance *instance, MpDelivery *delivery,
                               const MpAddressee *addressee, GError **error);

/* A signed address in the same mail is what counts. */
void mp_delivery_leave_question(MpDelivery *delivery);

/* Whether that mail is confirmed already, or nobody waits for it any more. */
bool mp_delivery_find_asked(const MpInstance *instance, MpDelivery *delivery, GError **error);

/* Remembers that the held mail is its author's: in accounts.git, so that whichever host holds it
 * opens the thread. Done again it changes nothing. */
bool mp_question_confirm(const MpInstance *instance, const MpDelivery *delivery, GError **error);

/* The same where somebody lets it in: of its account, or, where it has none, of a guest of its own,
 * since nobody knows who that is. */
bool mp_question_accept(const MpInstance *instance, const MpDelivery *delivery, GError **error);

/* Of a mail that was let in before, its guest is subscribed to its thread. */
bool mp_question_subscribe(const MpInstance *instance, MpBatch *batch, const MpDelivery *delivery,
                           GError **error);
