/* The part that tells of repositories: their policies, and what is told of pushes; see parts.h. */
#include "report/parts.h"

#include "tracker/push.h"
#include "tracker/repositories.h"
#include "watch/view.h"

#define REPOSITORIES_MAX 1000

typedef struct {
    MpReport *report;
    guint n_told;
} Telling;

static void
tell_watch(MpReport *report, const MpWatchView *view)
{
    const char *advice;
    g_autofree char *blame = mp_watch_view_blame(view, report->instance->config, &advice);

    if (blame != NULL)
        mp_report_print(report, "    not watched: %s", blame);
    else
        mp_report_print(report, "    watched: %s, known %u, waiting %u, left out %u", view->path,
                        view->n_known, view->news->len, view->n_left_out);
}

static bool
tell_repository(const MpRepository *repository, gpointer user_data)
{
    Telling *telling = user_data;
    MpReport *report = telling->report;
    g_auto(MpWatchView) view = {0};
    g_autoptr(GError) error = NULL;

    mp_report_print(report,
                    "%s: reply %s, open %s, pages %s, push-mail %s, push-refs %s, members %u, "
                    "watchers %u",
                    repository->name, mp_reply_policy_name(repository->reply),
                    mp_open_policy_name(repository->open), repository->has_no_pages ? "off" : "on",
                    mp_push_mail_name(repository->push_mail),
                    repository->push_refs != NULL ? repository->push_refs : "all",
                    repository->members->len, repository->watchers->len);
    if (mp_watch_view(report->instance, repository, &view, &error))
        tell_watch(report, &view);
    else
        mp_report_note(report, "repositories", error->message);
    return ++telling->n_told < REPOSITORIES_MAX;
}

void
mp_report_repositories(MpReport *report)
{
    Telling telling = {report, 0};
    g_autoptr(GError) error = NULL;

    if (!mp_instance_open_tracker(report->instance, &error) ||
        !mp_tracker_foreach_watched(report->instance->tracker, tell_repository, &telling, &error))
        mp_report_note(report, "repositories", error->message);
}
