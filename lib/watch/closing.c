/*
 * "Fixes #3" in a commit that reaches the default branch: the thread is closed, and one that a
 * commit only names is told so. The words are GitHub's.
 *
 * Whoever may push to a repository may close its issues by that, and those of its owner's other
 * repositories; in another owner's they are only named. Each commit does it once, however often a
 * branch is rewound, written anew and pushed again.
 */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "watch/closing_words.h"
#include "watch/identity.h"
#include "watch/internal.h"
#include "watch/pull_changes.h"

#define COMMITS_MAX 10000  /* of a push that are read; the oldest of more are not */
#define THREADS_MAX 100    /* that a push closes or names */
#define LOOKUPS_MAX 2000   /* of threads that a push names, be they there or not */
#define READ_MAX    100000 /* references in its commits, and those that it wrote anew */
#define OLD_MAX     50000  /* references of commits that were written anew, which are remembered */

/* --- One thread ------------------------------------------------------------------------------- */

/* What commits of a push name. */
typedef struct {
    MpWatchBatch *batch;
    const char *source; /* the repository */
    MpPusher pusher;
    guint n_threads, n_lookups; /* so far */
    guint n_left;               /* references that may still be read */
    guint n_events;             /* that were announced before it */
    GHashTable *closed;         /* ids of threads that it closes */
    GHashTable *keys;           /* char *: of what the push tells */
    GHashTable *old;            /* char *: what commits said that it wrote anew, or NULL */
} Closing;

