/* Accounts: users, and the two indexes that find them by login and by address. */
#include <string.h>
#include <time.h>

#include "base/domain.h"
#include "base/error.h"
#include "base/escape.h"
#include "tracker/facts.h"
#include "tracker/inside.h"

#define OUTRUN_TRIES 20

MpAccounts *
mp_accounts_open(const char *path, const char *hostname, GError **error)
{
    g_autoptr(MpAccounts) accounts = g_new0(MpAccounts, 1);

    return mp_store_open(&accounts->store, path, hostname, error) ? g_steal_pointer(&accounts)
                                                                  : NULL;
}

void
mp_accounts_free(MpAccounts *accounts)
{
    if (accounts == NULL)
        return;
    mp_store_close(&accounts->store);
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
    return mp_store_fetch(&accounts->store, error);
}

bool
mp_accounts_refresh(MpAccounts *accounts, GError **error)
{
    return mp_store_refresh(&accounts->store, error);
}

char *
mp_path_of_login(const char *login)
{
    g_autofree char *lower = g_ascii_strdown(login, -1);

    return g_strconcat("logins/", lower, NULL);
}

char *
mp_path_of_address(const char *address)
{
    const char *at = strrchr(address, '@');
    g_autofree char *domain = mp_domain_fold(at != NULL ? at + 1 : "");
    g_autofree char *local =
        g_strndup(address, at != NULL ? (gsize)(at - address) : strlen(address));
    g_autofree char *folded = g_strconcat(local, at != NULL ? "@" : "", domain, NULL);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, folded, -1);

    return g_strdup_printf("addresses/%.2s/%.30s", hash, hash + 2);
}

