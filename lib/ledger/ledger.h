/*
 * What happened, counted by the hour: what `metroplex status` shows without reading months of
 * outcomes.
 *
 *   DATA/ledger/counts   text, one count a line: HOUR<TAB>NAME<TAB>COUNT
 *   DATA/ledger/lock     held by who appends or compacts
 *
 * HOUR is "2026-01-31T12" (UTC), or "-" for all hours before those that are kept one by one. Lines
 * of one hour and name add up. The file is only appended to, but by mp_ledger_compact(), which
 * replaces it as a whole and changes no sum: totals never go down. A run adds what it did when it
 * did it (a batch, a pass), so that a run that is killed leaves at most the last of that uncounted;
 * a mail or message itself is never at stake. What is added is not synced, since a batch is not to
 * wait twice for the disk: a power cut may take the last counts, or leave a part of them, or zeros.
 * What is left of a torn write is no line and does not count, nor does it hide one that follows.
 *
 * A NAME is one of ours, never a word of a mail: "mail.REASON" (mails that ended), "message.sent",
 * "message.deferred", "message.failed", "message.dropped" (attempts), "delivery.N" and "sending.N"
 * (see mp_ledger_time), "pruned.WHAT".
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What a run has counted and not yet added. Its functions may be called by several threads. */
typedef struct MpLedger MpLedger;

MpLedger *mp_ledger_new(const char *data);
void mp_ledger_free(MpLedger *ledger); /* what was not added is gone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpLedger, mp_ledger_free)

/* Counts `n` more of "GROUP.NAME". */
void mp_ledger_count(MpLedger *ledger, const char *group, const char *name, guint64 n);

/*
 * Counts a time in its bucket, "NAME.N": bucket N holds what took longer than bucket N - 1 has as
 * its bound, and at most mp_ledger_bound(N) seconds, the last one what took longer than all. Four
 * buckets double the time, so that a percentile read from them is at most a fifth too large. The
 * sum of all times is "NAME.ms", in milliseconds.
 */
#define MP_LEDGER_BUCKETS 101
#define MP_LEDGER_SUM     "ms"
void mp_ledger_time(MpLedger *ledger, const char *name, double seconds);
double mp_ledger_bound(guint bucket); /* INFINITY for the last */

/* Adds what was counted to the file, as of `now`. False: it is still counted, and may be added
 * later. */
bool mp_ledger_add(MpLedger *ledger, gint64 now, GError **error);

/* The same as of now, for a run: a ledger that cannot be written to stops nothing, and is warned of
 * once. */
void mp_ledger_add_or_warn(MpLedger *ledger);

typedef struct {
    gint64 hour; /* its beginning, seconds since 1970; G_MININT64: all before those kept */
    char *name;  /* of the reader's */
    guint64 count;
} MpLedgerLine;

/* Every line, in the file's order; an empty array where there is no ledger yet. What is no line is
 * skipped, for a torn write of before the last power cut may stand anywhere. GArray of
 * MpLedgerLine, the caller's. */
bool mp_ledger_read(const char *data, GArray **lines, GError **error);

/* Joins equal lines, and those of hours before `keep_from` for all hours together; *saved (may be
 * NULL) is how many lines fewer there are. */
bool mp_ledger_compact(const char *data, gint64 keep_from, guint *saved, GError **error);

/* ---- The last run of each program: DATA/ledger/PROGRAM.run ---- */

typedef struct {
    gint64 begun, ended; /* seconds since 1970; 0: never, or not known */
    int status;          /* that it ended with, sysexits(3) */
    gint64 succeeded;    /* when the last one ended with 0; 0: never */
} MpLedgerRun;

/* Notes that a run which began at `begun` ends now with `status`: whole or not at all, and not
 * durably, since the next one comes within a minute. Where that cannot be, only the log says so. */
void mp_ledger_note_end(const char *data, const char *program, gint64 begun, int status);

/* The same for an end at any time. */
bool mp_ledger_note_run(const char *data, const char *program, gint64 begun, gint64 ended,
                        int status, GError **error);

/* Reads it; all 0 where there was none, or where what is there is torn. */
MpLedgerRun mp_ledger_last_run(const char *data, const char *program);
