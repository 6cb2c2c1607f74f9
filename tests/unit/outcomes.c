/* The files of outcomes: which lines are told, by the words in them. */
#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>

#include "maildir/kept.h"
#include "scratch.h"

#define LINES 8000 /* some times as much as is read at a time */
#define NAME  "outcomes-2026-11.tsv"

/* Some are longer than what is read at a time. */
static void
append_line(GString *text, guint n)
{
    g_autofree char *x = g_strnfill(n % 2500 == 999 ? 300000 : n % 40, 'x');

    g_string_append_printf(text,
                           "2026-11-01T00:00:00.000Z\tsuccess\tposted\t<%u.%s<a@b>\tM%u.mx\t%u\t%u"
                           "\t0.1\n",
                           n, x, n, n % 10, n % 9);
}

static char *
text_of_all(const ScratchPath *scratch)
{
    g_autofree char *directory = scratch_path(scratch, "incoming-mail");
    g_autofree char *path = g_build_filename(directory, NAME, NULL);
    GString *text = g_string_new("no line at all\n\n\t\t\t\t\t\t\t\n");

    for (guint n = 0; n < LINES; n++)
        append_line(text, n);
    g_string_append_len(text, "2026-11-01T00:00:00.000Z\tsuccess\t<4711.\0\n", 42);
    g_string_append(text,
                    "2026-11-01T00:00:00.000Z\tsuccess\tposted\t<4711.x>\tM4711.mx\t5\t7\t0.1");
    g_mkdir(directory, 0700);
    cr_assert(g_file_set_contents(path, text->str, (gssize)text->len, NULL));
    return g_string_free(text, FALSE);
}

static void
note(const char *const *fields, gpointer told)
{
    g_autofree char *line = g_strjoinv("\t", (char **)fields);

    g_string_append(told, line);
    g_string_append_c(told, '\n');
}

/* What a look at each line finds. */
static char *
expected(const char *const *words, guint n_words)
{
    GString *all = g_string_new(n_words == 0 ? "\t\t\t\t\t\t\t\n" : "");

    for (guint n = 0; n < LINES; n++) {
        g_autoptr(GString) line = g_string_new(NULL);
        bool has = n_words == 0;

        append_line(line, n);
        for (guint i = 0; i < n_words; i++)
            has |= strstr(line->str, words[i]) != NULL;
        if (has)
            g_string_append(all, line->str);
    }
    return g_string_free(all, FALSE);
}

Test(outcomes, lines_are_found_by_words_as_if_each_were_looked_at)
{
    static const char *const words[] = {
        "<17.",  "<4711.",       "\t5\t7\t", "M4999.mx",
        "<999.", "<a@b>\tM7.mx", "0.1",      "<nobody@example.org>"};
    static const struct {
        guint first, n;
    } cases[] = {{0, 0}, {0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1},
                 {6, 1}, {7, 1}, {0, 6}, {0, 8}, {3, 3}, {0, 2}, {4, 4}};
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *text = text_of_all(scratch);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) wanted = g_ptr_array_new();
        g_autoptr(GString) told = g_string_new(NULL);
        g_autofree char *right = expected(words + cases[i].first, cases[i].n);

        for (guint n = 0; n < cases[i].n; n++)
            g_ptr_array_add(wanted, (gpointer)words[cases[i].first + n]);
        cr_assert(
            mp_outcomes_read(scratch, NAME, cases[i].n > 0 ? wanted : NULL, note, told, NULL));
        cr_expect(strcmp(told->str, right) == 0, "%zu: %zu octets, not %zu", i, told->len,
                  strlen(right));
    }
}

Test(outcomes, a_month_has_a_file_and_they_are_in_the_order_of_time)
{
    static const struct {
        gint64 time;
        const char *name;
    } cases[] = {{0, "outcomes-1970-01.tsv"},
                 {1796083199, "outcomes-2026-11.tsv"},
                 {1796083200, "outcomes-2026-12.tsv"},
                 {G_MAXINT64, "outcomes-9999-12.tsv"},
                 {-1, "outcomes-1970-01.tsv"}};
    g_autoptr(ScratchPath) scratch = scratch_make();
    g_autofree char *made =
        scratch_run(scratch, "mkdir incoming-mail; cd incoming-mail; touch outcomes-2026-12.tsv "
                             "outcomes-2026-11.tsv outcomes-2025-01.tsv outcomes-2026-12.tsv.gz "
                             "outcomes-202-12.tsv outcomes.tmp xoutcomes-2026-12.tsv");

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = mp_outcomes_name(cases[i].time);
        cr_expect_str_eq(name, cases[i].name);
    }
    g_autoptr(GPtrArray) all = mp_outcomes_files(scratch, 0, NULL);
    g_autoptr(GPtrArray) some = mp_outcomes_files(scratch, 1796083199, NULL);
    cr_assert(all->len == 3 && some->len == 2);
    cr_expect_str_eq(all->pdata[0], "outcomes-2025-01.tsv");
    cr_expect_str_eq(all->pdata[2], "outcomes-2026-12.tsv");
    cr_expect_str_eq(some->pdata[0], "outcomes-2026-11.tsv");
}
