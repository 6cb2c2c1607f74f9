/* The check of a tracker: the way through both repositories; see fsck.h. */
#include "tracker/fsck/fsck.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "tracker/records.h"
#include "tracker/fsck/internal.h"
#include "git/git.h"

/* --- Telling -------------------------------------------------------------------------------- */

void
mp_fsck_tell(Fsck *fsck, const char *code, const char *path, char *remedy, const char *format, ...)
{
    g_autofree char *taken = remedy;
    va_list args;

    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    const MpFault fault = {fsck->repository, path, code, what, taken};
    fsck->counts->faults++;
    fsck->hooks->found(&fault, fsck->hooks->user_data);
}

void
mp_fsck_tell_error(Fsck *fsck, const char *path, GError **error)
{
    g_autoptr(GError) why = g_steal_pointer(error);

    if (mp_error_is_temporary(why)) {
        if (fsck->stop == NULL)
            fsck->stop = g_steal_pointer(&why);
        return;
    }
    const char *at = strstr(why->message, path); /* behind the repository's, or first */
    const char *what = at != NULL ? at + strlen(path) : why->message;
    if (at != NULL && what[0] == ':') /* ":LINE: fault" or ": fault" */
        mp_fsck_tell(fsck, "malformed", path,
                     g_strdup("correct the file in a clone, commit and push; git log -p -- PATH "
                              "shows how it was"),
                     "%s", what + (what[1] == ' ' ? 2 : 1));
    else
        mp_fsck_tell(
            fsck, "unreadable", path,
            g_strdup(
                "git fsck names the damaged object; fetch it from a mirror or restore the backup"),
            "%s", why->message);
}

bool
mp_fsck_has_user(const Fsck *fsck, guint64 id)
{
    return id == 0 ||
           (id / 8 < fsck->users->len && (fsck->users->data[id / 8] >> (id % 8) & 1) != 0);
}

/* --- Reading -------------------------------------------------------------------------------- */

MpTree *
mp_fsck_open(Fsck *fsck, const git_oid *id, const char *path, MpTreeNode **root)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(MpTree) tree = mp_tree_new(fsck->store->odb, NULL, id);

    if (mp_tree_directory(tree, NULL, "", root, &why))
        return g_steal_pointer(&tree);
    mp_fsck_tell_error(fsck, path, &why);
    fsck->has_unread = true;
    return NULL;
}

char *
mp_fsck_text(Fsck *fsck, MpTree *tree, const char *name, const char *path)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *text = NULL;
    gsize length = 0;

    if (!mp_tree_read(tree, NULL, name, &text, &length, &why))
        mp_fsck_tell_error(fsck, path, &why);
    if (text == NULL)
        return NULL;
    if (memchr(text, 0, length) != NULL || !g_utf8_validate(text, (gssize)length, NULL)) {
        mp_fsck_tell(fsck, "malformed", path,
                     g_strdup("convert the file to UTF-8 in a clone, commit and push"),
                     "not UTF-8 text");
        return NULL;
    }
    return g_steal_pointer(&text);
}

typedef struct {
    Fsck *fsck;
    bool of_directories;
    MpFsckVisit visit;
} IdWalk;

/* Adds the digits of an entry to *id, if it is one of an id. */
static bool
add_id_part(IdWalk *walk, const char *name, bool is_directory, guint level, const char *path,
            guint64 *id)
{
    bool wants_directory = level < MP_ID_LEVELS - 1 || walk->of_directories;

    if (!g_ascii_isdigit(name[0]))
        return false;
    if (is_directory == wants_directory && mp_paths_add_digits(level, name, id))
        return true;
    mp_fsck_tell(walk->fsck, "misplaced", path,
                 g_strdup("git mv it out of the way: here are three digits, then one a level, and "
                          "nothing else that starts with one"),
                 wants_directory ? "not a directory of the digits of an id"
                                 : "not a file of the digits of an id");
    return false;
}

static void
walk_level(IdWalk *walk, const git_oid *id, const char *path, guint level, guint64 prefix)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(walk->fsck, id, path, &root);

    if (tree == NULL)
        return;
    if (mp_tree_count(root) == 0)
        mp_fsck_tell(walk->fsck, "misplaced", path,
                     g_strdup("remove the empty tree in a clone, commit and push"),
                     "an empty directory");
    for (guint i = 0; i < mp_tree_count(root) && walk->fsck->stop == NULL; i++) {
        const char *name = mp_tree_name(root, i);
        g_autofree char *below = g_strconcat(path, "/", name, NULL);

        guint64 value = prefix;
        if (!add_id_part(walk, name, mp_tree_is_directory(root, i), level, below, &value))
            continue;
        if (level < MP_ID_LEVELS - 1)
            walk_level(walk, mp_tree_id(root, i), below, level + 1, value);
        else
            walk->visit(walk->fsck, value, mp_tree_id(root, i), below);
    }
}

