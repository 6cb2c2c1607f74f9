/* Comments into the tracker, as the library writes them. */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static MpUser *
author_of(MpInstance *instance)
{
    g_autoptr(GError) error = NULL;
    MpUser *author = NULL;

    bench_must(mp_accounts_user(instance->accounts, 1, &author, &error) && author != NULL, error);
    return author;
}

/* A thread of 1 to `threads` for each n, spread by a multiplication (Knuth's), the same each time.
 */
static guint64
thread_of(guint64 n, guint64 threads)
{
    return (guint32)(n * 2654435761u) % threads + 1;
}

/* As a run begins each of its batches. */
static MpBatch *
begin_batch(MpInstance *instance)
{
    g_autoptr(GError) error = NULL;

    bench_must(mp_tracker_refresh(instance->tracker, &error), error);
    return mp_batch_begin(instance->tracker);
}

static void
commit(MpBatch *batch)
{
    g_autoptr(GError) error = NULL;

    bench_must(mp_batch_commit(batch, &error) == MP_COMMITTED, error);
}

int
helper_post(int argc, char **argv)
{
    g_auto(MpInstance) instance = {0};
    guint64 count = g_ascii_strtoull(argv[2], NULL, 10), size = g_ascii_strtoull(argv[3], NULL, 10);
    guint64 threads = g_ascii_strtoull(argv[4], NULL, 10);
    guint64 first = argc > 5 ? g_ascii_strtoull(argv[5], NULL, 10) : 1;
    g_autoptr(GArray) batches = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GPtrArray) texts = bench_texts(first, count);
    double begin, processor;

    bench_open(&instance, argv[1]);
    g_autoptr(MpUser) author = author_of(&instance);
    begin = bench_now();
    processor = (double)clock();
    for (guint64 n = 0; n < count;) {
        double at = bench_now();
        g_autoptr(MpBatch) batch = begin_batch(&instance);
        guint64 i;

        for (i = 0; i < size && n < count; i++, n++)
            bench_comment(batch, author, thread_of(first + n, threads), first + n,
                          g_ptr_array_index(texts, n), NULL);
        commit(batch);
        at = (bench_now() - at) / (double)i;
        g_array_append_val(batches, at);
    }
    printf("seconds %.6f\n", bench_now() - begin);
    printf("median %.9f\n", bench_median(batches));
    printf("processor %.9f\n",
           ((double)clock() - processor) / CLOCKS_PER_SEC / (double)MAX(count, 1));
    return EXIT_SUCCESS;
}

/* --- The next comment of a thread ------------------------------------------------------------ */

typedef struct {
    GArray *built, *whole; /* seconds */
} Times;

/* One comment in a batch of its own: until it is built, and until it is durable. */
static void
post_one(MpInstance *instance, const MpUser *author, guint64 thread, guint64 n, Times *times)
{
    g_autoptr(GPtrArray) texts = bench_texts(n, 1);
    double begin = bench_now(), built, whole;
    g_autoptr(MpBatch) batch = begin_batch(instance);

    bench_comment(batch, author, thread, n, g_ptr_array_index(texts, 0), NULL);
    built = bench_now() - begin;
    commit(batch);
    whole = bench_now() - begin;
    g_array_append_val(times->built, built);
    g_array_append_val(times->whole, whole);
}

static void
fill_thread(MpInstance *instance, const MpUser *author, guint64 thread, guint64 count)
{
    g_autoptr(GPtrArray) texts = bench_texts(0, count);

    for (guint64 n = 0; n < count;) {
        g_autoptr(MpBatch) batch = begin_batch(instance);

        for (guint i = 0; i < 256 && n < count; i++, n++)
            bench_comment(batch, author, thread, n, g_ptr_array_index(texts, n), NULL);
        commit(batch);
    }
}

/* How long it takes to learn that a KEY is not there. */
static double
time_to_find(MpInstance *instance, guint64 thread)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GError) error = NULL;

    for (guint n = 0; n < 200; n++) {
        g_autofree char *source = g_strdup_printf("absent %u", n);
        g_autofree char *key = mp_tracker_key(1, thread, source, "");
        guint64 comment;
        bool found;
        double at = bench_now();

        bench_must(mp_tracker_find_key(instance->tracker, thread, key, &found, &comment, &error) &&
                       !found,
                   error);
        at = bench_now() - at;
        g_array_append_val(times, at);
    }
    return bench_median(times);
}

/* Threads FIRST to FIRST + COUNT - 1 get ten comments and thread 1 gets LARGE; then each of the
 * small ones its 11th and, in turn, the large one its next. */
int
helper_grow(int argc, char **argv)
{
    g_auto(MpInstance) instance = {0};
    guint64 first = g_ascii_strtoull(argv[2], NULL, 10),
            count = g_ascii_strtoull(argv[3], NULL, 10);
    guint64 large = g_ascii_strtoull(argv[4], NULL, 10);
    Times small_times = {g_array_new(FALSE, FALSE, sizeof(double)),
                         g_array_new(FALSE, FALSE, sizeof(double))};
    Times large_times = {g_array_new(FALSE, FALSE, sizeof(double)),
                         g_array_new(FALSE, FALSE, sizeof(double))};

    (void)argc;
    bench_open(&instance, argv[1]);
    g_autoptr(MpUser) author = author_of(&instance);
    fill_thread(&instance, author, 1, large);
    for (guint64 t = first; t < first + count; t++)
        fill_thread(&instance, author, t, 10);
    for (guint64 i = 0; i < count; i++) {
        post_one(&instance, author, first + i, large + i, &small_times);
        post_one(&instance, author, 1, large + i, &large_times);
    }
    printf("small %.9f\nlarge %.9f\n", bench_median(small_times.whole),
           bench_median(large_times.whole));
    printf("small-built %.9f\nlarge-built %.9f\n", bench_median(small_times.built),
           bench_median(large_times.built));
    printf("find %.9f\n", time_to_find(&instance, 1));
    return EXIT_SUCCESS;
}
