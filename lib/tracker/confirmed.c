/* Confirmations of held mails; see confirmed.h. */
#include "tracker/confirmed.h"

#include "tracker/internal.h"

static char *
path_of(const char *key)
{
    return g_strdup_printf("confirmed/%.2s/%s", key, key + 2);
}

bool
mp_accounts_confirmed(MpAccounts *accounts, const char *key, guint64 *user, GError **error)
{
    g_autofree char *path = path_of(key);

    return mp_read_id(mp_store_view(&accounts->store), path, "user", user, error);
}

typedef struct {
    const char *key;
    guint64 user;
} Confirmation;

static MpCommitResult
confirm(MpAccounts *accounts, gpointer user_data, GError **error)
{
    const Confirmation *it = user_data;
    g_autofree char *path = path_of(it->key);
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "\n", it->user);
    g_autofree char *what = g_strdup_printf(
        "A first mail is confirmed to be account %" G_GUINT64_FORMAT "'s", it->user);
    guint64 there;

    if (!mp_accounts_confirmed(accounts, it->key, &there, error))
        return MP_FAILED;
    if (there == it->user)
        return mp_store_sync(&accounts->store, error) ? MP_COMMITTED : MP_FAILED;
    return mp_accounts_put(accounts, path, text, what, error);
}

bool
mp_accounts_confirm(MpAccounts *accounts, const char *key, guint64 user, GError **error)
{
    Confirmation it = {key, user};

    return mp_accounts_change(accounts, confirm, &it, error);
}
