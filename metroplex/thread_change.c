/* metroplex thread close, reopen, lock, unlock, title, label, unlabel, assign, unassign, subscribe,
 * unsubscribe, mute. */
#include "thread.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "instance/change.h"
#include "policy/commands.h"

/* --- Changes: a row says which command makes which, and how its line reads ----------------------
 */

typedef struct {
    const char *word, *usage, *summary;
    MpThreadChange change;
    const char *done; /* "acme/rocket#17: closed", "already closed" */
    int least, most;  /* arguments behind the id */
} Change;

#define MANY 100

static const Change changes[] = {
    {"close", "ID --as LOGIN",
     "Closes a thread; its subscribers are told. Example:\n"
     "    metroplex thread close 17 --as tim",
     MP_THREAD_CLOSED, "closed", 0, 0},
    {"reopen", "ID --as LOGIN",
     "Opens a closed thread again; its subscribers are told. Example:\n"
     "    metroplex thread reopen 17 --as tim",
     MP_THREAD_REOPENED, "open", 0, 0},
    {"lock", "ID --as LOGIN",
     "Lets only members of the repository answer; subscribers are told. Example:\n"
     "    metroplex thread lock 17 --as tim",
     MP_THREAD_LOCKED, "locked", 0, 0},
    {"unlock", "ID --as LOGIN",
     "Lets everybody answer again; subscribers are told. Example:\n"
     "    metroplex thread unlock 17 --as tim",
     MP_THREAD_UNLOCKED, "unlocked", 0, 0},
    {"title", "ID TITLE --as LOGIN",
     "Gives a thread another title; its subscribers are told. Example:\n"
     "    metroplex thread title 17 \"The fuse blows\" --as tim",
     MP_THREAD_RENAMED, "renamed", 1, 1},
    {"label", "ID LABEL… --as LOGIN",
     "Adds labels to a thread; its subscribers are told. Example:\n"
     "    metroplex thread label 17 bug help-wanted --as tim",
     MP_THREAD_LABELED, "labeled", 1, MANY},
    {"unlabel", "ID [LABEL…] --as LOGIN",
     "Removes labels of a thread, or all; its subscribers are told. Example:\n"
     "    metroplex thread unlabel 17 bug --as tim",
     MP_THREAD_UNLABELED, "unlabeled", 0, MANY},
    {"assign", "ID LOGIN… --as LOGIN",
     "Says who is to see to a thread; its subscribers are told. Example:\n"
     "    metroplex thread assign 17 kate --as tim",
     MP_THREAD_ASSIGNED, "assigned", 1, MANY},
    {"unassign", "ID [LOGIN…] --as LOGIN",
     "Says who is not to see to a thread any more, or nobody is; its subscribers are told. "
     "Example:\n"
     "    metroplex thread unassign 17 kate --as tim",
     MP_THREAD_UNASSIGNED, "unassigned", 0, MANY},
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
    const Change *change; /* of the thread */
    GPtrArray *words;     /* char *, behind the id */
    char *said;           /* what was changed: "labeled bug" */
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
    g_clear_pointer(&job->words, g_ptr_array_unref);
    g_free(job->said);
    g_free(job->name);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Job, job_clear)

static void
name_job(Job *job, const MpThread *thread)
{
    g_free(job->name);
    job->name = g_strdup_printf("%s#%" G_GUINT64_FORMAT, thread->repository, thread->id);
}

/* --- What stands behind the id -------------------------------------------------------------------
 */

static bool
read_title(MpInstance *instance, const Job *job, MpThreadEvent *event, GError **error)
{
    event->title = thread_read_title(instance->config, "TITLE", job->words->pdata[0], error);
    return event->title != NULL;
}

static bool
read_labels(const Job *job, const MpThread *thread, MpThreadEvent *event, GError **error)
{
    guint count = thread->labels != NULL ? thread->labels->len : 0;

    event->labels = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < job->words->len; i++) {
        g_autofree char *label = thread_read_label(job->words->pdata[i], error);
        g_autofree char *shown = mp_escape_word(job->words->pdata[i]);

        if (label == NULL)
            return false;
        bool is_there = mp_labels_find(thread->labels, label) != NULL;
        if (event->change == MP_THREAD_UNLABELED && !is_there)
            return mp_fail(error, MP_ERROR_INPUT, "%s has no label %s", job->name, shown);
        count += !is_there && mp_labels_find(event->labels, label) == NULL;
        g_ptr_array_add(event->labels, g_steal_pointer(&label));
    }
    return event->change == MP_THREAD_UNLABELED || count <= MP_LABELS_MAX ||
           mp_fail(error, MP_ERROR_INPUT, "a thread has at most %d labels", MP_LABELS_MAX);
}

