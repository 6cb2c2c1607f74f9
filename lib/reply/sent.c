/*
 * Which words of a mail are ours: runs of four or more words that also stand in a text we sent.
 *
 * Both sides become streams of word hashes; every four-word sequence of the sent side is indexed,
 * and the mail is walked once, each hit extended as far as it goes. A mail's line breaks do not
 * matter.
 */
#include "reply/sent.h"

#include <string.h>

enum {
    GRAM = 4,            /* words that must agree before anything counts */
    CANDIDATES = 8,      /* places looked at for one sequence: bounds a text that repeats itself */
    SENT_WORDS = 200000, /* of all texts together, some 1 MB; the rest is not compared */
};

typedef struct {
    guint hash;
    guint line;
} Word;

/* URLs differ between what was sent and what a gateway made of them. */
static gsize
url_length(const char *p)
{
    gsize scheme = 0;

    if (g_str_has_prefix(p, "https://"))
        scheme = 8;
    else if (g_str_has_prefix(p, "http://") || g_str_has_prefix(p, "mailto:"))
        scheme = 7;
    return scheme > 0 ? scheme + strcspn(p + scheme, " \t\n>)\"") : 0;
}

/* Scripts that are written without spaces: each character is a word. */
static bool
stands_alone(gunichar c)
{
    return (c >= 0x0e00 && c <= 0x0e7f) || (c >= 0x3040 && c <= 0x30ff) ||
           (c >= 0x3400 && c <= 0x9fff);
}

static void
append_words(GArray *words, const char *text, guint line)
{
    guint hash = 0;

    for (const char *p = text;; p = g_utf8_next_char(p)) {
        gunichar c = (guchar)*p < 0x80 ? (guchar)*p : g_utf8_get_char(p);
        bool letter =
            c < 0x80 ? g_ascii_isalnum((char)c) : g_unichar_isalnum(c) || g_unichar_ismark(c);

        if (letter && (hash != 0 || url_length(p) == 0)) {
            hash = ((hash == 0 ? 5381 : hash) * 33) ^
                   (c < 0x80 ? (guint)g_ascii_tolower((char)c) : g_unichar_tolower(c));
            if (!stands_alone(c))
                continue;
        }
        if (hash != 0) {
            Word word = {hash, line};
            g_array_append_val(words, word);
            hash = 0;
        }
        if (c == '\0')
            return;
        if (letter && !stands_alone(c))
            p += url_length(p) - 1; /* the loop steps over the last byte, which is one of a URL */
    }
}

static guint
gram(const GArray *words, guint i)
{
    guint hash = 0;

    for (guint k = 0; k < GRAM; k++)
        hash = hash * 2654435761u + g_array_index(words, Word, i + k).hash;
    return hash;
}

/* The sent words, and for each of their sequences a chain of the places where it stands. */
typedef struct {
    GArray *words;
    guint *heads, *next;
    guint mask;
} Index;

static void
index_clear(Index *index)
{
    g_array_unref(index->words);
    g_free(index->heads);
    g_free(index->next);
}

static void
index_build(Index *index, const char *const *sent)
{
    guint size = 1024;

    index->words = g_array_new(FALSE, FALSE, sizeof(Word));
    for (guint i = 0; sent[i] != NULL && index->words->len < SENT_WORDS; i++) {
        g_autofree char *valid = g_utf8_make_valid(sent[i], -1);
        append_words(index->words, valid, i);
    }
    while (size < index->words->len * 2)
        size *= 2;
    index->mask = size - 1;
    index->heads = g_new0(guint, size);
    index->next = g_new0(guint, index->words->len + 1);
    for (guint i = index->words->len;
         i-- > 0;) { /* backwards, so that a chain begins with the first */
        if (i + GRAM > index->words->len)
            continue;
        guint *head = &index->heads[gram(index->words, i) & index->mask];
        index->next[i] = *head;
        *head = i + 1;
    }
}

static guint
common_run(const GArray *a, guint i, const GArray *b, guint k)
{
    guint n = 0;

    while (i + n < a->len && k + n < b->len &&
           g_array_index(a, Word, i + n).hash == g_array_index(b, Word, k + n).hash &&
           g_array_index(b, Word, k + n).line == g_array_index(b, Word, k).line)
        n++;
    return n;
}

static guint
longest_run(const Index *index, const GArray *words, guint i)
{
    guint best = 0, tried = 0;

    if (i + GRAM > words->len)
        return 0;
    for (guint at = index->heads[gram(words, i) & index->mask]; at != 0 && tried < CANDIDATES;
         tried++) {
        best = MAX(best, common_run(words, i, index->words, at - 1));
        at = index->next[at - 1];
    }
    return best >= GRAM ? best : 0;
}

void
sent_mark(GArray *lines, const char *const *sent)
{
    g_autoptr(GArray) words = g_array_new(FALSE, FALSE, sizeof(Word));
    Index index;

    for (guint i = 0; i < lines->len; i++) {
        guint before = words->len;

        append_words(words, LINE(lines, i)->text, i);
        LINE(lines, i)->words = words->len - before;
    }
    if (sent == NULL || sent[0] == NULL)
        return;
    index_build(&index, sent);
    for (guint i = 0; i < words->len;) {
        guint run = longest_run(&index, words, i);

        for (guint k = 0; k < run; k++) {
            Line *line = LINE(lines, g_array_index(words, Word, i + k).line);
            line->words_sent++;
            line->run = MAX(line->run, run);
        }
        i += MAX(run, 1);
    }
    index_clear(&index);
}
