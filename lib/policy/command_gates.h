/* The gates of a mail of nothing but commands, none of which is done: rows of the table in
 * policy.c. Nobody else calls them. */
#pragma once

#include "policy/policy.h"

/* The first is not the account's to give. */
bool mp_command_is_not_permitted(const MpGateInput *d, char **why);

/* The first is none, or cannot be done. */
bool mp_command_is_unknown(const MpGateInput *d, char **why);
