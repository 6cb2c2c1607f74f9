/* Markdown that asks for more than it is worth, and what md4c says wrongly of some. The source of
 * such texts is anybody who may comment. */
#include <criterion/criterion.h>

#include <string.h>

#include "markup/markdown.h"
#include "markup/mentions.h"

/* `times` times. */
static void
append_often(GString *out, const char *text, guint times)
{
    for (guint i = 0; i < times; i++)
        g_string_append(out, text);
}

/* A table of so many columns, which are no more than md4c takes in any version (128), and below it
 * rows that have one cell each. */
static char *
wide_table(guint columns, guint rows)
{
    GString *out = g_string_new(NULL);

    append_often(out, "|a", columns);
    g_string_append(out, "|\n");
    append_often(out, "|---", columns);
    g_string_append(out, "|\n");
    append_often(out, "|\n", rows);
    return g_string_free(out, FALSE);
}

/* A long URL that is defined once, and links to it. */
static char *
many_links(guint length, guint links)
{
    GString *out = g_string_new("[a]: https://h.example/");

    append_often(out, "u", length);
    g_string_append(out, "\n\n");
    append_often(out, "[a] ", links);
    return g_string_free(out, FALSE);
}

static bool
note_word(const char *word, gpointer user_data)
{
    g_string_append_printf(user_data, "%s ", word);
    return true;
}

static char *
mentions_of(const char *markdown)
{
    GString *words = g_string_new(NULL);

    mp_foreach_mention(markdown, note_word, words);
    return g_string_free(words, FALSE);
}

Test(markdown, no_text_makes_html_without_bounds)
{
    g_autofree char *table = wide_table(100, 4000), *links = many_links(10000, 4000);
    const char *const texts[] = {table, links};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *html = mp_markdown_to_html(texts[i], NULL);
        cr_expect(strlen(html) < 200 * strlen(texts[i]), "%zu: %zu octets of %zu", i, strlen(html),
                  strlen(texts[i]));
        cr_expect(g_str_has_prefix(html, "<pre>"), "%zu: shown as it was written", i);
    }
}

Test(markdown, tables_and_links_of_people_are_no_such_text)
{
    g_autofree char *table = wide_table(30, 300), *links = many_links(300, 100);
    g_autofree char *table_html = mp_markdown_to_html(table, NULL),
                    *links_html = mp_markdown_to_html(links, NULL);

    cr_expect(g_str_has_prefix(table_html, "<table"));
    cr_expect(g_str_has_prefix(links_html, "<p"));
}

Test(markdown, who_is_mentioned_before_such_a_text_is)
{
    g_autofree char *table = wide_table(100, 4000);
    g_autofree char *text = g_strconcat("@tim\n\n", table, NULL), *words = mentions_of(text);

    cr_expect_str_eq(words, "tim ");
}

/* md4c leaves a link here that it did not enter. */
Test(markdown, a_link_that_only_ends_silences_no_mention_behind_it)
{
    const char *const texts[] = {"![|]([x)](u). @tim", "![|]([x)](u).\n\n@tim"};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *words = mentions_of(texts[i]);
        cr_expect_str_eq(words, "tim ", "%s: %s", texts[i], words);
    }
}

Test(markdown, what_was_quoted_is_read_as_it_was)
{
    static const char *const lines[] = {"",    "Engine *fails*", "a\\b \\",
                                        "\\*", "<b>![x](y)</b>", "é_~|#`"};

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *quoted = mp_markdown_quote(lines[i]);
        g_autofree char *again = mp_markdown_unquote(quoted);

        cr_expect_str_eq(again, lines[i]);
    }
}
