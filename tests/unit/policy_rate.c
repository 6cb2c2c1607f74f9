/* Comments an hour: they slide, they are kept, and they cost little. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "policy/rate.h"
#include "scratch.h"

static const MpRateLimits limits = {.account = 3, .thread = 5, .total = 0};

static bool
is_over(const MpRate *rate, guint64 account, guint64 thread, gint64 when)
{
    const char *which;

    return mp_rate_is_over(rate, &limits, account, thread, when, &which);
}

Test(policy_rate, an_hour_slides)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *path = scratch_path(scratch, "rate");
    gint64 now = (gint64)time(NULL);
    g_autoptr(MpRate) rate = mp_rate_new(path);

    mp_rate_begin(rate);
    for (int i = 0; i < 3; i++) {
        cr_assert(!is_over(rate, 1, 9, now - 1800 + i));
        mp_rate_note(rate, 1, 9, now - 1800 + i);
    }
    cr_assert(is_over(rate, 1, 9, now), "noted counts at once");
    cr_assert(is_over(rate, 1, 8, now), "whatever the thread");
    cr_assert(!is_over(rate, 2, 9, now), "another account");
    cr_assert(!is_over(rate, 1, 9, now - 1801), "what was received before");
    cr_assert(!is_over(rate, 1, 9, now + 1801), "the first has left the hour");
    mp_rate_begin(rate);
    cr_assert(!is_over(rate, 1, 9, now), "what was not written is forgotten");
}

Test(policy_rate, a_guest_opens_so_many_threads_and_comments_beside)
{
    static const MpRateLimits of_guest = {.opening = 5, .guest_opening = 2},
                              of_account = {.opening = 5};
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *path = scratch_path(scratch, "rate");
    gint64 now = (gint64)time(NULL);
    g_autoptr(MpRate) rate = mp_rate_new(path);
    const char *which = NULL;

    mp_rate_begin(rate);
    mp_rate_note(rate, 7, 0, now - 20);
    mp_rate_note(rate, 7, 9, now - 20);
    mp_rate_note(rate, 8, 0, now - 20);
    cr_expect(!mp_rate_is_over(rate, &of_guest, 7, 0, now, &which), "one, a comment, another's");
    mp_rate_note(rate, 7, 0, now - 10);
    cr_assert(mp_rate_write(rate, NULL));
    cr_expect(mp_rate_is_over(rate, &of_guest, 7, 0, now, &which));
    cr_expect_str_eq(which, "the guest opened as many threads by mail as an hour may bring");
    cr_expect(!mp_rate_is_over(rate, &of_guest, 7, 9, now, &which), "its comments");
    cr_expect(!mp_rate_is_over(rate, &of_guest, 8, 0, now, &which), "another guest");
    cr_expect(!mp_rate_is_over(rate, &of_account, 7, 0, now, &which), "an account");
    cr_expect(!mp_rate_is_over(rate, &of_guest, 7, 0, now + 3590, &which), "the first has gone");
}

Test(policy_rate, it_is_kept_and_shared)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *path = scratch_path(scratch, "rate");
    gint64 now = (gint64)time(NULL);
    g_autoptr(MpRate) one = mp_rate_new(path), two = mp_rate_new(path);
    g_autofree char *text = NULL;

    mp_rate_begin(one);
    mp_rate_begin(two);
    for (int i = 0; i < 3; i++)
        mp_rate_note(one, 1, 9, now - i); /* out of order */
    cr_assert(mp_rate_write(one, NULL));
    cr_assert(is_over(one, 1, 9, now));
    cr_assert(!is_over(one, 1, 9, now + 3600 - 1), "the first has left the hour");
    cr_assert(!is_over(one, 1, 9, now - 1), "what was received before");
    mp_rate_begin(two);
    cr_assert(is_over(two, 1, 9, now), "another process sees it");
    mp_rate_note(two, 2, 9, now);
    mp_rate_note(two, 3, 9, now);
    cr_assert(mp_rate_write(two, NULL));
    mp_rate_begin(one);
    cr_assert(is_over(one, 4, 9, now), "the thread's limit");
    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    cr_assert_eq(g_strv_length(lines), 6, "%s", text);
}

Test(policy_rate, a_check_costs_microseconds)
{
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *path = scratch_path(scratch, "rate");
    gint64 now = (gint64)time(NULL), start, read, check;
    const MpRateLimits all = {100, 500, 100000};
    const char *which;
    FILE *file = fopen(path, "w");

    for (int i = 0; i < 10000; i++)
        fprintf(file, "%" G_GINT64_FORMAT " %d %d\n", now - 3000 + i / 4, 1 + i % 300, 1 + i % 50);
    fclose(file);
    g_autoptr(MpRate) rate = mp_rate_new(path);
    start = g_get_monotonic_time();
    mp_rate_begin(rate);
    read = g_get_monotonic_time() - start;
    for (guint64 i = 0; i < 256; i++)
        mp_rate_note(rate, 1 + i, 1, now);
    start = g_get_monotonic_time();
    for (guint64 i = 0; i < 10000; i++)
        mp_rate_is_over(rate, &all, 1 + i % 300, 1 + i % 50, now, &which);
    check = g_get_monotonic_time() - start;
    printf("rate: 10,000 lines read in %" G_GINT64_FORMAT " us, a check beside 256 noted %.2f us\n",
           read, (double)check / 10000);
    start = g_get_monotonic_time();
    cr_assert(mp_rate_write(rate, NULL));
    printf("rate: 256 comments written in %" G_GINT64_FORMAT " us\n",
           g_get_monotonic_time() - start);
    cr_assert_lt(check, 10000 * 1000, "a millisecond would be a mistake of another kind");
}
