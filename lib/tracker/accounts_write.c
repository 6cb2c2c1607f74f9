/* Changing an account, and the two indexes with it. */
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/random.h"
#include "tracker/internal.h"
#include "tracker/records.h"

#define CONFLICT_TRIES 20

static bool
taken_by_guest(const char *address, const MpUser *guest, GError **error)
{
    g_autofree char *shown = mp_escape(address);

    return mp_fail(error, MP_ERROR_INPUT,
                   "the address %s is %s's: --take-from %s makes it this account's", shown,
                   guest->login, guest->login);
}

static bool
taken(const char *what, const char *value, GError **error)
{
    g_autofree char *shown = mp_escape(value);

    return mp_fail(error, MP_ERROR_INPUT, "the %s %s belongs to another account", what, shown);
}

static bool
check_login(MpTree *tree, const MpUser *user, GError **error)
{
    guint64 holder;

    return mp_read_login(tree, user->login, &holder, error) &&
           (holder == 0 || holder == user->id || taken("login", user->login, error));
}

static bool
check_address(const MpAccounts *accounts, MpTree *tree, const MpUser *user, const char *address,
              GError **error)
{
    g_autoptr(MpUser) other = NULL;

    return mp_read_holder(accounts, tree, address, user->id, &other, error) &&
           (other == NULL || (other->is_guest ? taken_by_guest(address, other, error)
                                              : taken("address", address, error)));
}

/* A login or address that the account had before is not checked again: somebody who may not change
 * the setting of address-case back must be able to suspend and revoke. */
static bool
check_unique(const MpAccounts *accounts, MpTree *tree, const MpUser *before, const MpUser *user,
             GError **error)
{
    if (!check_login(tree, user, error))
        return false;
    for (guint i = 0; i < user->emails->len; i++) {
        const char *email = g_ptr_array_index(user->emails, i);

        if ((before == NULL || !mp_user_has_address(before, email, true)) &&
            !check_address(accounts, tree, user, email, error))
            return false;
    }
    return true;
}

static gint
compare_ids(gconstpointer a, gconstpointer b)
{
    guint64 first = *(const guint64 *)a, second = *(const guint64 *)b;

    return (first > second) - (first < second);
}

/* Puts the user among those with this address, or takes it from there. */
static bool
index_address(MpTree *tree, const MpUser *user, const char *address, bool is_there, GError **error)
{
    g_autofree char *path = mp_path_of_address(address);
    g_autoptr(GArray) ids = mp_read_address(tree, address, error);
    g_autoptr(GString) text = g_string_new(NULL);

    if (ids == NULL)
        return false;
    mp_set_id(ids, user->id, is_there);
    g_array_sort(ids, compare_ids);
    for (guint i = 0; i < ids->len; i++)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT "\n", g_array_index(ids, guint64, i));
    return ids->len > 0 ? mp_tree_set_at(tree, path, text->str, strlen(text->str), error)
                        : mp_tree_remove_at(tree, path, error);
}

/* Sets, or removes, what finds a user. */
static bool
index_user(MpTree *tree, const MpUser *user, bool is_there, GError **error)
{
    g_autofree char *login = mp_path_of_login(user->login);
    g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT "\n", user->id);

    if (!(is_there ? mp_tree_set_at(tree, login, id, strlen(id), error)
                   : mp_tree_remove_at(tree, login, error)))
        return false;
    for (guint i = 0; i < user->emails->len; i++)
        if (!index_address(tree, user, g_ptr_array_index(user->emails, i), is_there, error))
            return false;
    return true;
}

static bool
next_user_id(MpTree *tree, guint64 *id, GError **error)
{
    MpTreeNode *users = mp_tree_make_directory(tree, NULL, "users", error);

    if (users == NULL || !mp_paths_last_id(tree, users, id, error))
        return false;
    ++*id;
    return true;
}

/* Small enough for a JSON number, too large to come again. */
static bool
draw_epoch(guint64 *epoch, GError **error)
{
    g_autofree char *digits = mp_random_hex(6, error);

    if (digits != NULL)
        *epoch = g_ascii_strtoull(digits, NULL, 16);
    return digits != NULL;
}

#define REVOKED_KEPT 16 /* to tell a revoked address from a forged one, for people */

bool
mp_user_revoke(MpUser *user, GError **error)
{
    guint64 before = user->epoch;

    if (!draw_epoch(&user->epoch, error))
        return false;
    if (user->revoked == NULL)
        user->revoked = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_array_append_val(user->revoked, before);
    if (user->revoked->len > REVOKED_KEPT)
        g_array_remove_index(user->revoked, 0);
    return true;
}

bool
mp_accounts_put(MpAccounts *accounts, MpTree *tree, MpUser *user, GError **error)
{
    g_autoptr(MpUser) before = NULL;

    if (user->id == 0 &&
        (!next_user_id(tree, &user->id, error) || !draw_epoch(&user->epoch, error)))
        return false;
    if (user->login == NULL)
        user->login = mp_guest_login(user->id);
    if (!mp_read_user(tree, user->id, &before, error) ||
        !check_unique(accounts, tree, before, user, error) ||
        (before != NULL && !index_user(tree, before, false, error)))
        return false;
    g_autofree char *path = mp_path_of_user(user->id);
    g_autofree char *text = mp_record_user(user);
    return index_user(tree, user, true, error) &&
           mp_tree_set_at(tree, path, text, strlen(text), error);
}

