/* The history without a comment's words; see purge.h. */
#include "tracker/purge.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "git/git.h"
#include "git/rewrite.h"
#include "tracker/internal.h"
#include "tracker/listed.h"
#include "tracker/records.h"

#define REWRITES "rewrites"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(git_revwalk, git_revwalk_free)

MpPurge *
mp_purge_new(guint64 thread, guint64 comment, gint64 date)
{
    MpPurge *purge = g_new0(MpPurge, 1);

    purge->thread = thread;
    purge->comment = comment;
    purge->date = date;
    purge->words = mp_repeats_new();
    purge->titles = g_ptr_array_new_with_free_func(g_free);
    purge->elided = g_array_new(FALSE, FALSE, sizeof(guint64));
    purge->repeating = g_array_new(FALSE, FALSE, sizeof(guint64));
    return purge;
}

void
mp_purge_free(MpPurge *purge)
{
    if (purge == NULL)
        return;
    g_free(purge->title);
    g_free(purge->key);
    g_free(purge->message_id);
    mp_comment_free(purge->newest);
    g_free(purge->name);
    g_free(purge->old_tip);
    g_free(purge->new_tip);
    g_free(purge->first);
    mp_repeats_free(purge->words);
    g_ptr_array_unref(purge->titles);
    g_array_unref(purge->elided);
    g_array_unref(purge->repeating);
    g_free(purge);
}

/* --- What it said ----------------------------------------------------------------------------- */

typedef struct {
    MpStore *store;
    MpPurge *purge;
    git_oid lived; /* the newest commit in which the comment has its words; zero: none */
} Search;

static void
take_comment(Search *search, MpComment **comment, const git_oid *commit)
{
    MpPurge *purge = search->purge;

    if (*comment == NULL || (*comment)->redacted != 0)
        return;
    mp_repeats_add(purge->words, (*comment)->body);
    if (!git_oid_is_zero(&search->lived))
        return;
    search->lived = *commit;
    purge->key = g_strdup((*comment)->key);
    purge->message_id = g_strdup((*comment)->message_id);
    purge->newest = g_steal_pointer(comment);
}

static void
add_title(MpPurge *purge, const char *title)
{
    if (g_ptr_array_find_with_equal_func(purge->titles, title, g_str_equal, NULL))
        return;
    g_ptr_array_add(purge->titles, g_strdup(title));
    mp_repeats_add(purge->words, title);
}

static bool
look_at_commit(Search *search, const git_oid *id, GError **error)
{
    MpPurge *purge = search->purge;
    g_autoptr(git_commit) commit = NULL;
    g_autoptr(MpComment) comment = NULL;
    g_autoptr(MpThread) thread = NULL;

    if (git_commit_lookup(&commit, search->store->repository, id) < 0)
        return mp_git_fail(error, "cannot read commit %s", git_oid_tostr_s(id));
    g_autoptr(MpTree) tree = mp_tree_new(search->store->odb, NULL, git_commit_tree_id(commit));
    /* what somebody edited by hand may be malformed, and says nothing then */
    if (mp_read_comment(tree, purge->thread, purge->comment, &comment, NULL))
        take_comment(search, &comment, id);
    if (purge->title != NULL && mp_read_thread(tree, purge->thread, &thread, NULL) &&
        thread != NULL && strcmp(thread->title, purge->title) != 0)
        add_title(purge, thread->title);
    return true;
}

static bool
walk_history(Search *search, GError **error)
{
    g_autoptr(git_revwalk) order = NULL;
    git_oid id;
    int rc;

    if (git_revwalk_new(&order, search->store->repository) < 0 ||
        git_revwalk_sorting(order, GIT_SORT_TOPOLOGICAL) < 0 ||
        git_revwalk_push(order, &search->store->tip) < 0)
        return mp_git_fail(error, "%s: cannot walk its history", search->store->path);
    while ((rc = git_revwalk_next(&id, order)) == 0)
        if (!look_at_commit(search, &id, error))
            return false;
    return rc == GIT_ITEROVER ||
           mp_git_fail(error, "%s: cannot walk its history", search->store->path);
}

