/*
 * "Fixes #3" in a commit that reaches the default branch: the thread is closed, and one that a
 * commit only names is told so. The words are GitHub's.
 *
 * Whoever may push to a repository may close its issues by that, and those of its owner's other
 * repositories; in another owner's they are only named. Each commit does it once, however often a
 * branch is rewound and pushed again.
 */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "instance/change.h"
#include "instance/transaction.h"
#include "markup/references.h"
#include "watch/bell.h"
#include "watch/internal.h"
#include "watch/pull_changes.h"

#define COMMITS_MAX 10000 /* of a push that are read; the oldest of more are not */
#define THREADS_MAX 100   /* that a push closes or names */
#define WORD_MAX    9     /* letters of a word that closes */

static bool
is_closing_word(const char *word, gsize length)
{
    static const char *const words[] = {"close", "closes",  "closed",   "fix",     "fixes",
                                        "fixed", "resolve", "resolves", "resolved"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strlen(words[i]) == length && g_ascii_strncasecmp(words[i], word, length) == 0)
            return true;
    return false;
}

/* Whether one stands before `at`, perhaps with a colon, and with blanks between. */
static bool
is_after_closing_word(const char *text, const char *at)
{
    const char *end = at, *start;

    while (end > text && g_ascii_isspace(end[-1]))
        end--;
    if (end == at)
        return false;
    if (end > text && end[-1] == ':')
        end--;
    for (start = end; start > text && end - start <= WORD_MAX && g_ascii_isalpha(start[-1]);)
        start--;
    bool is_whole =
        start == text || (!g_ascii_isalnum(start[-1]) && strchr("_-/.@", start[-1]) == NULL);
    return is_whole && is_closing_word(start, (gsize)(end - start));
}

/* --- One thread ----------------------------------------------------------------------------------
 */

typedef struct {
    MpWatchBatch *batch;
    const git_oid *commit;
    const char *source;   /* its repository */
    const MpUser *pusher; /* or NULL: nobody is known to have pushed it */
    guint *n;             /* threads so far */
} Naming;

static bool
has_same_owner(const char *a, const char *b)
{
    gsize length = strcspn(a, "/");

    return strncmp(a, b, length + 1) == 0;
}

/* "#17" is of this repository, "acme/rocket#17" of that. NULL where there is no such thread, or one
 * that nobody can be told of. */
static bool
find_thread(const Naming *naming, const char *written, MpThread **thread, GError **error)
{
    const char *hash = strchr(written, '#');
    g_autofree char *named =
        hash > written ? g_strndup(written, (gsize)(hash - written)) : g_strdup(naming->source);
    guint64 id;

    *thread = NULL;
    if (!g_ascii_string_to_unsigned(hash + 1, 10, 1, MP_MAX_ID, &id, NULL))
        return true;
    if (!mp_batch_thread(naming->batch->batch, id, thread, error))
        return false;
    if (*thread != NULL &&
        ((*thread)->kind == MP_COMMIT || strcmp((*thread)->repository, named) != 0))
        g_clear_pointer(thread, mp_thread_free);
    return true;
}

static char *
key_of(const Naming *naming, guint64 thread)
{
    g_autofree char *source = g_strdup_printf("git:%s", naming->source);

    return mp_tracker_key(0, thread, source, git_oid_tostr_s(naming->commit));
}

static bool
tell(const Naming *naming, guint64 thread, MpThreadChange change, char *key, GError **error)
{
    const MpWatchBatch *batch = naming->batch;
    const MpUser *pusher = naming->pusher;
    MpActor actor = pusher != NULL ? mp_transaction_actor(pusher) : mp_program_actor();
    g_autoptr(MpThreadEvent) event = g_new0(MpThreadEvent, 1);
    bool found, has_changed;

    if (pusher == NULL)
        actor.login = actor.name = naming->source;
    event->change = change;
    event->via = g_strdup(MP_VIA_GIT);
    event->key = key;
    event->source = g_strdup(naming->source);
    event->commits = mp_changed_commits_new();
    return mp_pull_add_commit(batch->instance->config, batch->repo, naming->commit, event->commits,
                              &found, error) &&
           mp_change_thread(batch->instance, batch->batch, batch->events, thread, event, &actor,
                            &has_changed, error);
}

