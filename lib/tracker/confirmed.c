/* Confirmations of held mails; see confirmed.h. */
#include "tracker/confirmed.h"

#include <string.h>

#include "tracker/internal.h"

static char *
path_of(const char *key)
{
    return g_strdup_printf("confirmed/%.2s/%s", key, key + 2);
}

bool
mp_confirmed_read(MpTree *tree, const char *key, guint64 *user, GError **error)
{
    g_autofree char *path = path_of(key);

    return mp_read_id(tree, path, "user", user, error);
}

bool
mp_accounts_confirmed(MpAccounts *accounts, const char *key, guint64 *user, GError **error)
{
    return mp_confirmed_read(mp_store_view(&accounts->store), key, user, error);
}

bool
mp_confirmed_put(MpTree *tree, const char *key, guint64 user, GError **error)
{
    g_autofree char *path = path_of(key);
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "\n", user);

    return mp_tree_set_at(tree, path, text, strlen(text), error);
}

typedef struct {
    const char *key;
    guint64 user;
} Confirming;

static bool
build(G_GNUC_UNUSED MpAccounts *accounts, MpTree *tree, char **what, gpointer data, GError **error)
{
    const Confirming *c = data;
    guint64 there;

    if (!mp_confirmed_read(tree, c->key, &there, error))
        return false;
    if (there == c->user)
        return true;
    *what =
        g_strdup_printf("A first mail is confirmed to be account %" G_GUINT64_FORMAT "'s", c->user);
    return mp_confirmed_put(tree, c->key, c->user, error);
}

bool
mp_accounts_confirm(MpAccounts *accounts, const char *key, guint64 user, GError **error)
{
    Confirming c = {key, user};

    return mp_accounts_change(accounts, build, &c, error);
}
