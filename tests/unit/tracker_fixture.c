/* What tests of trackers begin with; see tracker_fixture.h. */
#include "tracker_fixture.h"

#include <criterion/criterion.h>

const MpActor fixture_tim = {5, "tim", "Tim Lake", 1700000000, 1700000060};

MpTracker *
fixture_tracker(const ScratchPath *scratch)
{
    g_autofree char *path = scratch_path(scratch, "tracker.git");
    g_autoptr(GError) error = NULL;
    bool made;

    cr_assert(mp_tracker_init(path, FIXTURE_HOST, &made, &error), "%s",
              error ? error->message : "");
    MpTracker *tracker = mp_tracker_open(path, FIXTURE_HOST, &error);
    cr_assert(tracker != NULL, "%s", error ? error->message : "");
    return tracker;
}

guint64
fixture_thread(MpBatch *batch, const char *title, bool subscribes_nobody)
{
    MpThread facts = {.kind = MP_ISSUE,
                      .repository = (char *)"acme/rocket",
                      .title = (char *)title,
                      .is_open = true,
                      .author = fixture_tim.user,
                      .author_login = (char *)fixture_tim.login,
                      .created = fixture_tim.date};
    g_autofree char *key = mp_tracker_key(fixture_tim.user, 0, title, "");
    const MpNewComment post = {.key = key,
                               .via = "mail",
                               .body = "It does not start.",
                               .host = "mx1",
                               .subscribes_nobody = subscribes_nobody};
    g_autoptr(GError) error = NULL;
    guint64 id = 0;

    cr_assert(mp_batch_open_thread(batch, &facts, &post, &fixture_tim, &id, &error), "%s",
              error ? error->message : "");
    return id;
}
