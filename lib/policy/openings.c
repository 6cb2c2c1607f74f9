/* The gates of a mail that opens a thread: who may, and who proved to be who they say. */
#include "policy/openings.h"

#include "base/escape.h"

#define ANSWERS_HELD "it answers a mail that is held"

bool
mp_opening_is_closed(const MpGateInput *d, char **why)
{
    if (!d->identity->is_opening || d->identity->repository->open != MP_OPEN_OFF)
        return false;
    *why = g_strdup_printf("%s opens no threads by mail", d->identity->repository->name);
    return true;
}

bool
mp_opening_is_of_nobody(const MpGateInput *d, char **why)
{
    const GPtrArray *from = d->message->from;

    if (!d->identity->is_opening ||
        (d->identity->account != NULL && !d->identity->account->is_guest))
        return false;
    g_autofree char *shown = from->len == 1 ? mp_escape(g_ptr_array_index(from, 0)) : NULL;
    *why = shown != NULL    ? g_strdup_printf("%s is no account's address", shown)
           : from->len == 0 ? g_strdup("the mail has no sender")
                            : g_strdup("the mail has not one sender alone");
    return true;
}

bool
mp_opening_is_of_no_member(const MpGateInput *d, char **why)
{
    const MpRepository *repository = d->identity->repository;

    if (!d->identity->is_opening || repository->open != MP_OPEN_MEMBERS ||
        mp_has_id(repository->members, d->identity->account->id))
        return false;
    g_autofree char *login = mp_escape(d->identity->account->login);
    *why = g_strdup_printf("%s opens threads by mail for its members only, and %s is none",
                           repository->name, login);
    return true;
}

bool
mp_opening_is_rejected(const MpGateInput *d, char **why)
{
    const MpIdentity *identity = d->identity;

    if (!d->is_rejected ||
        (!identity->is_opening && !identity->is_answer && !identity->answers_held))
        return false;
    *why = g_strdup("rejected by an administrator");
    return true;
}

bool
mp_opening_is_overdue(const MpGateInput *d, char **why)
{
    if (d->identity->unproved == NULL || !d->identity->is_overdue)
        return false;
    *why = g_strdup_printf("held long enough, and nobody confirmed it: %s", d->identity->unproved);
    return true;
}

bool
mp_opening_is_one_too_many(const MpGateInput *d, char **why)
{
    const MpIdentity *identity = d->identity;
    bool waits = identity->answers_held && !identity->is_opening;

    if (identity->over_held == NULL || (identity->unproved == NULL && !waits))
        return false;
    *why = g_strdup_printf("%s: %s", identity->over_held,
                           identity->unproved != NULL ? identity->unproved : ANSWERS_HELD);
    return true;
}

bool
mp_opening_is_unproved(const MpGateInput *d, char **why)
{
    if (d->identity->unproved == NULL)
        return false;
    *why = g_strdup(d->identity->unproved);
    return true;
}

bool
mp_opening_waits_for_another(const MpGateInput *d, char **why)
{
    if (!d->identity->answers_held || d->identity->over_held != NULL)
        return false;
    *why = g_strdup(ANSWERS_HELD);
    return true;
}

bool
mp_opening_is_good(const MpGateInput *d, char **why)
{
    if (!d->identity->is_opening)
        return false;
    *why = g_strdup_printf("a first mail to %s", d->identity->repository->name);
    return true;
}
