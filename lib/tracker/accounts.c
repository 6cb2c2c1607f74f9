/* Accounts: users, and the two indexes that find them by login and by address. */
#include <string.h>

#include "base/domain.h"
#include "base/error.h"
#include "git/tree_name.h"
#include "tracker/internal.h"
#include "tracker/records.h"
#include "tracker/share.h"

#define MOST_KNOWN 16384 /* accounts in memory: some 10 MB */

static void
free_known(gpointer user)
{
    mp_user_free(user);
}

MpAccounts *
mp_accounts_open(const char *path, const char *hostname, GError **error)
{
    g_autoptr(MpAccounts) accounts = g_new0(MpAccounts, 1);

    accounts->known = g_hash_table_new_full(NULL, NULL, NULL, free_known);
    return mp_store_open(&accounts->store, path, hostname, error) ? g_steal_pointer(&accounts)
                                                                  : NULL;
}

void
mp_accounts_distinguish_case(MpAccounts *accounts)
{
    accounts->case_matters = true;
}

void
mp_accounts_free(MpAccounts *accounts)
{
    if (accounts == NULL)
        return;
    mp_store_close(&accounts->store);
    g_hash_table_unref(accounts->known);
    g_free(accounts);
}

void
mp_accounts_share(MpAccounts *accounts, const char *url, int seconds, const char *host)
{
    mp_store_share(&accounts->store, url, seconds, host);
}

bool
mp_accounts_fetch(MpAccounts *accounts, GError **error)
{
    return mp_store_ask(&accounts->store, error);
}

bool
mp_accounts_fetch_begin(MpAccounts *accounts, GError **error)
{
    return mp_store_ask_begin(&accounts->store, error);
}

bool
mp_accounts_fetch_end(MpAccounts *accounts, bool *is_news, GError **error)
{
    git_oid before = accounts->store.tip;
    bool good = mp_store_ask_end(&accounts->store, error);

    *is_news = !git_oid_equal(&before, &accounts->store.tip);
    return good;
}

void
mp_accounts_fetch_drop(MpAccounts *accounts)
{
    mp_store_ask_drop(&accounts->store);
}

bool
mp_accounts_fetch_is_begun(const MpAccounts *accounts)
{
    return accounts->store.question != NULL;
}

bool
mp_accounts_fetch_is_awaited(const MpAccounts *accounts)
{
    return !mp_store_is_answered(&accounts->store);
}

bool
mp_accounts_refresh(MpAccounts *accounts, GError **error)
{
    return mp_store_refresh(&accounts->store, error);
}

guint64
mp_accounts_seen(const MpAccounts *accounts)
{
    return mp_store_seen(&accounts->store);
}

bool
mp_accounts_sync(const MpAccounts *accounts, GError **error)
{
    return mp_store_sync(&accounts->store, error);
}

char *
mp_path_of_login(const char *login)
{
    g_autofree char *lower = g_ascii_strdown(login, -1);

    /* no login ends in a hyphen */
    return g_strconcat("logins/", lower, mp_is_windows_device(lower) ? "-" : "", NULL);
}

char *
mp_path_of_address(const char *address)
{
    g_autofree char *folded = mp_address_fold(address, false);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, folded, -1);

    return g_strdup_printf("addresses/%.2s/%.30s", hash, hash + 2);
}

bool
mp_read_login(MpTree *tree, const char *login, guint64 *id, GError **error)
{
    g_autofree char *path = mp_path_of_login(login);

    return mp_read_id(tree, path, "user", id, error);
}

GArray *
mp_parse_ids(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));

    for (char **line = lines; *line != NULL; line++) {
        guint64 id;

        if (**line == '\0' && line > lines && line[1] == NULL)
            break;
        if (!g_ascii_string_to_unsigned(g_strstrip(*line), 10, 1, MP_MAX_ID, &id, NULL))
            return NULL;
        g_array_append_val(ids, id);
    }
    return g_steal_pointer(&ids);
}

