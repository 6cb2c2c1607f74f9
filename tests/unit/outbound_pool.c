/* The threads of a pool: all that is pushed is run, by as many as there can be. */
#include "outbound/pool.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"

#define TASKS   1000
#define THREADS 100
#define STACK   (64 * 1024 * 1024) /* of each thread */

static gint n_runs[TASKS], n_hearing; /* how often each task was run, and by whom signals reach */

static void
run(gpointer task)
{
    sigset_t blocked;

    g_atomic_int_inc((gint *)task);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    if (!sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGCHLD))
        g_atomic_int_inc(&n_hearing);
}

static void
push_all_and_free(MpPool *pool)
{
    for (gsize i = 0; i < TASKS; i++)
        mp_pool_push(pool, &n_runs[i]);
    mp_pool_free(pool);
    for (gsize i = 0; i < TASKS; i++)
        cr_assert_eq(n_runs[i], 1, "task %zu was run %d times", i, n_runs[i]);
}

Test(pool, all_that_was_pushed_has_been_run_when_it_is_freed)
{
    MpPool *pool = mp_pool_new(run, 8, NULL);

    cr_assert_not_null(pool);
    push_all_and_free(pool);
}

Test(pool, signals_are_for_the_main_thread)
{
    sigset_t before, after;

    pthread_sigmask(SIG_SETMASK, NULL, &before);
    MpPool *pool = mp_pool_new(run, 2, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    cr_assert_not_null(pool);
    cr_expect_eq(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    push_all_and_free(pool);
    cr_expect_eq(n_hearing, 0);
}

static gsize
address_space(void)
{
    g_autofree char *text = NULL;

    cr_assert(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
    return g_ascii_strtoull(text, NULL, 10) * (gsize)sysconf(_SC_PAGESIZE);
}

/* Room for so many stacks of threads, and for a little beside them. */
static void
leave_room_for(gsize stacks)
{
    gsize size = address_space() + stacks * STACK + STACK / 2;
    const struct rlimit limit = {size, size};
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    cr_assert_eq(pthread_setattr_default_np(&attributes), 0);
    pthread_attr_destroy(&attributes);
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

static guint
count_threads(void)
{
    g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
    guint n = 0;

    while (g_dir_read_name(tasks) != NULL)
        n++;
    return n;
}

Test(pool, fewer_threads_than_were_asked_for_do_the_work)
{
    if (getenv("SANITIZED") != NULL)
        cr_skip("a sanitizer has no limit of its address space");
    guint before = count_threads();
    leave_room_for(6);
    MpPool *pool = mp_pool_new(run, THREADS, NULL);
    cr_assert_not_null(pool);
    guint started = count_threads() - before;
    cr_expect(started > 0 && started < THREADS, "%u threads", started);
    push_all_and_free(pool);
}

Test(pool, without_any_thread_there_is_none)
{
    g_autoptr(GError) error = NULL, why = NULL;

    cr_expect_null(mp_pool_new(run, 0, &error));
    cr_expect(g_error_matches(error, MP_ERROR, MP_ERROR_TEMPORARY));
    if (getenv("SANITIZED") != NULL)
        cr_skip("a sanitizer has no limit of its address space");
    leave_room_for(0);
    cr_expect_null(mp_pool_new(run, THREADS, &why));
    cr_assert(g_error_matches(why, MP_ERROR, MP_ERROR_TEMPORARY));
    cr_expect(g_str_has_prefix(why->message, "cannot start threads: "), "%s", why->message);
}
