/* notifier: the outbound half. Its commands; without one, it is the cron job. */
#include "cli/command.h"
#include "commands.h"

static const MpCommand commands[] = {
    {"preview", cmd_preview, "print the message that somebody would get, and send nothing"},
    {"queue", cmd_queue, "list, show, retry, hold, release or drop what waits to be sent"},
    {"test", cmd_test, "send a test email, and show what the server says and what to change"},
};

int
main(int argc, char **argv)
{
    return mp_command_main(commands, G_N_ELEMENTS(commands), cmd_run, argc, argv);
}
