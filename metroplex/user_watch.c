/*
 * metroplex user watch: what an account hears of a repository. That somebody watches it stands in
 * the tracker, which anybody may read; that somebody ignores it is nobody's business, and stands in
 * the accounts. Each of the two changes is whole; a command that was stopped between them is given
 * again.
 */
#include "user.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "instance/transaction.h"
#include "repository.h"
#include "thread.h"
#include "tracker/repositories.h"

typedef struct {
    const char *repository, *mode; /* "all", "participating", "ignore" */
    MpUser *user;
    bool has_changed;
} Job;

static bool
is_mode(const Job *job, const char *mode)
{
    return strcmp(job->mode, mode) == 0;
}

static bool
set_ignored(MpInstance *instance, Job *job, GError **error)
{
    MpUser *user = job->user;
    bool ignores = mp_user_ignores(user, job->repository);
    g_autofree char *what = g_strdup_printf("Change %s", user->login);

    if (ignores == is_mode(job, "ignore"))
        return mp_accounts_sync(instance->accounts, error); /* who died may have done it */
    if (user->ignored == NULL)
        user->ignored = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; ignores && i < user->ignored->len; i++)
        if (strcmp(user->ignored->pdata[i], job->repository) == 0)
            g_ptr_array_remove_index(user->ignored, i--);
    if (!ignores)
        g_ptr_array_add(user->ignored, g_strdup(job->repository));
    job->has_changed = true;
    return mp_accounts_write(instance->accounts, user, what, error);
}

static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Job *job = user_data;
    MpActor actor = mp_program_actor();
    g_autoptr(MpRepository) repository =
        mp_tracker_repository(instance->tracker, job->repository, error);
    g_autofree char *what = g_strdup_printf("%s: watchers", job->repository);

    (void)events;
    if (repository == NULL || !mp_set_id(repository->watchers, job->user->id, is_mode(job, "all")))
        return repository != NULL;
    job->has_changed = true;
    return mp_batch_set_repository(batch, repository, what, &actor, error);
}

static bool
run(MpInstance *instance, Job *job, const char *login, GError **error)
{
    if (!thread_begin(instance, error))
        return false;
    job->user = thread_account(instance, login, error);
    return job->user != NULL && set_ignored(instance, job, error) &&
           mp_transaction_run(instance, build, job, error);
}

int
user_watch(int argc, char **argv)
{
    Job job = {0};
    g_autofree char *mode = NULL;
    const GOptionEntry entries[] = {
        {"mode", 0, 0, G_OPTION_ARG_FILENAME, &mode,
         "all of it, only threads in which they take part, or nothing", "all|participating|ignore"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, entries, "LOGIN OWNER/NAME --mode all|participating|ignore",
                     "Says what an account hears of a repository. Example:\n"
                     "    metroplex user watch kate acme/rocket --mode all",
                     2, 2, &argc, &argv);
    if (mode == NULL)
        return mp_usage_error(argv[0], "--mode is needed");
    job.repository = argv[2];
    job.mode = mode;
    bool good = repository_check_name(argv[2], &error) &&
                mp_instance_open(&instance, &options, &error) &&
                run(&instance, &job, argv[1], &error);
    if (good)
        printf("%s: %s%s of %s\n", job.user->login, job.has_changed ? "" : "already ", mode,
               job.repository);
    mp_user_free(job.user);
    return good ? EX_OK : mp_report(error);
}
