/*
 * The part of PCRE2's syntax that the table is written in, read for the words in it. What is not
 * known here is taken for something that matches everything.
 */
#include "patterns/needs_read.h"
#include "patterns/needs_atoms.h"
#include "patterns/needs.h"

#include <string.h>

enum { DEPTH = 40 };

/* A sequence as far as it was read. */
typedef struct {
    Exact end;     /* what was matched ends in one of these */
    Needed needed; /* the best so far */
    bool is_part;  /* `end` is not all of it */
    bool is_never; /* it matches nothing */
} Sequence;

static const Exact the_start = {.n = 1, .words = {MP_NEEDS_START}};

static Part read_alternatives(Reader *reader);

guint
mp_needs_length(guint64 word)
{
    guint n = 0;

    for (; word != 0; word >>= 8)
        n++;
    return n;
}

static guint
shortest(const guint64 *words, guint n)
{
    guint least = MP_NEEDS_WORD;

    for (guint i = 0; i < n; i++)
        least = MIN(least, mp_needs_length(words[i]));
    return least;
}

static const guint64 *
words_of(const Reader *reader, const Needed *needed)
{
    return &g_array_index(reader->pool, guint64, needed->at);
}

/* Notes the words as needed if they tell more than what is known: longer ones, then fewer. */
static void
offer(Reader *reader, Needed *best, const guint64 *words, guint n)
{
    guint length = shortest(words, n);

    if (n == 0 || length < MP_NEEDS_SHORTEST)
        return;
    guint known = best->any ? 0 : shortest(words_of(reader, best), best->n);
    if (known > length || (known == length && best->n <= n))
        return;
    *best = (Needed){.at = reader->pool->len, .n = n};
    g_array_append_vals(reader->pool, words, n);
}

static void
offer_exact(Reader *reader, Needed *best, const Exact *exact)
{
    if (!exact->any)
        offer(reader, best, exact->words, exact->n);
}

/* ---- sequences ---- */

/* Each of these behind each of those. Of what grows too long the end is kept. */
static void
multiply(Sequence *sequence, const Exact *more)
{
    Exact product = {.n = 0};

    for (guint i = 0; i < sequence->end.n; i++)
        for (guint k = 0; k < more->n; k++) {
            guint64 first = sequence->end.words[i], second = more->words[k];
            guint length = mp_needs_length(second);

            sequence->is_part |= mp_needs_length(first) + length > MP_NEEDS_WORD;
            product.words[product.n++] =
                length == MP_NEEDS_WORD ? second : first << 8 * length | second;
        }
    sequence->end = product;
}

static void
end_here(Reader *reader, Sequence *sequence)
{
    offer_exact(reader, &sequence->needed, &sequence->end);
    sequence->end = exact_nothing;
    sequence->is_part = true;
}

/* Nothing matches it: all that it may be is nothing. */
static bool
is_never(const Part *part)
{
    return !part->exact.any && part->exact.n == 0;
}

/* What has to be somewhere in the text. */
static void
require(Reader *reader, Sequence *sequence, const Part *part)
{
    sequence->is_never |= is_never(part);
    if (sequence->is_never)
        return;
    offer_exact(reader, &sequence->needed, &part->exact);
    if (!part->needed.any) {
        g_autofree guint64 *words =
            g_memdup2(words_of(reader, &part->needed), part->needed.n * sizeof *words);
        offer(reader, &sequence->needed, words, part->needed.n);
    }
}

static void
follow(Reader *reader, Sequence *sequence, const Part *part)
{
    require(reader, sequence, part);
    if (sequence->is_never)
        return;
    if (part->exact.any) {
        end_here(reader, sequence);
    } else if (sequence->end.n * part->exact.n <= EXACT) {
        multiply(sequence, &part->exact);
    } else {
        end_here(reader, sequence);
        sequence->end = part->exact;
    }
}

/* ---- atoms ---- */

/* Behind the parenthesis; *looks if it takes no room, *is_void if nothing is to be learnt of it. */
static Part
read_group(Reader *reader, bool *looks, bool *is_void)
{
    static const struct {
        const char *opening;
        bool looks, is_void;
    } openings[] = {{"?:", false, false},   {"?|", false, false}, {"?>", false, false},
                    {"?-i:", false, false}, {"?=", true, false},  {"?<=", true, false},
                    {"?!", true, true},     {"?<!", true, true}};
    bool is_known = *reader->at != '?' && *reader->at != '*';

    for (gsize i = 0; i < G_N_ELEMENTS(openings) && !is_known; i++)
        if (g_str_has_prefix(reader->at, openings[i].opening)) {
            reader->at += strlen(openings[i].opening);
            *looks = openings[i].looks;
            *is_void = openings[i].is_void;
            is_known = true;
        }
    if (!is_known || ++reader->depth > DEPTH) {
        reader->is_unknown = true;
        return part_of(&exact_everything);
    }
    reader->is_start &= !*looks;
    Part part = read_alternatives(reader);
    reader->depth--;
    reader->is_unknown |= *reader->at != ')';
    reader->at += *reader->at == ')';
    return part;
}

static void
repeat(Part *part, guint least, guint most)
{
    if (least > 0)
        return;
    if (is_never(part))
        *part = part_of(&exact_nothing);
    else if (most == 1 && !part->exact.any)
        exact_add(&part->exact, 0);
    else
        part->exact = exact_everything;
    part->needed = (Needed){.any = true};
}

