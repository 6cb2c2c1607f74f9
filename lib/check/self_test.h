/* Inside of lib/check: addresses of thread 0, to which mail is filed and nothing posted. */
#pragma once

#include "address/address.h"
#include "check/internal.h"

/* Signed for the first account; the caller's. MP_ERROR_INPUT if there is no account yet. */
char *mp_self_test_address(MpChecker *checker, MpPurpose purpose, GError **error);

/* Of the right shape and signed by nobody; the caller's. */
char *mp_self_test_forged(const MpChecker *checker);
