/* A key file that is changed in one line and nowhere else. */
#include "settings/edit.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
    const char *what, *before, *value, *after; /* value NULL: unset */
} cases[] = {
    {"a value", "[smtp]\nport = 25\n", "587", "[smtp]\nport = 587\n"},
    {"its spacing", "[smtp]\n  port=25  \nx = 1\n", "587", "[smtp]\n  port=587\nx = 1\n"},
    {"an empty one", "[smtp]\nport =\n", "587", "[smtp]\nport =587\n"},
    {"the line that counts", "[smtp]\nport = 1\nport = 2\n", "3", "[smtp]\nport = 1\nport = 3\n"},
    {"of its group", "[a]\nport = 1\n[smtp]\nport = 2\n[b]\nport = 3\n", "9",
     "[a]\nport = 1\n[smtp]\nport = 9\n[b]\nport = 3\n"},
    {"of a group in two places", "[smtp]\nport = 1\n[a]\n[smtp]\nx = 1\n", "9",
     "[smtp]\nport = 9\n[a]\n[smtp]\nx = 1\n"},
    {"no key that begins alike", "[smtp]\nport-x = 1\nport = 2\nport2=3\n", "9",
     "[smtp]\nport-x = 1\nport = 9\nport2=3\n"},
    {"no line that is a comment", "[smtp]\n#port = 1\n; \n", "9",
     "[smtp]\n#port = 1\nport = 9\n; \n"},
    {"below the example", "[smtp]\n# The port.\n# port = 25\n\n# More.\nx = 1\n", "9",
     "[smtp]\n# The port.\n# port = 25\nport = 9\n\n# More.\nx = 1\n"},
    {"at the end of the group", "[smtp]\nx = 1\n\n[b]\ny = 1\n", "9",
     "[smtp]\nx = 1\nport = 9\n\n[b]\ny = 1\n"},
    {"of an empty group", "[smtp]", "9", "[smtp]\nport = 9\n"},
    {"with its group", "[a]\nx = 1\n", "9", "[a]\nx = 1\n\n[smtp]\nport = 9\n"},
    {"with its group behind an open line", "[a]\nx = 1", "9", "[a]\nx = 1\n\n[smtp]\nport = 9\n"},
    {"into nothing", "", "9", "[smtp]\nport = 9\n"},
    {"lines that end as those of DOS", "[smtp]\r\nx = 1\r\n", "9",
     "[smtp]\r\nx = 1\r\nport = 9\r\n"},
    {"a value in such a line", "[smtp]\r\nport = 1\r\n", "9", "[smtp]\r\nport = 9\r\n"},
    {"a backslash", "[smtp]\nport = 1\n", "a\\b", "[smtp]\nport = a\\\\b\n"},
    {"an unset key", "[smtp]\n# Port.\nport = 1\nx = 1\n", NULL, "[smtp]\n# Port.\nx = 1\n"},
    {"all lines of an unset key", "[smtp]\nport = 1\nx = 1\nport = 2", NULL, "[smtp]\nx = 1\n"},
    {"nothing where it is not set", "[a]\nport = 1\n[smtp]\n#port = 1\n", NULL,
     "[a]\nport = 1\n[smtp]\n#port = 1\n"},
};

Test(settings, one_line_changes_and_no_other_octet)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) text = g_string_new(cases[i].before);

        if (cases[i].value != NULL)
            mp_edit_set(text, "smtp", "port", cases[i].value);
        else
            mp_edit_unset(text, "smtp", "port");
        cr_expect_str_eq(text->str, cases[i].after, "%s: %s", cases[i].what, text->str);
    }
}

/* A file of lines that people write, in any order, among them those of our key. */
static GString *
make_file(GRand *rand)
{
    static const char *const lines[] = {
        "[smtp]\n",     "[smtp]\n",    "[a]\n", "[b]  \n",     "port = 1\n",   "port=2\n",
        "  port = 3\n", "#port = 4\n", "\n",    "# Comment\n", "x = a=b\n",    "port-x = 5\n",
        "y = \\\\ z\n", "# [smtp]\n",  "   \n", "[smtp]\r\n",  "port = 6\r\n", "port =\n",
    };
    GString *text = g_string_new("[first]\n");

    for (int n = g_rand_int_range(rand, 0, 20); n > 0; n--)
        g_string_append(text, lines[g_rand_int_range(rand, 0, G_N_ELEMENTS(lines))]);
    if (g_rand_boolean(rand))
        g_string_append(text, "port = 7");
    return text;
}

static GKeyFile *
parse(const GString *text)
{
    GKeyFile *file = g_key_file_new();

    cr_assert(g_key_file_load_from_data(file, text->str, text->len, G_KEY_FILE_NONE, NULL), "%s",
              text->str);
    return file;
}

/* What GLib reads, without our key: the keys of both are then the same. */
static char *
all_but_ours(GKeyFile *file)
{
    GString *found = g_string_new(NULL);
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

    for (char **group = groups; *group != NULL; group++) {
        g_auto(GStrv) keys = g_key_file_get_keys(file, *group, NULL, NULL);

        for (char **key = keys; *key != NULL; key++) {
            g_autofree char *value = g_key_file_get_value(file, *group, *key, NULL);

            if (strcmp(*group, "smtp") != 0 || strcmp(*key, "port") != 0)
                g_string_append_printf(found, "%s.%s=%s\n", *group, *key, value);
        }
    }
    return g_string_free(found, FALSE);
}

Test(settings, glib_reads_the_new_value_and_the_others_as_before)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(20261128);

    for (int i = 0; i < 5000; i++) {
        g_autoptr(GString) text = make_file(rand);
        g_autofree char *original = g_strdup(text->str);
        g_autoptr(GKeyFile) before = parse(text);

        mp_edit_set(text, "smtp", "port", "v\\1");
        g_autoptr(GKeyFile) set = parse(text);
        g_autofree char *value = g_key_file_get_string(set, "smtp", "port", NULL);
        g_autofree char *others = all_but_ours(before), *others_now = all_but_ours(set);
        cr_assert_str_eq(value != NULL ? value : "none", "v\\1", "%s\n->\n%s", original, text->str);
        cr_assert_str_eq(others_now, others, "%s", original);

        mp_edit_unset(text, "smtp", "port");
        g_autoptr(GKeyFile) unset = parse(text);
        g_autofree char *others_then = all_but_ours(unset);
        cr_assert_not(g_key_file_has_key(unset, "smtp", "port", NULL), "%s", original);
        cr_assert_str_eq(others_then, others, "%s", original);
    }
}
