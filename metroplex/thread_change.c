/* metroplex thread close, reopen, lock, unlock, subscribe, unsubscribe. */
#include "thread.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "cli/output.h"

/* --- State: a row says which fact becomes what, and whether people hear of it --------------------
 */

typedef struct {
    const char *word, *done, *summary;
    gsize fact; /* offset of a bool of MpThread */
    bool value;
    bool is_announced;
    MpEventKind event;
} Change;

static const Change changes[] = {
    {.word = "close",
     .done = "closed",
     .summary = "Closes a thread; its subscribers are told.",
     .fact = G_STRUCT_OFFSET(MpThread, is_open),
     .value = false,
     .is_announced = true,
     .event = MP_EVENT_CLOSED},
    {.word = "reopen",
     .done = "open",
     .summary = "Opens a closed thread again; its subscribers are told.",
     .fact = G_STRUCT_OFFSET(MpThread, is_open),
     .value = true,
     .is_announced = true,
     .event = MP_EVENT_REOPENED},
    {.word = "lock",
     .done = "locked",
     .summary = "Lets only members of the repository answer.",
     .fact = G_STRUCT_OFFSET(MpThread, is_locked),
     .value = true},
    {.word = "unlock",
     .done = "unlocked",
     .summary = "Lets everybody answer again.",
     .fact = G_STRUCT_OFFSET(MpThread, is_locked),
     .value = false},
};

static const Change *
find_change(const char *word)
{
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++)
        if (strcmp(changes[i].word, word) == 0)
            return &changes[i];
    g_assert_not_reached();
}

typedef struct {
    const Change *change; /* of a state */
    bool is_subscribed;   /* of a subscription */
    guint64 id;
    MpUser *user; /* who does it, or is subscribed */
    bool has_changed;
    char *name; /* "acme/rocket#17", once it is known */
} Job;

static void
job_clear(Job *job)
{
    mp_user_free(job->user);
    g_free(job->name);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Job, job_clear)

static void
name_job(Job *job, const MpThread *thread)
{
    g_free(job->name);
    job->name = g_strdup_printf("%s#%" G_GUINT64_FORMAT, thread->repository, thread->id);
}

static bool
build_change(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data,
             GError **error)
{
    Job *job = user_data;
    const Change *change = job->change;
    MpActor actor = mp_transaction_actor(job->user);
    g_autofree char *key =
        change->is_announced ? thread_key(job->user->id, job->id, change->word) : NULL;
    g_autoptr(MpThread) thread = mp_instance_thread(instance, job->id, error);

    if (thread == NULL)
        return false;
    name_job(job, thread);
    bool *fact = &G_STRUCT_MEMBER(bool, thread, change->fact);
    job->has_changed = *fact != change->value;
    if (!job->has_changed)
        return true;
    *fact = change->value;
    g_autofree char *what = g_strdup_printf(
        "%s: %s", job->name, strcmp(change->word, "reopen") == 0 ? "reopened" : change->done);
    if (!mp_batch_set_thread(batch, thread, key, what, &actor, error))
        return false;
    if (change->is_announced)
        g_ptr_array_add(events,
                        mp_transaction_event(instance, change->event, key, job->id, job->user->id));
    return true;
}

static bool
run(MpInstance *instance, Job *job, MpTransactionBuild build, GError **error)
{
    g_autoptr(MpThread) thread =
        mp_instance_thread(instance, job->id, error); /* before waiting for the lock */

    return thread != NULL && thread_begin(instance, error) &&
           mp_transaction_run(instance, build, job, error);
}

int
thread_change(int argc, char **argv)
{
    g_auto(Job) job = {.change = find_change(mp_command_word(argv[0]))};
    g_autofree char *as = NULL;
    const GOptionEntry entries[] = {
        {"as", 0, 0, G_OPTION_ARG_FILENAME, &as, "who does it", "LOGIN"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "ID --as LOGIN", job.change->summary, 1, 1, &argc, &argv);
    if (as == NULL)
        return mp_usage_error(argv[0], "--as is needed");
    if (!mp_parse_id(argv[1], "thread", &job.id, &error) ||
        !mp_instance_open(&instance, &options, &error))
        return mp_report(error);
    job.user = thread_actor(&instance, as, &error);
    if (job.user == NULL || !run(&instance, &job, build_change, &error))
        return mp_report(error);
    printf("%s: %s%s\n", job.name, job.has_changed ? "" : "already ", job.change->done);
    return EX_OK;
}

/* --- Subscriptions -------------------------------------------------------------------------------
 */

/* The reason that is to stand there: whoever subscribed by taking part stays so. NULL for an error.
 */
static const char *
wanted_reason(MpInstance *instance, const Job *job, bool *is_there, GError **error)
{
    g_autoptr(GPtrArray) subscribers = mp_tracker_subscribers(instance->tracker, job->id, error);

    *is_there = false;
    for (guint i = 0; subscribers != NULL && i < subscribers->len; i++) {
        const MpSubscriber *s = g_ptr_array_index(subscribers, i);

        if (s->user == job->user->id)
            *is_there = (strcmp(s->reason, MP_MUTED) != 0) == job->is_subscribed;
    }
    if (subscribers == NULL)
        return NULL;
    return job->is_subscribed ? "manual" : MP_MUTED;
}

static bool
build_subscription(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data,
                   GError **error)
{
    Job *job = user_data;
    MpActor actor = mp_transaction_actor(job->user);
    g_autoptr(MpThread) thread = mp_instance_thread(instance, job->id, error);
    const char *reason;
    bool is_there;

    (void)events;
    if (thread == NULL)
        return false;
    reason = wanted_reason(instance, job, &is_there, error);
    if (reason == NULL)
        return false;
    name_job(job, thread);
    job->has_changed = !is_there;
    g_autofree char *what = g_strdup_printf(
        "%s: %s by %s", job->name, job->is_subscribed ? "followed" : MP_MUTED, job->user->login);
    return is_there ||
           mp_batch_subscribe(batch, job->id, job->user->id, reason, what, &actor, error);
}

int
thread_subscribe(int argc, char **argv)
{
    g_auto(Job) job = {.is_subscribed = strcmp(mp_command_word(argv[0]), "subscribe") == 0};
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, NULL, "ID LOGIN",
                     job.is_subscribed
                         ? "Sends the thread's notifications to LOGIN."
                         : "Mutes the thread for LOGIN, also where they watch the repository.",
                     2, 2, &argc, &argv);
    if (!mp_parse_id(argv[1], "thread", &job.id, &error) ||
        !mp_instance_open(&instance, &options, &error))
        return mp_report(error);
    job.user = mp_instance_user(&instance, argv[2], &error);
    if (job.user == NULL || !run(&instance, &job, build_subscription, &error))
        return mp_report(error);
    printf("%s: %s%s by %s\n", job.name, job.has_changed ? "" : "already ",
           job.is_subscribed ? "followed" : MP_MUTED, job.user->login);
    return EX_OK;
}
