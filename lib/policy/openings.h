/* The gates of a mail that opens a thread, rows of the table in policy.c. Nobody else calls them.
 */
#pragma once

#include "policy/policy.h"

bool mp_opening_is_closed(const MpGateInput *d, char **why);
bool mp_opening_is_of_nobody(const MpGateInput *d, char **why);
bool mp_opening_is_of_no_member(const MpGateInput *d, char **why);
bool mp_opening_is_rejected(const MpGateInput *d, char **why);
bool mp_opening_is_overdue(const MpGateInput *d, char **why);
bool mp_opening_is_one_too_many(const MpGateInput *d, char **why);
bool mp_opening_is_unproved(const MpGateInput *d, char **why);
bool mp_opening_waits_for_another(const MpGateInput *d, char **why);
bool mp_opening_is_good(const MpGateInput *d, char **why);
