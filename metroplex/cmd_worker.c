/* metroplex worker: the sandboxed parser. Started by metroplex itself, never by people. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "commands.h"
#include "inbound/extraction.h"

int
cmd_worker(int argc, char **argv)
{
    bool for_few = argc == 2 && strcmp(argv[1], MP_WORKER_FOR_FEW) == 0;

    if ((argc != 1 && !for_few) || fcntl(MP_WORKER_SOCKET, F_GETFD) < 0) {
        fprintf(stderr, "metroplex: worker is started by metroplex itself\n");
        return EX_USAGE;
    }
    /* nothing is left to do at an exit, and the sandbox would refuse it to a sanitizer */
    _exit(mp_worker_main(MP_WORKER_SOCKET,
                         for_few ? mp_worker_operations_for_few : mp_worker_operations));
}
