/* That only one run is at work; commands from a terminal do not wait for it. */
#pragma once

#include "base/config.h"
#include "base/lock.h"

/* By its time of modification it is known when the run began. NULL with *error unset if another run
 * is at work. */
MpLock *run_lock_take(const MpConfig *config, GError **error);

/* What is said then, which is no failure. */
void run_lock_say_busy(void);
