/* The order in which events are worked off: the notifier's messages, on-comment's calls. */
#pragma once

#include "instance/instance.h"
#include "outbox/outbox.h"

/*
 * Sorts `events` (MpQueued of `outbox`, which is one of the instance's) by the second in which they
 * were made, then by thread, then as they were staged; and whatever clocks say, the comments of a
 * thread by their numbers in the tracker, as it was last opened or refreshed.
 */
void mp_instance_order(const MpInstance *instance, MpOutbox *outbox, GPtrArray *events);
