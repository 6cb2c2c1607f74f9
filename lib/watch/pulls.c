/* What became of pull requests; see pulls.h. */
#include "watch/pulls.h"

#include <string.h>

#include "base/error.h"
#include "instance/transaction.h"
#include "watch/internal.h"
#include "watch/pull_changes.h"
#include "watch/pull_merged.h"

/* What mail may have to wait for: so many pull requests in one transaction, or so long. */
#define TOLD_MAX  20
#define TOLD_TIME G_USEC_PER_SEC

void
mp_pull_told_clear(MpPullTold *told)
{
    g_clear_pointer(&told->head, g_free);
    g_clear_pointer(&told->base, g_free);
    g_clear_pointer(&told->head_id, g_free);
    g_clear_pointer(&told->base_id, g_free);
}

/* --- Branches --------------------------------------------------------------------------------- */

/* Where a branch is now; NULL where it is gone. False where nobody can say. */
static bool
find_branch(MpRepo *repo, const char *branch, const git_oid **id)
{
    g_autofree char *name = g_strconcat(MP_REPO_BRANCHES, branch, NULL);
    const MpRepoRef *ref = mp_repo_ref(repo, name);

    *id = ref != NULL && !ref->is_broken ? &ref->id : NULL;
    return ref == NULL || !ref->is_broken;
}

/* A pull request, and where its branches are now (NULL: gone) and were (NULL: not known). */
typedef struct {
    const MpPullTold *told;
    const git_oid *head, *base;
    git_oid head_then, base_then;
    const git_oid *old_head, *old_base; /* the latter two, or NULL */
} Pull;

static bool
is_same(const git_oid *a, const git_oid *b)
{
    return a == b || (a != NULL && b != NULL && git_oid_equal(a, b));
}

/* A base that is gone, or a head that nobody has seen yet, is no news. */
static bool
is_news(const Pull *pull)
{
    if (pull->head == NULL && pull->old_head == NULL)
        return false;
    return !is_same(pull->head, pull->old_head) ||
           (pull->base != NULL && !is_same(pull->base, pull->old_base));
}

static bool
look_at(MpRepo *repo, const MpPullTold *told, Pull *pull)
{
    *pull = (Pull){.told = told};
    if (told->head_id != NULL && git_oid_fromstr(&pull->head_then, told->head_id) == 0)
        pull->old_head = &pull->head_then;
    if (told->base_id != NULL && git_oid_fromstr(&pull->base_then, told->base_id) == 0)
        pull->old_base = &pull->base_then;
    return find_branch(repo, told->head, &pull->head) && find_branch(repo, told->base, &pull->base);
}

/* --- What is told ----------------------------------------------------------------------------- */

typedef struct {
    MpWatchBatch *batch;
    bool *has_notes; /* the batch has what no event commits yet */
} Telling;

static const char *
name_of(const Telling *t)
{
    return t->batch->repository->name;
}

static char *
hex_of(const git_oid *id)
{
    return id != NULL ? g_strdup(git_oid_tostr_s(id)) : NULL;
}

/* The number of events so far tells a push from the same one later, back and forth. */
static char *
key_of(const Telling *t, const Pull *pull, const MpThreadEvent *event, GError **error)
{
    g_autofree char *source =
        g_strdup_printf("git:%s " MP_REPO_BRANCHES "%s", name_of(t), pull->told->head);
    guint64 count;

    if (!mp_tracker_last_event(t->batch->instance->tracker, pull->told->thread, &count, error))
        return NULL;
    g_autofree char *words = g_strdup_printf(
        "%s %s %s %" G_GUINT64_FORMAT, mp_thread_change_name(event->change),
        event->from != NULL ? event->from : "-", event->to != NULL ? event->to : "-", count);
    return mp_tracker_key(0, pull->told->thread, source, words);
}

