/*
 * A push: an event of the thread of the commit that the ref leads to now, and where commits have
 * mails of their own, a thread for each that the repository did not have before.
 */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "instance/transaction.h"
#include "repo/changes.h"
#include "watch/internal.h"

#define SILENT_MAX 10  /* lines of the log */
#define FILE_MAX   400 /* characters of a line about a file */

typedef struct {
    MpWatchBatch *batch;
    const MpRefChange *change;
    git_oid before, after; /* the commits, where there are any */
    bool has_before, has_after;
    MpRefPush *push;
    MpRepoRange added, removed;
    MpPusher pusher;
} Telling;

static void
telling_clear(Telling *telling)
{
    mp_push_free(telling->push);
    mp_pusher_clear(&telling->pusher);
    mp_repo_range_clear(&telling->added);
    mp_repo_range_clear(&telling->removed);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Telling, telling_clear)

static bool
peel(MpWatchBatch *batch, const char *text, git_oid *commit, bool *found, GError **error)
{
    git_oid id;

    *found = false;
    return text == NULL || git_oid_fromstr(&id, text) < 0 ||
           mp_repo_peel(batch->repo, &id, commit, found, error);
}

/* --- Commits that came and went --------------------------------------------------------------- */

/* What a new branch shares with those that were told is not new. */
static bool
find_fresh(MpWatchBatch *batch, const git_oid *id, MpRepoRange *range, GError **error)
{
    g_autoptr(GArray) but = mp_watch_told_branches(batch->told);

    return mp_repo_range(batch->repo, id, but, MP_REPO_WALK_MAX, range, error);
}

/* What no branch that is there leads to, now that this one is gone. */
static bool
find_lost(MpWatchBatch *batch, const git_oid *id, MpRepoRange *range, GError **error)
{
    g_autoptr(GArray) but = g_array_new(FALSE, FALSE, sizeof(git_oid));
    const GPtrArray *refs = mp_repo_refs(batch->repo);

    for (guint i = 0; i < refs->len; i++) {
        const MpRepoRef *ref = g_ptr_array_index(refs, i);

        if (g_str_has_prefix(ref->name, MP_REPO_BRANCHES) && !ref->is_broken)
            g_array_append_val(but, ref->id);
    }
    return mp_repo_range(batch->repo, id, but, MP_REPO_WALK_MAX, range, error);
}

static bool
find_ranges(Telling *telling, GError **error)
{
    MpWatchBatch *batch = telling->batch;

    if (mp_push_is_of_tag(telling->push))
        return true;
    if (!telling->has_after)
        return find_lost(batch, &telling->before, &telling->removed, error);
    if (!telling->has_before)
        return find_fresh(batch, &telling->after, &telling->added, error);
    return mp_repo_range_of_two(batch->repo, &telling->after, &telling->before, MP_REPO_WALK_MAX,
                                &telling->added, error) &&
           mp_repo_range_of_two(batch->repo, &telling->before, &telling->after, MP_REPO_WALK_MAX,
                                &telling->removed, error);
}

/* One that cannot be read is left out: it is counted. */
static bool
list_commits(const Telling *telling, const GArray *ids, GPtrArray *commits, GError **error)
{
    for (guint i = 0; ids != NULL && i < MIN(ids->len, MP_PUSH_LISTED); i++) {
        const git_oid *id = &g_array_index(ids, git_oid, i);
        g_autoptr(MpRepoCommit) commit = NULL;

        if (!mp_repo_commit(telling->batch->repo, id, &commit, error))
            return false;
        if (commit == NULL)
            continue;
        g_autofree char *author = mp_watch_masked(telling->batch, commit->author.name);
        bool is_unread = commit->is_cut && *commit->message == '\0';
        g_autofree char *subject =
            mp_watch_masked(telling->batch, is_unread ? "[...]" : commit->subject);
        mp_push_add_commit(commits, git_oid_tostr_s(id), author, subject);
    }
    return true;
}

/* "modified +3 -1 README", as its counts are known. */
static void
add_file(const Telling *telling, const MpRepoChange *file)
{
    g_autofree char *counts = file->is_counted
                                  ? g_strdup_printf("+%u -%u", file->n_added, file->n_removed)
                                  : g_strdup(file->is_binary ? "binary" : "not-compared");
    const char *old = file->old_path != NULL ? file->old_path : "";
    g_autofree char *line = g_strdup_printf("%s %s %s%s%s", mp_repo_change_name(file->kind), counts,
                                            file->path, *old != '\0' ? " <- " : "", old);
    g_autofree char *masked = mp_watch_masked(telling->batch, line);
    bool is_long = g_utf8_strlen(masked, -1) > FILE_MAX;
    g_autofree char *cut = is_long ? g_utf8_substring(masked, 0, FILE_MAX) : NULL;

    g_ptr_array_add(telling->push->files,
                    is_long ? g_strconcat(cut, "…", NULL) : g_steal_pointer(&masked));
}

