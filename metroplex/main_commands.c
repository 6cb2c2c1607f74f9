/* metroplex-commands: the table of subcommands; see main.c. */
#include "cli/command.h"
#include "commands.h"

static const MpCommand commands[] = {
    {"address", cmd_address, "make or verify a signed address"},
    {"bundle", cmd_bundle, "write an archive for who helps, without secrets"},
    {"check", cmd_check, "look whether everything works, and say what to do"},
    {"configure", cmd_configure, "make Postfix and the timers do as the settings say"},
    {"diagnostics", cmd_diagnostics, "print one text for who helps, without secrets"},
    {"explain", cmd_explain, "say what would be done with a mail, and why"},
    {"extract", cmd_extract, "print the reply a person wrote"},
    {"failure", cmd_failure, "list and show the mails that were refused"},
    {"fsck", cmd_fsck, "check the tracker, and say how to mend it"},
    {"held", cmd_held, "list, accept and reject first mails that nobody proved yet"},
    {"hook", cmd_hook, NULL},
    {"init", cmd_init, "make the data directory, the tracker and the keys"},
    {"pages", cmd_pages, "write threads as pages for a web server"},
    {"policy", cmd_policy, "refuse forged addresses at RCPT TO, for Postfix"},
    {"prune", cmd_prune, "remove what was kept long enough"},
    {"repack", cmd_repack, NULL},
    {"repository", cmd_repository, "show or set a repository's policy"},
    {"settings", cmd_settings, "show and change the configuration"},
    {"setup", cmd_setup, "ask for what is needed, do it, and send a test mail"},
    {"status", cmd_status, "say how mail is doing"},
    {"thread", cmd_thread, "open, answer, show and change threads"},
    {"trace", cmd_trace, "show one mail's way, in the order of time"},
    {"user", cmd_user, "add, list, show and change accounts"},
};

int
main(int argc, char **argv)
{
    return mp_command_main(commands, G_N_ELEMENTS(commands), NULL, argc, argv);
}
