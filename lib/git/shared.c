/*
 * A branch that several hosts share: what store.c does with our own copy of it, in terms of the
 * remote's. The order that keeps the promises:
 *   1. the batch is written and synced here, as a pack that nothing names;
 *   2. it is pushed: the remote's compare and swap is the moment of truth;
 *   3. our own branch follows.
 * A crash after 2 leaves a branch that lags, which the next fetch mends. Where the answer to 2 was
 * lost, what the remote has tells.
 */
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "git/git.h"
#include "git/internal.h"
#include "git/latch.h"
#include "git/rewrite.h"
#include "git/turn.h"

#define LOST  "refs/metroplex/lost/"
#define TRIES 10 /* of following while somebody else moves our branch */

void
mp_store_share(MpStore *store, const char *url, int seconds, const char *host)
{
    g_clear_pointer(&store->remote, mp_remote_free);
    g_free(store->host);
    store->remote = mp_remote_new(url, seconds);
    store->remote->beside = &store->beside;
    store->host = g_strdup(host);
}

/* --- Following ---------------------------------------------------------------------------------
 */

/* A repository that has only ever been made: there is nothing in it to lose. */
static bool
is_just_made(MpStore *store, const git_oid *tip)
{
    g_autoptr(git_commit) commit = NULL;

    return git_commit_lookup(&commit, store->repository, tip) == 0 &&
           git_commit_parentcount(commit) == 0;
}

/* By a ref of that name. */
static bool
keep(MpStore *store, const char *name, const git_oid *commit, GError **error)
{
    guint tries = 0;
    int rc;

    do {
        g_autoptr(git_reference) reference = NULL;

        rc =
            git_reference_create(&reference, store->repository, name, commit, 1, "metroplex: kept");
    } while (mp_store_tries_again(store, rc, &tries));
    return rc == 0 || mp_git_fail(error, "%s: cannot keep %s", store->path, name);
}

/* Keeps commits that the remote does not have reachable, and warns. */
static bool
leave_behind(MpStore *store, const git_oid *here, const git_oid *there, GError **error)
{
    g_autofree char *url = mp_escape(store->remote->url);
    g_autofree char *name = g_strconcat(LOST, git_oid_tostr_s(here), NULL);
    git_oid base;

    if (is_just_made(store, here))
        return true;
    if (git_merge_base(&base, store->repository, here, there) < 0)
        return mp_fail(
            error, MP_ERROR_INSTALLATION,
            "%s: its branch main and that of %s have no commit in common: is this the "
            "right remote? (To take what is there, move %s away and run: metroplex init)",
            store->path, url, store->path);
    if (!keep(store, name, here, error))
        return false;
    mp_warn("%s: main of %s does not have what was here: following it; the commits it lacks are "
            "kept in %s",
            store->path, url, name);
    return true;
}

/* Keeps what is here until the files are found that have what was taken out of it. */
static bool
keep_rewritten(MpStore *store, const git_oid *here, GError **error)
{
    g_autofree char *name = g_strconcat(MP_REWRITTEN, git_oid_tostr_s(here), NULL);

    mp_info("%s: the history was written anew: following it", store->path);
    return keep(store, name, here, error);
}

/* What is here and not in the new tip: taken back by a purge, or left behind. */
static bool
part_from(MpStore *store, const git_oid *here, const git_oid *tip, GError **error)
{
    bool is_rewritten;

    if (!mp_store_is_rewritten(store, tip, here, &is_rewritten, error))
        return false;
    return is_rewritten ? keep_rewritten(store, here, error)
                        : leave_behind(store, here, tip, error);
}

/* Our branch, wherever it is, becomes `tip`. */
static bool
follow(MpStore *store, const git_oid *tip, GError **error)
{
    int rc = GIT_EMODIFIED;

    for (int i = 0; i < TRIES && (rc == GIT_EMODIFIED || rc == GIT_ENOTFOUND); i++) {
        git_oid here;

        if (git_reference_name_to_id(&here, store->repository, MP_BRANCH) < 0)
            return mp_git_fail(error, "%s: cannot read %s", store->path, MP_BRANCH);
        if (git_oid_equal(&here, tip))
            return true;
        if (!mp_store_contains(store, tip, &here) && !part_from(store, &here, tip, error))
            return false;
        rc = mp_store_move_branch(store, &here, tip, "metroplex: as the remote has it");
    }
    if (rc == GIT_ELOCKED || rc == GIT_EMODIFIED || rc == GIT_ENOTFOUND)
        return mp_fail(error, MP_ERROR_TEMPORARY, "%s: %s stays locked or keeps moving",
                       store->path, MP_BRANCH);
    return rc == 0 || mp_git_fail(error, "%s: cannot move %s", store->path, MP_BRANCH);
}

