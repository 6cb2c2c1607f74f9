/* The commands of a reply, done: in the batch of the mail they came with. */
#pragma once

#include "inbound/delivery.h"

/*
 * Puts what the delivery's commands say into the batch, and what announces each change of the
 * thread into `events`.
 *
 * Commands alone leave the mail's KEY with the thread, whatever they change, so that the same mail
 * is known again. Beside a comment, which has that KEY, and behind the first change each has one of
 * its own, for its event.
 */
bool mp_delivery_apply_commands(const MpInstance *instance, MpBatch *batch, GPtrArray *events,
                                const MpDelivery *delivery, const MpActor *actor, GError **error);