static void
add_once(GArray *numbers, guint64 number)
{
    if (!mp_has_id(numbers, number))
        g_array_append_val(numbers, number);
}

/* Its texts alone: a record that does not parse is in nobody's way. */
static bool
repeats_in_file(MpTracker *tracker, const MpPurge *purge, guint64 number, const char *file,
                bool *are, GError **error)
{
    g_autofree char *thread = mp_path_of_thread(purge->thread);
    g_autofree char *comment = mp_path_of_comment(number);
    g_autofree char *path = g_strconcat(thread, "/comments/", comment, "/", file, NULL);
    g_autofree char *text = NULL;

    if (!mp_tree_read(mp_store_view(&tracker->store), NULL, path, &text, NULL, error))
        return false;
    *are = text != NULL && mp_repeats_are_in(purge->words, text);
    return true;
}

/* Who answered it quoted it: what was cut from an answer goes, what somebody wrote is named. */
bool
mp_purge_find_repeats(MpTracker *tracker, MpPurge *purge, GError **error)
{
    guint64 last;

    if (!mp_tracker_last_comment(tracker, purge->thread, &last, error))
        return false;
    for (guint64 n = purge->comment + 1; n <= last; n++) {
        bool is_cut, is_said;

        if (!repeats_in_file(tracker, purge, n, "elided.txt", &is_cut, error) ||
            !repeats_in_file(tracker, purge, n, "comment.md", &is_said, error))
            return false;
        if (is_cut)
            add_once(purge->elided, n);
        if (is_said)
            add_once(purge->repeating, n);
    }
    return true;
}

bool
mp_tracker_find_words(MpTracker *tracker, MpPurge *purge, GError **error)
{
    Search search = {.store = &tracker->store, .purge = purge};
    git_oid tip = tracker->store.tip;
    bool good = walk_history(&search, error);

    if (good && !git_oid_is_zero(&search.lived))
        good = mp_store_read_at(&tracker->store, &search.lived, error) &&
               mp_purge_find_repeats(tracker, purge, error);
    return mp_store_read_at(&tracker->store, &tip, good ? error : NULL) && good &&
           mp_purge_find_repeats(tracker, purge, error);
}

/* --- The new history -------------------------------------------------------------------------- */

static bool
edit_tree(MpTree *tree, gpointer user_data, GError **error)
{
    const MpPurge *purge = user_data;
    g_autofree char *path = mp_path_of_thread(purge->thread);
    g_autoptr(MpComment) there = NULL;
    MpTreeNode *thread;

    if (!mp_tree_directory(tree, NULL, path, &thread, error))
        return false;
    if (thread == NULL)
        return true;
    /* listed/ has the titles, wherever in it a hand put them; nobody reads that of old commits */
    /* one that cannot be read becomes what the newest does: it has the words all the same */
    bool is_good = mp_read_comment(tree, purge->thread, purge->comment, &there, NULL);
    const MpComment *comment = is_good ? there : purge->newest;
    return (comment == NULL ||
            mp_redact_in_tree(tree, purge->thread, comment, purge->date, purge->elided, error)) &&
           mp_retitle_in_tree(tree, thread, purge->title, error) &&
           (purge->title == NULL || mp_tree_remove_at(tree, MP_LISTED, error));
}

/* A message of this thread that has a title which goes, however short that is. */
static bool
has_title(const MpPurge *purge, const char *message)
{
    if (!g_str_has_prefix(message, purge->name))
        return false;
    for (guint i = 0; i < purge->titles->len; i++)
        if (strstr(message, purge->titles->pdata[i]) != NULL)
            return true;
    return false;
}

