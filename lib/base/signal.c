/* The signals that ask a run to end; see signal.h. */
#include "base/signal.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t is_stopped;

static void
stop(int number)
{
    (void)number;
    is_stopped = 1;
}

void
mp_catch_signals(void)
{
    const struct sigaction action = {.sa_handler = stop};

    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

bool
mp_is_stopped(void)
{
    return is_stopped != 0;
}
