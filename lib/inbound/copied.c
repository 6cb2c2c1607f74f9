/* Whom a mail subscribes by its Cc. */
#include <string.h>

#include "inbound/internal.h"

#define COPIED_MAX  10
#define LOOKUPS_MAX 50 /* of addresses, whether or not they are accounts' */

/* Adds an account that may be called to a thread, once. */
static bool
add_account(const MpInstance *instance, const char *address, guint64 author, GArray *ids,
            GError **error)
{
    g_autoptr(MpUser) user = NULL;

    if (!mp_accounts_user_by_address(instance->accounts, address, &user, error))
        return false;
    if (user != NULL && user->is_active && user->id != author && !mp_has_id(ids, user->id))
        g_array_append_val(ids, user->id);
    return true;
}

GArray *
mp_delivery_copied(const MpInstance *instance, const MpDelivery *delivery, GError **error)
{
    const MpIdentity *identity = &delivery->identity;
    const GPtrArray *recipients = delivery->message->recipients;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    guint lookups = 0;

    if (!mp_has_id(identity->repository->members, identity->account->id))
        return g_steal_pointer(&ids);
    for (guint i = 0; i < recipients->len && ids->len < COPIED_MAX && lookups < LOOKUPS_MAX; i++) {
        const MpAddressee *addressee = g_ptr_array_index(recipients, i);

        if (strcmp(addressee->field, "Cc") != 0)
            continue;
        lookups++;
        if (!add_account(instance, addressee->address, identity->account->id, ids, error))
            return NULL;
    }
    return g_steal_pointer(&ids);
}
