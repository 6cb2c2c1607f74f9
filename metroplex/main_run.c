/* metroplex-run: a run over the mails that were delivered; see main.c. */
#include "cli/command.h"
#include "commands.h"

int
main(int argc, char **argv)
{
    return mp_command_main(NULL, 0, cmd_run, argc, argv);
}
