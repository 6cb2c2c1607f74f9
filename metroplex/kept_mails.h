/* The mails of one outcome, listed and shown: cmd_failure.c has them for two commands. */
#pragma once

#include "maildir/maildir.h"

int kept_mails_list(MpOutcome place, const char *summary, int argc, char **argv);
int kept_mails_show(MpOutcome place, const char *summary, int argc, char **argv);
