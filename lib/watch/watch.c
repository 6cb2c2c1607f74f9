/* One look after the other, and a batch of what was found; see watch.h. */
#include "watch/watch.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "instance/transaction.h"
#include "tracker/repositories.h"
#include "watch/internal.h"

#define CHANGES_MAX 10 /* of one repository, in a batch */
#define TOLD_MAX    50 /* more at once are told by their number */

struct MpWatch {
    MpInstance *instance;
    GQueue waiting; /* char *: repositories to be looked at */
};

/* What is made of a change, in this order. */
static bool (*const reactions[])(MpWatchBatch *batch, const MpRefChange *change, GError **error) = {
    mp_watch_tell_push,
};

MpWatch *
mp_watch_new(MpInstance *instance)
{
    MpWatch *watch = g_new0(MpWatch, 1);

    watch->instance = instance;
    g_queue_init(&watch->waiting);
    return watch;
}

void
mp_watch_free(MpWatch *watch)
{
    if (watch == NULL)
        return;
    g_queue_clear_full(&watch->waiting, g_free);
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
    return mp_instance_refresh(watch->instance, error) &&
           mp_tracker_foreach_repository(watch->instance->tracker, add_name, &watch->waiting,
                                         error);
}

/* --- A batch -------------------------------------------------------------------------------- */

typedef struct {
    MpRepo *repo;
    const char *name;
    bool is_more; /* changes are left for the next batch */
} Look;

static bool
react(MpWatchBatch *batch, MpRefChange *change, GError **error)
{
    batch->told->counter++;
    change->key = mp_push_key(batch->repository->name, change->ref, batch->told->counter,
                              change->before, change->after);
    for (gsize i = 0; i < G_N_ELEMENTS(reactions); i++)
        if (!reactions[i](batch, change, error))
            return false;
    mp_watch_remember(batch->told, change);
    return true;
}

/* Of very many at once (a mirror, a new set of tags) the first are told, and the number of the
 * rest. */
static bool
react_to_all(MpWatchBatch *batch, const GPtrArray *changes, bool *is_more, GError **error)
{
    guint n = MIN(changes->len, CHANGES_MAX);
    bool are_many = changes->len > TOLD_MAX;

    for (guint i = 0; i < n; i++) {
        batch->n_others = are_many && i == n - 1 ? changes->len - n : 0;
        if (!react(batch, g_ptr_array_index(changes, i), error))
            return false;
    }
    for (guint i = n; are_many && i < changes->len; i++)
        mp_watch_remember(batch->told, g_ptr_array_index(changes, i));
    *is_more = !are_many && changes->len > n;
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
    g_autoptr(GPtrArray) changes = mp_watch_compare(look->repo, told);
    MpWatchBatch watched = {instance, batch, events, look->repo, repository, told, 0};
    look->is_more = false;
    for (guint i = 0; is_first && i < changes->len; i++)
        mp_watch_remember(told, g_ptr_array_index(changes, i));
    if (!is_first && !react_to_all(&watched, changes, &look->is_more, error))
        return false;
    return (!is_first && changes->len == 0) || mp_batch_set_told(batch, look->name, told, error);
}

static bool
tell(MpInstance *instance, Look *look, GError **error)
{
    bool good = mp_instance_lock(instance, error) && mp_transaction_recover(instance, error) &&
                mp_transaction_run(instance, build, look, error);

    g_clear_pointer(&instance->lock, mp_lock_release);
    return good;
}

/* --- A look --------------------------------------------------------------------------------- */

/* Whether there is anything to be told; without a lock. */
static bool
has_changed(MpInstance *instance, const Look *look, bool *has, GError **error)
{
    g_autoptr(MpTold) told = NULL;

    if (!mp_tracker_told(instance->tracker, look->name, &told, error))
        return false;
    *has = told == NULL;
    if (told != NULL) {
        g_autoptr(GPtrArray) changes = mp_watch_compare(look->repo, told);
        *has = changes->len > 0;
    }
    return true;
}

/* What is wrong with one repository holds up neither mail nor the others. */
static bool
goes_on_without(const char *name, GError *why, GError **error)
{
    if (why == NULL)
        return true;
    if (g_error_matches(why, MP_ERROR, MP_ERROR_INPUT)) {
        mp_warn("%s: what happened there is not told: %s", name, why->message);
        g_error_free(why);
        return true;
    }
    g_propagate_error(error, why);
    return false;
}

static bool
look_at(MpWatch *watch, const char *name, bool *has_told, bool *is_more, GError **error)
{
    MpInstance *instance = watch->instance;
    GError *why = NULL;
    MpRepoState state;
    g_autoptr(MpRepo) repo = mp_repo_open(instance->config->repositories_root, name, &state, &why);
    Look look = {repo, name, false};

    *has_told = false;
    if (repo != NULL && has_changed(instance, &look, has_told, &why) && *has_told)
        (void)tell(instance, &look, &why);
    *is_more = look.is_more;
    return goes_on_without(name, why, error);
}

bool
mp_watch_step(MpWatch *watch, bool *is_more, GError **error)
{
    bool has_told = false;

    *is_more = false;
    if (!is_watching(watch) || g_queue_is_empty(&watch->waiting))
        return true;
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
    *is_more = !g_queue_is_empty(&watch->waiting);
    return true;
}
