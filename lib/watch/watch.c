/* One look after the other, and a batch of what was found; see watch.h. */
#include "watch/watch.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "instance/transaction.h"
#include "tracker/repositories.h"
#include "watch/bell.h"
#include "watch/internal.h"
#include "watch/pulls.h"

#define CHANGES_MAX  10                 /* of one repository, in a batch */
#define COMPARED_MAX (16 * 1024 * 1024) /* octets of files, in a batch: mail waits meanwhile */
#define TOLD_MAX     50                 /* more at once are told by their number */
#define KEPT_MAX     100                /* bells of a repository that cannot be told now */

struct MpWatch {
    MpInstance *instance;
    GQueue waiting;     /* char *: repositories to be looked at */
    bool are_pulls_due; /* something may be new of pull requests */
    GHashTable *known;  /* char *: those that have a policy, or were looked at before */
    GHashTable *bells;  /* char * to GPtrArray of MpBell: those that rang */
    GHashTable *heard;  /* char *: their files */
    GHashTable *states; /* of repositories that cannot be read; NULL: not read yet */
};

/* What is made of a change, in this order. */
static bool (*const reactions[])(MpWatchBatch *batch, const MpRefChange *change, GError **error) = {
    mp_watch_tell_push,
    mp_watch_tell_closing,
};

MpWatch *
mp_watch_new(MpInstance *instance)
{
    MpWatch *watch = g_new0(MpWatch, 1);

    watch->instance = instance;
    g_queue_init(&watch->waiting);
    watch->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    watch->heard = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    watch->bells =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    return watch;
}

void
mp_watch_free(MpWatch *watch)
{
    if (watch == NULL)
        return;
    g_queue_clear_full(&watch->waiting, g_free);
    g_hash_table_unref(watch->known);
    g_hash_table_unref(watch->bells);
    g_hash_table_unref(watch->heard);
    g_clear_pointer(&watch->states, g_hash_table_unref);
    g_free(watch);
}

static bool
is_watching(const MpWatch *watch)
{
    return *watch->instance->config->repositories_root != '\0';
}

static bool
add_name(const MpRepository *repository, gpointer user_data)
{
    g_queue_push_tail(user_data, g_strdup(repository->name));
    return true;
}

bool
mp_watch_look_at_all(MpWatch *watch, GError **error)
{
    if (!is_watching(watch))
        return true;
    g_queue_clear_full(&watch->waiting, g_free);
    g_hash_table_remove_all(watch->known);
    watch->are_pulls_due = true;
    if (!mp_instance_refresh(watch->instance, error) ||
        !mp_tracker_foreach_watched(watch->instance->tracker, add_name, &watch->waiting, error))
        return false;
    for (GList *link = watch->waiting.head; link != NULL; link = link->next)
        g_hash_table_add(watch->known, g_strdup(link->data));
    return mp_watch_forget_others(watch->instance->config, &watch->states, false, watch->known,
                                  error);
}

/* Keeps what it says, and puts its repository first. Who rings begins no watch: what is not watched
 * may be nobody's business. */
static void
hear(MpWatch *watch, MpBell *bell)
{
    if (!g_hash_table_contains(watch->known, bell->repository)) {
        mp_bell_end(watch->instance->config->pushes, bell);
        mp_bell_free(bell);
        return;
    }
    GPtrArray *others = g_hash_table_lookup(watch->bells, bell->repository);
    GList *waiting = g_queue_find_custom(&watch->waiting, bell->repository, (GCompareFunc)strcmp);

    if (waiting != NULL) {
        g_free(waiting->data);
        g_queue_delete_link(&watch->waiting, waiting);
    }
    g_queue_push_head(&watch->waiting, g_strdup(bell->repository));
    if (others == NULL) {
        others = g_ptr_array_new_with_free_func((GDestroyNotify)mp_bell_free);
        g_hash_table_insert(watch->bells, g_strdup(bell->repository), others);
    }
    g_ptr_array_add(others, bell);
    if (bell->file != NULL)
        g_hash_table_add(watch->heard, g_strdup(bell->file));
}

void
mp_watch_listen(MpWatch *watch)
{
    if (!is_watching(watch))
        return;
    g_autoptr(GPtrArray) bells = mp_bells_hear(watch->instance->config->pushes, watch->heard);
    g_ptr_array_set_free_func(bells, NULL); /* each is kept */
    watch->are_pulls_due |= bells->len > 0;
    for (guint i = 0; i < bells->len; i++)
        hear(watch, g_ptr_array_index(bells, i));
}

/* --- A batch -------------------------------------------------------------------------------- */

typedef struct {
    MpRepo *repo;
    const char *name;
    const GPtrArray *bells; /* MpBell, or NULL */
    GPtrArray *lines;       /* char *: of the log */
    bool is_more;           /* changes are left for the next batch */
    char *damage;           /* why something could not be told, or NULL */
} Look;

static void
remember(MpWatchBatch *batch, const MpRefChange *change)
{
    mp_watch_remember(batch->told, batch->repo, change);
    batch->is_noted = true;
}

