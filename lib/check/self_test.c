/* Addresses of thread 0; see self_test.h. */
#include "check/self_test.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "postfix/postfix.h"

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

void
mp_self_test_tell(MpChecker *checker, const char *expected, const GError *error)
{
    bool has_no_account = g_error_matches(error, MP_ERROR, MP_ERROR_INPUT);

    if (!checker->has_told_self_test)
        mp_check_tell(checker, MP_CHECK_UNKNOWN, expected,
                      has_no_account ? _("metroplex user add LOGIN --name NAME --email ADDRESS")
                                     : _("metroplex check files says what is wrong"),
                      "%s", error->message);
    checker->has_told_self_test = true;
}

bool
mp_check_has_openings(MpChecker *checker)
{
    bool opens = false;

    return mp_instance_open_tracker(checker->instance, NULL) &&
           mp_instance_opens_threads(checker->instance, &opens, NULL) && opens;
}

static bool
asks_policy(MpChecker *checker)
{
    const MpPostfixFacts facts = {.has_openings = mp_check_has_openings(checker)};

    return mp_postfix_asks_policy(checker->config, &facts);
}

char *
mp_self_test_or_tell(MpChecker *checker, MpPurpose purpose, const char *expected)
{
    g_autoptr(GError) error = NULL;
    char *address = mp_self_test_address(checker, purpose, &error);

    if (address != NULL)
        return address;
    if (!asks_policy(checker) && g_error_matches(error, MP_ERROR, MP_ERROR_INPUT))
        return g_strdup_printf("%s+i-0-%040d-1@reply.%s", mp_purpose_name(purpose), 0,
                               checker->config->hostname);
    mp_self_test_tell(checker, expected, error);
    return NULL;
}
