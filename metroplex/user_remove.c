/* metroplex user remove: an account goes; what it said stays, under its login. */
#include <stdio.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/text.h"
#include "instance/transaction.h"
#include "user.h"

typedef struct {
    guint64 user;
    guint n; /* places where it was to be told */
} Job;

static bool
build(MpInstance *instance, MpBatch *batch, GPtrArray *events, gpointer user_data, GError **error)
{
    Job *job = user_data;

    (void)instance, (void)events;
    return mp_batch_forget_user(batch, job->user, &job->n, error);
}

static bool
write_tombstone(MpInstance *instance, MpUser *user, GError **error)
{
    g_autofree char *what = g_strdup_printf("Remove account %" G_GUINT64_FORMAT, user->id);

    user->is_removed = true;
    g_ptr_array_set_size(user->emails, 0);
    return mp_accounts_write(instance->accounts, user, what, error);
}

/* The tracker first: as long as the account is there, the command can be repeated. */
static bool
remove_user(MpInstance *instance, const char *login, GError **error)
{
    g_autoptr(MpUser) user = NULL;
    Job job = {0};

    if (!mp_instance_lock(instance, error) || !mp_transaction_recover(instance, error))
        return false;
    user = mp_instance_user(instance, login, error);
    if (user == NULL)
        return false;
    job.user = user->id;
    if (!mp_transaction_run(instance, build, &job, error) ||
        !write_tombstone(instance, user, error))
        return false;
    printf("%s: removed\n"
           "gone: %u %s, the addresses, what bounced; every reply, unsubscribe and bounce address "
           "is void\n"
           "stays: what was written, under the login, which nobody else gets; name and login in "
           "the commits\nof tracker.git and its clones, addresses in the history of accounts.git, "
           "in kept mail and logs\n",
           user->login, job.n, mp_plural(job.n, "subscription", "subscriptions"));
    return true;
}

int
user_remove(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(&options, NULL, "LOGIN",
                     "Removes an account: it is told nothing any more, and its addresses are void. "
                     "Threads\nstay readable, and what it wrote stays in them. Example:\n"
                     "    metroplex user remove kate",
                     1, 1, &argc, &argv);
    if (!mp_instance_open(&instance, &options, &error) || !remove_user(&instance, argv[1], &error))
        return mp_report(error);
    return EX_OK;
}
