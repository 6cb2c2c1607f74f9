/* One run at a time; see run_lock.h. */
#include "run_lock.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

MpLock *
run_lock_take(const MpConfig *config, GError **error)
{
    g_autofree char *path = mp_config_path(config, "run.lock");
    MpLock *lock = mp_lock_take(path, MP_LOCK_TRY, error);

    if (lock != NULL)
        mp_lock_stamp(lock);
    return lock;
}

void
run_lock_say_busy(void)
{
    mp_info("Another run is at work; nothing to do");
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "metroplex: another run is at work; nothing to do\n");
}
