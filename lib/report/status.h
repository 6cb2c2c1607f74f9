/*
 * How mail is doing: gathered once, from the ledger, the queues, the Maildir and the disk, and
 * written in several ways. Nothing is changed, locked or logged.
 *
 * What is counted of the last hour, day and month begins on the full hour before them, since the
 * ledger counts by the hour: an hour is one to two hours, a month 30 days and up to an hour.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "instance/instance.h"
#include "ledger/ledger.h"
#include "maildir/kept.h"
#include "outbox/outbox.h"
#include "outbox/server_state.h"

typedef enum { MP_SPAN_HOUR, MP_SPAN_DAY, MP_SPAN_MONTH, MP_SPAN_EVER, MP_N_SPANS } MpSpan;

/* "hour", "day", "month", "ever": for programs. */
const char *mp_span_name(MpSpan span);

/* How often something of that name happened. */
typedef struct {
    const char *name; /* of a table of ours, never freed */
    guint64 n[MP_N_SPANS];
} MpTally;

typedef struct {
    guint64 buckets[MP_N_SPANS][MP_LEDGER_BUCKETS];
    guint64 count[MP_N_SPANS];
    guint64 milliseconds; /* of all, ever */
} MpTimes;

/* The time that `share` (0 to 1) of them do not exceed, in seconds: NAN where there is none,
 * INFINITY where it is longer than the ledger tells apart. */
double mp_times_percentile(const MpTimes *times, MpSpan span, double share);

typedef struct {
    guint64 events, hour_old, day_old; /* the latter are of the former */
    gint64 oldest;                     /* when its event was made; 0 if there is none */
} MpWaiting;

typedef struct {
    const char *name; /* "data", "log" */
    char *path;
    guint64 free, size;               /* octets, as for who is not root */
    guint64 inodes_free, inodes_size; /* 0 where the file system does not count them */
} MpSpace;

#define MP_STATUS_MEASURED 10000 /* mails that are kept, of each outcome; more are only counted */

/* What the plots show of an hour. */
typedef enum {
    MP_PLOT_POSTED,
    MP_PLOT_OTHER,
    MP_PLOT_REFUSED,
    MP_PLOT_SENT,
    MP_PLOT_UNSENT,
    MP_N_PLOTTED
} MpPlotted;
#define MP_STATUS_HOURS (30 * 24 + 1)

typedef enum { MP_STATUS_OK, MP_STATUS_WARNING, MP_STATUS_CRITICAL } MpStatusLevel;

/* "ok", "warning", "critical": for programs, and in the operator's language. */
const char *mp_status_level_name(MpStatusLevel level);
const char *mp_status_level_word(MpStatusLevel level);

/* What a threshold says. */
typedef struct {
    const char *name; /* "new-mail": the keys of [status] begin so */
    MpStatusLevel level;
    char *text; /* in the operator's language */
} MpStatusFinding;

#define MP_STATUS_PROGRAMS 2

typedef struct {
    gint64 now;
    char *hostname;
    gint64 installed;          /* when `metroplex init` made the tracker; 0: not known */
    bool is_enabled;           /* [smtp] enabled */
    GArray *mails;             /* MpTally: by the reason that ended them, in the gates' order */
    GArray *messages, *pruned; /* likewise */
    MpTimes delivery, sending; /* mail delivered to comment; comment to message sent */
    guint64 (*hours)[MP_N_PLOTTED]; /* MP_STATUS_HOURS, the last one is now's */
    MpWaiting queues[MP_N_QUEUES];
    MpServer *server;  /* what is known of it */
    bool is_watching;  /* repositories */
    GPtrArray *unread; /* char *: those that could not be read, "acme/rocket (closed)" */
    guint64 new_mails;
    gint64 oldest_mail; /* 0: none */
    const char *programs[MP_STATUS_PROGRAMS];
    MpLedgerRun runs[MP_STATUS_PROGRAMS];
    MpSpace spaces[2];
    guint n_spaces;             /* 1 where the log lies on the same file system as the data */
    MpKept kept[MP_N_OUTCOMES]; /* by MpOutcome */
    GArray *findings;           /* MpStatusFinding: each threshold that was looked at */
    MpStatusLevel level;
} MpStatus;

/* Of an instance that is configured; opens its outbox. `now`: seconds since 1970. */
bool mp_status_gather(MpStatus *status, MpInstance *instance, gint64 now, GError **error);
void mp_status_clear(MpStatus *status);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpStatus, mp_status_clear)

/* ---- Writers; the result is the caller's ---- */

/* At most 80 columns, in the operator's language. */
char *mp_status_text(const MpStatus *status);

/* One object, on one line without its end. */
char *mp_status_json(const MpStatus *status);

/* Prometheus' text format, version 0.0.4. */
char *mp_status_prometheus(const MpStatus *status);

/* One page that asks for nothing else, in the operator's language. */
char *mp_status_html(const MpStatus *status);
