/* Other programs: what they get of us, what we get of them, and when we stop waiting. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
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

/* As an old kernel, or who forbids what it does not know. */
static void
forbid_pidfd_open(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    cr_assert(filter != NULL &&
              seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(pidfd_open), 0) == 0 &&
              seccomp_load(filter) == 0);
    seccomp_release(filter);
}

Test(process, one_that_cannot_be_waited_for_is_ended_and_was_not_slow, .timeout = 20)
{
    g_auto(MpProcess) process = {0};
    g_autoptr(GError) error = NULL;

    forbid_pidfd_open();
    cr_expect(!sh(&process, "sleep 60", 60, &error));
    cr_expect(g_error_matches(error, MP_ERROR, MP_ERROR_INSTALLATION), "%s", error->message);
    cr_expect(g_str_has_prefix(error->message, "cannot watch /"), "%s", error->message);
    cr_expect(!process.is_too_slow);
    cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "it is left running, or a zombie");
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

/* Ended, whether or not somebody has reaped it. */
static bool
is_ended_soon(int pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);

    for (int i = 0; i < 1000; i++) {
        g_autofree char *stat = NULL;

        if (!g_file_get_contents(path, &stat, NULL, NULL) || strstr(stat, ") Z ") != NULL)
            return true;
        g_usleep(10000);
    }
    return false;
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
    cr_expect(is_ended_soon(pid), "its child lives");
}

Test(process, it_dies_with_us)
{
    static const MpProcessGroup groups[] = {MP_GROUP_OF_PARENT, MP_GROUP_OF_ITS_OWN,
                                            MP_SESSION_OF_ITS_OWN};

    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
        const char *const argv[] = {"sh", "-c", "echo; exec sleep 60", NULL};
        int ends[2], heard[2], pid = 0;

        cr_assert(pipe(ends) == 0 && pipe(heard) == 0);
        const MpProcessStart start = {"/bin/sh",          argv, small_environment,
                                      {-1, heard[1], -1}, 3,    groups[i]};
        pid_t parent = fork();
        if (parent == 0) {
            char line;

            pid = mp_process_start(&start);
            if (read(heard[0], &line, 1) != 1) /* it runs */
                _exit(1);
            _exit(write(ends[1], &pid, sizeof pid) != sizeof pid);
        }
        cr_assert_eq(read(ends[0], &pid, sizeof pid), sizeof pid);
        cr_assert_eq(waitpid(parent, NULL, 0), parent);
        cr_expect(pid > 1 && is_ended_soon(pid), "its parent is gone, and it is not");
        kill(pid, SIGKILL);
        for (int j = 0; j < 2; j++) {
            close(ends[j]);
            close(heard[j]);
        }
    }
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

/* Frees the number for what is opened next; negative where it is none of ours. */
static int
put_aside(int fd)
{
    int saved = fcntl(fd, F_DUPFD_CLOEXEC, 20);

    close(fd);
    return saved;
}

static void
put_back(int saved, int fd)
{
    if (saved < 0)
        return;
    cr_assert_eq(dup2(saved, fd), fd);
    close(saved);
}

static void
expect_line(int fd, const char *line)
{
    char text[16] = "";

    cr_expect_gt(read(fd, text, sizeof text - 1), 0);
    cr_expect_str_eq(text, line);
}

/* The numbers that it is given are those of ours that others of its are made of. `freed` is such a
 * one that we have not open, so that a pipe gets it. */
static void
expect_given(int freed)
{
    const char *const argv[] = {"sh", "-c", "echo one; echo three >&3; test ! -e /proc/self/fd/4",
                                NULL};
    int pipes[2][2], saved = put_aside(freed), ours = dup(1), status;

    cr_assert(ours >= 0 && pipe(pipes[0]) == 0 && pipe(pipes[1]) == 0);
    cr_assert_eq(dup2(pipes[1][1], 1), 1);
    const MpProcessStart start = {
        "/bin/sh", argv, small_environment, {-1, pipes[0][1], -1, 1}, 4, MP_GROUP_OF_ITS_OWN};
    pid_t pid = mp_process_start(&start);
    cr_assert_eq(dup2(ours, 1), 1);
    close(pipes[0][1]); /* or who reads waits for a line that never comes */
    close(pipes[1][1]);
    cr_assert(pid > 0 && waitpid(pid, &status, 0) == pid);
    cr_expect_eq(status, 0);
    expect_line(pipes[0][0], "one\n");
    expect_line(pipes[1][0], "three\n");
    close(pipes[0][0]);
    close(pipes[1][0]);
    close(ours);
    put_back(saved, freed);
}

Test(process, descriptors_are_given_whatever_numbers_they_had, .timeout = 20)
{
    static const int freed[] = {0, 2, 3};

    for (gsize i = 0; i < G_N_ELEMENTS(freed); i++)
        expect_given(freed[i]);
}
