/* What guests may; see guests.h. */
#include "policy/guests.h"

bool
mp_guest_is_elsewhere(const MpGateInput *d, char **why)
{
    if (!d->identity->is_elsewhere)
        return false;
    *why = g_strdup_printf("%s is a guest, and no subscriber of thread %" G_GUINT64_FORMAT,
                           d->identity->account->login, d->identity->thread->id);
    return true;
}

bool
mp_guest_is_loop(const MpGateInput *d, char **why)
{
    if (!d->identity->is_loop)
        return false;
    *why = g_strdup_printf("%s answers everything at once", d->identity->account->login);
    return true;
}

bool
mp_guest_is_silenced(const MpGateInput *d)
{
    const MpUser *account = d->identity->account;

    return account != NULL && account->is_guest && !account->is_active;
}