/* Without any where they cannot be read. */
static void
add_files(const Telling *telling, const MpRepoChanges *changes)
{
    MpRefPush *push = telling->push;

    push->has_more_files = changes == NULL || changes->is_more;
    if (changes == NULL)
        return;
    push->n_files = changes->files->len;
    push->n_lines_added = changes->n_added;
    push->n_lines_removed = changes->n_removed;
    push->n_uncounted = changes->n_uncounted;
    for (guint i = 0; i < MIN(changes->files->len, MP_PUSH_LISTED); i++)
        add_file(telling, g_ptr_array_index(changes->files, i));
}

/* All files that the push changes, from where the branch was, or where a new one parted. */
static bool
list_files(Telling *telling, GError **error)
{
    MpWatchBatch *batch = telling->batch;
    const MpRepoChangeLimits limits = {.budget = &batch->budget};
    g_autoptr(GError) why = NULL;
    git_oid base = telling->before;
    bool has_base = telling->has_before;

    if (!telling->has_after || (telling->push->n_added == 0 && telling->push->n_removed == 0))
        return true;
    if (!has_base) {
        const git_oid *first =
            &g_array_index(telling->added.commits, git_oid, telling->added.commits->len - 1);
        g_autoptr(MpRepoCommit) commit = NULL;

        if (!mp_repo_commit(batch->repo, first, &commit, error))
            return false;
        has_base = commit != NULL && commit->parents->len > 0;
        if (has_base)
            base = g_array_index(commit->parents, git_oid, 0);
    }
    g_autoptr(MpRepoChanges) changes =
        mp_repo_changes(batch->repo, has_base ? &base : NULL, &telling->after, &limits, &why);
    add_files(telling, changes);
    if (why == NULL || !mp_error_is_temporary(why))
        return true;
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

static char *
shortened(const MpWatchBatch *batch, const char *message, bool is_cut)
{
    g_autofree char *masked = mp_watch_masked(batch, message);
    gsize length = strlen(masked);
    const char *end = length > MP_PUSH_TEXT ? g_utf8_find_prev_char(masked, masked + MP_PUSH_TEXT)
                                            : masked + length;

    return g_strdup_printf("%.*s%s", (int)(end - masked), masked,
                           is_cut || length > MP_PUSH_TEXT ? "\n[...]\n" : "");
}

static bool
read_tag(Telling *telling, GError **error)
{
    g_autoptr(MpRepoTag) tag = NULL;
    git_oid id;

    if (telling->change->after == NULL || git_oid_fromstr(&id, telling->change->after) < 0)
        return true;
    if (!mp_repo_tag(telling->batch->repo, &id, &tag, error))
        return false;
    if (tag == NULL)
        return true;
    if (*tag->tagger.name != '\0')
        telling->push->tagger = mp_watch_masked(telling->batch, tag->tagger.name);
    if (*tag->message != '\0')
        telling->push->message = shortened(telling->batch, tag->message, tag->is_cut);
    return true;
}

/* Commits are named as they are, also where a tag of a tag leads to them. A tag that was made anew,
 * with another message, has not moved. */
static bool
describe(Telling *telling, GError **error)
{
    MpRefPush *push = telling->push;

    bool is_made_anew = mp_push_is_of_tag(push) && telling->has_before && telling->has_after &&
                        git_oid_equal(&telling->before, &telling->after);

    /* a branch that was replaced, or written anew and pruned, was there all the same */
    bool is_gone =
        !telling->has_before && telling->change->before != NULL && !mp_push_is_of_tag(push);

    if (telling->has_before && !is_made_anew)
        push->before = g_strdup(git_oid_tostr_s(&telling->before));
    else if (is_gone)
        push->before = g_strdup(telling->change->before);
    if (telling->has_after)
        push->after = g_strdup(git_oid_tostr_s(&telling->after));
    push->n_others = telling->batch->n_others;
    if (!find_ranges(telling, error))
        return false;
    push->n_added = telling->added.commits != NULL ? telling->added.commits->len : 0;
    push->n_removed = telling->removed.commits != NULL ? telling->removed.commits->len : 0;
    push->is_unsure = is_gone || telling->added.is_unsure || telling->removed.is_unsure;
    return list_commits(telling, telling->added.commits, push->added, error) &&
           list_commits(telling, telling->removed.commits, push->removed, error) &&
           list_files(telling, error) && read_tag(telling, error);
}

/* --- Threads and events ----------------------------------------------------------------------- */

/* Whoever pushed is not told of it. */
static guint64
account_of(const Telling *telling)
{
    return telling->pusher.account != NULL ? telling->pusher.account->id : 0;
}

/* The mail of a commit is that which opens its thread. *n counts those. */
static bool
tell_commit(Telling *telling, const git_oid *id, guint *n, GError **error)
{
    MpWatchBatch *batch = telling->batch;
    guint64 thread;
    bool is_new;

    if (!mp_watch_commit_thread(batch, id, telling->push->ref, &thread, &is_new, error))
        return false;
    if (is_new) {
        g_autofree char *key = mp_watch_commit_key(batch, id);

        mp_watch_say(batch, "thread %" G_GUINT64_FORMAT ", opened for commit %.12s", thread,
                     git_oid_tostr_s(id));
        g_ptr_array_add(batch->events, mp_transaction_event(batch->instance, MP_EVENT_OPENED, key,
                                                            thread, account_of(telling)));
        ++*n;
    }
    return true;
}

/* The oldest first; none where there are too many, or nobody can say which are new. */
static bool
tell_commits(Telling *telling, guint *n, GError **error)
{
    g_auto(MpRepoRange) fresh = {0};

    *n = 0;
    if (telling->batch->repository->push_mail != MP_PUSH_MAIL_COMMITS || !telling->has_after ||
        mp_push_is_of_tag(telling->push) ||
        (telling->change->before != NULL && !telling->has_before))
        return true;
    if (!find_fresh(telling->batch, &telling->after, &fresh, error))
        return false;
    if (fresh.is_unsure || fresh.commits->len > telling->batch->repository->push_commits)
        return true;
    for (guint i = fresh.commits->len; i-- > 0;)
        if (!tell_commit(telling, &g_array_index(fresh.commits, git_oid, i), n, error))
            return false;
    return true;
}

/* One commit more on a branch: its mail says all of it. */
static bool
is_said(const Telling *telling, guint n_mails)
{
    return n_mails == 1 && telling->push->n_added == 1 && telling->push->n_removed == 0 &&
           telling->has_before && telling->push->n_others == 0;
}

/* By the account of whoever pushed, or their name; else by whom the commit names. */
static bool
add_event(Telling *telling, guint64 thread, const char *committer, bool is_announced,
          GError **error)
{
    MpWatchBatch *batch = telling->batch;
    MpActor actor = mp_watch_pusher_actor(&telling->pusher, committer);
    MpThreadEvent event = {.change = MP_THREAD_PUSHED,
                           .via = (char *)"push",
                           .key = telling->change->key,
                           .push = telling->push};
    bool good = mp_watch_tell(batch, thread, &event, &actor, is_announced, error);

    batch->n_told += good;
    g_free(event.author_login);
    g_free(event.host);
    return good;
}

static bool
tell(Telling *telling, GError **error)
{
    MpWatchBatch *batch = telling->batch;
    const git_oid *tip = telling->has_after ? &telling->after : &telling->before;
    g_autoptr(MpRepoCommit) commit = NULL;
    guint64 thread;
    guint n_mails;

    if (!mp_watch_find_pusher(batch, telling->change->ref, telling->change->after, &telling->pusher,
                              error) ||
        !mp_repo_commit(batch->repo, tip, &commit, error) || !describe(telling, error) ||
        !tell_commits(telling, &n_mails, error) ||
        !mp_watch_commit_thread(batch, tip, telling->push->ref, &thread, NULL, error))
        return false;
    if (telling->has_after && (thread == 0 || commit == NULL))
        return mp_fail(error, MP_ERROR_INPUT, "commit %s cannot be read", git_oid_tostr_s(tip));
    return thread == 0 || commit == NULL ||
           add_event(telling, thread, commit->committer.name, !is_said(telling, n_mails), error);
}

bool
mp_watch_tell_push(MpWatchBatch *batch, const MpRefChange *change, GError **error)
{
    g_auto(Telling) telling = {.batch = batch, .change = change};

    if (batch->repository->push_mail == MP_PUSH_MAIL_OFF ||
        !mp_repository_tells_ref(batch->repository, change->ref))
        return true;
    if (!peel(batch, change->before, &telling.before, &telling.has_before, error) ||
        !peel(batch, change->after, &telling.after, &telling.has_after, error))
        return false;
    if (!telling.has_after && (change->after != NULL || !telling.has_before)) {
        mp_log(batch->n_silent++ < SILENT_MAX ? MP_LOG_INFO : MP_LOG_DEBUG,
               "%s: %s leads to no commit that can be read: nothing is told of it",
               batch->repository->name, change->ref);
        return true;
    }
    telling.push = mp_push_new(change->ref);
    return tell(&telling, error);
}
