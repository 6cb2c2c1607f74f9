/* What is known of one mail, given back; see policy.h. */
#include "policy/policy.h"

void
mp_identity_clear(MpIdentity *identity)
{
    g_free(identity->recipient);
    g_free(identity->recipient_field);
    mp_user_free(identity->account);
    mp_thread_free(identity->thread);
    mp_repository_free(identity->repository);
    g_free(identity->unproved);
    g_free(identity->confirms);
    g_free(identity->key);
    *identity = (MpIdentity){0};
}

void
mp_composed_clear(MpComposed *composed)
{
    g_free(composed->body);
    g_clear_pointer(&composed->commands, g_ptr_array_unref);
    g_clear_pointer(&composed->attachments, g_ptr_array_unref);
    g_clear_pointer(&composed->fates, g_ptr_array_unref);
    *composed = (MpComposed){0};
}
