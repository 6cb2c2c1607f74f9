/* Inside of lib/policy: mail that no person wrote (RFC 3834), and our own that came back. */
#pragma once

#include "policy/policy.h"

bool mp_policy_is_loop(const MpDelivery *delivery, char **why);
bool mp_policy_is_automatic(const MpDelivery *delivery, char **why);