/* The commit that brought it has the beginning of its text for a message. */
static char *
edit_message(const char *message, bool is_first, gpointer user_data)
{
    const MpPurge *purge = user_data;

    if (!is_first && !mp_repeats_are_in(purge->words, message) && !has_title(purge, message))
        return NULL;
    return g_strdup_printf("%s: comment %" G_GUINT64_FORMAT ", redacted\n", purge->name,
                           purge->comment);
}

/* "OLD NEW TIME THREAD COMMENT" of the first commit that changed, and of the last: whatever holds
 * the words holds the first. */
static bool
add_rewrites(MpChain *chain, const MpPurge *purge, const git_oid *old, const git_oid *fresh,
             const git_oid *first, GError **error)
{
    g_autofree char *before = NULL;
    g_autofree char *when = mp_time_format(mp_time_now());
    char ids[3][GIT_OID_HEXSZ + 1];

    git_oid_tostr(ids[0], sizeof ids[0], first);
    git_oid_tostr(ids[1], sizeof ids[1], old);
    git_oid_tostr(ids[2], sizeof ids[2], fresh);
    if (!mp_tree_read(chain->tree, NULL, REWRITES, &before, NULL, error))
        return false;
    g_autofree char *rest = g_strdup_printf("%s %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                                            ids[2], when, purge->thread, purge->comment);
    g_autofree char *text = g_strdup_printf("%s%s %s\n%s %s\n", before != NULL ? before : "",
                                            ids[0], rest, ids[1], rest);
    return mp_tree_set_at(chain->tree, REWRITES, text, strlen(text), error);
}

bool
mp_tracker_rewrite(MpTracker *tracker, MpPurge *purge, GError **error)
{
    const MpRewrite rewrite = {edit_tree, edit_message, purge};
    MpStore *store = &tracker->store;
    git_oid old = store->tip, fresh, first;
    g_autofree char *what =
        g_strdup_printf("%s: comment %" G_GUINT64_FORMAT " purged", purge->name, purge->comment);
    MpActor actor = mp_program_actor();
    MpChain chain;

    if (!mp_store_rewrite(store, &rewrite, &fresh, &first, error) ||
        !mp_store_read_at(store, &fresh, error))
        return false;
    mp_chain_begin(&chain, store);
    bool good = add_rewrites(&chain, purge, &old, &fresh, &first, error) &&
                mp_chain_commit(&chain, what, &actor, error) &&
                mp_listed_write(&chain, NULL, false, error) &&
                mp_chain_amend(&chain, error) && mp_chain_close(&chain, error) &&
                mp_pack_write(chain.pack, store->path, error);
    purge->old_tip = g_strdup(git_oid_tostr_s(&old));
    purge->new_tip = g_strdup(git_oid_tostr_s(&chain.tip));
    purge->first = g_strdup(git_oid_tostr_s(&first));
    mp_chain_clear(&chain);
    return mp_store_read_at(store, &old, good ? error : NULL) && good;
}

/* --- The branch ------------------------------------------------------------------------------- */

MpCommitResult
mp_tracker_replace(MpTracker *tracker, const char *from, const char *to, GError **error)
{
    git_oid old, fresh;

    if (git_oid_fromstr(&old, from) < 0 || git_oid_fromstr(&fresh, to) < 0) {
        mp_fail(error, MP_ERROR_INSTALLATION, "not the id of a commit");
        return MP_FAILED;
    }
    return mp_store_replace(&tracker->store, &old, &fresh, error);
}

bool
mp_tracker_contains(const MpTracker *tracker, const char *commit)
{
    git_oid id;

    return git_oid_fromstr(&id, commit) == 0 &&
           mp_store_contains(&tracker->store, &tracker->store.tip, &id);
}

GPtrArray *
mp_tracker_rewritten(MpTracker *tracker, GError **error)
{
    return mp_store_rewritten_tips(&tracker->store, error);
}

/* The line for the first commit that changed stands before that for the last: one is enough. */
static bool
take_line(char **words, gpointer user_data)
{
    GPtrArray *purges = user_data;
    guint64 thread, comment;

    if (g_strv_length(words) < 5 ||
        !g_ascii_string_to_unsigned(words[3], 10, 1, MP_MAX_ID, &thread, NULL) ||
        !g_ascii_string_to_unsigned(words[4], 10, 0, G_MAXUINT64, &comment, NULL))
        return true;
    for (guint i = 0; i < purges->len; i++) {
        const MpPurge *known = purges->pdata[i];

        if (known->thread == thread && known->comment == comment)
            return true;
    }
    MpPurge *purge = mp_purge_new(thread, comment, mp_time_now());
    purge->first = g_strdup(words[0]);
    g_ptr_array_add(purges, purge);
    return true;
}

static bool
find_old_words(MpTracker *tracker, MpPurge *purge, const git_oid *old, GError **error)
{
    g_autoptr(MpThread) thread = NULL;

    if (!mp_tracker_thread(tracker, purge->thread, &thread, error))
        return false;
    if (thread == NULL)
        return true;
    purge->name = g_strdup_printf("%s#%" G_GUINT64_FORMAT, thread->repository, thread->id);
    purge->title = purge->comment == 0 ? g_strdup(thread->title) : NULL;
    bool good = mp_store_read_at(&tracker->store, old, error) &&
                mp_tracker_find_words(tracker, purge, error);
    return mp_store_refresh(&tracker->store, good ? error : NULL) && good;
}

GPtrArray *
mp_tracker_purges(MpTracker *tracker, const char *old, GError **error)
{
    g_autoptr(GPtrArray) purges = g_ptr_array_new_with_free_func((GDestroyNotify)mp_purge_free);
    git_oid id;

    if (git_oid_fromstr(&id, old) < 0)
        return mp_fail_null(error, MP_ERROR_INSTALLATION, "not the id of a commit: %s", old);
    if (!mp_store_foreach_rewritten(&tracker->store, &tracker->store.tip, &id, take_line, purges,
                                    error))
        return NULL;
    for (guint i = 0; i < purges->len; i++)
        if (!find_old_words(tracker, purges->pdata[i], &id, error))
            return NULL;
    return g_steal_pointer(&purges);
}

static bool
take_old(char **words, gpointer user_data)
{
    g_ptr_array_add(user_data, g_strdup(words[0]));
    return true;
}

GPtrArray *
mp_tracker_left(MpTracker *tracker, GError **error)
{
    g_autoptr(GPtrArray) olds = g_ptr_array_new_with_free_func(g_free);
    const MpStore *store = &tracker->store;
    git_oid id;

    if (!mp_store_foreach_rewritten(&tracker->store, &store->tip, NULL, take_old, olds, error))
        return NULL;
    for (guint i = olds->len; i-- > 0;)
        if (git_oid_fromstr(&id, olds->pdata[i]) < 0 || !git_odb_exists(store->odb, &id))
            g_ptr_array_remove_index(olds, i);
    return g_steal_pointer(&olds);
}

bool
mp_tracker_collect(MpTracker *tracker, const GPtrArray *firsts, GPtrArray *others, GError **error)
{
    MpStore *store = &tracker->store;
    g_autofree git_oid *ids = g_new0(git_oid, firsts->len);

    for (guint i = 0; i < firsts->len; i++) {
        const char *first = firsts->pdata[i];

        if (git_oid_fromstr(&ids[i], first) < 0)
            return mp_fail(error, MP_ERROR_INSTALLATION, "not the id of a commit: %s", first);
        if (!mp_store_forget_refs(store, &ids[i], others, error))
            return false;
    }
    if (!mp_store_write_hook(store, error) || !mp_store_collect(store, error))
        return false;
    for (guint i = 0; i < firsts->len; i++)
        if (git_odb_exists(store->odb, &ids[i]))
            return mp_store_kept_packs(store, others, error);
    return true;
}