/* Who merged is who pushed the base, and else who pushed the head. */
static bool
tell(const Telling *t, const Pull *pull, MpThreadEvent *event, GError **error)
{
    bool is_merged = event->change == MP_THREAD_MERGED;
    g_autofree char *ref =
        g_strconcat(MP_REPO_BRANCHES, is_merged ? pull->told->base : pull->told->head, NULL);
    g_autofree char *id = hex_of(is_merged ? pull->base : pull->head);
    g_auto(MpPusher) pusher = {0};

    if (!mp_watch_find_pusher(t->batch, ref, id, &pusher, error))
        return false;
    MpActor actor = mp_watch_pusher_actor(&pusher, name_of(t));
    event->via = g_strdup(MP_VIA_GIT);
    event->key = key_of(t, pull, event, error);
    *t->has_notes = false; /* they go with this */
    return event->key != NULL &&
           mp_watch_tell(t->batch, pull->told->thread, event, &actor, true, error);
}

/* The batch knows where the branches are, with whatever it commits next. */
static bool
note(const Telling *t, const Pull *pull, const MpChanges *changes, GError **error)
{
    MpPullTold now = {.thread = pull->told->thread};
    g_autofree char *head = hex_of(pull->head);
    g_autofree char *base = hex_of(pull->base != NULL ? pull->base : pull->old_base);

    now.head_id = head;
    now.base_id = base;
    *t->has_notes = true;
    return mp_batch_tell_pull(t->batch->batch, name_of(t), &now, changes, error);
}

/* What came and went with a push; NULL for errors only. What the base has is none of it, unless it
 * has it from here. */
static MpThreadEvent *
push_of(const Telling *t, const Pull *pull, bool is_merged, GError **error)
{
    const MpConfig *config = t->batch->instance->config;
    MpRepo *repo = t->batch->repo;
    bool is_old = pull->base == NULL || (is_merged && pull->old_base != NULL);
    const git_oid *base = is_old ? pull->old_base : pull->base;
    g_autoptr(MpThreadEvent) event = g_new0(MpThreadEvent, 1);

    event->change = MP_THREAD_HEAD_PUSHED;
    event->from = hex_of(pull->old_head);
    event->to = hex_of(pull->head);
    event->commits = mp_changed_commits_new();
    if (!mp_pull_commits(config, repo, pull->head, pull->old_head, base, MP_EVENT_COMMITS,
                         event->commits, &event->n_added, error) ||
        !mp_pull_commits(config, repo, pull->old_head, pull->head, base, 0, NULL, &event->n_removed,
                         error))
        return NULL;
    if (event->commits->len == 0)
        g_clear_pointer(&event->commits, g_ptr_array_unref);
    return g_steal_pointer(&event);
}

static bool
tell_end(const Telling *t, const Pull *pull, bool is_merged, GError **error)
{
    g_autoptr(MpThreadEvent) event = g_new0(MpThreadEvent, 1);

    event->change = is_merged ? MP_THREAD_MERGED : MP_THREAD_HEAD_DELETED;
    event->from = hex_of(pull->head != NULL ? pull->head : pull->old_head);
    event->to = is_merged ? hex_of(pull->base) : NULL;
    return tell(t, pull, event, error);
}

/* --- One pull request ------------------------------------------------------------------------- */

/* A head that is in the base may have been merged; or its work was thrown away and it was set to
 * where the base is, or began with an empty one: so look whether the work that was there came in.
 */
static bool
find_merged(const Telling *t, const Pull *pull, const MpChanges *before, bool *is_merged,
            GError **error)
{
    MpRepo *repo = t->batch->repo;
    const git_oid *work = pull->head;
    bool is_in = true;

    *is_merged = false;
    if (pull->base == NULL)
        return true;
    if (pull->old_head == NULL)
        return mp_pull_came_in_unseen(t->batch->instance->tracker, repo, pull->told->thread, before,
                                      work, pull->base, is_merged, error);
    if (work != NULL && !is_same(work, pull->old_head) &&
        !mp_pull_is_within(repo, work, pull->base, &is_in, error))
        return false;
    if (work == NULL || is_in)
        work = pull->old_head;
    return mp_pull_came_in(repo, work, pull->old_base, pull->base, is_merged, error);
}

/* What it would change is another than it was: its head moved, or its base did and met it elsewhere
 * now. Where it came in, what it was is kept. */
