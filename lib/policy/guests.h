/* What guests may (tracker/guests.h), for the table in policy.c. Nobody else calls it. */
#pragma once

#include "policy/policy.h"

/* The gate of one that writes where it neither began the thread nor is told of it. */
bool mp_guest_is_elsewhere(const MpGateInput *d, char **why);

/* The gate of one that has answered too many mails at once, in this batch. */
bool mp_guest_is_loop(const MpGateInput *d, char **why);

/* Whether it is one that was suspended, which may be a program that answers whatever it gets. */
bool mp_guest_is_silenced(const MpGateInput *d);