static MpCommitResult
try_change(MpAccounts *accounts, MpAccountsBuild build, gpointer data, GError **error)
{
    MpActor actor = mp_program_actor();
    g_autofree char *what = NULL;
    MpChain chain;
    MpCommitResult result = MP_FAILED;

    mp_chain_begin(&chain, &accounts->store);
    if (build(accounts, chain.tree, &what, data, error)) {
        if (what == NULL) /* who died may have done it */
            result = mp_store_sync(&accounts->store, error) ? MP_COMMITTED : MP_FAILED;
        else if (mp_chain_commit(&chain, what, &actor, error))
            result = mp_chain_finish(&chain, error);
    }
    mp_chain_clear(&chain);
    return result;
}

bool
mp_accounts_change(MpAccounts *accounts, MpAccountsBuild build, gpointer data, GError **error)
{
    for (int i = 0; i < CONFLICT_TRIES; i++) {
        g_autoptr(GError) why = NULL;

        if (i > 0 && accounts->store.remote != NULL)
            mp_remote_back_off(i);
        if (!mp_store_fetch(&accounts->store, error))
            return false;
        MpCommitResult result = try_change(accounts, build, data, &why);
        if (mp_error_is_refused(why)) /* all of it is ours: the server is to be mended */
            why->code = MP_ERROR_TEMPORARY;
        if (why != NULL)
            g_propagate_error(error, g_steal_pointer(&why));
        if (result != MP_CONFLICT)
            return result == MP_COMMITTED;
    }
    return mp_fail(error, MP_ERROR_TEMPORARY, "%s keeps moving: outrun %d times",
                   accounts->store.path, CONFLICT_TRIES);
}

/* --- One account ---------------------------------------------------------------------------------
 */

typedef struct {
    MpUser *user;
    guint64 guest; /* whose address it takes over, or 0 */
    guint64 id;    /* before it was written */
    char *before;
    const char *what;
} Writing;

/* The account's file; "" where there is none. */
static bool
read_record(MpTree *tree, guint64 id, char **text, GError **error)
{
    g_autofree char *path = mp_path_of_user(id);

    *text = NULL;
    if (id != 0 && !mp_tree_read(tree, NULL, path, text, NULL, error))
        return false;
    if (*text == NULL)
        *text = g_strdup("");
    return true;
}

/* Of the addresses that the account is to have one must be the guest's. */
static bool
release(MpAccounts *accounts, MpTree *tree, const MpUser *user, MpUser *guest, GError **error)
{
    const char *address = guest->emails->len > 0 ? g_ptr_array_index(guest->emails, 0) : NULL;

    if (!guest->is_guest || address == NULL ||
        !mp_user_has_address(user, address, accounts->case_matters))
        return mp_fail(error, MP_ERROR_INPUT, "%s is no guest with an address of %s", guest->login,
                       user->login);
    g_ptr_array_set_size(guest->emails, 0);
    g_clear_pointer(&guest->bounces, g_ptr_array_unref);
    guest->account = guest->id; /* until the account has its id */
    return mp_user_revoke(guest, error) && mp_accounts_put(accounts, tree, guest, error);
}

/* Writes the account, and before that takes the address from the guest. */
static bool
put_user(MpAccounts *accounts, MpTree *tree, Writing *w, GError **error)
{
    g_autoptr(MpUser) guest = NULL;

    if (w->guest == 0)
        return mp_accounts_put(accounts, tree, w->user, error);
    if (!mp_read_user(tree, w->guest, &guest, error))
        return false;
    if (guest == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "there is no such guest any more");
    if (!release(accounts, tree, w->user, guest, error) ||
        !mp_accounts_put(accounts, tree, w->user, error))
        return false;
    guest->account = w->user->id;
    return mp_accounts_put(accounts, tree, guest, error);
}

static bool
build_user(MpAccounts *accounts, MpTree *tree, char **what, gpointer data, GError **error)
{
    Writing *w = data;
    g_autofree char *now = NULL;

    w->user->id = w->id;
    if (!read_record(tree, w->id, &now, error))
        return false;
    if (strcmp(w->before, now) != 0)
        return mp_fail(error, MP_ERROR_TEMPORARY,
                       "the account %s was changed by somebody else at this moment: try again",
                       w->user->login);
    *what = g_strdup(w->what);
    return put_user(accounts, tree, w, error);
}

bool
mp_accounts_take_over(MpAccounts *accounts, MpUser *user, guint64 guest, const char *what,
                      GError **error)
{
    Writing w = {user, guest, user->id, NULL, what};
    bool good = read_record(mp_store_view(&accounts->store), w.id, &w.before, error) &&
                mp_accounts_change(accounts, build_user, &w, error);

    g_free(w.before);
    return good;
}

bool
mp_accounts_write(MpAccounts *accounts, MpUser *user, const char *what, GError **error)
{
    return mp_accounts_take_over(accounts, user, 0, what, error);
}
