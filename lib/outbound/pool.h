/*
 * Threads that take tasks from one queue, in the order in which they were pushed.
 *
 * GLib's own pool is left half made where a thread cannot be started (ENOMEM, EAGAIN): releases
 * from 2.84 free it under the threads that did start.
 */
#pragma once

#include <glib.h>

typedef struct MpPool MpPool;

/* Starts as many threads as it can, `threads` at most, each deaf to signals: those are for the main
 * thread. NULL with MP_ERROR_TEMPORARY where not even one could be started; with fewer than were
 * asked for, a warning. `run` gets each task that is pushed, in any of the threads. */
MpPool *mp_pool_new(void (*run)(gpointer task), int threads, GError **error);

/* The pool takes the task, which is not NULL. Never waits. */
void mp_pool_push(MpPool *pool, gpointer task);

/* The same in front of all others. */
void mp_pool_return(MpPool *pool, gpointer task);

/* A task that no thread has begun, the caller's to run; NULL where there is none. Never waits. */
gpointer mp_pool_take(MpPool *pool);

/* Waits until all that was pushed has been run, and ends the threads. */
void mp_pool_free(MpPool *pool);
