/* Addresses of thread 0; see self_test.h. */
#include "check/self_test.h"

#include <string.h>

#include "base/error.h"

static bool
take_first(const MpUser *user, gpointer user_data)
{
    MpAddressSubject *subject = user_data;

    if (!user->is_active)
        return true;
    subject->user = user->id;
    subject->epoch = user->epoch;
    return false;
}

char *
mp_self_test_address(MpChecker *checker, MpPurpose purpose, GError **error)
{
    MpInstance *instance = checker->instance;
    MpAddressSubject subject = {.kind = 'i', .nonce = ""};

    if ((instance->keys == NULL && !mp_instance_open_keys(instance, error)) ||
        !mp_instance_open_tracker(instance, error) ||
        !mp_accounts_foreach_user(instance->accounts, take_first, &subject, error))
        return NULL;
    if (subject.user == 0)
        return mp_fail_null(error, MP_ERROR_INPUT, "there is no account yet");
    return mp_address_make(instance->keys, purpose, &subject, checker->config->hostname, error);
}

char *
mp_self_test_forged(const MpChecker *checker)
{
    return g_strdup_printf("reply+i-0-%040d-1@reply.%s", 0, checker->config->hostname);
}
