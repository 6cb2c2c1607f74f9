/* Lines of ours in Postfix's files: put in, recognised, and taken out without a trace. */
#include <criterion/criterion.h>
#include <string.h>

#include "postfix/internal.h"

static const char *const bases[] = {
    "",
    "a = 1\n",
    "a = 1",
    "# only a comment\n\n\n",
    "a = 1,\n  2\n# BEGIN metroplex is no mark\nb = 2\n",
    "smtpd_tls_security_level=may\nb = 3\n",
    "b = 3\nsmtpd_tls_security_level = may",
};

static GPtrArray *
replaced(void)
{
    GPtrArray *names = g_ptr_array_new();

    g_ptr_array_add(names, (gpointer) "smtpd_tls_security_level");
    return names;
}

static char *
base_of(const char *text)
{
    g_auto(MpMarked) marked = {.lines = NULL};

    mp_marked_parse(text, &marked);
    return mp_marked_base(&marked);
}

Test(postfix, what_is_put_in_comes_out_byte_for_byte)
{
    g_autoptr(GPtrArray) names = replaced();

    for (gsize i = 0; i < G_N_ELEMENTS(bases); i++) {
        g_autofree char *once = mp_marked_render(bases[i], "ours = 1\n", names);
        g_autofree char *again = mp_marked_render(once, "ours = 2\n", NULL);
        g_autofree char *from_once = base_of(once), *from_again = base_of(again);

        cr_assert_str_eq(from_once, bases[i], "base %zu", i);
        cr_assert_str_eq(from_again, bases[i], "base %zu, twice", i);
        cr_assert(strstr(again, "ours = 1") == NULL && strstr(again, "ours = 2") != NULL);
    }
}

/* Somebody took out all that stood above, and it had no end of line. */
Test(postfix, marks_may_be_all_that_is_left)
{
    g_autofree char *text = mp_marked_render("a = 1", "ours = 1\n", NULL);
    g_auto(MpMarked) marked = {.lines = NULL};

    mp_marked_parse(strchr(text, '\n') + 1, &marked);
    cr_assert_str_eq(marked.before, "");
    cr_assert_str_eq(marked.lines, "ours = 1\n");
    cr_assert(!marked.is_as_written);
}

Test(postfix, a_file_tells_whether_it_is_as_written)
{
    g_autofree char *text = mp_marked_render("a = 1\n", "ours = 1\n", NULL);
    g_autofree char *more = g_strconcat(text, "b = 2\n", NULL);
    g_auto(MpMarked) good = {.lines = NULL}, changed = {.lines = NULL};

    mp_marked_parse(text, &good);
    mp_marked_parse(more, &changed);
    cr_assert(good.is_as_written && !changed.is_as_written);
    cr_assert_str_eq(changed.lines, "ours = 1\n");
    cr_assert_str_eq(changed.after, "b = 2\n");
}

Test(postfix, what_others_append_stays_and_is_no_difference_of_ours)
{
    g_autofree char *text = mp_marked_render("a = 1", "ours = 1\n", NULL);
    g_autofree char *more = g_strconcat(text, "b = 2\n", NULL);
    g_autofree char *again = mp_marked_render(more, "ours = 1\n", NULL);
    g_autofree char *base = base_of(more);

    cr_assert(!mp_marked_differ(more, again));
    cr_assert(mp_marked_differ(text, more));
    cr_assert_str_eq(base, "a = 1\nb = 2\n");
}

Test(postfix, a_stock_value_is_put_out_of_use)
{
    g_autoptr(GPtrArray) names = replaced();
    g_autofree char *text = mp_marked_render("smtpd_tls_security_level=may\nb = 1\n",
                                             "smtpd_tls_security_level = encrypt\n", names);
    g_autofree char *value = mp_main_value(text, "smtpd_tls_security_level");

    cr_assert_str_eq(value, "encrypt");
    cr_assert(strstr(text, "\n#metroplex# smtpd") != NULL ||
              g_str_has_prefix(text, "#metroplex# smtpd"));
}

/* What would be left of its value would go on with the line before it. */
Test(postfix, a_stock_value_of_several_lines_is_put_out_of_use_as_a_whole)
{
    static const char before[] = "a = 1\nsmtpd_tls_security_level =\n# why\n\n\tmay\nb = 2\n  3\n";
    g_autoptr(GPtrArray) names = replaced();
    g_autofree char *text = mp_marked_render(before, "smtpd_tls_security_level = encrypt\n", names);
    g_autofree char *level = mp_main_value(text, "smtpd_tls_security_level");
    g_autofree char *a = mp_main_value(text, "a"), *b = mp_main_value(text, "b");
    g_auto(MpMarked) marked = {.lines = NULL};

    cr_expect_str_eq(level, "encrypt");
    cr_expect_str_eq(a, "1");
    cr_expect_str_eq(b, "2 3");
    mp_marked_parse(text, &marked);
    g_autofree char *base = mp_marked_base(&marked);
    cr_expect_str_eq(base, before);
}

static const struct {
    const char *text, *name, *value;
} values[] = {
    {"a = 1\n", "a", "1"},        {"a=1", "a", "1"},
    {"ab = 1\n", "a", NULL},      {"# a = 1\n", "a", NULL},
    {"a = 1\na = 2\n", "a", "2"}, {"a = 1,\n\t2,\n# between\n\n  3\nb = 4\n", "a", "1, 2, 3"},
    {"a =\n  1\n", "a", "1"},     {"a =\nb = 2\n", "a", ""},
    {"b = a = 1\n", "a", NULL},   {"", "a", NULL},
};

Test(postfix, values_are_read_as_postfix_reads_them)
{
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *value = mp_main_value(values[i].text, values[i].name);

        cr_assert(g_strcmp0(value, values[i].value) == 0, "%s in %s: %s", values[i].name,
                  values[i].text, value);
    }
}

Test(postfix, braces_keep_an_element_together)
{
    g_autoptr(GPtrArray) list = mp_main_list("a, b\tinline:{ { x = y z } } c,d");

    cr_assert_eq(list->len, 5);
    cr_assert_str_eq(g_ptr_array_index(list, 2), "inline:{ { x = y z } }");
}
