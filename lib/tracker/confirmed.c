/* Confirmations of held mails; see confirmed.h. */
#include "tracker/confirmed.h"

#include <string.h>

#include "base/error.h"
#include "git/remote.h"
#include "tracker/internal.h"

#define CONFLICT_TRIES 20

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

static MpCommitResult
try_confirm(MpAccounts *accounts, const char *key, guint64 user, GError **error)
{
    MpActor actor = mp_program_actor();
    g_autofree char *path = path_of(key);
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "\n", user);
    g_autofree char *what =
        g_strdup_printf("A first mail is confirmed to be account %" G_GUINT64_FORMAT "'s", user);
    MpChain chain;
    MpCommitResult result = MP_FAILED;

    mp_chain_begin(&chain, &accounts->store);
    if (mp_tree_set_at(chain.tree, path, text, strlen(text), error) &&
        mp_chain_commit(&chain, what, &actor, error))
        result = mp_chain_finish(&chain, error);
    mp_chain_clear(&chain);
    return result;
}

bool
mp_accounts_confirm(MpAccounts *accounts, const char *key, guint64 user, GError **error)
{
    for (int i = 0; i < CONFLICT_TRIES; i++) {
        guint64 there;

        if (i > 0 && accounts->store.remote != NULL)
            mp_remote_back_off(i);
        if (!mp_store_fetch(&accounts->store, error) ||
            !mp_accounts_confirmed(accounts, key, &there, error))
            return false;
        if (there == user)
            return mp_store_sync(&accounts->store, error);
        MpCommitResult result = try_confirm(accounts, key, user, error);
        if (result != MP_CONFLICT)
            return result == MP_COMMITTED;
    }
    return mp_fail(error, MP_ERROR_TEMPORARY, "%s keeps moving: outrun %d times",
                   accounts->store.path, CONFLICT_TRIES);
}
