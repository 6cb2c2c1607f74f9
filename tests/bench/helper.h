/*
 * What the benchmarks measure from within a process: the subcommands of build/bin/bench-helper, one
 * file each. They print "NAME VALUE" lines for bench.py; a failure ends the program.
 */
#pragma once

#include <glib.h>

#include "instance/instance.h"

int helper_fill(int argc, char **argv);
int helper_threads(int argc, char **argv);
int helper_subscribe(int argc, char **argv);
int helper_announce(int argc, char **argv);
int helper_post(int argc, char **argv);
int helper_grow(int argc, char **argv);
int helper_mails(int argc, char **argv);
int helper_expand(int argc, char **argv);
int helper_run(int argc, char **argv);
int helper_pairs(int argc, char **argv);

/* Seconds from an arbitrary beginning. */
double bench_now(void);

/* The middle one of `values` (double), which are put in order. */
double bench_median(GArray *values);

/* Ends the program with the message and the place unless `good`, which may set `error`: it comes
 * first. */
#define bench_must(good, error)                                                                    \
    G_STMT_START                                                                                   \
    {                                                                                              \
        if (!(good))                                                                               \
            bench_fail((error), G_STRLOC);                                                         \
    }                                                                                              \
    G_STMT_END
G_NORETURN void bench_fail(const GError *error, const char *place);

/* Opens the installation of CONFIG and takes its lock. */
void bench_open(MpInstance *instance, const char *config);

/* About `length` octets of prose, the same for the same seed. The result is the caller's. */
char *bench_prose(guint32 seed, gsize length);

/* The account as the author of a commit at a time that `n` alone decides. */
MpActor bench_actor(const MpUser *user, guint64 n);

/* What somebody wrote, and what was cut from it; made before the clock starts. */
typedef struct {
    char *body, *elided;
} BenchText;

/* The texts of comments `first` to `first` + `count` - 1, each another one; the array is the
 * caller's. */
GPtrArray *bench_texts(guint64 first, guint64 count);

/* Adds comment `n`, by `user`, to the batch. *key (may be NULL) becomes its KEY, the caller's. */
void bench_comment(MpBatch *batch, const MpUser *user, guint64 thread, guint64 n,
                   const BenchText *text, char **key);
