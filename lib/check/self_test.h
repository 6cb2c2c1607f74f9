/* Inside of lib/check: addresses of thread 0, to which mail is filed and nothing posted. */
#pragma once

#include "address/address.h"
#include "check/internal.h"

/* Signed for the first account; the caller's. MP_ERROR_INPUT if there is no account yet. */
char *mp_self_test_address(MpChecker *checker, MpPurpose purpose, GError **error);

/*
 * What a server is asked whether it would take it, where nothing is sent: the same, or, as long as
 * there is no account and so nothing that tells a good signature from a bad one, an address of the
 * right shape. The caller's; NULL, and told, if there is none.
 */
char *mp_self_test_or_tell(MpChecker *checker, MpPurpose purpose, const char *expected);

/* Whether a first mail opens a thread in any repository; false where that cannot be known. */
bool mp_check_has_openings(MpChecker *checker);

/* Tells as unknown why there is no such address: once, however many checks would need one. */
void mp_self_test_tell(MpChecker *checker, const char *expected, const GError *error);