static Part
read_atom(Reader *reader, bool *looks, bool *is_void)
{
    char c = *reader->at;

    if (c != '\\' && c != '[' && c != '(' && c != '.' && c != '^' && c != '$')
        return read_character(reader);
    reader->at++;
    switch (c) {
    case '\\':
        return read_escape(reader);
    case '[':
        return read_class(reader);
    case '(':
        return read_group(reader, looks, is_void);
    default:
        return part_of(c == '.' ? &exact_everything : &exact_nothing);
    }
}

static bool
is_plain(char c)
{
    static const bool is_special[256] = {
        ['\\'] = true, ['['] = true, ['('] = true, ['.'] = true, ['^'] = true,
        ['$'] = true,  ['|'] = true, [')'] = true, ['\0'] = true};

    return !is_special[(guchar)c];
}

/* How often it stands is told behind the plain character. */
static bool
is_counted(const char *c)
{
    char next = *g_utf8_next_char(c);

    return next == '?' || next == '*' || next == '+' || next == '{';
}

/* Plain characters that stand once. */
static void
read_plain(Reader *reader, Sequence *sequence)
{
    while (is_plain(*reader->at)) {
        guint8 seen = mp_needs_seen(reader->at);

        if (is_counted(reader->at))
            return;
        reader->at = g_utf8_next_char(reader->at);
        sequence->is_never |= seen == 0;
        for (guint i = 0; i < sequence->end.n; i++) {
            guint64 *word = &sequence->end.words[i];

            sequence->is_part |= *word >> 8 * (MP_NEEDS_WORD - 1) != 0;
            *word = *word << 8 | seen;
        }
    }
}

/* Nothing but the start of the text is before, and a group follows, whose words then have it. */
static bool
is_starting_group(const Reader *reader, const Sequence *sequence)
{
    const Exact *end = &sequence->end;

    return *reader->at == '(' && !sequence->is_part && end->n == 1 &&
           end->words[0] == MP_NEEDS_START;
}

/* One atom, with how often it stands. */
static void
read_piece(Reader *reader, Sequence *sequence)
{
    bool looks = false, is_void = false;
    guint least, most;

    reader->is_start = is_starting_group(reader, sequence);
    bool has_start = reader->is_start;
    Part part = read_atom(reader, &looks, &is_void);
    reader->is_start = false;
    if (read_count(reader, &least, &most))
        reader->is_unknown |= looks || (has_start && least > 1);
    repeat(&part, least, most);
    if (is_void)
        return;
    if (looks) {
        require(reader, sequence, &part);
        return;
    }
    if (has_start)
        sequence->end = exact_nothing;
    for (guint i = 0; i < CLAMP(least, 1, MP_NEEDS_WORD); i++)
        follow(reader, sequence, &part);
    if (most > 1 && !part.exact.any)
        end_here(reader, sequence);
}

static Part
read_sequence(Reader *reader)
{
    Sequence s = {.end = reader->is_start ? the_start : exact_nothing, .needed = {.any = true}};

    while (*reader->at != '\0' && *reader->at != '|' && *reader->at != ')' && !reader->is_unknown)
        if (is_plain(*reader->at) && !is_counted(reader->at))
            read_plain(reader, &s);
        else
            read_piece(reader, &s);
    if (s.is_never)
        return (Part){.needed = {.any = true}};
    if (!s.is_part)
        return (Part){.exact = s.end, .needed = s.needed};
    offer_exact(reader, &s.needed, &s.end);
    return (Part){.exact = exact_everything, .needed = s.needed};
}

/* ---- alternatives ---- */

/* Adds what one alternative needs to what all of them do. */
static void
add_needed(Reader *reader, MpNeededWords *all, Part *part)
{
    if (is_never(part))
        return;
    offer_exact(reader, &part->needed, &part->exact);
    if (part->needed.any || all->n + part->needed.n > MP_NEEDS_MOST)
        all->any = true;
    if (all->any)
        return;
    memcpy(all->words + all->n, words_of(reader, &part->needed), part->needed.n * sizeof(guint64));
    all->n += part->needed.n;
}

static Part
read_alternatives(Reader *reader)
{
    g_autofree MpNeededWords *all = g_new(MpNeededWords, 1);
    Exact exact = {.n = 0};
    bool is_start = reader->is_start;

    all->n = 0;
    all->any = false;
    while (true) {
        reader->is_start = is_start;
        Part part = read_sequence(reader);

        if (part.exact.any)
            exact = exact_everything;
        for (guint i = 0; i < part.exact.n; i++)
            exact_add(&exact, part.exact.words[i]);
        add_needed(reader, all, &part);
        if (*reader->at != '|' || reader->is_unknown)
            break;
        reader->at++;
    }
    Needed needed = {.at = reader->pool->len, .n = all->n, .any = all->any};
    if (!all->any)
        g_array_append_vals(reader->pool, all->words, all->n);
    return (Part){.exact = exact, .needed = needed};
}

void
mp_needs_read(const char *pattern, bool is_whole, MpNeededWords *words)
{
    g_autoptr(GArray) pool = g_array_sized_new(FALSE, FALSE, sizeof(guint64), 1024);
    Reader reader = {.at = pattern, .pool = pool, .is_start = is_whole};
    Part part = read_alternatives(&reader);

    words->n = 0;
    words->any = false;
    add_needed(&reader, words, &part);
    words->any |= reader.is_unknown || *reader.at != '\0';
}
