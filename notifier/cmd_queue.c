/* notifier queue: the table of its commands. */
#include "cli/command.h"
#include "commands.h"

static const MpCommand subcommands[] = {
    {"list", cmd_queue_list, "every recipient who waits or has failed"},
    {"show", cmd_queue_show, "one event, and what became of each recipient"},
    {"retry", cmd_queue_change, "makes deferred and failed recipients due at once"},
    {"hold", cmd_queue_change, "sets events aside: nothing is sent until they are released"},
    {"release", cmd_queue_change, "puts held events back into the queue"},
    {"drop", cmd_queue_change, "deletes events: whoever is left is not told"},
};

int
cmd_queue(int argc, char **argv)
{
    return mp_subcommand_run(subcommands, G_N_ELEMENTS(subcommands), argc, argv);
}