bool
mp_fsck_find_in_root(Fsck *fsck, const char *name, git_oid *id)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, &fsck->store->root, "/", &root);
    bool found = false;

    for (guint i = 0; tree != NULL && i < mp_tree_count(root); i++) {
        if (strcmp(mp_tree_name(root, i), name) != 0)
            continue;
        found = mp_tree_is_directory(root, i);
        *id = *mp_tree_id(root, i);
        if (!found)
            mp_fsck_tell(fsck, "misplaced", name,
                         g_strdup_printf("restore the directory: git log -- %s", name),
                         "not a directory");
    }
    return found;
}

void
mp_fsck_ids(Fsck *fsck, const char *directory, bool of_directories, MpFsckVisit visit)
{
    IdWalk walk = {fsck, of_directories, visit};
    git_oid id;

    if (mp_fsck_find_in_root(fsck, directory, &id))
        walk_level(&walk, &id, directory, 0, 0);
}

/* --- Repositories' policies ------------------------------------------------------------------- */

static void
check_ids(Fsck *fsck, const char *path, const char *key, const GArray *ids)
{
    for (guint i = 0; i < ids->len; i++) {
        guint64 id = g_array_index(ids, guint64, i);

        if (!mp_fsck_has_user(fsck, id))
            mp_fsck_tell(fsck, "no-user", path,
                         g_strdup_printf("take %" G_GUINT64_FORMAT
                                         " out of %s in a clone, commit and push",
                                         id, key),
                         "%s names account %" G_GUINT64_FORMAT ", which does not exist", key, id);
    }
}

static void
check_repository(Fsck *fsck, MpTree *owner, const char *name, const char *path)
{
    g_autoptr(GError) why = NULL;
    const char *whole = path + strlen("repositories/");

    fsck->counts->repositories++;
    if (!mp_is_repository_name(whole)) {
        mp_fsck_tell(
            fsck, "malformed", path,
            g_strdup("git mv it to a name of letters, digits, '.', '_' and '-', or remove it"),
            "not the name of a repository");
        return;
    }
    g_autofree char *text = mp_fsck_text(fsck, owner, name, path);
    g_autoptr(MpRepository) repository =
        text != NULL ? mp_record_parse_repository(text, path, whole, &why) : NULL;
    if (why != NULL)
        mp_fsck_tell_error(fsck, path, &why);
    if (repository == NULL)
        return;
    check_ids(fsck, path, "watchers", repository->watchers);
    check_ids(fsck, path, "members", repository->members);
    mp_fsck_opening_of(fsck, repository, path);
}

static void
check_owner(Fsck *fsck, const git_oid *id, const char *path)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, id, path, &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root); i++) {
        g_autofree char *below = g_strconcat(path, "/", mp_tree_name(root, i), NULL);

        check_repository(fsck, tree, mp_tree_name(root, i), below);
    }
}

void
mp_fsck_repositories(Fsck *fsck)
{
    git_oid id;
    MpTreeNode *root;

    if (!mp_fsck_find_in_root(fsck, "repositories", &id))
        return;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, &id, "repositories", &root);
    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && fsck->stop == NULL; i++) {
        g_autofree char *path = g_strconcat("repositories/", mp_tree_name(root, i), NULL);

        if (mp_tree_is_directory(root, i))
            check_owner(fsck, mp_tree_id(root, i), path);
    }
}

/* --- Imports and commits: which thread came of a Message-ID, which is about a commit ------------
 */

static bool
is_commit_of(const MpThread *thread, const char *path)
{
    g_autofree char *expected =
        thread->kind == MP_COMMIT && thread->object != NULL ? mp_path_of_commit(thread) : NULL;

    return g_strcmp0(expected, path) == 0;
}

static void
check_import(Fsck *fsck, MpTree *directory, const char *name, const char *path)
{
    bool is_commit = g_str_has_prefix(path, "commits/");
    g_autofree char *text = mp_fsck_text(fsck, directory, name, path);
    g_autoptr(MpThread) thread = NULL;
    guint64 id;

    if (text == NULL)
        return;
    if (!g_ascii_string_to_unsigned(g_strstrip(text), 10, 1, MP_MAX_ID, &id, NULL)) {
        mp_fsck_tell(fsck, "malformed", path,
                     g_strdup("write the id of the thread into it, or git rm it"),
                     "not the id of a thread");
        return;
    }
    bool is_read = mp_read_thread(mp_store_view(fsck->store), id, &thread, NULL);
    if (is_commit && thread != NULL && !is_commit_of(thread, path))
        mp_fsck_tell(fsck, "stale-index", path, g_strdup("git rm it"),
                     "thread %" G_GUINT64_FORMAT " is about something else", id);
    if (thread == NULL && is_read) /* one that does not parse was told */
        mp_fsck_tell(
            fsck, "stale-index", path,
            g_strdup(is_commit ? "git rm it" : "git rm it: then the thread can be imported again"),
            "thread %" G_GUINT64_FORMAT " does not exist", id);
}

