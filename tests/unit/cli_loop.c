/* The loop of a run: when it goes round again, and when it ends. */
#include "cli/loop.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <time.h>

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
    gint64 next_due;   /* each pass says that more is due then; 0: nothing */
    const char *makes; /* the first pass makes this file */
    int linger;
    int is_stopped_after; /* milliseconds after the first pass, by a signal; 0: it is not */
    bool stops_in_step;   /* a signal comes between the question whether one did and the sleep */
} Work;

/* What is waited for comes long before the loop would look by itself, each 5 s. */
#define SOON (4 * G_USEC_PER_SEC)

static void
send_signal_after(int milliseconds)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM};
    const struct itimerspec time = {.it_value = {.tv_nsec = milliseconds * 1000000L}};
    timer_t timer;

    cr_assert(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
              timer_settime(timer, 0, &time, NULL) == 0);
}

static bool
pass(gpointer user_data, gint64 *next_due, GError **error)
{
    Work *work = user_data;

    cr_expect_eq(*next_due, G_MAXINT64);
    work->passes++;
    if (work->has_more_now)
        *next_due = mp_time_now();
    if (work->next_due != 0)
        *next_due = work->next_due;
    if (work->passes == 1 && work->makes != NULL)
        cr_assert(g_file_set_contents(work->makes, "", 0, NULL));
    if (work->passes == 1 && work->is_stopped_after > 0)
        send_signal_after(work->is_stopped_after);
    if (work->passes == work->stops_at)
        raise(SIGTERM);
    return work->passes != work->fails_at || mp_fail(error, MP_ERROR_TEMPORARY, "planted");
}

static bool
step(gpointer user_data, bool may_start)
{
    Work *work = user_data;

    if (work->stops_in_step)
        raise(SIGTERM);
    work->starts += may_start;
    return ++work->steps <= work->busy;
}

static bool
run_in(const char *watched, Work *work, bool is_once, int seconds, GError **error)
{
    const MpLoop loop = {.is_once = is_once,
                         .seconds = seconds,
                         .watched = watched,
                         .linger = work->linger,
                         .pass = pass,
                         .step = step};

    mp_catch_signals();
    return mp_loop_run(&loop, work, error);
}

static bool
run(Work *work, bool is_once, int seconds, GError **error)
{
    g_autoptr(ScratchPath) scratch = scratch_make();

    return run_in(scratch, work, is_once, seconds, error);
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
    gint64 before = g_get_monotonic_time();

    cr_expect(run(&work, false, 3600, NULL));
    cr_expect_lt(g_get_monotonic_time() - before, SOON);
    cr_expect_eq(work.passes, 3);
    cr_expect_eq(work.starts, 2);
}

Test(loop, what_is_due_in_a_thousand_years_is_slept_over)
{
    static const gint64 dues[] = {G_MAXINT64 - 1, G_MAXINT64 / 1000, G_GINT64_CONSTANT(1) << 35};

    for (gsize i = 0; i < G_N_ELEMENTS(dues); i++) {
        Work work = {.next_due = dues[i]};

        cr_expect(run(&work, false, 1, NULL));
        cr_expect_leq(work.passes, 3, "%u passes", work.passes);
    }
}

/* And is not worked off before its company may have come. */
Test(loop, what_appears_wakes_it)
{
    static const int lingers[] = {0, 700};

    for (gsize i = 0; i < G_N_ELEMENTS(lingers); i++) {
        g_autoptr(ScratchPath) scratch = scratch_make();
        g_autofree char *path = scratch_path(scratch, "mail");
        Work work = {.makes = path, .fails_at = 2, .linger = lingers[i]};
        gint64 before = g_get_monotonic_time();

        cr_expect_not(run_in(scratch, &work, false, 3600, NULL));
        gint64 took = g_get_monotonic_time() - before;
        cr_expect_lt(took, SOON);
        cr_expect_geq(took, lingers[i] * 1000);
        cr_expect_eq(work.passes, 2);
    }
}

Test(loop, a_signal_ends_it_after_the_pass)
{
    Work work = {.stops_at = 1, .busy = G_MAXUINT};

    cr_expect(run(&work, false, 3600, NULL));
    cr_expect_eq(work.passes, 1);
    cr_expect_eq(work.steps, 0);
}

static void
expect_no_sleep(Work work)
{
    gint64 before = g_get_monotonic_time();

    cr_expect(run(&work, false, 3600, NULL));
    cr_expect_lt(g_get_monotonic_time() - before, SOON);
    cr_expect_eq(work.passes, 1);
    cr_expect_eq(work.steps, 1);
}

Test(loop, a_signal_ends_its_sleep)
{
    expect_no_sleep((Work){.is_stopped_after = 300});
}

Test(loop, a_signal_just_before_its_sleep_is_not_missed)
{
    expect_no_sleep((Work){.stops_in_step = true});
}

Test(loop, a_pass_that_fails_ends_it)
{
    Work work = {.fails_at = 2, .has_more_now = true};
    g_autoptr(GError) error = NULL;

    cr_expect_not(run(&work, false, 3600, &error));
    cr_expect(g_error_matches(error, MP_ERROR, MP_ERROR_TEMPORARY));
    cr_expect_eq(work.passes, 2);
}