/* *is_done is false where something of the repository that it needs cannot be read: it holds up no
 * other, and is tried again by the next look, since nobody can tell a damaged object from a disk
 * that was away for a moment. */
static bool
react(MpWatchBatch *batch, MpRefChange *change, bool *is_done, GError **error)
{
    g_autoptr(GError) why = NULL;
    guint n_events = batch->events->len;

    *is_done = false;
    batch->told->counter++;
    g_free(change->key);
    change->key = mp_push_key(batch->repository->name, change->ref, batch->told->counter,
                              change->before, change->after);
    (void)mp_watch_is_readable(batch->repo, change, &why);
    for (gsize i = 0; why == NULL && i < G_N_ELEMENTS(reactions); i++)
        (void)reactions[i](batch, change, &why);
    *is_done = why == NULL;
    if (why == NULL)
        return true;
    if (!g_error_matches(why, MP_ERROR, MP_ERROR_INPUT)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    mp_log(MP_LOG_DEBUG, "%s: %s is not told yet: %s", batch->repository->name, change->ref,
           why->message);
    if (batch->damage == NULL)
        batch->damage = g_strdup_printf("%s: %s", change->ref, why->message);
    if (batch->events->len == n_events)
        batch->told->counter--;
    return true;
}

/* Whether a push of it is told. */
static bool
is_wanted(const MpWatchBatch *batch, const MpRefChange *change)
{
    return batch->repository->push_mail != MP_PUSH_MAIL_OFF &&
           mp_repository_tells_ref(batch->repository, change->ref);
}

/* Those of which anything is made (MpRefChange): commits of the default branch may close threads
 * whoever is told of pushes. Whatever is no push that is told goes to `others`. */
static GPtrArray *
find_wanted(const MpWatchBatch *batch, const GPtrArray *changes, GPtrArray *others, guint *n_pushes)
{
    GPtrArray *wanted = g_ptr_array_new();

    *n_pushes = 0;
    for (guint i = 0; i < changes->len; i++) {
        MpRefChange *change = changes->pdata[i];
        bool is_push = is_wanted(batch, change);

        *n_pushes += is_push;
        if (is_push || g_strcmp0(change->ref, mp_repo_default_branch(batch->repo)) == 0)
            g_ptr_array_add(wanted, change);
        else
            g_ptr_array_add(others, change);
    }
    return wanted;
}

static void
remember_from(MpWatchBatch *batch, const GPtrArray *changes, guint first)
{
    for (guint i = first; i < changes->len; i++)
        remember(batch, changes->pdata[i]);
}

/* Of very many at once (a mirror, a new set of tags) the first are told, and the number of the
 * rest. What leads to no commit is no event: the next one speaks for the others. What is left out
 * is remembered last: nobody is told of its commits by it, so they are news of the branches that
 * are told. */
static bool
react_to_all(MpWatchBatch *batch, const GPtrArray *changes, bool *is_more, GError **error)
{
    guint n_pushes, n_done = 0, i = 0;
    g_autoptr(GPtrArray) others = g_ptr_array_new();
    g_autoptr(GPtrArray) wanted = find_wanted(batch, changes, others, &n_pushes);
    bool are_many = n_pushes > TOLD_MAX;

    while (i < wanted->len && (are_many ? batch->n_told : n_done) < CHANGES_MAX) {
        bool is_done;

        batch->n_others = are_many && batch->n_told == CHANGES_MAX - 1 ? wanted->len - i - 1 : 0;
        if (!react(batch, wanted->pdata[i], &is_done, error))
            return false;
        if (is_done && is_wanted(batch, wanted->pdata[i]))
            remember(batch, wanted->pdata[i]);
        else if (is_done)
            g_ptr_array_add(others, wanted->pdata[i]);
        n_done += is_done;
        i++;
    }
    *is_more = !are_many && i < wanted->len;
    if (are_many)
        remember_from(batch, wanted, i);
    if (!*is_more)
        remember_from(batch, others, 0);
    return true;
}

static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Look *look = user_data;
    g_autoptr(MpTold) told = NULL;
    g_autoptr(MpRepository) repository =
        mp_tracker_repository(instance->tracker, look->name, error);

    if (repository == NULL || !mp_tracker_told(instance->tracker, look->name, &told, error))
        return false;
    bool is_first = told == NULL;
    if (is_first)
        told = mp_told_new();
    g_autoptr(GPtrArray) changes = mp_watch_compare(look->repo, told, error);
    if (changes == NULL)
        return false;
    MpWatchBatch watched = {.instance = instance,
                            .batch = batch,
                            .events = events,
                            .repo = look->repo,
                            .repository = repository,
                            .told = told,
                            .bells = look->bells,
                            .budget = COMPARED_MAX,
                            .lines = look->lines};
    guint64 counter = told->counter;
    look->is_more = false;
    g_ptr_array_set_size(look->lines, 0);
    if (is_first)
        mp_watch_remember_all(told, look->repo, changes);
    bool good = is_first || react_to_all(&watched, changes, &look->is_more, error);
    g_free(look->damage);
    look->damage = watched.damage;
    if (!good)
        return false;
    /* what could not be told is tried at every look: it must not make a commit each time */
    return (!is_first && !watched.is_noted && told->counter == counter) ||
           mp_batch_set_told(batch, look->name, told, error);
}