static void
closing_clear(Closing *closing)
{
    mp_pusher_clear(&closing->pusher);
    g_clear_pointer(&closing->closed, g_hash_table_unref);
    g_clear_pointer(&closing->keys, g_hash_table_unref);
    g_clear_pointer(&closing->old, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Closing, closing_clear)

typedef struct {
    Closing *closing;
    const MpRepoCommit *commit;
    GHashTable *named; /* ids of threads */
} Naming;

static bool
has_same_owner(const char *a, const char *b)
{
    gsize length = strcspn(a, "/");

    return strncmp(a, b, length + 1) == 0;
}

/* "#17" is of this repository, "acme/rocket#17" of that. The caller's. */
static char *
repository_of(const Closing *closing, const char *written)
{
    const char *hash = strchr(written, '#');

    return hash > written ? g_strndup(written, (gsize)(hash - written)) : g_strdup(closing->source);
}

/* NULL where there is no such thread, or one
 * that nobody can be told of. */
static bool
find_thread(const Closing *closing, const char *written, MpThread **thread, GError **error)
{
    const char *hash = strchr(written, '#');
    g_autofree char *named = repository_of(closing, written);
    guint64 id;

    *thread = NULL;
    if (!g_ascii_string_to_unsigned(hash + 1, 10, 1, MP_MAX_ID, &id, NULL))
        return true;
    if (!mp_batch_thread(closing->batch->batch, id, thread, error))
        return false;
    if (*thread != NULL &&
        ((*thread)->kind == MP_COMMIT || strcmp((*thread)->repository, named) != 0))
        g_clear_pointer(thread, mp_thread_free);
    return true;
}

/* Also where the commit is written anew. */
static char *
key_of(const Naming *naming, guint64 thread)
{
    g_autofree char *source = g_strdup_printf("git:%s", naming->closing->source);
    g_autofree char *identity = mp_commit_identity(naming->commit);

    return mp_tracker_key(0, thread, source, identity);
}

/* Of a push that closes a thread, whichever of its commits does, a mail about that is enough: that
 * others name it stands in the thread alone. */
static bool
is_announced(const Closing *closing, guint64 thread, MpThreadChange change)
{
    GPtrArray *events = closing->batch->events;

    if (change == MP_THREAD_REFERENCED)
        return !g_hash_table_contains(closing->closed, GSIZE_TO_POINTER(thread));
    g_hash_table_add(closing->closed, GSIZE_TO_POINTER(thread));
    for (guint i = events->len; i > closing->n_events; i--) {
        const MpEvent *event = events->pdata[i - 1];

        if (event->thread == thread && event->kind == MP_EVENT_REFERENCED)
            g_ptr_array_remove_index(events, i - 1);
    }
    return true;
}

static bool
tell(const Naming *naming, guint64 thread, MpThreadChange change, const char *key, GError **error)
{
    Closing *closing = naming->closing;
    MpWatchBatch *batch = closing->batch;
    MpActor actor = mp_watch_pusher_actor(&closing->pusher, closing->source);
    g_autoptr(MpThreadEvent) event = g_new0(MpThreadEvent, 1);
    bool found;

    event->change = change;
    event->via = g_strdup(MP_VIA_GIT);
    event->key = g_strdup(key);
    event->source = g_strdup(closing->source);
    event->commits = mp_changed_commits_new();
    return mp_pull_add_commit(batch->instance->config, batch->repo, &naming->commit->id,
                              event->commits, &found, error) &&
           mp_watch_tell(batch, thread, event, &actor, is_announced(closing, thread, change),
                         error);
}

/* Whether this commit did it before, here or in the tracker. */
static bool
is_told(Closing *closing, guint64 thread, const char *key, bool *is, GError **error)
{
    guint64 number;

    *is = g_hash_table_contains(closing->keys, key);
    return *is ||
           mp_tracker_find_key(closing->batch->instance->tracker, thread, key, is, &number, error);
}

static bool
name_thread(const Naming *naming, const char *written, bool is_closing, GError **error)
{
    Closing *closing = naming->closing;
    g_autoptr(MpThread) thread = NULL;
    bool is_known;

    if (closing->n_lookups >= LOOKUPS_MAX)
        return true;
    closing->n_lookups++;
    if (!find_thread(closing, written, &thread, error))
        return false;
    if (thread == NULL || !g_hash_table_add(naming->named, GSIZE_TO_POINTER(thread->id)))
        return true;
    g_autofree char *key = key_of(naming, thread->id);
    if (!is_told(closing, thread->id, key, &is_known, error))
        return false;
    if (is_known || closing->n_threads >= THREADS_MAX)
        return true;
    closing->n_threads++;
    bool closes = is_closing && thread->kind == MP_ISSUE && thread->is_open &&
                  has_same_owner(closing->source, thread->repository);
    bool good =
        tell(naming, thread->id, closes ? MP_THREAD_CLOSED : MP_THREAD_REFERENCED, key, error);
    g_hash_table_add(closing->keys, g_steal_pointer(&key));
    return good;
}

/* --- A commit --------------------------------------------------------------------------------- */

/* What a commit says of a thread, also where it is written anew. */
static char *
saying_of(const Closing *closing, const char *identity, const char *written, bool closes)
{
    g_autofree char *repository = repository_of(closing, written);
    g_autofree char *text =
        g_strdup_printf("%s\n%s%s\n%d", identity, repository, strchr(written, '#'), closes);

    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

static bool
was_said(const Naming *naming, const char *identity, const char *written, bool closes)
{
    if (naming->closing->old == NULL)
        return false;
    g_autofree char *saying = saying_of(naming->closing, identity, written, closes);
    return g_hash_table_contains(naming->closing->old, saying);
}

/* Those that it closes first: what is named beside that is one event. */
static bool
name_all(const Naming *naming, bool is_closing, GError **error)
{
    MpClosingWords words = mp_closing_words(naming->commit, &naming->closing->n_left);
    g_autofree char *identity = mp_commit_identity(naming->commit), *next = NULL;
    bool closes;

    while (naming->closing->n_lookups < LOOKUPS_MAX &&
           mp_closing_words_next(&words, &next, &closes)) {
        g_autofree char *written = g_steal_pointer(&next);

        if (closes == is_closing && !was_said(naming, identity, written, closes) &&
            !name_thread(naming, written, is_closing, error))
            return false;
    }
    return true;
}

/* Who closed something has named it as well. */
static bool
remember(Closing *closing, const MpRepoCommit *commit, GError **error)
{
    MpClosingWords words = mp_closing_words(commit, &closing->n_left);
    g_autofree char *identity = mp_commit_identity(commit), *next = NULL;
    bool closes;

    while (mp_closing_words_next(&words, &next, &closes)) {
        g_autofree char *written = g_steal_pointer(&next);

        g_hash_table_add(closing->old, saying_of(closing, identity, written, false));
        if (closes)
            g_hash_table_add(closing->old, saying_of(closing, identity, written, true));
    }
    return (closing->n_left > 0 && g_hash_table_size(closing->old) <= OLD_MAX) ||
           mp_fail(error, MP_ERROR_INPUT, "too much was written anew");
}

/* What cannot be read closes nothing, and holds up neither the rest nor what else the push is. */
static bool
goes_on_without(const MpWatchBatch *batch, GError *why, GError **error)
{
    if (!g_error_matches(why, MP_ERROR, MP_ERROR_INPUT)) {
        g_propagate_error(error, why);
        return false;
    }
    mp_warn("%s: what commits close there is not told: %s", batch->repository->name, why->message);
    g_error_free(why);
    return true;
}

static bool
read_commit(Closing *closing, const git_oid *id, GError **error)
{
    g_autoptr(MpRepoCommit) commit = NULL;
    g_autoptr(GHashTable) named = g_hash_table_new(NULL, NULL);

    if (!mp_repo_commit(closing->batch->repo, id, &commit, error))
        return false;
    if (commit == NULL || strchr(commit->message, '#') == NULL)
        return true;
    const Naming naming = {closing, commit, named};
    return name_all(&naming, true, error) && name_all(&naming, false, error);
}

/* --- A push ----------------------------------------------------------------------------------- */

/* What the default branch had before. Where it is new, or has a new name: what it had when there
 * was one last; where nobody knows, all branches, since nothing of that has come now. */
static GArray *
ids_before(const MpWatchBatch *batch, const MpRefChange *change)
{
    const MpTold *told = batch->told;
    const char *known = change->before != NULL ? change->before : told->default_id;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(git_oid));
    git_oid id;

    if (known == NULL)
        return mp_watch_told_branches(told);
    if (strcmp(known, MP_TOLD_NOTHING) != 0 && git_oid_fromstr(&id, known) == 0)
        g_array_append_val(ids, id);
    return g_steal_pointer(&ids);
}

/* Nobody can say what is new where it was replaced, or written anew and pruned. */
static bool
are_there(MpRepo *repo, const GArray *ids, GError **error)
{
    for (guint i = 0; i < ids->len; i++) {
        const git_oid *id = &g_array_index(ids, git_oid, i);
        bool has;

        if (!mp_repo_has(repo, id, &has, error))
            return false;
        if (!has)
            return mp_fail(error, MP_ERROR_INPUT, "commit %s is not there any more",
                           git_oid_tostr_s(id));
    }
    return true;
}

static bool
remember_all(Closing *closing, const GArray *ids, GError **error)
{
    closing->old = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < MIN(ids->len, COMMITS_MAX); i++) {
        const git_oid *id = &g_array_index(ids, git_oid, i);
        g_autoptr(MpRepoCommit) commit = NULL;

        if (!mp_repo_commit(closing->batch->repo, id, &commit, error) ||
            (commit != NULL && !remember(closing, commit, error)))
            return false;
    }
    return true;
}

