/* What of a repository is told, and why it is not: for repository set and show. */
#include "repository.h"

#include <stdio.h>

#include "watch/view.h"

/* --- Set: a policy for pushes that tells nothing ------------------------------------------------
 */

static void
warn(const MpRepository *repository, const char *why, const char *advice)
{
    fprintf(stderr, "metroplex: no push to %s is told: %s\n", repository->name, why);
    if (advice != NULL)
        fprintf(stderr, "metroplex: %s\n", advice);
}

bool
repository_warn_untold(MpInstance *instance, const char *name, GError **error)
{
    g_autoptr(MpRepository) repository = mp_tracker_repository(instance->tracker, name, error);
    g_auto(MpWatchView) view = {0};
    const char *advice;

    if (repository == NULL || repository->push_mail == MP_PUSH_MAIL_OFF)
        return repository != NULL;
    if (!mp_watch_view(instance, repository, &view, error))
        return false;
    g_autofree char *blame = mp_watch_view_blame(&view, instance->config, &advice);
    if (blame != NULL)
        warn(repository, blame, advice);
    if (repository->watchers->len == 0)
        warn(repository, "nobody watches it", "--watch LOGIN has somebody watch it");
    return true;
}
