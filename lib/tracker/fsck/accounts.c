/* The check of accounts.git: users, and the two indexes that find them, both ways. */
#include <string.h>

#include "base/escape.h"
#include "tracker/records.h"
#include "tracker/fsck/internal.h"

static void
add_user(Fsck *fsck, guint64 id)
{
    guint length = fsck->users->len;

    if (id / 8 >= length) {
        g_byte_array_set_size(fsck->users, (guint)(id / 8) + 1);
        memset(fsck->users->data + length, 0, fsck->users->len - length);
    }
    fsck->users->data[id / 8] |= (guint8)(1 << (id % 8));
    fsck->counts->users++;
}

/* The way from a user to itself by an index entry; `holder` is whom it says. */
static void
check_index(Fsck *fsck, bool read, guint64 holder, const MpUser *user, const char *index,
            const char *value, GError **why)
{
    g_autofree char *shown = mp_escape(value);

    if (!read)
        mp_fsck_tell_error(fsck, index, why);
    else if (holder == 0)
        mp_fsck_tell(fsck, "no-index", index,
                     g_strdup_printf("add the file with the line %" G_GUINT64_FORMAT, user->id),
                     "missing, so that nobody finds account %" G_GUINT64_FORMAT " by %s", user->id,
                     shown);
    else if (holder != user->id)
        mp_fsck_tell(
            fsck, "shared", index,
            g_strdup("decide whose it is, take it from the other account, and write that id here"),
            "%s is in account %" G_GUINT64_FORMAT ", but this says %" G_GUINT64_FORMAT, shown,
            user->id, holder);
}

/* Several accounts have their addresses in one file where case tells them apart. */
static void
check_address(Fsck *fsck, const MpUser *user, const char *email, GError **why)
{
    g_autofree char *path = mp_path_of_address(email);
    g_autoptr(GArray) ids = mp_read_address(mp_store_view(fsck->store), email, why);
    guint64 holder = 0, other = 0;

    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        guint64 id = g_array_index(ids, guint64, i);
        *(id == user->id ? &holder : &other) = id;
    }
    if (fsck->case_matters || (holder != 0 && other == 0))
        check_index(fsck, ids != NULL, holder, user, path, email, why);
    else
        check_index(fsck, ids != NULL, other, user, path, email, why);
}

/* The account that a guest became. */
static void
check_former(Fsck *fsck, const MpUser *user, const char *path)
{
    g_autofree char *account = mp_path_of_user(user->account);
    g_autofree char *text = NULL;

    if (user->account != 0 &&
        mp_tree_read(mp_store_view(fsck->store), NULL, account, &text, NULL, NULL) && text == NULL)
        mp_fsck_tell(fsck, "no-user", path, g_strdup("write the id of the account into it"),
                     "account %" G_GUINT64_FORMAT ", which its address went to, does not exist",
                     user->account);
}

static void
check_user(Fsck *fsck, guint64 id, const git_oid *entry, const char *path)
{
    g_autoptr(GError) why = NULL;
    MpTree *view = mp_store_view(fsck->store);
    g_autoptr(MpUser) user = NULL;
    guint64 holder = 0;

    (void)entry;
    add_user(fsck, id); /* also one that cannot be read: that is one fault, not many */
    if (!mp_read_user(view, id, &user, &why))
        mp_fsck_tell_error(fsck, path, &why);
    if (user == NULL)
        return;
    g_autofree char *login = mp_path_of_login(user->login);
    bool read = mp_read_login(view, user->login, &holder, &why);
    check_index(fsck, read, holder, user, login, user->login, &why);
    check_former(fsck, user, path);
    for (guint i = 0; i < user->emails->len; i++)
        check_address(fsck, user, g_ptr_array_index(user->emails, i), &why);
}

static bool
has_login(const MpUser *user, const char *path)
{
    g_autofree char *own = mp_path_of_login(user->login);

    return strcmp(own, path) == 0;
}

static bool
has_address(const MpUser *user, const char *path)
{
    for (guint i = 0; i < user->emails->len; i++) {
        g_autofree char *own = mp_path_of_address(g_ptr_array_index(user->emails, i));

        if (strcmp(own, path) == 0)
            return true;
    }
    return false;
}

static void
check_holder(Fsck *fsck, guint64 id, const char *path, bool (*has)(const MpUser *, const char *))
{
    g_autoptr(MpUser) user = NULL;

    if (!mp_fsck_has_user(fsck, id)) {
        mp_fsck_tell(fsck, "no-user", path, g_strdup("git rm it"),
                     "account %" G_GUINT64_FORMAT " does not exist", id);
        return;
    }
    /* one that does not parse was told */
    if (mp_read_user(mp_store_view(fsck->store), id, &user, NULL) && user != NULL &&
        !has(user, path))
        mp_fsck_tell(fsck, "stale-index", path,
                     g_strdup_printf("take %" G_GUINT64_FORMAT " out of it, or git rm it", id),
                     "account %" G_GUINT64_FORMAT " has no such %s", id,
                     has == has_login ? "login" : "address");
}

/* The way from an index entry to its users and back. */
static void
check_entry(Fsck *fsck, MpTree *directory, const char *name, const char *path,
            bool (*has)(const MpUser *, const char *))
{
    g_autofree char *text = mp_fsck_text(fsck, directory, name, path);
    g_autoptr(GArray) ids = text != NULL ? mp_parse_ids(text) : NULL;

    if (text == NULL)
        return;
    if (ids == NULL || ids->len == 0 || (has == has_login && ids->len > 1)) {
        mp_fsck_tell(fsck, "malformed", path,
                     g_strdup("write the id of the account into it, or remove it"),
                     "not the id of an account");
        return;
    }
    for (guint i = 0; i < ids->len; i++)
        check_holder(fsck, g_array_index(ids, guint64, i), path, has);
}

static void
check_entries(Fsck *fsck, const git_oid *id, const char *path,
              bool (*has)(const MpUser *, const char *))
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, id, path, &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && fsck->stop == NULL; i++) {
        g_autofree char *below = g_strconcat(path, "/", mp_tree_name(root, i), NULL);

        if (mp_tree_is_directory(root, i))
            check_entries(fsck, mp_tree_id(root, i), below, has);
        else
            check_entry(fsck, tree, mp_tree_name(root, i), below, has);
    }
}

/* Which mail that was, nothing here tells. */
static bool
has_confirmed(G_GNUC_UNUSED const MpUser *user, G_GNUC_UNUSED const char *path)
{
    return true;
}

void
mp_fsck_accounts(Fsck *fsck)
{
    MpTreeNode *root;

    mp_fsck_ids(fsck, "users", false, check_user);
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, &fsck->store->root, "/", &root);
    for (guint i = 0; tree != NULL && i < mp_tree_count(root); i++) {
        if (strcmp(mp_tree_name(root, i), "logins") == 0)
            check_entries(fsck, mp_tree_id(root, i), "logins", has_login);
        if (strcmp(mp_tree_name(root, i), "addresses") == 0)
            check_entries(fsck, mp_tree_id(root, i), "addresses", has_address);
        if (strcmp(mp_tree_name(root, i), "confirmed") == 0)
            check_entries(fsck, mp_tree_id(root, i), "confirmed", has_confirmed);
        if (strcmp(mp_tree_name(root, i), "redacted") == 0)
            mp_fsck_redacted(fsck, mp_tree_id(root, i));
    }
}
