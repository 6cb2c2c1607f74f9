/* What of a repository is told, and why it is not: for repository set and show. */
#include "repository.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/text.h"
#include "base/time.h"
#include "cli/json.h"
#include "ledger/ledger.h"
#include "tracker/push.h"
#include "watch/view.h"

#define SHOWN_MAX 10 /* branches and tags that wait, for people */

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
    if (view.n_refs > 0 && view.n_left_out == view.n_refs)
        warn(repository, "none of its branches and tags is one of --push-refs now",
             "metroplex repository show lists them");
    if (repository->watchers->len == 0)
        warn(repository, "nobody watches it", "--watch LOGIN has somebody watch it");
    return true;
}

/* --- Show ---------------------------------------------------------------------------------------
 */

/* What becomes of it at the next look. */
static const char *
fate_of(const MpRepository *repository, const MpWatchNews *news)
{
    if (!news->is_wanted)
        return "push-refs leaves it out";
    if (repository->push_mail == MP_PUSH_MAIL_OFF)
        return "pushes are off";
    return repository->watchers->len == 0 ? "nobody watches" : "the next run tells of it";
}

static void
print_news(const MpRepository *repository, const MpWatchView *view)
{
    for (guint i = 0; i < view->news->len && i < SHOWN_MAX; i++) {
        const MpWatchNews *news = view->news->pdata[i];
        g_autofree char *before = mp_push_short_id(news->before);
        g_autofree char *after = mp_push_short_id(news->after);

        printf("  waiting  %s, %s to %s: %s\n", news->ref, before, after,
               fate_of(repository, news));
    }
    if (view->news->len > SHOWN_MAX)
        printf("  waiting  and %u more\n", view->news->len - SHOWN_MAX);
}

static void
print_left_out(const MpWatchView *view)
{
    if (view->n_left_out == 0)
        return;
    printf("  left out ");
    for (guint i = 0; i < view->left_out->len; i++)
        printf("%s%s", i > 0 ? ", " : "", (const char *)view->left_out->pdata[i]);
    if (view->n_left_out > view->left_out->len)
        printf(" and %u more", view->n_left_out - view->left_out->len);
    printf("\n");
}

/* Each run looks, after mail had its turn. */
static void
print_last_run(const MpConfig *config)
{
    const MpLedgerRun run = mp_ledger_last_run(config->data, "metroplex");
    g_autofree char *time = run.begun > 0 ? mp_time_format(run.begun) : NULL;

    if (time == NULL)
        printf("  last run never\n");
    else if (run.status == EX_OK)
        printf("  last run %s\n", time);
    else
        printf("  last run %s, which ended with status %d\n", time, run.status);
}

void
repository_print_watch(const MpInstance *instance, const MpRepository *repository,
                       const MpWatchView *view)
{
    const char *advice;
    g_autofree char *blame = mp_watch_view_blame(view, instance->config, &advice);

    if (view->path == NULL && repository->push_mail == MP_PUSH_MAIL_OFF)
        return; /* it is about mail */
    if (blame != NULL)
        printf("  watched  no: %s%s%s\n", blame, advice != NULL ? "; " : "",
               advice != NULL ? advice : "");
    else if (view->is_known)
        printf("  watched  %s: it is known where %u %s\n", view->path, view->n_known,
               mp_plural(view->n_known, "branch or tag was", "branches and tags were"));
    else
        printf("  watched  %s, from the next run on: what is there by then is not told\n",
               view->path);
    if (view->path == NULL)
        return;
    print_news(repository, view);
    print_left_out(view);
    print_last_run(instance->config);
}

void
repository_json_watch(JsonObject *object, const MpInstance *instance, const MpWatchView *view)
{
    const MpLedgerRun run = mp_ledger_last_run(instance->config->data, "metroplex");
    JsonObject *watch = json_object_new();
    JsonArray *waiting = mp_json_array(watch, "waiting");
    const char *advice;
    g_autofree char *blame = mp_watch_view_blame(view, instance->config, &advice);

    mp_json_text(watch, "path", view->path);
    mp_json_text(watch, "fault", blame);
    mp_json_flag(watch, "looked-at", view->is_known);
    mp_json_number(watch, "refs", view->n_known);
    for (guint i = 0; i < view->news->len; i++) {
        const MpWatchNews *news = view->news->pdata[i];
        JsonObject *element = json_object_new();

        mp_json_text(element, "ref", news->ref);
        mp_json_text(element, "before", news->before);
        mp_json_text(element, "after", news->after);
        mp_json_flag(element, "left-out", !news->is_wanted);
        json_array_add_object_element(waiting, element);
    }
    mp_json_texts(watch, "left-out", view->left_out);
    mp_json_number(watch, "n-left-out", view->n_left_out);
    if (run.begun > 0)
        mp_json_date(watch, "last-run", run.begun);
    else
        mp_json_text(watch, "last-run", NULL);
    json_object_set_object_member(object, "watch", watch);
}
