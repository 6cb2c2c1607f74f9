/* Words that patterns need: that they are read as PCRE2 reads them, and that no match is missed. */
#include <criterion/criterion.h>
#include <pcre2.h>
#include <string.h>

#include "patterns/internal.h"
#include "patterns/needs.h"
#include "patterns/needs_read.h"

static const struct {
    const char *pattern, *words; /* parted by |; *: anything may match */
} readings[] = {
    {"abc", "\1abc"},
    {"(?:abc|def)", "\1abc|\1def"},
    {"(?:abc|d.f)", "*"},
    {".{0,3}(?:abc|defg)", "abc|defg"},
    {"a?bcd", "\1abcd|\1bcd"},
    {"(?:one )?two.*", "\1one two|two"},
    {".*three{2}", "threee"},
    {".*abc+def", "abc"},
    {">{3}.*", "\1>>>"},
    {".*a[bB]c", "abc"},
    {".*[a-z]bcd", "bcd"},
    {".*[^a]bcd", "bcd"},
    {".*a[b\xC2\xA0 ]c", "abc|a\x80"
                         "c|a c"},
    {".*GR\xC3\xBC\xC3\x9F"
     "E",
     "gr\x80\x80"
     "e"},
    {"(?=.*secret).{30,}", "secret"},
    {".*(?:abc|\xD0\xB0\xD0\xB1)", "abc"}, /* which only texts of another script match */
    {"(?!abc)def", "\1"
                   "def"},
    {".*\\bdef\\.", "def."},
    {".*abc(?:def)*ghi", "abc"},
    {".*abcdefghijkl", "efghijkl"},
    {"(?#a remark)", "*"},
    {"(?:abc){2}", "*"},
    {".*abc{2,3}def", "abcc"},
    {".*abc{2,}def", "abcc"},
    {".*[^]abc]xyz", "*"},
    {".*[]abc]xyz", "*"},
    {".*[[:alpha:]]bcd", "*"},
    {".*ab{2x}cd", "*"},
    {".*ab{2", "*"},
    {".*ab{,3}cd", "*"},
    {".*x[\\b]yz", "*"},
    {".*abc\\", "*"},
    {"(abc)\\1", "*"},
};

static void
add_text(GString *text, guint64 word)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        if ((word >> shift & 0xff) != 0)
            g_string_append_c(text, (char)(word >> shift & 0xff));
}

Test(pattern_needs, words_are_read_out_of_a_pattern)
{
    static MpNeededWords words;

    for (gsize i = 0; i < G_N_ELEMENTS(readings); i++) {
        g_autoptr(GString) text = g_string_new(NULL);

        mp_needs_read(readings[i].pattern, true, &words);
        for (guint n = 0; n < words.n && !words.any; n++) {
            g_string_append(text, n > 0 ? "|" : "");
            add_text(text, words.words[n]);
        }
        if (words.any)
            g_string_assign(text, "*");
        cr_expect_str_eq(text->str, readings[i].words, "%s", readings[i].pattern);
    }
}

/* Every character that something is said of, and an s, k or i in another case. */
static char *
seen_characters(void)
{
    GString *all = g_string_new(NULL);
    char text[7] = "";

    for (gunichar c = 1; c < 0x30000; c++) {
        memset(text, 0, sizeof text);
        if ((c < 0xd800 || c >= 0xe000) && g_unichar_to_utf8(c, text) > 0 &&
            mp_needs_seen(text) != 0)
            g_string_append(all, text);
    }
    return g_string_free(all, FALSE);
}

/* For each character of the patterns. */
static void
expect_seen_alike(const char *character, const char *all)
{
    gsize length = (gsize)(g_utf8_next_char(character) - character);
    g_autofree char *pattern = g_strdup_printf("\\Q%.*s\\E", (int)length, character);
    int error;
    PCRE2_SIZE at = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS, &error, &at, NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);

    for (at = 0; pcre2_match(code, (PCRE2_SPTR)all, strlen(all), at, 0, data, NULL) > 0;
         at = pcre2_get_ovector_pointer(data)[1]) {
        const char *other = all + pcre2_get_ovector_pointer(data)[0];

        cr_expect_eq(mp_needs_seen(other), mp_needs_seen(character), "%.*s", (int)length,
                     character);
    }
    pcre2_match_data_free(data);
    pcre2_code_free(code);
}

/* What PCRE2 takes for another case of a character of a pattern is seen as that is, or nothing is
 * said of it. */
Test(pattern_needs, both_cases_of_a_letter_are_seen_alike)
{
    g_autofree char *all = seen_characters();
    g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);

    for (gsize i = 0; i < mp_n_rules; i++) {
        g_autofree char *text =
            g_strconcat(mp_rules[i].pattern, mp_rules[i].key != NULL ? mp_rules[i].key : "", NULL);

        for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
            if (*p != '\\' && g_hash_table_add(done, GUINT_TO_POINTER(g_utf8_get_char(p))))
                expect_seen_alike(p, all);
    }
    cr_expect_gt(g_hash_table_size(done), 500);
}

