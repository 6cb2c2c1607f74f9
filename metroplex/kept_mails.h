/* The mails of one outcome, listed and shown: cmd_failure.c has them for two commands. */
#pragma once

#include "maildir/kept.h"

int kept_mails_list(MpOutcome place, const char *summary, int argc, char **argv);
int kept_mails_show(MpOutcome place, const char *summary, int argc, char **argv);

/* The one of mp_kept_list that is called so, which may be said with its path; MP_ERROR_INPUT if
 * there is none. The list's. */
const MpKeptMail *
kept_mails_find(const GArray *mails, MpOutcome place, const char *file, GError **error);
