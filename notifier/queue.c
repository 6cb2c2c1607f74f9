/* notifier queue: the table of its commands. */
#include "notifier.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const MpCommand commands[] = {
    {"list", cmd_queue_list, "every recipient who waits or has failed"},
    {"show", cmd_queue_show, "one event, and what became of each recipient"},
    {"retry", cmd_queue_change, "makes deferred and failed recipients due at once"},
    {"hold", cmd_queue_change, "sets events aside: nothing is sent until they are released"},
    {"release", cmd_queue_change, "puts held events back into the queue"},
    {"drop", cmd_queue_change, "deletes events: whoever is left is not told"},
};

static void
print_help(void)
{
    printf("Usage: notifier queue COMMAND [OPTION…] [EVENT…]\n\nCommands:\n");
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        printf("  %-12s %s\n", commands[i].name, commands[i].summary);
    printf("\nEVENT is a KEY as `notifier queue list` shows it. See notifier(8).\n");
}

/* "--config F list" reads "list --config F". */
static int
find_word(int argc, char **argv)
{
    int at = 1;

    while (at + 1 < argc && g_str_has_prefix(argv[at], "--"))
        at += strchr(argv[at], '=') == NULL && strcmp(argv[at], "--json") != 0 ? 2 : 1;
    return at < argc ? at : 0;
}

int
cmd_queue(int argc, char **argv)
{
    int at = find_word(argc, argv);
    char *word = at > 0 ? argv[at] : NULL;

    if (word != NULL && (strcmp(word, "--help") == 0 || strcmp(word, "help") == 0)) {
        print_help();
        return EX_OK;
    }
    for (gsize i = 0; word != NULL && i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, word) != 0)
            continue;
        memmove(argv + 2, argv + 1, (gsize)(at - 1) * sizeof *argv);
        argv[1] = word;
        return commands[i].run(argc - 1, argv + 1);
    }
    return mp_usage_error("queue: one of list, show, retry, hold, release, drop is needed");
}
