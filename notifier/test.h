/* Between the files of `notifier test`. */
#pragma once

#include "cli/colour.h"
#include "instance/instance.h"
#include "transport/transport.h"

/*
 * Queues a test mail to `address` as event `key`, and waits until it was sent, failed or was
 * deferred, whoever sends it: a notifier that runs, or this process. Prints what becomes of it, and
 * the conversation if it failed. Returns the exit status.
 */
int
mp_test_through_queue(MpInstance *instance, const char *address, const char *key, GError **error);

/* What both ways print: a sentence, which is freed, and the one of a success. */
void mp_test_say(MpColour colour, char *sentence);
char *mp_test_success(const MpConfig *config, const char *address);