static void
check_imports(Fsck *fsck, const git_oid *id, const char *path)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, id, path, &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && fsck->stop == NULL; i++) {
        g_autofree char *below = g_strconcat(path, "/", mp_tree_name(root, i), NULL);

        if (mp_tree_is_directory(root, i))
            check_imports(fsck, mp_tree_id(root, i), below);
        else
            check_import(fsck, tree, mp_tree_name(root, i), below);
    }
}

/* --- Hosts ------------------------------------------------------------------------------------ */

static void
check_hosts(Fsck *fsck, const git_oid *id)
{
    MpTreeNode *root;
    g_autoptr(MpTree) tree = mp_fsck_open(fsck, id, "hosts", &root);

    for (guint i = 0; tree != NULL && i < mp_tree_count(root) && fsck->stop == NULL; i++) {
        g_autofree char *path = mp_path_of_host(mp_tree_name(root, i));
        g_autofree char *text = mp_fsck_text(fsck, tree, mp_tree_name(root, i), path);

        if (text != NULL && !g_uuid_string_is_valid(g_strchomp(text)))
            mp_fsck_tell(fsck, "malformed", path,
                         g_strdup("git rm it: the host writes it anew with its next batch"),
                         "not the UUID of an installation");
    }
}

/* --- All of it ------------------------------------------------------------------------------ */

static void
find_last_thread(Fsck *fsck)
{
    MpTree *view = mp_store_view(fsck->store);
    MpTreeNode *threads;

    if (mp_tree_directory(view, NULL, "threads", &threads, NULL) && threads != NULL &&
        !mp_paths_last_id(view, threads, &fsck->last, NULL))
        fsck->last = 0; /* the walk says what is wrong there */
}

bool
mp_fsck(MpTracker *tracker, MpAccounts *accounts, const MpFsckHooks *hooks, MpFsckCounts *counts,
        GError **error)
{
    g_autoptr(GByteArray) users = g_byte_array_new();
    g_autoptr(GHashTable) redacted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GArray) message_ids = g_array_new(FALSE, FALSE, sizeof(MpFsckMessageId));
    g_autoptr(GHashTable) about = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Fsck fsck = {.hooks = hooks,
                 .counts = counts,
                 .users = users,
                 .commits = about,
                 .redacted = redacted,
                 .message_ids = message_ids,
                 .case_matters = accounts->case_matters};
    git_oid imports, commits, hosts, index, openings, pulls;

    *counts = (MpFsckCounts){0};
    mp_git_keep_little();
    fsck.store = &accounts->store;
    fsck.repository = "accounts.git";
    mp_fsck_accounts(&fsck);
    mp_fsck_names(&fsck);
    fsck.store = &tracker->store;
    fsck.repository = "tracker.git";
    find_last_thread(&fsck);
    fsck.has_commits = mp_fsck_find_in_root(&fsck, "commits", &commits);
    mp_fsck_names(&fsck);
    mp_fsck_listed_begin(&fsck);
    mp_fsck_ids(&fsck, "threads", true, mp_fsck_thread);
    mp_fsck_listed_end(&fsck);
    mp_fsck_still_there(&fsck);
    mp_fsck_message_ids(&fsck, mp_fsck_find_in_root(&fsck, "message-ids", &index) ? &index : NULL);
    mp_fsck_repositories(&fsck);
    mp_fsck_told(&fsck);
    if (mp_fsck_find_in_root(&fsck, "imports", &imports))
        check_imports(&fsck, &imports, "imports");
    if (fsck.has_commits)
        check_imports(&fsck, &commits, "commits");
    if (mp_fsck_find_in_root(&fsck, "openings", &openings))
        mp_fsck_openings(&fsck, &openings, "openings");
    if (mp_fsck_find_in_root(&fsck, "pulls", &pulls))
        mp_fsck_pulls(&fsck, &pulls);
    if (mp_fsck_find_in_root(&fsck, "hosts", &hosts))
        check_hosts(&fsck, &hosts);
    if (fsck.stop == NULL)
        return true;
    g_propagate_error(error, fsck.stop);
    return false;
}
