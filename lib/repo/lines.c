/*
 * Whether two texts may be compared line by line: see tree.h.
 *
 * The comparison puts lines into a hash table whose function is public and weak: it is easy to
 * write half a megabyte of lines that all fall into one bucket, each of which is then compared with
 * all before it; that takes ten seconds. So the same function is asked before.
 */
#include <stdlib.h>
#include <string.h>

#include "repo/tree.h"

#define FEW         512   /* lines, of which even the square is little */
#define LINES_MOST  60000 /* of both; a tenth of a second where nothing is alike */
#define BUCKET_MOST 256   /* different lines in one */
#define LINE_COST   16    /* octets that could be read meanwhile: a microsecond or two */
#define BITS_AROUND 2     /* the table's size is guessed there from the beginning of the text */

typedef struct {
    guint64 hash; /* xdl_hash_record() of libgit2 */
    guint64 mark; /* another, which nobody can know before */
} Line;

static guint64
seed(void)
{
    static gsize value;

    if (g_once_init_enter(&value))
        g_once_init_leave(&value, ((gsize)g_random_int() << 31) | g_random_int() | 1);
    return value;
}

static void
hash_lines(GArray *lines, GBytes *text)
{
    gsize length;
    const guchar *p = g_bytes_get_data(text, &length), *end = length > 0 ? p + length : p;

    while (p < end) {
        Line line = {5381, seed()};

        for (; p < end && *p != '\n'; p++) {
            line.hash = (line.hash + (line.hash << 5)) ^ *p;
            line.mark = (line.mark ^ *p) * G_GUINT64_CONSTANT(1099511628211);
        }
        p += p < end;
        g_array_append_val(lines, line);
    }
}

static gint
by_hash(gconstpointer a, gconstpointer b)
{
    const Line *one = a, *other = b;

    if (one->hash != other->hash)
        return one->hash < other->hash ? -1 : 1;
    return (one->mark > other->mark) - (one->mark < other->mark);
}

/* The same line many times is compared with itself once. */
static void
drop_repeated(GArray *lines)
{
    guint n = 0;

    g_array_sort(lines, by_hash);
    for (guint i = 0; i < lines->len; i++) {
        const Line line = g_array_index(lines, Line, i);

        if (n == 0 || by_hash(&line, &g_array_index(lines, Line, n - 1)) != 0)
            g_array_index(lines, Line, n++) = line;
    }
    g_array_set_size(lines, n);
}

static bool
is_spread(const GArray *lines, guint bits)
{
    g_autofree guint16 *counts = g_new0(guint16, (gsize)1 << bits);

    for (guint i = 0; i < lines->len; i++) {
        guint64 hash = g_array_index(lines, Line, i).hash;

        if (++counts[(hash + (hash >> bits)) & (((guint64)1 << bits) - 1)] > BUCKET_MOST)
            return false;
    }
    return true;
}

/* Lines of one side only are passed over. */
static bool
pay(gsize *budget, GBytes *before, GBytes *after, guint n_lines)
{
    gsize cost = (gsize)n_lines * LINE_COST;

    if (g_bytes_get_size(before) == 0 || g_bytes_get_size(after) == 0)
        return true;
    *budget -= MIN(cost, *budget);
    return *budget > 0;
}

bool
mp_repo_may_compare(GBytes *before, GBytes *after, gsize *budget)
{
    g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(Line));

    hash_lines(lines, before);
    hash_lines(lines, after);
    if (lines->len <= LINES_MOST && !pay(budget, before, after, lines->len))
        return false;
    if (lines->len <= FEW || lines->len > LINES_MOST)
        return lines->len <= FEW;
    guint bits = g_bit_storage(lines->len);
    drop_repeated(lines);
    for (guint b = bits - BITS_AROUND; b <= bits + BITS_AROUND; b++)
        if (!is_spread(lines, b))
            return false;
    return true;
}
