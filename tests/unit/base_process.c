/* Other programs: what they get of us, what we get of them, and when we stop waiting. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"

static const char *const small_environment[] = {"PATH=/usr/bin:/bin", "WHO=me", NULL};

static bool
sh(MpProcess *process, const char *script, int seconds, GError **error)
{
    const char *const argv[] = {"sh", "-c", script, NULL};

    return mp_process_run(process, argv, small_environment, seconds, error);
}

Test(process, what_it_prints_and_its_status_come_back)
{
    static const struct {
        const char *script, *out, *err;
        int status;
    } cases[] = {
        {"echo a; echo b >&2; exit 3", "a\n", "b\n", 3},
        {"exec >&- 2>&-; exit 0", "", "", 0},
        {"cat; echo $WHO${HOME-none}", "menone\n", "", 0},
        {"kill -9 $$", "", "", -1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(MpProcess) process = {0};

        cr_assert(sh(&process, cases[i].script, 20, NULL));
        cr_expect_str_eq(process.out, cases[i].out);
        cr_expect_str_eq(process.err, cases[i].err);
        cr_expect_eq(process.status, cases[i].status, "%s: %d", cases[i].script, process.status);
        cr_expect(!process.is_too_slow);
    }
}

Test(process, more_than_we_keep_does_not_stop_it)
{
    g_auto(MpProcess) process = {0};

    cr_assert(sh(&process, "head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2", 20, NULL));
    cr_expect_eq(strlen(process.out), 65536);
    cr_expect_str_eq(process.err, "end\n");
}

Test(process, it_inherits_no_descriptor)
{
    int leak = open("/dev/null", O_RDONLY); /* not close-on-exec */
    g_auto(MpProcess) process = {0};

    cr_assert(leak >= 0 &&
              sh(&process, "for i in 3 4 5 6 7 8 9; do test -e /proc/self/fd/$i && echo $i; done",
                 20, NULL));
    cr_expect_str_eq(process.out, "");
    close(leak);
}

Test(process, who_is_too_slow_goes_with_all_that_it_started)
{
    g_auto(MpProcess) process = {0};
    gint64 before = g_get_monotonic_time();

    cr_assert(sh(&process, "sleep 60 & echo $!; wait", 1, NULL));
    cr_expect(process.is_too_slow);
    cr_expect_eq(process.status, -1);
    cr_expect_lt(g_get_monotonic_time() - before, 20 * G_USEC_PER_SEC);
    int pid = atoi(process.out);
    cr_assert_gt(pid, 1);
    for (int i = 0; i < 200 && kill(pid, 0) == 0; i++) {
        g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
        g_autofree char *stat = NULL;

        if (!g_file_get_contents(path, &stat, NULL, NULL) || strstr(stat, ") Z ") != NULL)
            return; /* gone, or nobody has reaped it here */
        g_usleep(10000);
    }
    cr_expect(kill(pid, 0) != 0, "its child lives");
}

Test(process, what_it_leaves_behind_is_not_waited_for)
{
    g_auto(MpProcess) process = {0};
    gint64 before = g_get_monotonic_time();

    cr_assert(sh(&process, "sleep 30 & echo $!", 25, NULL)); /* holds both streams open */
    cr_expect_eq(process.status, 0);
    cr_expect_lt(g_get_monotonic_time() - before, 20 * G_USEC_PER_SEC);
    kill(atoi(process.out), SIGKILL);
}

Test(process, one_that_is_not_there_is_the_installations_fault)
{
    const char *const argv[] = {"no-such-program-anywhere", NULL};
    g_auto(MpProcess) process = {0};
    g_autoptr(GError) error = NULL;

    cr_expect(!mp_process_run(&process, argv, small_environment, 1, &error));
    cr_expect(g_error_matches(error, MP_ERROR, MP_ERROR_INSTALLATION));
}

/* Some of the numbers that it is given are those of ours that it replaces first. */
Test(process, descriptors_are_given_whatever_numbers_they_had)
{
    int pipes[2][2], saved = dup(1), status;
    const char *const argv[] = {"sh", "-c", "echo one; echo three >&3; test ! -e /proc/self/fd/4",
                                NULL};
    char text[2][16] = {{0}};

    cr_assert(saved >= 0 && pipe(pipes[0]) == 0 && pipe(pipes[1]) == 0);
    cr_assert_eq(dup2(pipes[1][1], 1), 1);
    const MpProcessStart start = {
        "/bin/sh", argv, small_environment, {-1, pipes[0][1], -1, 1}, 4, MP_GROUP_OF_ITS_OWN};
    pid_t pid = mp_process_start(&start);
    cr_assert_eq(dup2(saved, 1), 1);
    cr_assert(pid > 0 && waitpid(pid, &status, 0) == pid);
    cr_expect_eq(status, 0);
    for (int i = 0; i < 2; i++)
        cr_assert_gt(read(pipes[i][0], text[i], sizeof text[i] - 1), 0);
    cr_expect_str_eq(text[0], "one\n");
    cr_expect_str_eq(text[1], "three\n");
}