static bool
name_thread(const Naming *naming, const char *written, bool is_closing, GHashTable *named,
            GError **error)
{
    g_autoptr(MpThread) thread = NULL;
    bool is_known;
    guint64 number;

    if (!find_thread(naming, written, &thread, error))
        return false;
    if (thread == NULL || g_hash_table_contains(named, GSIZE_TO_POINTER(thread->id)))
        return true;
    g_hash_table_add(named, GSIZE_TO_POINTER(thread->id));
    g_autofree char *key = key_of(naming, thread->id);
    if (!mp_tracker_find_key(naming->batch->instance->tracker, thread->id, key, &is_known, &number,
                             error))
        return false;
    if (is_known || *naming->n >= THREADS_MAX)
        return true;
    ++*naming->n;
    bool closes = is_closing && thread->kind == MP_ISSUE && thread->is_open &&
                  has_same_owner(naming->source, thread->repository);
    return tell(naming, thread->id, closes ? MP_THREAD_CLOSED : MP_THREAD_REFERENCED,
                g_steal_pointer(&key), error);
}

/* --- A commit ------------------------------------------------------------------------------------
 */

/* Those that it closes first: what is named beside that is one event. */
static bool
name_all(const Naming *naming, const char *message, bool is_closing, GHashTable *named,
         GError **error)
{
    const char *p = message;
    MpReference reference;

    while (mp_reference_next(message, p, &reference)) {
        g_autofree char *written = reference.written;

        p = reference.start + reference.length;
        if (reference.kind == MP_REFERENCE_THREAD &&
            is_after_closing_word(message, reference.start) == is_closing &&
            !name_thread(naming, written, is_closing, named, error))
            return false;
    }
    return true;
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
read_commit(MpWatchBatch *batch, const MpUser *pusher, const git_oid *id, guint *n, GError **error)
{
    g_autoptr(MpRepoCommit) commit = NULL;
    g_autoptr(GHashTable) named = g_hash_table_new(NULL, NULL);
    const Naming naming = {batch, id, batch->repository->name, pusher, n};

    if (!mp_repo_commit(batch->repo, id, &commit, error))
        return false;
    return commit == NULL || strchr(commit->message, '#') == NULL ||
           (name_all(&naming, commit->message, true, named, error) &&
            name_all(&naming, commit->message, false, named, error));
}

/* Whose hook said so, and is believed, if it is an account's. */
static bool
find_pusher(const MpWatchBatch *batch, const MpRefChange *change, MpUser **user, GError **error)
{
    const char *login =
        mp_bells_pusher(batch->bells, batch->instance->config, mp_repo_owner(batch->repo), change);

    return login == NULL || !mp_is_login(login) ||
           mp_accounts_user_by_login(batch->instance->accounts, login, user, error);
}

/* Those that the default branch did not have before: all, where it is new. */
static bool
find_commits(MpWatchBatch *batch, const MpRefChange *change, MpRepoRange *range, GError **error)
{
    g_autoptr(GArray) tips = g_array_new(FALSE, FALSE, sizeof(git_oid)),
                      before = g_array_new(FALSE, FALSE, sizeof(git_oid));
    git_oid id;

    if (git_oid_fromstr(&id, change->after) == 0)
        g_array_append_val(tips, id);
    if (change->before != NULL && git_oid_fromstr(&id, change->before) == 0)
        g_array_append_val(before, id);
    return mp_repo_range(batch->repo, tips, before, MP_REPO_WALK_MAX, range, error);
}

bool
mp_watch_tell_closing(MpWatchBatch *batch, const MpRefChange *change, GError **error)
{
    g_autoptr(MpUser) pusher = NULL;
    g_auto(MpRepoRange) range = {0};
    GError *why = NULL;
    guint n = 0;

    if (change->after == NULL || g_strcmp0(change->ref, mp_repo_default_branch(batch->repo)) != 0)
        return true;
    if (!find_pusher(batch, change, &pusher, error))
        return false;
    if (!find_commits(batch, change, &range, &why))
        return goes_on_without(batch, why, error);
    for (guint i = MIN(range.commits->len, COMMITS_MAX); i > 0; i--)
        if (!read_commit(batch, pusher, &g_array_index(range.commits, git_oid, i - 1), &n, &why) &&
            !goes_on_without(batch, g_steal_pointer(&why), error))
            return false;
    if (range.commits->len > COMMITS_MAX || n >= THREADS_MAX)
        mp_warn("%s: of a push of %u commits the last %d were looked at for threads that they "
                "close, and %d of these at most",
                batch->repository->name, range.commits->len, COMMITS_MAX, THREADS_MAX);
    return true;
}
