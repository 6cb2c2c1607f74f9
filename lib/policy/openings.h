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
bool mp_opening_waits(const MpGateInput *d, char **why);
bool mp_opening_waits_for_another(const MpGateInput *d, char **why);
bool mp_opening_is_let_in(const MpGateInput *d, char **why);
bool mp_opening_is_good(const MpGateInput *d, char **why);

/* What a mail did that is a duplicate, for people. */
const char *mp_policy_done(const MpIdentity *identity);

/* Whether somebody is asked if the mail is theirs, at a gate that does this with it. */
bool mp_opening_asks(const MpIdentity *identity, MpAction action);

/* Of a mail that answers the question about one that is held. */
bool mp_answer_is_unproved(const MpGateInput *d, char **why);
bool mp_answer_is_too_late(const MpGateInput *d, char **why);
bool mp_answer_declines(const MpGateInput *d, char **why);
bool mp_answer_is_good(const MpGateInput *d, char **why);