static bool
renew_changes(const Telling *t, const Pull *pull, const MpChanges *before, MpChanges **changes,
              GError **error)
{
    MpRepo *repo = t->batch->repo;
    const git_oid *base = pull->base != NULL ? pull->base : pull->old_base;
    bool is_stale = !is_same(pull->head, pull->old_head), found = false;
    git_oid left;

    if (pull->head == NULL)
        return true;
    if (!is_stale && base != NULL) {
        if (!mp_repo_merge_base(repo, base, pull->head, MP_REPO_WALK_MAX, &left, &found, error))
            return false;
        is_stale =
            before == NULL || g_strcmp0(before->from, found ? git_oid_tostr_s(&left) : NULL) != 0;
    }
    if (is_stale)
        *changes = mp_pull_changes(t->batch->instance->config, repo, base, pull->head, error);
    return !is_stale || *changes != NULL;
}

static bool
tell_pull(const Telling *t, const Pull *pull, GError **error)
{
    bool is_moved = pull->head != NULL && !is_same(pull->head, pull->old_head), is_merged;
    g_autoptr(MpChanges) before = NULL, changes = NULL;
    g_autoptr(MpThreadEvent) push = NULL;

    /* all that may fail because of the repository comes before the batch is touched */
    if (!mp_tracker_changes(t->batch->instance->tracker, pull->told->thread, &before, error) ||
        !find_merged(t, pull, before, &is_merged, error) ||
        (!is_merged && !renew_changes(t, pull, before, &changes, error)))
        return false;
    if (is_moved && pull->old_head != NULL) {
        push = push_of(t, pull, is_merged, error);
        if (push == NULL)
            return false;
    }
    return note(t, pull, changes, error) && (push == NULL || tell(t, pull, push, error)) &&
           (!(is_merged || pull->head == NULL) || tell_end(t, pull, is_merged, error));
}

/* --- All of a repository ---------------------------------------------------------------------- */

typedef struct {
    const char *repository;
    MpRepo *repo;
    const GPtrArray *bells; /* MpBell, or NULL */
    GPtrArray *lines;       /* char *: of the log */
    GHashTable *unreadable; /* char *: "acme/rocket#17", and why (char *) it cannot be told */
    bool is_left;
} Pass;

/* What cannot be read of one holds up no other, and is tried again. */
static bool
is_left_for_later(Pass *pass, const Pull *pull, GError *why, GError **error)
{
    if (!g_error_matches(why, MP_ERROR, MP_ERROR_INPUT)) {
        g_propagate_error(error, why);
        return false;
    }
    g_hash_table_insert(
        pass->unreadable,
        g_strdup_printf("%s#%" G_GUINT64_FORMAT, pass->repository, pull->told->thread),
        g_strdup(why->message));
    g_error_free(why);
    return true;
}

static bool
tell_all(const Telling *t, Pass *pass, const GPtrArray *pulls, GError **error)
{
    gint64 begun = g_get_monotonic_time();
    guint n = 0;

    for (guint i = 0; i < pulls->len; i++) {
        GError *why = NULL;
        Pull pull;

        if (!look_at(pass->repo, pulls->pdata[i], &pull) || !is_news(&pull))
            continue;
        pass->is_left = n >= TOLD_MAX || (n > 0 && g_get_monotonic_time() - begun > TOLD_TIME);
        if (pass->is_left)
            break;
        if (tell_pull(t, &pull, &why))
            n++;
        else if (!is_left_for_later(pass, &pull, why, error))
            return false;
    }
    return true;
}

static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Pass *pass = user_data;
    bool has_notes = false;
    g_autoptr(MpRepository) repository =
        mp_tracker_repository(instance->tracker, pass->repository, error);
    g_autoptr(GPtrArray) pulls =
        repository != NULL ? mp_tracker_pulls(instance->tracker, pass->repository, error) : NULL;
    MpWatchBatch watched = {.instance = instance,
                            .batch = batch,
                            .events = events,
                            .repo = pass->repo,
                            .repository = repository,
                            .bells = pass->bells,
                            .lines = pass->lines};
    const Telling t = {&watched, &has_notes};

    pass->is_left = false;
    g_ptr_array_set_size(pass->lines, 0);
    g_hash_table_remove_all(pass->unreadable);
    return pulls != NULL && tell_all(&t, pass, pulls, error) &&
           (!has_notes || mp_batch_note_pulls(batch, pass->repository, error));
}

