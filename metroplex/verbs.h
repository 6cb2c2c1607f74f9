/* Commands of two words, such as `metroplex thread close`: the second word by a table. */
#pragma once

#include "base/command.h"

/*
 * Runs the verb that argv names, also behind --config FILE and --data DIR; the verb's function gets
 * argv[0] = the verb. --help at that place lists the table, anything else is a wrong use.
 */
int mp_verbs_run(const char *command, const MpCommand *verbs, gsize n_verbs, int argc, char **argv);

/* mp_options_parse for the verb in argv[0]: "thread" and "close" make "thread close". */
void mp_verb_options(MpOptions *options, const GOptionEntry *entries, const char *command,
                     const char *usage, const char *details, int least, int most, int *argc,
                     char ***argv);
