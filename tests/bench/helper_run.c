/* Programs, timed from this small process, whose own memory and start do not show in the result. */
#include "helper.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef struct {
    double seconds;
    struct rusage usage;
} Run;

/* Runs it to its end; its standard output goes nowhere. */
static Run
run(char **argv)
{
    Run r;
    pid_t child;
    int status;
    posix_spawn_file_actions_t actions;

    bench_must(argv[0] != NULL, NULL);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    r.seconds = bench_now();
    bench_must(posix_spawnp(&child, argv[0], &actions, NULL, argv, environ) == 0, NULL);
    wait4(child, &status, 0, &r.usage);
    r.seconds = bench_now() - r.seconds;
    posix_spawn_file_actions_destroy(&actions);
    if (status != 0) {
        fprintf(stderr, "bench-helper: %s ended with status %#x\n", argv[0], (unsigned)status);
        exit(EXIT_FAILURE);
    }
    return r;
}

static double
of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Time of the program and of those it waited for; memory of the largest of them. */
int
helper_run(int argc, char **argv)
{
    Run r = run(argv + 1);

    (void)argc;
    printf("seconds %.6f\nuser %.6f\nsystem %.6f\nmemory %ld\n", r.seconds, of(r.usage.ru_utime),
           of(r.usage.ru_stime), r.usage.ru_maxrss * 1024);
    return EXIT_SUCCESS;
}

int
helper_pairs(int argc, char **argv)
{
    GArray *a = g_array_new(FALSE, FALSE, sizeof(double)),
           *b = g_array_new(FALSE, FALSE, sizeof(double));
    int split = 2;

    while (split < argc && strcmp(argv[split], "--") != 0)
        split++;
    bench_must(split + 1 < argc, NULL);
    argv[split] = NULL;
    for (int i = 0; i < atoi(argv[1]); i++) {
        Run first = run(argv + 2), second = run(argv + split + 1);

        g_array_append_val(a, first.seconds);
        g_array_append_val(b, second.seconds);
    }
    printf("a %.9f\nb %.9f\n", bench_median(a), bench_median(b));
    return EXIT_SUCCESS;
}
