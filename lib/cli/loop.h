/*
 * The run of a program without a subcommand: it works off what is due, once or for a while. Between
 * two passes it sleeps until a name appears in a directory (inotify(7)), the next work falls due,
 * or a few seconds are over, since network file systems report nothing.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define MP_LOOP_SECONDS 55 /* without --for: cron starts a run a minute */

typedef struct {
    bool is_once;
    int seconds;              /* that it looks for more, unless is_once */
    const char *watched;      /* where what is to be done appears */
    const char *also_watched; /* another such place, which need not be there; or NULL */
    int linger;               /* milliseconds to wait for the company of what appeared */

    /* Works off what is due. *next_due, which is G_MAXINT64 before, may be set to the second since
     * the epoch at which there is more to do. False, with *error set, ends the loop. */
    bool (*pass)(gpointer user_data, gint64 *next_due, GError **error);

    /* Looks after what works beside the loop, and starts it only if `may_start`; true while there
     * is any, which the loop then waits for. May be NULL. */
    bool (*step)(gpointer user_data, bool may_start);
} MpLoop;

/* The seconds that --for says; MP_LOOP_SECONDS for NULL, where it was not given. A wrong use of
 * `command`, or --once beside it, is told on standard error, and is -1: EX_USAGE. */
int mp_loop_seconds(const char *command, bool is_once, const char *given);

/* Runs until the time is up, a signal came (mp_is_stopped()), or a pass failed: then false. */
bool mp_loop_run(const MpLoop *loop, gpointer user_data, GError **error);
