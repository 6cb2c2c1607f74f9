/* The helper of the benchmarks: its table of subcommands, and what they share; see helper.h. */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define EPOCH      1700000000 /* when the generated discussions begin */
#define BODY_BYTES 1000       /* and half as much elided */

static const struct {
    const char *name, *usage;
    int least; /* arguments */
    int (*run)(int argc, char **argv);
} commands[] = {
    {"fill", "CONFIG USERS THREADS: accounts, threads, and their addresses", 3, helper_fill},
    {"threads", "CONFIG COUNT BATCH: many threads, nearly all closed", 3, helper_threads},
    {"subscribe", "CONFIG THREAD USERS: users 1 to USERS follow THREAD", 3, helper_subscribe},
    {"announce", "CONFIG THREAD COUNT: comments by user 1, with their events", 3, helper_announce},
    {"post", "CONFIG COUNT BATCH THREADS: comments over THREADS threads", 4, helper_post},
    {"grow", "CONFIG FIRST COUNT LARGE: the next comment of a large thread and of small ones", 4,
     helper_grow},
    {"mails", "CONFIG DIRECTORY: parse, verify, extract", 2, helper_mails},
    {"expand", "CONFIG THREAD ROUNDS: an event to all who follow THREAD", 3, helper_expand},
    {"run", "PROGRAM ARGUMENT…: its time and memory", 1, helper_run},
    {"pairs", "ROUNDS A… -- B…: two programs in turn", 4, helper_pairs},
};

double
bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static gint
by_size(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double
bench_median(GArray *values)
{
    g_array_sort(values, by_size);
    return values->len > 0 ? g_array_index(values, double, values->len / 2) : 0;
}

void
bench_fail(const GError *error, const char *place)
{
    fprintf(stderr, "bench-helper: %s: %s\n", place,
            error != NULL ? error->message : "not as it must be");
    exit(EXIT_FAILURE);
}

void
bench_open(MpInstance *instance, const char *config)
{
    g_autoptr(GError) error = NULL;
    const MpOptions options = {(char *)config, NULL};

    bench_must(mp_instance_open(instance, &options, &error) && mp_instance_lock(instance, &error),
               error);
}

char *
bench_prose(guint32 seed, gsize length)
{
    static const char *const words[] = {
        "the",     "rocket", "does",   "not",    "start", "when",   "it",    "rains",
        "and",     "we",     "should", "look",   "at",    "valve",  "three", "again",
        "I",       "think",  "that",   "a",      "patch", "breaks", "older", "builds",
        "because", "its",    "tests",  "expect", "fuel",  "first",
    };
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    GString *text = g_string_sized_new(length + 16);
    gsize column = 0;

    while (text->len < length) {
        const char *word = words[g_rand_int_range(random, 0, G_N_ELEMENTS(words))];

        g_string_append(text, word);
        column += strlen(word) + 1;
        g_string_append_c(text, column > 70 ? '\n' : ' ');
        column = column > 70 ? 0 : column;
    }
    g_string_append_c(text, '\n');
    return g_string_free(text, FALSE);
}

MpActor
bench_actor(const MpUser *user, guint64 n)
{
    gint64 when = EPOCH + (gint64)n;

    return (MpActor){user->id, user->login, user->name, when, when};
}

static void
text_free(gpointer data)
{
    BenchText *text = data;

    g_free(text->body);
    g_free(text->elided);
    g_free(text);
}

GPtrArray *
bench_texts(guint64 first, guint64 count)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(text_free);

    for (guint64 n = first; n < first + count; n++) {
        BenchText *text = g_new(BenchText, 1);

        text->body = bench_prose((guint32)n, BODY_BYTES);
        text->elided = bench_prose((guint32)(n * 7 + 1), BODY_BYTES / 2);
        g_ptr_array_add(texts, text);
    }
    return texts;
}

void
bench_comment(MpBatch *batch, const MpUser *user, guint64 thread, guint64 n, const BenchText *text,
              char **key)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = g_strdup_printf(
        "<%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT "@mail.example.org>", n, thread);
    g_autofree char *own_key = mp_tracker_key(user->id, thread, id, text->body);
    MpActor actor = bench_actor(user, n);
    guint64 number;
    bool duplicate;
    const MpNewComment comment = {
        .thread = thread,
        .key = own_key,
        .via = "mail",
        .body = text->body,
        .elided = text->elided,
        .message_id = id,
        .recipient = "reply+i-17-***-5@reply.git.example.org",
        .host = "mx1",
        .part = "plain",
    };

    bench_must(mp_batch_comment(batch, &comment, &actor, &number, &duplicate, &error) && !duplicate,
               error);
    if (key != NULL)
        *key = g_steal_pointer(&own_key);
}

int
main(int argc, char **argv)
{
    for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i].name, argv[1]) == 0 && argc - 2 >= commands[i].least)
            return commands[i].run(argc - 1, argv + 1);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        fprintf(stderr, "bench-helper %s %s\n", commands[i].name, commands[i].usage);
    return 64;
}