GArray *
mp_read_address(MpTree *tree, const char *address, GError **error)
{
    g_autofree char *path = mp_path_of_address(address);
    g_autofree char *text = NULL;

    if (!mp_tree_read(tree, NULL, path, &text, NULL, error))
        return NULL;
    GArray *ids = text != NULL ? mp_parse_ids(text) : g_array_new(FALSE, FALSE, sizeof(guint64));
    return ids != NULL
               ? ids
               : mp_fail_null(error, MP_ERROR_INSTALLATION, "%s: not the id of a user", path);
}

char *
mp_path_of_user(guint64 id)
{
    g_autofree char *path = mp_path_of_id(id);

    return g_strconcat("users/", path, NULL);
}

bool
mp_read_user(MpTree *tree, guint64 id, MpUser **user, GError **error)
{
    g_autofree char *path = mp_path_of_user(id);
    g_autofree char *text = NULL;

    *user = NULL;
    if (id == 0 || id > MP_MAX_ID)
        return true;
    if (!mp_tree_read(tree, NULL, path, &text, NULL, error))
        return false;
    if (text == NULL)
        return true;
    *user = mp_record_parse_user(text, path, id, error);
    if (*user == NULL)
        return false;
    if ((*user)->is_removed) /* of it only the id stays, which nobody else gets */
        g_clear_pointer(user, mp_user_free);
    return true;
}

bool
mp_accounts_user(MpAccounts *accounts, guint64 id, MpUser **user, GError **error)
{
    return mp_read_user(mp_store_view(&accounts->store), id, user, error);
}

bool
mp_accounts_gave(MpAccounts *accounts, guint64 id)
{
    g_autofree char *path = mp_path_of_user(id);
    g_autofree char *text = NULL;

    return id > 0 && id <= MP_MAX_ID &&
           mp_tree_read(mp_store_view(&accounts->store), NULL, path, &text, NULL, NULL) &&
           text != NULL;
}

bool
mp_accounts_look_up(MpAccounts *accounts, guint64 id, const MpUser **user, GError **error)
{
    gpointer key = GSIZE_TO_POINTER(id), known;
    MpUser *read;

    if (!git_oid_equal(&accounts->known_at, &accounts->store.tip) ||
        g_hash_table_size(accounts->known) >= MOST_KNOWN)
        g_hash_table_remove_all(accounts->known);
    git_oid_cpy(&accounts->known_at, &accounts->store.tip);
    if (!g_hash_table_lookup_extended(accounts->known, key, NULL, &known)) {
        if (!mp_accounts_user(accounts, id, &read, error))
            return false;
        g_hash_table_insert(accounts->known, key, read);
        known = read;
    }
    *user = known;
    return true;
}

bool
mp_accounts_user_by_login(MpAccounts *accounts, const char *login, MpUser **user, GError **error)
{
    MpTree *tree = mp_store_view(&accounts->store);
    guint64 id;

    *user = NULL;
    return !mp_is_login(login) ||
           (mp_read_login(tree, login, &id, error) && mp_read_user(tree, id, user, error));
}

bool
mp_read_holder(const MpAccounts *accounts, MpTree *tree, const char *address, guint64 but,
               MpUser **user, GError **error)
{
    g_autoptr(GArray) ids = mp_read_address(tree, address, error);

    *user = NULL;
    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        g_autoptr(MpUser) holder = NULL;
        guint64 id = g_array_index(ids, guint64, i);

        if (id == but)
            continue;
        if (!mp_read_user(tree, id, &holder, error))
            return false;
        if (holder != NULL && mp_user_has_address(holder, address, accounts->case_matters)) {
            *user = g_steal_pointer(&holder);
            return true;
        }
    }
    return ids != NULL;
}

bool
mp_accounts_user_by_address(MpAccounts *accounts, const char *address, MpUser **user,
                            GError **error)
{
    return mp_read_holder(accounts, mp_store_view(&accounts->store), address, 0, user, error);
}
