/* The accounts that a comment mentions; see mentions.h. */
#include "tracker/mentions.h"

#include "markup/mentions.h"
#include "tracker/guests.h"

#define LOOKUPS_MAX 500 /* of distinct logins, whether or not they are accounts */

typedef struct {
    MpAccounts *accounts;
    GHashTable *seen; /* logins in lower case */
    GArray *ids;
    GError *why; /* the accounts cannot be read */
} Search;

static bool
look_up(const char *login, gpointer user_data)
{
    Search *search = user_data;
    g_autoptr(MpUser) user = NULL;

    if (!mp_is_login(login) || !g_hash_table_add(search->seen, g_ascii_strdown(login, -1)))
        return true;
    if (!mp_accounts_user_by_login(search->accounts, login, &user, &search->why))
        return false;
    if (user != NULL && mp_user_is_known(user))
        g_array_append_val(search->ids, user->id);
    return search->ids->len < MP_MENTIONS_MAX && g_hash_table_size(search->seen) < LOOKUPS_MAX;
}

GArray *
mp_mentions(MpAccounts *accounts, const char *author, const char *body, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Search search = {accounts, seen, ids, NULL};

    if (!mp_is_guest_login(author))
        mp_foreach_mention(body, look_up, &search);
    if (search.why == NULL)
        return g_steal_pointer(&ids);
    g_propagate_error(error, search.why);
    return NULL;
}
