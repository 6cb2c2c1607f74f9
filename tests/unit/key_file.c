/* Records are read and written as GLib reads and writes key files: administrators' tools do. */
#include "tracker/key_file.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tracker/record_file.h"

#define TRIES 100000

/* Pieces of which much is nearly a key file. */
static const char *const pieces[] = {"[a]\n", "[b]\n", "k=", "k = ", "l=",  "=",   "\n",   "\r\n",
                                     " ",     "\t",    ";",  "\\",   "\\s", "\\n", "\\;",  "\\x",
                                     "[",     "]",     "#",  "v",    "v v", "é",   "\xff", "[c] \n",
                                     "\f",    "k",     "0",  "\n\n", "w;w;"};

static char *
random_text(GRand *random)
{
    GString *text = g_string_new(g_rand_boolean(random) ? "[a]\n" : "");

    for (int n = g_rand_int_range(random, 0, 14); n > 0; n--)
        g_string_append(text, pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))]);
    return g_string_free(text, FALSE);
}

static bool
has_odd_escape(const char *value)
{
    for (const char *p = value; *p != '\0'; p++)
        if (*p == '\\' && (p[1] == '\0' || strchr("sntr\\", *++p) == NULL))
            return true;
    return false;
}

static void
compare_key(const MpKeyFile *ours, GKeyFile *theirs, const char *group, const char *key,
            const char *text)
{
    const MpKeyEntry *entry = mp_key_file_find(ours, group, key);

    cr_assert_eq(entry != NULL, g_key_file_has_key(theirs, group, key, NULL), "%s: %s in %s", key,
                 group, text);
    if (entry == NULL)
        return;
    g_autofree char *value = g_strndup(entry->value.at, entry->value.length);
    g_autofree char *one = mp_key_entry_string(entry);
    g_auto(GStrv) list = mp_key_entry_list(entry);
    g_autoptr(GError) error = NULL;

    cr_assert_eq(one != NULL, g_utf8_validate(value, -1, NULL), "%s", text);
    cr_assert_eq(list != NULL, one != NULL, "%s", text);
    if (one == NULL || has_odd_escape(value)) /* at two of which GLib warns */
        return;
    g_autofree char *other = g_key_file_get_string(theirs, group, key, &error);
    cr_assert_null(error, "%s", text);
    cr_assert_str_eq(one, other, "%s", text);
    g_auto(GStrv) other_list = g_key_file_get_string_list(theirs, group, key, NULL, &error);
    cr_assert_null(error, "%s", text);
    cr_assert(g_strv_equal((const char *const *)list, (const char *const *)other_list), "%s", text);
}

/* "[de]" behind a key is a translation for GLib, and a mistake in a record. */
static bool
has_bracketed_key(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        char *p = g_strchug(*line);

        if (*p != '[' && *p != '#' && strcspn(p, "[]") < strcspn(p, "="))
            return true;
    }
    return false;
}

Test(key_file, reads_as_glib_does)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    int n_good = 0;

    for (int i = 0; i < TRIES; i++) {
        g_autofree char *text = random_text(random);
        g_autoptr(GKeyFile) theirs = g_key_file_new();
        const char *why = NULL;
        guint line = 0;
        g_autoptr(MpKeyFile) ours = mp_key_file_parse(text, &line, &why);
        bool is_good = g_key_file_load_from_data(theirs, text, strlen(text), G_KEY_FILE_NONE, NULL);

        if (has_bracketed_key(text))
            continue;
        cr_assert_eq(ours != NULL, is_good, "%s: %s", text, why);
        cr_assert(ours != NULL || (line > 0 && why != NULL));
        if (ours == NULL)
            continue;
        n_good++;
        for (int group = 'a'; group <= 'c'; group++) {
            compare_key(ours, theirs, (char[]){(char)group, 0}, "k", text);
            compare_key(ours, theirs, (char[]){(char)group, 0}, "l", text);
        }
    }
    cr_expect_gt(n_good, TRIES / 20, "%d", n_good);
}

