/* Texts compared by runs of words; see repeats.h. */
#include "tracker/repeats.h"

#include <string.h>

#define RUN      5 /* words in a row that two people hardly write by chance */
#define LINE_MIN 8 /* octets of a line of fewer words */
#define WORD_MIN 8 /* octets of a word that is remembered by itself */
#define TEXT_MIN 4 /* octets of all that was said: a password, and nothing else */

struct MpRepeats {
    GHashTable *runs;   /* char *, words with a space between them */
    GHashTable *common; /* likewise, few words that others may write by chance */
};

MpRepeats *
mp_repeats_new(void)
{
    MpRepeats *repeats = g_new0(MpRepeats, 1);

    repeats->runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    repeats->common = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return repeats;
}

void
mp_repeats_free(MpRepeats *repeats)
{
    if (repeats == NULL)
        return;
    g_hash_table_unref(repeats->runs);
    g_hash_table_unref(repeats->common);
    g_free(repeats);
}

static bool
is_of_word(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80;
}

/* The next word between blanks, without what stands around it: quotation, punctuation, markup. */
static char *
next_word(const char **text)
{
    for (const char *p = *text; *p != '\0';) {
        gsize length = strcspn(p += strspn(p, " \t\r\n"), " \t\r\n");
        const char *end = p + length;

        *text = end;
        while (p < end && !is_of_word(*p))
            p++;
        while (end > p && !is_of_word(end[-1]))
            end--;
        if (end > p)
            return g_strndup(p, (gsize)(end - p));
        p = *text;
    }
    return NULL;
}

/* The last `n` of the words. */
static char *
run_of(const GPtrArray *words, guint n)
{
    GString *run = g_string_new(NULL);

    for (guint i = words->len - n; i < words->len; i++)
        g_string_append_printf(run, "%s%s", run->len > 0 ? " " : "", (const char *)words->pdata[i]);
    return g_string_free(run, FALSE);
}

/* Something other than letters between its first octet and its last. */
static bool
is_in_no_dictionary(const char *word)
{
    bool is_other = false;

    for (const char *p = word; *p != '\0'; p++)
        is_other |= !g_ascii_isalpha(*p) && (guchar)*p < 0x80 && *p != '-' && *p != '\'';
    return is_other && strlen(word) >= WORD_MIN;
}

static void
add_run(MpRepeats *repeats, const GPtrArray *words, guint n)
{
    g_hash_table_add(repeats->runs, run_of(words, n));
}

static bool
may_be_anybodys(const char *words)
{
    for (const char *p = words; *p != '\0'; p++)
        if (!g_ascii_isalpha(*p) && (guchar)*p < 0x80 && strchr(" -'", *p) == NULL)
            return false;
    return true;
}

/* A line, or all that was said, of few words. */
static void
add_few(MpRepeats *repeats, const GPtrArray *words, guint n, gsize least)
{
    char *few = run_of(words, n);

    if (strlen(few) >= least)
        g_hash_table_add(may_be_anybodys(few) ? repeats->common : repeats->runs, few);
    else
        g_free(few);
}

static void
add_line(MpRepeats *repeats, const char *line, GPtrArray *words)
{
    guint before = words->len;
    char *word;

    while ((word = next_word(&line)) != NULL) {
        g_ptr_array_add(words, word);
        if (is_in_no_dictionary(word))
            add_run(repeats, words, 1);
        if (words->len >= RUN)
            add_run(repeats, words, RUN);
    }
    guint n = words->len - before;
    if (n > 0 && n < RUN)
        add_few(repeats, words, n, LINE_MIN);
}

void
mp_repeats_add(MpRepeats *repeats, const char *text)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        if (**line != '>')
            add_line(repeats, *line, words);
    if (words->len > 0 && words->len < RUN)
        add_few(repeats, words, words->len, TEXT_MIN);
}

static bool
are_in(const MpRepeats *repeats, const char *text, bool surely)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    char *word;

    while ((word = next_word(&text)) != NULL) {
        if (words->len == RUN)
            g_ptr_array_remove_index(words, 0);
        g_ptr_array_add(words, word);
        for (guint n = 1; n <= words->len; n++) {
            g_autofree char *run = run_of(words, n);

            if (g_hash_table_contains(repeats->runs, run) ||
                (!surely && g_hash_table_contains(repeats->common, run)))
                return true;
        }
    }
    return false;
}

bool
mp_repeats_are_in(const MpRepeats *repeats, const char *text)
{
    return are_in(repeats, text, false);
}

bool
mp_repeats_are_surely_in(const MpRepeats *repeats, const char *text)
{
    return are_in(repeats, text, true);
}
