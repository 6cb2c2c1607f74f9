/* The loop of a run: when it goes round again, and when it ends. */
#include "cli/loop.h"

#include <criterion/criterion.h>
#include <signal.h>

#include "base/error.h"
#include "base/signal.h"
#include "base/time.h"
#include "scratch.h"

typedef struct {
    guint passes, steps, starts;
    guint busy;        /* steps that say that work goes on */
    guint fails_at;    /* this pass fails; 0: none */
    guint stops_at;    /* at this pass a signal comes */
    bool has_more_now; /* each pass says that more is due at once */
} Work;

static bool
pass(gpointer user_data, gint64 *next_due, GError **error)
{
    Work *work = user_data;

    cr_expect_eq(*next_due, G_MAXINT64);
    work->passes++;
    if (work->has_more_now)
        *next_due = mp_time_now();
    if (work->passes == work->stops_at)
        raise(SIGTERM);
    return work->passes != work->fails_at || mp_fail(error, MP_ERROR_TEMPORARY, "planted");
}

static bool
step(gpointer user_data, bool may_start)
{
    Work *work = user_data;

    work->starts += may_start;
    return ++work->steps <= work->busy;
}

static bool
run(Work *work, bool is_once, int seconds, GError **error)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    const MpLoop loop = {
        .is_once = is_once, .seconds = seconds, .watched = scratch, .pass = pass, .step = step};

    mp_catch_signals();
    return mp_loop_run(&loop, work, error);
}

Test(loop, once_is_one_pass_and_what_was_started_beside_it)
{
    Work work = {.busy = 3, .has_more_now = true};

    cr_expect(run(&work, true, 0, NULL));
    cr_expect_eq(work.passes, 1);
    cr_expect_eq(work.steps, 4);
    cr_expect_eq(work.starts, 1);
}

Test(loop, when_the_time_is_up_it_waits_for_what_works_beside_it_and_starts_nothing)
{
    Work work = {.busy = 2};

    cr_expect(run(&work, false, 0, NULL));
    cr_expect_eq(work.steps, 3);
    cr_expect_eq(work.starts, 0);
    cr_expect_eq(work.passes, 3, "what comes meanwhile is worked off");
}

Test(loop, what_is_due_at_once_is_not_slept_over)
{
    Work work = {.has_more_now = true, .stops_at = 3};

    cr_expect(run(&work, false, 3600, NULL));
    cr_expect_eq(work.passes, 3);
    cr_expect_eq(work.starts, 2);
}

Test(loop, a_signal_ends_it_after_the_pass)
{
    Work work = {.stops_at = 1, .busy = G_MAXUINT};

    cr_expect(run(&work, false, 3600, NULL));
    cr_expect_eq(work.passes, 1);
    cr_expect_eq(work.steps, 0);
}

Test(loop, a_pass_that_fails_ends_it)
{
    Work work = {.fails_at = 2, .has_more_now = true};
    g_autoptr(GError) error = NULL;

    cr_expect_not(run(&work, false, 3600, &error));
    cr_expect(g_error_matches(error, MP_ERROR, MP_ERROR_TEMPORARY));
    cr_expect_eq(work.passes, 2);
}
