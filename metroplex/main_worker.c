/* metroplex-worker: the sandboxed parser. Started by the other programs, never by people. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/protect.h"
#include "inbound/extraction.h"

/* Of another version is what an upgrade puts under a run that is at work: the mail has to wait. */
static int
refuse(const char *why)
{
    fprintf(stderr, "metroplex-worker: %s\n", why);
    return EX_USAGE;
}

int
main(int argc, char **argv)
{
    bool for_few = argc == 3 && strcmp(argv[2], MP_WORKER_FOR_FEW) == 0;

    mp_protect_process();
    if ((argc != 2 && !for_few) || fcntl(MP_WORKER_SOCKET, F_GETFD) < 0)
        return refuse("metroplex starts it by itself");
    if (strcmp(argv[1], MP_VERSION) != 0)
        return refuse("this is version " MP_VERSION ", and what started it is of another");
    /* nothing is left to do at an exit, and the sandbox would refuse it to a sanitizer */
    _exit(mp_worker_main(MP_WORKER_SOCKET,
                         for_few ? mp_worker_operations_for_few : mp_worker_operations));
}