/* Commits that the default branch got, and what those said that it lost: what the others say as
 * well was only written anew. */
static bool
find_commits(Closing *closing, const MpRefChange *change, MpRepoRange *added, GError **error)
{
    MpRepo *repo = closing->batch->repo;
    g_autoptr(GArray) before = ids_before(closing->batch, change);
    g_auto(MpRepoRange) removed = {0};
    git_oid after;

    if (git_oid_fromstr(&after, change->after) < 0)
        return mp_fail(error, MP_ERROR_INPUT, "%s is no id", change->after);
    if (!are_there(repo, before, error) ||
        !mp_repo_range(repo, &after, before, MP_REPO_WALK_MAX, added, error))
        return false;
    if (added->is_damaged || (added->is_unsure && before->len > 1))
        return mp_fail(error, MP_ERROR_INPUT, "nobody can say which commits are new");
    if (before->len != 1)
        return true;
    if (!mp_repo_range_of_two(repo, &g_array_index(before, git_oid, 0), &after, MP_REPO_WALK_MAX,
                              &removed, error))
        return false;
    return remember_all(closing, removed.commits, error);
}

static void
warn_of_more(const Closing *closing, guint n_commits)
{
    if (n_commits > COMMITS_MAX || closing->n_threads >= THREADS_MAX ||
        closing->n_lookups >= LOOKUPS_MAX || closing->n_left == 0)
        mp_warn("%s: of a push of %u commits the last %d were looked at for threads that they "
                "close, the first %d that they name (of %d references), and %d of these at most",
                closing->source, n_commits, COMMITS_MAX, LOOKUPS_MAX, READ_MAX, THREADS_MAX);
}

bool
mp_watch_tell_closing(MpWatchBatch *batch, const MpRefChange *change, GError **error)
{
    g_auto(Closing) closing = {.batch = batch,
                               .source = batch->repository->name,
                               .n_left = READ_MAX,
                               .n_events = batch->events->len};
    g_auto(MpRepoRange) range = {0};
    GError *why = NULL;

    if (change->after == NULL || g_strcmp0(change->ref, mp_repo_default_branch(batch->repo)) != 0)
        return true;
    if (!mp_watch_find_pusher(batch, change->ref, change->after, &closing.pusher, error))
        return false;
    closing.closed = g_hash_table_new(NULL, NULL);
    closing.keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!find_commits(&closing, change, &range, &why))
        return goes_on_without(batch, why, error);
    for (guint i = MIN(range.commits->len, COMMITS_MAX); i > 0 && closing.n_left > 0; i--)
        if (!read_commit(&closing, &g_array_index(range.commits, git_oid, i - 1), &why) &&
            !goes_on_without(batch, g_steal_pointer(&why), error))
            return false;
    warn_of_more(&closing, range.commits->len);
    return true;
}