/* Whether anything of the repository is to be told. */
static bool
has_news(MpInstance *instance, const char *name, MpRepo *repo, bool *has, GError **error)
{
    g_autoptr(GPtrArray) pulls = mp_tracker_pulls(instance->tracker, name, error);
    Pull pull;

    *has = false;
    for (guint i = 0; pulls != NULL && i < pulls->len && !*has; i++)
        *has = look_at(repo, pulls->pdata[i], &pull) && is_news(&pull);
    return pulls != NULL;
}

static bool
pass_over(MpInstance *instance, Pass *pass, GError **error)
{
    MpRepoState state;
    g_autoptr(MpRepo) repo =
        mp_repo_open(instance->config->repositories_root, pass->repository, &state, error);
    bool has;

    pass->repo = repo;
    if (repo == NULL)
        return state != MP_REPO_READABLE;
    if (!has_news(instance, pass->repository, repo, &has, error))
        return false;
    if (!has)
        return true;
    bool good = mp_instance_lock(instance, error) && mp_transaction_recover(instance, error) &&
                mp_transaction_run(instance, build, pass, error);

    g_clear_pointer(&instance->lock, mp_lock_release);
    pass->is_left &= good;
    if (good)
        mp_watch_log(pass->repository, pass->lines);
    return good;
}

/* What is wrong with one repository, or passes, holds up no other, and is said once. */
static bool
pass_and_note(MpInstance *instance, const char *name, GHashTable *bells, GHashTable **states,
              bool *is_left, GError **error)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) unreadable =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GError) why = NULL;
    Pass pass = {.repository = name,
                 .bells = g_hash_table_lookup(bells, name),
                 .lines = lines,
                 .unreadable = unreadable};

    if (!pass_over(instance, &pass, &why))
        g_hash_table_insert(unreadable, g_strdup_printf("%s#*", name), g_strdup(why->message));
    *is_left |= pass.is_left;
    return pass.is_left || mp_watch_note_pulls(instance->config, states, name, unreadable, error);
}

bool
mp_pulls_pass(MpInstance *instance, GHashTable *bells, GHashTable **states, bool *is_left,
              GError **error)
{
    *is_left = false;
    if (*instance->config->repositories_root == '\0')
        return true;
    if (!mp_instance_refresh(instance, error))
        return false;
    g_autoptr(GPtrArray) names = mp_tracker_pull_repositories(instance->tracker, error);
    g_autoptr(GHashTable) still = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_hash_table_add(still, names->pdata[i]);
        if (!pass_and_note(instance, names->pdata[i], bells, states, is_left, error))
            return false;
    }
    return names != NULL && mp_watch_forget_others(instance->config, states, true, still, error);
}

/* --- Opening ---------------------------------------------------------------------------------- */

static bool
look_up_branch(MpRepo *repo, const char *repository, const char *option, const char *branch,
               const git_oid **id, GError **error)
{
    return (find_branch(repo, branch, id) && *id != NULL) ||
           mp_fail(error, MP_ERROR_INPUT, "%s: %s has no branch %s", option, repository, branch);
}

static bool
look_up(const MpInstance *instance, MpRepo *repo, const MpThread *facts, MpPullTold *told,
        MpChanges **changes, GError **error)
{
    const git_oid *head, *base;
    bool is_within;

    if (!look_up_branch(repo, facts->repository, "--base", facts->base, &base, error) ||
        !look_up_branch(repo, facts->repository, "--head", facts->object, &head, error) ||
        !mp_pull_is_within(repo, head, base, &is_within, error))
        return false;
    if (is_within)
        return mp_fail(error, MP_ERROR_INPUT, "--head: %s has nothing that %s has not",
                       facts->object, facts->base);
    *changes = mp_pull_changes(instance->config, repo, base, head, error);
    told->head_id = hex_of(head);
    told->base_id = hex_of(base);
    return *changes != NULL;
}

bool
mp_pull_look(const MpInstance *instance, const MpThread *facts, MpPullTold *told,
             MpChanges **changes, GError **error)
{
    MpRepoState state;

    *changes = NULL;
    if (*instance->config->repositories_root == '\0' || facts->base == NULL)
        return true;
    g_autoptr(MpRepo) repo =
        mp_repo_open(instance->config->repositories_root, facts->repository, &state, error);
    if (repo == NULL)
        return state != MP_REPO_READABLE;
    return look_up(instance, repo, facts, told, changes, error);
}