/* A form feed at the beginning GLib itself would lose. */
Test(key_file, writes_what_glib_reads)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);

    for (int i = 0; i < TRIES; i++) {
        g_autofree char *first = random_text(random), *second = random_text(random);
        g_autofree char *one = g_utf8_make_valid(first, -1), *other = g_utf8_make_valid(second, -1);
        const char *const list[] = {one, other, NULL};
        g_autoptr(GKeyFile) theirs = g_key_file_new();
        g_autoptr(MpRecordWriter) ours = mp_record_writer_new();

        if (*one == '\f')
            continue;
        mp_record_set_string(ours, "a", "k", one);
        mp_record_set_number(ours, "b", "n", G_MAXUINT64);
        mp_record_set_list(ours, "b", "l", list, 2);
        g_autofree char *text = mp_record_writer_text(ours);
        cr_assert(g_key_file_load_from_data(theirs, text, strlen(text), G_KEY_FILE_NONE, NULL));
        g_autofree char *value = g_key_file_get_string(theirs, "a", "k", NULL);
        g_auto(GStrv) read = g_key_file_get_string_list(theirs, "b", "l", NULL, NULL);
        cr_assert_str_eq(value, one);
        cr_assert(g_strv_equal((const char *const *)read, list), "%s", text);
        cr_assert_eq(g_key_file_get_uint64(theirs, "b", "n", NULL), G_MAXUINT64);
        const char *why;
        guint line;
        g_autoptr(MpKeyFile) ours_again = mp_key_file_parse(text, &line, &why);
        g_auto(GStrv) again = mp_key_entry_list(mp_key_file_find(ours_again, "b", "l"));
        cr_assert(g_strv_equal((const char *const *)again, list), "%s", text);
    }
}

/* What a table finds is what is found without one. */
Test(key_file, many_keys_are_found_in_their_order)
{
    g_autoptr(GString) text = g_string_new("[a]\n");
    const char *why;
    guint line;

    for (int i = 0; i < 1000; i++)
        g_string_append_printf(text, "k%d=%d\n", i % 500, i);
    g_autoptr(MpKeyFile) file = mp_key_file_parse(text->str, &line, &why);
    g_auto(GStrv) keys = mp_key_file_keys(file, "a");
    cr_assert_eq(g_strv_length(keys), 500);
    cr_expect_str_eq(keys[0], "k0");
    cr_expect_str_eq(keys[499], "k499");
    cr_expect_null(mp_key_file_find(file, "b", "k1"));
    cr_expect_null(mp_key_file_find(file, "a", "k"));
    cr_expect_eq(mp_key_file_find(file, "a", "k7")->line, 509);
}

Test(key_file, what_is_wrong_is_said_with_its_line)
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"[thread]\n\nkind\n", "p:3: neither a key with its value nor a group nor a remark"},
        {"kind=issue\n", "p:1: a key before the first group"},
        {"# remark\n[thread\n", "p:2: a group without its ]"},
        {"[thread]\n[]\n", "p:2: a group without a name"},
        {"[thread]\nkind[de]=x\n", "p:2: not the name of a key"},
        {"[thread]\nkind=\xff\n", "p:2: [thread] kind: not UTF-8"},
        {"[other]\nx=y\n[thread]\nk=v\n", "p:3: [thread] kind: missing"},
        {"[other]\n", "p: [thread] kind: missing"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        MpRecordReader r;

        mp_record_begin(&r, cases[i].text, "p", "thread");
        g_free(mp_record_string(&r, "kind"));
        cr_assert_not(mp_record_end(&r, &error));
        cr_expect_str_eq(error->message, cases[i].wanted);
    }
}

Test(key_file, a_backslash_before_anything_else_is_one)
{
    static const struct {
        const char *value, *wanted;
    } cases[] = {
        {"C:\\path", "C:\\path"}, {"\\\\x", "\\x"},   {"a\\", "a\\"},
        {"\\x\\n", "\\x\n"},      {"a\\;b", "a\\;b"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("[g]\nk=%s\n", cases[i].value);
        MpRecordReader r;

        mp_record_begin(&r, text, "p", "g");
        g_autofree char *value = mp_record_string(&r, "k");
        cr_assert(mp_record_end(&r, NULL));
        cr_expect_str_eq(value, cases[i].wanted);
    }
}
