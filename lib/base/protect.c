/* See protect.h. */
#include "base/protect.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void
mp_protect_process(void)
{
#ifdef MP_HAS_SANITIZER
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* a change of user has cleared it */
#else
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