static bool
read_assignees(MpInstance *instance, const Job *job, const MpThread *thread, MpThreadEvent *event,
               GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autofree char *missing = NULL;
    guint count = thread->assignees != NULL ? thread->assignees->len : 0;

    for (guint i = 0; i < job->words->len; i++)
        g_ptr_array_add(words, job->words->pdata[i]);
    g_ptr_array_add(words, NULL);
    event->assignees = mp_command_assignees(
        instance->accounts, event->change == MP_THREAD_UNASSIGNED ? thread->assignees : NULL,
        (const char *const *)words->pdata, &missing, error);
    if (event->assignees == NULL)
        return false;
    g_autofree char *shown = missing != NULL ? mp_escape_word(missing) : NULL;
    if (missing != NULL)
        return mp_fail(error, MP_ERROR_INPUT, "%s is no active account", shown);
    for (guint i = 0; i < event->assignees->len; i++) {
        const MpAssignee *assignee = event->assignees->pdata[i];
        bool is_there = mp_assignees_have(thread->assignees, assignee->id);

        if (event->change == MP_THREAD_UNASSIGNED && !is_there)
            return mp_fail(error, MP_ERROR_INPUT, "%s is not assigned to %s", job->name,
                           assignee->login);
        count += !is_there;
    }
    return event->change == MP_THREAD_UNASSIGNED || count <= MP_ASSIGNEES_MAX ||
           mp_fail(error, MP_ERROR_INPUT, "a thread is assigned to at most %d persons",
                   MP_ASSIGNEES_MAX);
}

/* Without words /unlabel and /unassign are about all there are. */
static bool
read_words(MpInstance *instance, const Job *job, const MpThread *thread, MpThreadEvent *event,
           GError **error)
{
    if (job->words->len == 0)
        return true;
    switch (event->change) {
    case MP_THREAD_RENAMED:
        return read_title(instance, job, event, error);
    case MP_THREAD_LABELED:
    case MP_THREAD_UNLABELED:
        return read_labels(job, thread, event, error);
    default:
        return read_assignees(instance, job, thread, event, error);
    }
}

/* --- The change ----------------------------------------------------------------------------------
 */

static bool
build_change(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data,
             GError **error)
{
    Job *job = user_data;
    MpActor actor = mp_transaction_actor(job->user);
    g_autoptr(MpThread) thread = mp_instance_thread(instance, job->id, error);
    g_autoptr(MpThreadEvent) event = g_new0(MpThreadEvent, 1);

    if (thread == NULL)
        return false;
    name_job(job, thread);
    event->change = job->change->change;
    event->via = g_strdup("command");
    event->key = thread_key(job->user->id, job->id, job->change->word);
    if (!read_words(instance, job, thread, event, error) ||
        !mp_change_thread(instance, batch, events, job->id, event, &actor, &job->has_changed,
                          error))
        return false;
    g_free(job->said);
    job->said = mp_thread_event_text(event);
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

static void
print_change(const Job *job)
{
    g_autofree char *said = mp_escape(job->said);
    bool has_words = strchr(job->said, ' ') != NULL;

    printf("%s: %s%s\n", job->name, job->has_changed ? "" : "already ",
           job->has_changed && has_words ? said : job->change->done);
}

int
thread_change(int argc, char **argv)
{
    g_auto(Job) job = {.change = find_change(mp_command_word(argv[0])), .words = g_ptr_array_new()};
    g_autofree char *as = NULL;
    const GOptionEntry entries[] = {
        {"as", 0, 0, G_OPTION_ARG_FILENAME, &as, "who does it", "LOGIN"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, job.change->usage, job.change->summary,
                     1 + job.change->least, 1 + job.change->most, &argc, &argv);
    if (as == NULL)
        return mp_usage_error(argv[0], "--as is needed");
    for (int i = 2; i < argc; i++)
        g_ptr_array_add(job.words, argv[i]);
    if (!mp_parse_id(argv[1], "thread", &job.id, &error) ||
        !mp_instance_open(&instance, &options, &error))
        return mp_report(error);
    job.user = thread_actor(&instance, as, &error);
    if (job.user == NULL || !run(&instance, &job, build_change, &error))
        return mp_report(error);
    print_change(&job);
    return EX_OK;
}

/* --- Subscriptions -------------------------------------------------------------------------------
 */

/* The reason that is to stand there: whoever subscribed by taking part stays so. NULL for an error.
 */
static const char *
wanted_reason(MpInstance *instance, const Job *job, bool *is_there, GError **error)
{
    g_autofree char *reason = NULL;

    *is_there = false;
    if (!mp_tracker_subscription(instance->tracker, job->id, job->user->id, &reason, error))
        return NULL;
    if (reason != NULL)
        *is_there = (strcmp(reason, MP_MUTED) != 0) == job->is_subscribed;
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
                     job.is_subscribed ? "Sends the thread's notifications to LOGIN. Example:\n"
                                         "    metroplex thread subscribe 17 kate"
                                       : "Mutes the thread for LOGIN, also where they watch the "
                                         "repository. Example:\n"
                                         "    metroplex thread mute 17 kate",
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
