/* Threads that take tasks from one queue; see pool.h. */
#include "outbound/pool.h"

#include <signal.h>

#include "base/error.h"
#include "base/log.h"

struct MpPool {
    GAsyncQueue *tasks;
    GPtrArray *threads;
    void (*run)(gpointer task);
};

static char last_task; /* its address, once for each thread, ends that thread */

static gpointer
run_tasks(gpointer data)
{
    MpPool *pool = data;
    gpointer task;

    while ((task = g_async_queue_pop(pool->tasks)) != &last_task)
        pool->run(task);
    return NULL;
}

MpPool *
mp_pool_new(void (*run)(gpointer task), int threads, GError **error)
{
    MpPool *pool = g_new0(MpPool, 1);
    g_autoptr(GError) why = NULL;
    GThread *thread = NULL;
    sigset_t all, before;

    pool->tasks = g_async_queue_new();
    pool->threads = g_ptr_array_new();
    pool->run = run;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* a thread begins with its maker's mask */
    for (int i = 0; i < threads && (thread = g_thread_try_new("pool", run_tasks, pool, &why)); i++)
        g_ptr_array_add(pool->threads, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pool->threads->len == 0) {
        mp_pool_free(pool);
        return mp_fail_null(error, MP_ERROR_TEMPORARY, "cannot start threads: %s",
                            why != NULL ? why->message : "none was asked for");
    }
    if (why != NULL) /* those that did start do the work */
        mp_warn("Only %u of %d threads: %s", pool->threads->len, threads, why->message);
    return pool;
}

void
mp_pool_push(MpPool *pool, gpointer task)
{
    g_async_queue_push(pool->tasks, task);
}

void
mp_pool_return(MpPool *pool, gpointer task)
{
    g_async_queue_push_front(pool->tasks, task);
}

gpointer
mp_pool_take(MpPool *pool)
{
    gpointer task = g_async_queue_try_pop(pool->tasks);

    if (task != &last_task)
        return task;
    g_async_queue_push_front(pool->tasks, task);
    return NULL;
}

void
mp_pool_free(MpPool *pool)
{
    if (pool == NULL)
        return;
    for (guint i = 0; i < pool->threads->len; i++)
        g_async_queue_push(pool->tasks, &last_task);
    for (guint i = 0; i < pool->threads->len; i++)
        g_thread_join(pool->threads->pdata[i]);
    g_ptr_array_unref(pool->threads);
    g_async_queue_unref(pool->tasks);
    g_free(pool);
}