/* Somebody pushed what was purged: nobody follows that. */
static bool
check_purged(MpStore *store, const git_oid *tip, GError **error)
{
    g_autofree char *url = mp_escape(store->remote->url);
    bool is_rewritten = false;

    if (git_oid_equal(tip, &store->tip))
        return true;
    if (!mp_store_is_rewritten(store, &store->tip, tip, &is_rewritten, error))
        return false;
    return !is_rewritten ||
           mp_fail(error, MP_ERROR_INSTALLATION,
                   "main of %s has commits again that were purged: set it back (git push --force "
                   "%s %s:refs/heads/main), and put hooks/update of %s there, which refuses them",
                   url, url, git_oid_tostr_s(&store->tip), store->path);
}

static bool
follow_and_read(MpStore *store, const git_oid *tip, GError **error)
{
    if (!git_oid_equal(tip, &store->tip))
        mp_store_expect_no_push(store); /* what the way ahead says of refs is old */
    /* git has put packs there that libgit2 has not seen; where it is closed, it will */
    if (store->odb != NULL && git_odb_refresh(store->odb) < 0)
        return mp_git_fail(error, "%s: cannot look for new objects", store->path);
    return check_purged(store, tip, error) && follow(store, tip, error) &&
           mp_store_refresh(store, error);
}

bool
mp_store_fetch_begin(MpStore *store, GError **error)
{
    g_clear_pointer(&store->fetch, mp_running_free);
    if (store->remote == NULL)
        return true;
    store->fetch = mp_remote_fetch_begin(store->remote, store->path, error);
    return store->fetch != NULL;
}

bool
mp_store_fetch_end(MpStore *store, GError **error)
{
    g_autoptr(MpRunning) fetch = g_steal_pointer(&store->fetch);
    git_oid tip;

    return fetch == NULL ||
           (mp_remote_fetch_end(store->remote, fetch, store->path, &tip, NULL, error) &&
            follow_and_read(store, &tip, error));
}

bool
mp_store_fetch(MpStore *store, GError **error)
{
    if (store->turn.has_followed) {
        store->turn.has_followed = false;
        return true;
    }
    return mp_store_fetch_begin(store, error) &&
           (store->remote == NULL ? mp_store_refresh(store, error)
                                  : mp_store_fetch_end(store, error));
}

static const char *const branch[] = {MP_BRANCH};

bool
mp_store_ask_begin(MpStore *store, GError **error)
{
    mp_store_ask_drop(store);
    if (store->remote == NULL)
        return true;
    store->question = mp_remote_list_begin(store->remote, store->path, branch, 1, error);
    return store->question != NULL;
}

bool
mp_store_ask_end(MpStore *store, GError **error)
{
    g_autoptr(MpRefList) question = g_steal_pointer(&store->question);
    git_oid tip;

    if (question == NULL)
        return true;
    if (!mp_remote_list_end(question, &tip, error) || !mp_store_refresh(store, error))
        return false;
    g_clear_pointer(&question, mp_ref_list_free); /* no connection more than is needed */
    return git_oid_equal(&tip, &store->tip) || mp_store_fetch(store, error);
}

void
mp_store_ask_drop(MpStore *store)
{
    g_clear_pointer(&store->question, mp_ref_list_free);
}

bool
mp_store_is_answered(const MpStore *store)
{
    return store->question == NULL || mp_ref_list_is_over(store->question);
}

void
mp_store_expect_push(MpStore *store)
{
    if (store->remote != NULL)
        mp_remote_go_ahead(store->remote, store->path);
}

void
mp_store_expect_no_push(MpStore *store)
{
    if (store->remote != NULL)
        mp_remote_come_back(store->remote);
}