static bool
read_id(MpTree *tree, const char *path, guint64 *id, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;

    *id = 0;
    if (mp_tree_read(tree, NULL, path, &text, NULL, &why)) {
        if (g_ascii_string_to_unsigned(g_strstrip(text), 10, 1, MP_MAX_ID, id, NULL))
            return true;
        return mp_fail(error, MP_ERROR_INSTALLATION, "%s: not the id of a user", path);
    }
    if (why == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

bool
mp_read_login(MpTree *tree, const char *login, guint64 *id, GError **error)
{
    g_autofree char *path = mp_path_of_login(login);

    return read_id(tree, path, id, error);
}

bool
mp_read_address(MpTree *tree, const char *address, guint64 *id, GError **error)
{
    g_autofree char *path = mp_path_of_address(address);

    return read_id(tree, path, id, error);
}

static char *
path_of_user(guint64 id)
{
    g_autofree char *path = mp_path_of_id(id);

    return g_strconcat("users/", path, NULL);
}

MpUser *
mp_read_user(MpTree *tree, guint64 id, GError **error)
{
    g_autofree char *path = path_of_user(id);
    g_autofree char *text = NULL;

    if (id == 0 || id > MP_MAX_ID || !mp_tree_read(tree, NULL, path, &text, NULL, error))
        return NULL;
    return mp_facts_parse_user(text, path, id, error);
}

MpUser *
mp_accounts_user(MpAccounts *accounts, guint64 id, GError **error)
{
    return mp_read_user(mp_store_view(&accounts->store), id, error);
}

MpUser *
mp_accounts_user_by_login(MpAccounts *accounts, const char *login, GError **error)
{
    MpTree *tree = mp_store_view(&accounts->store);
    guint64 id;

    if (!mp_is_login(login) || !mp_read_login(tree, login, &id, error))
        return NULL;
    return mp_read_user(tree, id, error);
}

MpUser *
mp_accounts_user_by_address(MpAccounts *accounts, const char *address, GError **error)
{
    MpTree *tree = mp_store_view(&accounts->store);
    guint64 id;

    if (!mp_read_address(tree, address, &id, error))
        return NULL;
    return mp_read_user(tree, id, error);
}

/* --- Writing -------------------------------------------------------------------------------- */

static bool
is_free(bool read, guint64 holder, const MpUser *user, const char *what, const char *value,
        GError **error)
{
    if (!read)
        return false;
    if (holder == 0 || holder == user->id)
        return true;
    g_autofree char *shown = mp_escape(value);
    return mp_fail(error, MP_ERROR_INPUT, "the %s %s belongs to another account", what, shown);
}

static bool
check_unique(MpTree *tree, const MpUser *user, GError **error)
{
    guint64 holder;
    bool read = mp_read_login(tree, user->login, &holder, error);

    if (!is_free(read, holder, user, "login", user->login, error))
        return false;
    for (guint i = 0; i < user->emails->len; i++) {
        const char *email = g_ptr_array_index(user->emails, i);

        read = mp_read_address(tree, email, &holder, error);
        if (!is_free(read, holder, user, "address", email, error))
            return false;
    }
    return true;
}

static bool
set_at(MpTree *tree, const char *path, const char *text, GError **error)
{
    const char *slash = strrchr(path, '/');
    g_autofree char *parent = g_strndup(path, (gsize)(slash - path));
    MpTreeNode *directory = mp_tree_directory(tree, NULL, parent, true, error);

    return directory != NULL && mp_tree_set(tree, directory, slash + 1, text, strlen(text), error);
}

static bool
remove_at(MpTree *tree, const char *path, GError **error)
{
    const char *slash = strrchr(path, '/');
    g_autofree char *parent = g_strndup(path, (gsize)(slash - path));
    MpTreeNode *directory = mp_tree_directory(tree, NULL, parent, true, error);

    if (directory == NULL)
        return false;
    mp_tree_remove(directory, slash + 1);
    return true;
}

/* Sets, or for `id` NULL removes, what finds a user. */
static bool
index_user(MpTree *tree, const MpUser *user, const char *id, GError **error)
{
    g_autofree char *login = mp_path_of_login(user->login);

    if (!(id != NULL ? set_at(tree, login, id, error) : remove_at(tree, login, error)))
        return false;
    for (guint i = 0; i < user->emails->len; i++) {
        g_autofree char *address = mp_path_of_address(g_ptr_array_index(user->emails, i));

        if (!(id != NULL ? set_at(tree, address, id, error) : remove_at(tree, address, error)))
            return false;
    }
    return true;
}

static bool
next_user_id(MpTree *tree, guint64 *id, GError **error)
{
    MpTreeNode *users = mp_tree_directory(tree, NULL, "users", true, error);

    if (users == NULL || !mp_paths_last_id(tree, users, id, error))
        return false;
    ++*id;
    return true;
}

static bool
write_user(MpChain *chain, MpUser *user, GError **error)
{
    MpTree *tree = chain->tree;
    g_autoptr(GError) why = NULL;
    g_autoptr(MpUser) before = user->id != 0 ? mp_read_user(tree, user->id, &why) : NULL;

    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (!check_unique(tree, user, error) ||
        (before != NULL && !index_user(tree, before, NULL, error)) ||
        (user->id == 0 && !next_user_id(tree, &user->id, error)))
        return false;
    g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT "\n", user->id);
    g_autofree char *path = path_of_user(user->id);
    g_autofree char *facts = mp_facts_user(user);
    return index_user(tree, user, id, error) && set_at(tree, path, facts, error);
}

static MpCommitResult
try_write(MpAccounts *accounts, MpUser *user, const char *what, GError **error)
{
    gint64 now = (gint64)time(NULL);
    MpActor actor = {0, "metroplex", "Metroplex", now, now};
    MpChain chain;
    MpCommitResult result = MP_FAILED;

    mp_chain_begin(&chain, &accounts->store);
    if (write_user(&chain, user, error) && mp_chain_commit(&chain, what, &actor, error))
        result = mp_chain_finish(&chain, error);
    mp_chain_clear(&chain);
    return result;
}

/* The account's file as it is in the tree that is read now; "" where there is none. */
static bool
read_facts(MpAccounts *accounts, guint64 id, char **text, GError **error)
{
    g_autofree char *path = path_of_user(id);
    g_autoptr(GError) why = NULL;

    *text = NULL;
    if (id != 0)
        mp_tree_read(mp_store_view(&accounts->store), NULL, path, text, NULL, &why);
    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    if (*text == NULL)
        *text = g_strdup("");
    return true;
}

static bool
is_unchanged(MpAccounts *accounts, const MpUser *user, const char *before, GError **error)
{
    g_autofree char *now = NULL;

    return read_facts(accounts, user->id, &now, error) &&
           (strcmp(before, now) == 0 ||
            mp_fail(error, MP_ERROR_TEMPORARY,
                    "the account %s was changed by somebody else at this moment: try again",
                    user->login));
}

bool
mp_accounts_write(MpAccounts *accounts, MpUser *user, const char *what, GError **error)
{
    guint64 id = user->id;
    g_autofree char *before = NULL;

    if (!read_facts(accounts, id, &before, error))
        return false;
    for (int i = 0; i < OUTRUN_TRIES; i++) {
        user->id = id;
        if (i > 0 && accounts->store.remote != NULL)
            mp_remote_back_off(i);
        if (!mp_store_fetch(&accounts->store, error) ||
            !is_unchanged(accounts, user, before, error))
            return false;
        MpCommitResult result = try_write(accounts, user, what, error);
        if (result != MP_OUTRUN)
            return result == MP_COMMITTED;
    }
    return mp_fail(error, MP_ERROR_TEMPORARY, "%s keeps moving: outrun %d times",
                   accounts->store.path, OUTRUN_TRIES);
}
