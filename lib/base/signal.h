/* The signals that ask a run to end: what is in hand is finished first. */
#pragma once

#include <stdbool.h>

/* From now on SIGTERM and SIGINT only set what mp_is_stopped() tells, and SIGPIPE does nothing. */
void mp_catch_signals(void);

/* Whether one of them came. */
bool mp_is_stopped(void);
