/* Counts by the hour: added, read, compacted, with what a power cut tears; see lib/ledger/ledger.h.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "ledger/ledger.h"
#include "scratch.h"

#define HOUR 1767182400 /* 2025-12-31T12:00:00Z */

TestSuite(ledger, .timeout = 60);

/* The sum of a name in all hours, or in one. */
static guint64
sum(const char *data, const char *name, gint64 hour)
{
    g_autoptr(GArray) lines = NULL;
    guint64 count = 0;

    cr_assert(mp_ledger_read(data, &lines, NULL));
    for (guint i = 0; i < lines->len; i++) {
        const MpLedgerLine *line = &g_array_index(lines, MpLedgerLine, i);

        if (strcmp(line->name, name) == 0 && (hour == 0 || line->hour == hour))
            count += line->count;
    }
    return count;
}

static void
add(const char *data, const char *group, const char *name, guint64 n, gint64 now)
{
    g_autoptr(MpLedger) ledger = mp_ledger_new(data);

    mp_ledger_count(ledger, group, name, n);
    cr_assert(mp_ledger_add(ledger, now, NULL));
}

static void
append(const char *data, const char *text)
{
    g_autofree char *path = g_build_filename(data, "ledger", "counts", NULL);
    FILE *file = g_fopen(path, "a");

    cr_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

Test(ledger, where_none_is_there_are_no_lines)
{
    g_autoptr(ScratchPath) data = scratch_make();

    cr_assert_eq(sum(data, "mail.posted", 0), 0);
}

Test(ledger, runs_add_up_by_the_hour)
{
    g_autoptr(ScratchPath) data = scratch_make();

    add(data, "mail", "posted", 2, HOUR);
    add(data, "mail", "posted", 3, HOUR + 3599);
    add(data, "mail", "posted", 4, HOUR + 3600);
    cr_expect_eq(sum(data, "mail.posted", HOUR), 5);
    cr_expect_eq(sum(data, "mail.posted", 0), 9);
}

Test(ledger, what_was_added_is_not_added_again)
{
    g_autoptr(ScratchPath) data = scratch_make();
    g_autoptr(MpLedger) ledger = mp_ledger_new(data);

    mp_ledger_count(ledger, "message", "sent", 1);
    cr_assert(mp_ledger_add(ledger, HOUR, NULL));
    cr_assert(mp_ledger_add(ledger, HOUR, NULL));
    cr_expect_eq(sum(data, "message.sent", 0), 1);
}

Test(ledger, what_could_not_be_added_is_added_later)
{
    g_autoptr(ScratchPath) data = scratch_make();
    g_autofree char *path = g_build_filename(data, "ledger", NULL);
    g_autoptr(MpLedger) ledger = mp_ledger_new(data);

    mp_ledger_count(ledger, "message", "sent", 7);
    cr_assert(g_file_set_contents(path, "in the way", -1, NULL));
    cr_assert_not(mp_ledger_add(ledger, HOUR, NULL));
    cr_assert_eq(g_unlink(path), 0);
    cr_assert(mp_ledger_add(ledger, HOUR, NULL));
    cr_expect_eq(sum(data, "message.sent", 0), 7);
}

/* As a disk that fills up: some lines of it would fit. */
Test(ledger, what_was_added_in_part_is_not_added_twice)
{
    g_autoptr(ScratchPath) data = scratch_make();
    g_autoptr(MpLedger) ledger = mp_ledger_new(data);
    struct rlimit limit;

    add(data, "mail", "posted", 1, HOUR);
    for (int i = 0; i < 20; i++) {
        g_autofree char *name = g_strdup_printf("%d", i);
        mp_ledger_count(ledger, "delivery", name, 1);
    }
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const struct rlimit full = {.rlim_cur = 200, .rlim_max = limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
    cr_assert_not(mp_ledger_add(ledger, HOUR, NULL));
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert(mp_ledger_add(ledger, HOUR, NULL));
    cr_expect_eq(sum(data, "mail.posted", 0), 1);
    for (int i = 0; i < 20; i++) {
        g_autofree char *name = g_strdup_printf("delivery.%d", i);
        cr_expect_eq(sum(data, name, 0), 1, "%s", name);
    }
}

Test(ledger, a_torn_line_costs_itself_and_no_other)
{
    g_autoptr(ScratchPath) data = scratch_make();

    add(data, "mail", "posted", 2, HOUR);
    append(data, "2025-12-31T12\tmail.posted\t9");
    cr_expect_eq(sum(data, "mail.posted", 0), 2);
    add(data, "mail", "posted", 3, HOUR);
    cr_expect_eq(sum(data, "mail.posted", HOUR), 2 + 3);
    append(data, "nonsense\n2025-99-31T12\tmail.posted\t1\n2025-12-31T12\tmail.posted\t-1\n\n");
    cr_expect_eq(sum(data, "mail.posted", HOUR), 2 + 3);
}

/* The file system may have made the file longer, and not yet have written what is in it. */
Test(ledger, zeros_of_a_power_cut_cost_no_other_line)
{
    static const char hole[4096];

    for (gsize cut = 0; cut < 2; cut++) {
        g_autoptr(ScratchPath) data = scratch_make();
        g_autofree char *path = g_build_filename(data, "ledger", "counts", NULL);

        add(data, "mail", "posted", 2, HOUR);
        FILE *file = fopen(path, "a");
        cr_assert_not_null(file);
        fwrite(hole, 1, sizeof hole, file);
        fputs(cut == 0 ? "" : "\t9\n", file);
        fclose(file);
        cr_expect_eq(sum(data, "mail.posted", 0), 2);
        add(data, "mail", "posted", 3, HOUR);
        cr_expect_eq(sum(data, "mail.posted", HOUR), 2 + 3);
        cr_assert(mp_ledger_compact(data, HOUR, NULL, NULL));
        cr_expect_eq(sum(data, "mail.posted", HOUR), 2 + 3);
    }
}

Test(ledger, compacting_changes_no_sum)
{
    g_autoptr(ScratchPath) data = scratch_make();
    g_autoptr(GArray) lines = NULL;
    guint saved;

    for (int i = 0; i < 48; i++) {
        add(data, "mail", "posted", 1, HOUR + i * 1800);
        add(data, "message", "sent", 2, HOUR + i * 1800);
    }
    cr_assert(mp_ledger_compact(data, HOUR + 22 * 3600, &saved, NULL));
    cr_assert(mp_ledger_read(data, &lines, NULL));
    cr_expect_eq(lines->len, 2 * (1 + 2));
    cr_expect_eq(saved, 96 - lines->len);
    cr_expect_eq(sum(data, "mail.posted", 0), 48);
    cr_expect_eq(sum(data, "message.sent", G_MININT64), 2 * 44);
    cr_expect_eq(sum(data, "message.sent", HOUR + 23 * 3600), 4);
}

Test(ledger, times_fall_into_the_bucket_that_bounds_them)
{
    static const double times[] = {-3, 0, 0.01, 0.0101, 1, 59.9, 3600, 86400, 1e9};
    g_autoptr(ScratchPath) data = scratch_make();

    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        g_autoptr(MpLedger) ledger = mp_ledger_new(data);
        g_autoptr(GArray) lines = NULL;

        mp_ledger_time(ledger, "delivery", times[i]);
        cr_assert(mp_ledger_add(ledger, HOUR, NULL));
        cr_assert(mp_ledger_read(data, &lines, NULL));
        guint last = lines->len - 1;
        if (strcmp(g_array_index(lines, MpLedgerLine, last).name, "delivery.ms") == 0)
            last--;
        const char *name = g_array_index(lines, MpLedgerLine, last).name;
        guint bucket = (guint)g_ascii_strtoull(name + strlen("delivery."), NULL, 10);

        cr_expect(bucket < MP_LEDGER_BUCKETS && times[i] <= mp_ledger_bound(bucket), "%g: %s",
                  times[i], name);
        cr_expect(bucket == 0 || times[i] > mp_ledger_bound(bucket - 1), "%g: %s", times[i], name);
    }
    cr_expect(isinf(mp_ledger_bound(MP_LEDGER_BUCKETS - 1)));
}

Test(ledger, times_add_up_in_milliseconds)
{
    g_autoptr(ScratchPath) data = scratch_make();
    g_autoptr(MpLedger) ledger = mp_ledger_new(data);

    mp_ledger_time(ledger, "sending", 1.5);
    mp_ledger_time(ledger, "sending", 0.25);
    mp_ledger_time(ledger, "sending", -7); /* a clock that was set back */
    cr_assert(mp_ledger_add(ledger, HOUR, NULL));
    cr_expect_eq(sum(data, "sending.ms", 0), 1750);
}

Test(ledger, the_last_run_is_known_and_the_last_that_succeeded)
{
    g_autoptr(ScratchPath) data = scratch_make();

    cr_expect_eq(mp_ledger_last_run(data, "metroplex").ended, 0);
    cr_assert(mp_ledger_note_run(data, "metroplex", HOUR, HOUR + 55, 0, NULL));
    cr_assert(mp_ledger_note_run(data, "metroplex", HOUR + 60, HOUR + 61, 75, NULL));
    MpLedgerRun run = mp_ledger_last_run(data, "metroplex");
    cr_expect_eq(run.begun, HOUR + 60);
    cr_expect_eq(run.ended, HOUR + 61);
    cr_expect_eq(run.status, 75);
    cr_expect_eq(run.succeeded, HOUR + 55);
    cr_expect_eq(mp_ledger_last_run(data, "notifier").ended, 0);
}
