/* The words that patterns need, all in one table, and a look for them; see needs.h. */
#include "patterns/needs.h"
#include "patterns/needs_read.h"

/* A word is found by its last three characters: of these `grams` has a bit. */
enum { GRAM_BITS = 15, HEADS = 1 << 10, SEEN_LATIN = 0x80, SEEN_PUNCTUATION = 0x81 };

typedef struct {
    guint64 word, mask; /* mask: the octets of the word */
    guint32 flags;
    guint16 row;
    guint16 next; /* its number, from 1 on, of the same head; 0: none */
} Entry;

struct MpNeeds {
    guint32 everything;
    guint32 grams[(1 << GRAM_BITS) / 32];
    guint16 heads[HEADS];
    GArray *entries;
};

MpNeeds *
mp_needs_new(void)
{
    MpNeeds *needs = g_new0(MpNeeds, 1);

    needs->entries = g_array_sized_new(FALSE, FALSE, sizeof(Entry), 2048);
    return needs;
}

void
mp_needs_free(MpNeeds *needs)
{
    g_array_unref(needs->entries);
    g_free(needs);
}

static guint32
gram_of(guint64 word)
{
    return (guint32)(word & 0xffffff) * 2654435761u >> (32 - GRAM_BITS);
}

static inline Entry *
entry(const MpNeeds *needs, guint32 number)
{
    return &g_array_index(needs->entries, Entry, number - 1);
}

static void
add_word(MpNeeds *needs, guint row, guint64 word, guint32 flag)
{
    guint32 gram = gram_of(word);
    guint16 *head = &needs->heads[gram % HEADS];
    Entry new = {.word = word,
                 .mask = ~G_GUINT64_CONSTANT(0) >> (64 - 8 * mp_needs_length(word)),
                 .flags = flag,
                 .row = (guint16)row,
                 .next = *head};

    for (guint32 n = *head; n != 0; n = entry(needs, n)->next)
        if (entry(needs, n)->word == word && entry(needs, n)->row == row) {
            entry(needs, n)->flags |= flag;
            return;
        }
    g_array_append_val(needs->entries, new);
    g_assert(needs->entries->len <= G_MAXUINT16);
    *head = (guint16)needs->entries->len;
    needs->grams[gram / 32] |= 1u << gram % 32;
}

void
mp_needs_add(MpNeeds *needs, guint row, const char *pattern, bool is_whole, guint32 flag)
{
    g_autofree MpNeededWords *words = g_new(MpNeededWords, 1);

    mp_needs_read(pattern, is_whole, words);
    if (words->any)
        needs->everything |= flag;
    for (guint i = 0; i < words->n && !words->any; i++)
        add_word(needs, row, words->words[i], flag);
}

/* 0: no character of ASCII, or the end. */
static const guint8 seen_ascii[256] = {
#define ROW(n)  n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7
#define ROWS(n) ROW(n), ROW(n + 8), ROW(n + 16), ROW(n + 24)
    ROWS(0), ROWS(32), '@', 'a', 'b', 'c', 'd',  'e', 'f', 'g', 'h',      'i',
    'j',     'k',      'l', 'm', 'n', 'o', 'p',  'q', 'r', 's', 't',      'u',
    'v',     'w',      'x', 'y', 'z', '[', '\\', ']', '^', '_', ROWS(96),
};

/* Letters of Latin script up to U+02BF, and marks above letters: another case of one is another of
 * them, or a character of which nothing is said. But U+017F is an s, and U+00B5 is Greek. General
 * punctuation has no case. */
guint8
mp_needs_seen(const char *character)
{
    const guchar *c = (const guchar *)character;

    if (*c < 0x80)
        return seen_ascii[*c];
    if (*c == 0xe2 && (c[1] & 0xfe) == 0x80)
        return SEEN_PUNCTUATION;
    if ((*c == 0xc2 && c[1] == 0xb5) || (*c == 0xc5 && c[1] == 0xbf))
        return 0;
    return *c <= 0xca || *c == 0xcc ? SEEN_LATIN : 0;
}

static void
add_candidate(MpCandidates *found, const Entry *entry, guint32 wanted)
{
    guint at = 0;

    found->flags |= entry->flags & wanted;
    if (found->n_rows > MP_CANDIDATES_MOST)
        return;
    while (at < found->n_rows && found->rows[at] < entry->row)
        at++;
    if (at < found->n_rows && found->rows[at] == entry->row)
        return;
    if (++found->n_rows > MP_CANDIDATES_MOST)
        return;
    for (guint i = found->n_rows - 1; i > at; i--)
        found->rows[i] = found->rows[i - 1];
    found->rows[at] = entry->row;
}

/* By the words that end here. */
static void
add_candidates(const MpNeeds *needs, guint64 last, guint32 wanted, MpCandidates *found)
{
    for (guint32 n = needs->heads[gram_of(last) % HEADS]; n != 0; n = entry(needs, n)->next) {
        const Entry *e = entry(needs, n);

        if (((last ^ e->word) & e->mask) == 0 && (e->flags & wanted) != 0)
            add_candidate(found, e, wanted);
    }
}

MpCandidates
mp_needs_look(const MpNeeds *needs, const char *text, guint32 wanted)
{
    static const guint any = MP_CANDIDATES_MOST + 1;
    MpCandidates found = {.flags = needs->everything & wanted};
    guint64 last = MP_NEEDS_START; /* characters as they are seen, one an octet */

    if (found.flags != 0)
        found.n_rows = any;
    for (const guchar *c = (const guchar *)text; *c != '\0'; c++) {
        guint8 seen = seen_ascii[*c];

        if (seen == 0) {
            seen = mp_needs_seen((const char *)c);
            if (seen == 0)
                return (MpCandidates){.flags = wanted, .n_rows = any};
            c += g_utf8_skip[*c] - 1;
        }
        last = last << 8 | seen;
        guint32 gram = gram_of(last);
        if ((needs->grams[gram / 32] & 1u << gram % 32) == 0)
            continue;
        add_candidates(needs, last, wanted, &found);
        if (found.flags == wanted && found.n_rows == any)
            break;
    }
    return found;
}