/* The lines of the fixtures and what each row cuts, in capitals, too. */
static GHashTable *
all_lines(void)
{
    static const char folder[] = "tests/fixtures/replies";
    GHashTable *lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
    const char *name;

    cr_assert(files != NULL);
    while ((name = g_dir_read_name(files)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;

        cr_assert(g_file_get_contents(path, &text, NULL, NULL), "%s", path);
        g_auto(GStrv) each = g_strsplit_set(text, "\t\r\n", -1);
        for (char **line = each; *line != NULL; line++)
            if (g_utf8_validate(*line, -1, NULL))
                g_hash_table_add(lines, g_strdup(*line));
    }
    for (gsize i = 0; i < mp_n_rules; i++) {
        g_hash_table_add(lines, g_strdup(mp_rules[i].cuts));
        g_hash_table_add(lines, g_utf8_strup(mp_rules[i].cuts, -1));
    }
    return lines;
}

/* Returns how many lines match, each of which must be one that might. */
static guint
expect_candidates(const MpRule *rule, const char *pattern, bool is_whole, GHashTable *lines)
{
    g_autoptr(MpNeeds) needs = mp_needs_new();
    uint32_t whole = is_whole ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0;
    int error;
    PCRE2_SIZE at = 0;
    pcre2_code *code = pcre2_compile(
        (PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
        PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_DOTALL | whole, &error, &at, NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    GHashTableIter iter;
    gpointer line;
    guint n = 0;

    cr_assert(code != NULL, "%s", pattern);
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    mp_needs_add(needs, 0, pattern, is_whole, 1);
    g_hash_table_iter_init(&iter, lines);
    while (g_hash_table_iter_next(&iter, &line, NULL))
        if (pcre2_match(code, line, PCRE2_ZERO_TERMINATED, 0, PCRE2_NO_UTF_CHECK, data, NULL) >= 0) {
            n++;
            cr_expect(mp_needs_look(needs, line, 1).flags != 0, "%s: \"%s\"", rule->name,
                      (const char *)line);
        }
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return n;
}

/* By its own words alone; or it would never be tried. */
Test(pattern_needs, each_row_is_a_candidate_wherever_it_matches, .timeout = 120)
{
    g_autoptr(GHashTable) lines = all_lines();
    guint n_rows = 0, n_matches = 0;

    for (gsize i = 0; i < mp_n_rules; i++) {
        const MpRule *rule = &mp_rules[i];
        bool is_key = mp_row_belongs(rule, PATTERN_KEY);

        if (!is_key && rule->kind == MP_RULE_ATTRIBUTION)
            continue;
        n_rows++;
        n_matches += expect_candidates(rule, is_key ? rule->key : rule->pattern, !is_key, lines);
    }
    cr_expect_gt(n_matches, n_rows);
    cr_log_info("%u rows match %u times", n_rows, n_matches);
}

/* Else every line is tried with all rows again. */
Test(pattern_needs, of_each_row_for_single_lines_some_words_are_known)
{
    static MpNeededWords words;

    for (gsize i = 0; i < mp_n_rules; i++) {
        const MpRule *rule = &mp_rules[i];
        if (!rule_is_line(rule))
            continue;
        mp_needs_read(rule->pattern, true, &words);
        cr_expect(!words.any, "%s", rule->name);
    }
}

Test(pattern_needs, a_line_of_prose_has_no_candidate)
{
    static const char *const lines[] = {
        "The rocket does not start when it rains.",
        "Na\xC3\xAFve r\xC3\xA9servoir \xE2\x80\x93 \xE2\x80\x9Cno\xE2\x80\x9D", "x", ""};
    g_autoptr(MpNeeds) needs = mp_needs_new();

    for (gsize i = 0; i < mp_n_rules; i++)
        if (rule_is_line(&mp_rules[i]))
            mp_needs_add(needs, (guint)i, mp_rules[i].pattern, true, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
        cr_expect_eq(mp_needs_look(needs, lines[i], 1).flags, 0, "%s", lines[i]);
    MpCandidates found = mp_needs_look(needs, "SENT FROM MY IPHONE", 1);
    cr_assert_leq(found.n_rows, MP_CANDIDATES_MOST);
    cr_expect_str_eq(mp_rules[found.rows[0]].name, "mobile-en");
    cr_expect_lt(found.rows[0], found.rows[1]);
    cr_expect_gt(mp_needs_look(needs, "\xE4\xB8\xAD\xE6\x96\x87", 1).n_rows, MP_CANDIDATES_MOST);
}
