/*
 * How many comments came by mail within an hour: of an account, in a thread, in all. A mail that
 * holds nothing but commands, and they were applied, counts as one.
 *
 * A file with a line a comment, "TIME ACCOUNT THREAD" (seconds since the epoch, decimal ids), only
 * appended to, and written anew when most of it is older than an hour. A kill can lose a count,
 * and never tears the file: a last line without newline does not count. Counting takes no sync.
 *
 * The time is that of the mail's receipt, so that the backlog of an outage is no flood.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct MpRate MpRate;

/* No file is touched yet. */
MpRate *mp_rate_new(const char *path);
void mp_rate_free(MpRate *rate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRate, mp_rate_free)

/* Forgets what was noted and not written, and reads the file again if another process changed it.
 * A file that cannot be read counts as empty, and the log says so. */
void mp_rate_begin(MpRate *rate);

typedef struct {
    int account, thread, total; /* comments an hour; 0: any number */
    int opening;                /* those that open a thread, which are counted as in thread 0 */
    int guest_opening;          /* those of the account, if it is a guest's; else 0 */
} MpRateLimits;

/* Whether one comment more, at `when`, would be over a limit; then *which says of what, for people.
 */
bool mp_rate_is_over(const MpRate *rate, const MpRateLimits *limits, guint64 account,
                     guint64 thread, gint64 when, const char **which);

/* Counts a comment, in memory; mp_rate_write appends what was noted to the file. */
void mp_rate_note(MpRate *rate, guint64 account, guint64 thread, gint64 when);
bool mp_rate_write(MpRate *rate, GError **error);
