/* Who is told of a thread: in pages, whose shape follows from who stands there. */
#include <criterion/criterion.h>
#include <string.h>

#include "tracker_fixture.h"

#define MANY 2500

static void
subscribe(MpBatch *batch, guint64 thread, guint64 user, const char *reason)
{
    g_autoptr(GError) error = NULL;

    cr_assert(mp_batch_subscribe(batch, thread, user, reason, "Follow", &fixture_tim, &error), "%s",
              error != NULL ? error->message : "");
}

/* The first half of them in a row, then a thousand apart, so that the last digits are the same. */
static guint64
user_of(guint n)
{
    return n < MANY / 2 ? n + 1 : 1000 * (guint64)(n + 1);
}

static const char *
reason_of(guint n)
{
    return n % 7 == 0 ? MP_MUTED : n % 3 == 0 ? "mention" : "manual";
}

static char *
tree_of(const ScratchPath *scratch, guint64 thread)
{
    g_autofree char *command =
        g_strdup_printf("git -C tracker.git rev-parse -q --verify "
                        "main:threads/000/0/0/0/%d/%d/subscribers || echo none",
                        (int)thread / 10, (int)thread % 10);

    return scratch_run(scratch, command);
}

Test(subscribers, their_shape_follows_from_who_stands_there)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    static const guint left[] = {MANY, 1301, 1000, 101, 100, 1, 0};

    for (gsize i = 0; i < G_N_ELEMENTS(left); i++) {
        guint64 straight = fixture_thread(batch, "Added", true),
                shrunk = fixture_thread(batch, "Removed", true);

        for (guint n = 0; n < left[i]; n++)
            subscribe(batch, straight, user_of(n), reason_of(n));
        /* all of them, in another order, for other reasons at first; 7 and MANY have no divisor */
        for (guint n = 0; n < MANY; n++)
            subscribe(batch, shrunk, user_of(n * 7 % MANY), "cc");
        for (guint n = 0; n < MANY; n++) {
            guint one = n * 9 % MANY;
            subscribe(batch, shrunk, user_of(one), one < left[i] ? reason_of(one) : NULL);
        }
        if (left[i] == 0)
            continue;
        g_autoptr(GError) error = NULL;
        cr_assert_eq(mp_batch_commit(batch, &error), MP_COMMITTED);
        mp_batch_free(g_steal_pointer(&batch));
        batch = mp_batch_begin(tracker);
        g_autofree char *first = tree_of(scratch, straight), *second = tree_of(scratch, shrunk);
        cr_expect_str_eq(first, second, "with %u", left[i]);
    }
    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
    g_autofree char *none = tree_of(scratch, 2 * G_N_ELEMENTS(left));
    cr_expect_str_eq(none, "none\n");
}

Test(subscribers, each_is_found_in_a_page_of_a_hundred)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autoptr(MpTracker) tracker = fixture_tracker(scratch);
    g_autoptr(MpBatch) batch = mp_batch_begin(tracker);
    guint64 thread = fixture_thread(batch, "Rocket", true);

    for (guint n = 0; n < MANY; n++)
        subscribe(batch, thread, user_of(n), reason_of(n));
    cr_assert_eq(mp_batch_commit(batch, NULL), MP_COMMITTED);
    g_autoptr(GPtrArray) all = mp_tracker_subscribers(tracker, thread, NULL);
    cr_assert(all != NULL && all->len == MANY);
    for (guint n = 0; n < MANY; n++) {
        const MpSubscriber *one = all->pdata[n];
        g_autofree char *reason = NULL;

        cr_assert_eq(one->user, user_of(n), "in the order of their ids");
        cr_assert_str_eq(one->reason, reason_of(n));
        cr_assert(mp_tracker_subscription(tracker, thread, user_of(n), &reason, NULL));
        cr_assert_str_eq(reason, reason_of(n));
    }
    g_autofree char *reason = NULL;
    cr_expect(mp_tracker_subscription(tracker, thread, MANY / 2 + 1, &reason, NULL));
    cr_expect_null(reason);
    g_autofree char *most = scratch_run(
        scratch,
        "for page in $(git -C tracker.git ls-tree -r main:threads/000/0/0/0/0/1/subscribers "
        "| cut -f1 | cut -d' ' -f3); do git -C tracker.git cat-file -p $page | wc -l; "
        "done | sort -n | tail -n1");
    cr_expect_leq(atoi(most), 100);
    cr_expect_gt(atoi(most), 10);
}