bool
mp_store_ask(MpStore *store, GError **error)
{
    return mp_store_ask_begin(store, error) &&
           (store->remote == NULL ? mp_store_refresh(store, error)
                                  : mp_store_ask_end(store, error));
}

/* --- Joining -----------------------------------------------------------------------------------
 */

/* The first host gives the remote its branch; another may have been faster. */
static bool
give(MpStore *store, char **did, GError **error)
{
    const MpMove make = {MP_BRANCH, {{0}}, store->tip, NULL};
    g_autoptr(GError) why = NULL;

    if (mp_remote_push(store->remote, store->path, &make, 1, NULL, &why) == MP_PUSHED) {
        *did = g_strdup("pushed");
        return true;
    }
    if (!mp_store_fetch(store, NULL)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    *did = g_strdup("fetched");
    return true;
}

bool
mp_store_join(MpStore *store, char **did, GError **error)
{
    git_oid before = store->tip, tip;
    bool is_empty;

    *did = NULL;
    if (!mp_remote_fetch(store->remote, store->path, &tip, &is_empty, error))
        return false;
    if (is_empty)
        return give(store, did, error);
    if (!follow_and_read(store, &tip, error))
        return false;
    if (!git_oid_equal(&before, &store->tip))
        *did = g_strdup("fetched");
    return true;
}

/* --- Pushing -----------------------------------------------------------------------------------
 */

/* The push counts, whatever happens to our copy from here on; a copy that lags is mended by a
 * fetch. */
static MpCommitResult
take(MpStore *store, const git_oid *tip, GError **error)
{
    g_autoptr(GError) why = NULL;

    store->n_pushes++;
    if (!follow(store, tip, &why))
        mp_warn("%s", why->message);
    return mp_store_read_at(store, tip, error) ? MP_COMMITTED : MP_FAILED;
}

/* The push was refused, or its answer lost: the remote's branch says which. */
static MpCommitResult
look(MpStore *store, const git_oid *to, MpPush push, const GError *why, GError **error)
{
    git_oid base = store->tip;

    if (!mp_store_fetch(store, error))
        return MP_FAILED;
    if (mp_store_contains(store, &store->tip, to))
        return MP_COMMITTED;
    if (push == MP_STALE || !git_oid_equal(&base, &store->tip))
        return MP_CONFLICT;
    g_propagate_error(error, g_error_copy(why));
    return MP_FAILED;
}

static bool
still_holds(gpointer data, GError **error)
{
    MpStore *basis = data;
    git_oid before = basis->tip;

    return mp_store_ask_end(basis, error) && git_oid_equal(&before, &basis->tip);
}

MpCommitResult
mp_store_settle_basis(MpStore *store, GError **error)
{
    return store->basis == NULL || still_holds(store->basis, error) ? MP_COMMITTED : MP_UNFOUNDED;
}

/* To wait for the answer pays where git can connect meanwhile. */
static bool
is_waited_for(const MpStore *basis)
{
    return basis != NULL && !mp_store_is_answered(basis) && mp_latch_is_there();
}

MpCommitResult
mp_store_push(MpStore *store, const git_oid *to, GError **error)
{
    const MpCondition condition = {still_holds, store->basis};
    bool waits = is_waited_for(store->basis);
    MpCommitResult basis = waits ? MP_COMMITTED : mp_store_settle_basis(store, error);
    g_autoptr(GError) why = NULL;
    MpMove moves[2] = {{MP_BRANCH, store->tip, *to, NULL}};

    if (basis != MP_COMMITTED)
        return basis;
    guint n = 1 + mp_turn_moves(store, &moves[1]);
    MpPush push =
        mp_remote_push(store->remote, store->path, moves, n, waits ? &condition : NULL, &why);
    if (push == MP_KEPT_BACK) {
        if (why != NULL)
            g_propagate_error(error, g_steal_pointer(&why));
        return MP_UNFOUNDED;
    }
    if (push == MP_PUSHED) {
        mp_turn_note_push(store, n > 1 ? &moves[1] : NULL);
        return take(store, to, error);
    }
    if (push == MP_OUTRUN || push == MP_STALE)
        store->turn.is_ours = false; /* it may be another's by now: it is taken anew */
    mp_debug("%s", why->message);
    return push == MP_OUTRUN ? MP_CONFLICT : look(store, to, push, why, error);
}