static bool
tell(MpInstance *instance, Look *look, GError **error)
{
    bool good = mp_instance_lock(instance, error) && mp_transaction_recover(instance, error) &&
                mp_transaction_run(instance, build, look, error);

    g_clear_pointer(&instance->lock, mp_lock_release);
    if (good)
        mp_watch_log(look->name, look->lines);
    return good;
}

/* --- A look --------------------------------------------------------------------------------- */

/* Whether there is anything to be told; without a lock. */
static bool
has_changed(const Look *look, const MpTold *told, bool *has, GError **error)
{
    *has = told == NULL;
    if (told != NULL) {
        g_autoptr(GPtrArray) changes = mp_watch_compare(look->repo, told, error);

        *has = changes != NULL && changes->len > 0;
        return changes != NULL;
    }
    return true;
}

static bool
look_at_open(MpWatch *watch, Look *look, const MpTold *told, bool *has_told, GError **error)
{
    if (!has_changed(look, told, has_told, error))
        return false;
    if (!*has_told)
        return true;
    mp_watch_listen(watch); /* what was pushed while we came here has rung meanwhile */
    look->bells = g_hash_table_lookup(watch->bells, look->name);
    return tell(watch->instance, look, error);
}

/* What is wrong with one repository holds up neither mail nor the others; what is wrong with the
 * tracker, or may pass, stops the watch. */
static bool
goes_on_without(Look *look, GError *why, MpRepoState *state, GError **error)
{
    if (why == NULL)
        return true;
    if (mp_error_is_temporary(why) || mp_error_is_refused(why)) {
        g_propagate_error(error, why);
        return false;
    }
    mp_log(MP_LOG_DEBUG, "%s: what happened there is not told: %s", look->name, why->message);
    g_free(look->damage);
    look->damage = g_strdup(why->message);
    g_error_free(why);
    *state = MP_REPO_DAMAGED;
    return true;
}

static bool
look_at(MpWatch *watch, const char *name, bool *has_told, bool *is_more, GError **error)
{
    const MpConfig *config = watch->instance->config;
    g_autoptr(MpTold) told = NULL;
    GError *why = NULL;
    MpRepoState state;
    g_autoptr(MpRepo) repo = mp_repo_open(config->repositories_root, name, &state, &why);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    Look look = {repo, name, NULL, lines, false, NULL};

    *has_told = false;
    if (why == NULL && mp_tracker_told(watch->instance->tracker, name, &told, &why) && repo != NULL)
        (void)look_at_open(watch, &look, told, has_told, &why);
    if (look.damage != NULL)
        state = MP_REPO_DAMAGED;
    *is_more = look.is_more;
    bool good = goes_on_without(&look, why, &state, error);
    /* A policy for what is no repository of ours is nothing to be told. */
    bool is_nothing = told == NULL && state == MP_REPO_MISSING;
    good = good && (is_nothing ? mp_watch_forget(config, &watch->states, name, error)
                               : mp_watch_note_state(config, &watch->states, name, state,
                                                     look.damage, error));
    g_free(look.damage);
    return good;
}

/* What they said was told: from now on, nobody who dies makes it unknown who pushed. Those of what
 * could not be told are kept until it can. */
static void
end_bells(MpWatch *watch)
{
    GHashTableIter iter;
    gpointer name, bells;

    g_hash_table_iter_init(&iter, watch->bells);
    while (g_hash_table_iter_next(&iter, &name, &bells)) {
        bool is_kept = mp_watch_is_untold(watch->states, name);

        mp_bells_end(watch->instance->config->pushes, bells, is_kept ? KEPT_MAX : 0, watch->heard);
        if (!is_kept)
            g_hash_table_iter_remove(&iter);
    }
}

/* Last, when what was pushed is told. */
static bool
step_pulls(MpWatch *watch, bool *is_more, GError **error)
{
    if (watch->are_pulls_due &&
        !mp_pulls_pass(watch->instance, watch->bells, &watch->states, is_more, error))
        return false;
    watch->are_pulls_due = *is_more;
    if (!*is_more)
        end_bells(watch);
    return true;
}

bool
mp_watch_step(MpWatch *watch, bool *is_more, GError **error)
{
    bool has_told = false;

    *is_more = false;
    if (!is_watching(watch))
        return true;
    if (g_queue_is_empty(&watch->waiting))
        return step_pulls(watch, is_more, error);
    if (!mp_instance_refresh(watch->instance, error))
        return false;
    while (!has_told && !g_queue_is_empty(&watch->waiting)) {
        g_autofree char *name = g_queue_pop_head(&watch->waiting);
        bool is_unfinished;

        if (!look_at(watch, name, &has_told, &is_unfinished, error))
            return false;
        if (is_unfinished)
            g_queue_push_head(&watch->waiting, g_steal_pointer(&name));
    }
    *is_more = !g_queue_is_empty(&watch->waiting) || watch->are_pulls_due;
    return true;
}
