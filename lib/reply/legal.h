/*
 * What companies and their servers write below mails, told by stems of words, since a row of the
 * table for each way to say it in each language would say no more. Internal to the room.
 */
#pragma once

#include <stdbool.h>

/* Of the mail itself, as all of these paragraphs do. */
bool legal_speaks_of_mail(const char *core);

/* Of the mail, and that it is a secret. */
bool legal_is_secret(const char *core);

/* Of the mail and a secret, a virus, the environment, or whom it is for. */
bool legal_is_notice(const char *core);

/* Of a mail from outside, and what not to do with it: what a gateway puts above. */
bool legal_warns(const char *core);

/* Of the mail, and not to print it without need. */
bool legal_spares_paper(const char *core);
