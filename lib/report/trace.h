/*
 * One mail's way, as far as it can be seen: through Postfix's log, ours, outcomes, the tracker,
 * the queue and its recipients. Nothing is changed, locked or logged.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "instance/instance.h"
#include "report/log_files.h"
#include "report/redact.h"

typedef struct {
    gint64 time;       /* microseconds since 1970; 0: not known */
    const char *place; /* where it was read: "mail.log", "outcomes", "tracker", … */
    char *text;        /* masked, not escaped */
} MpTraceFact;

typedef struct {
    GArray *facts;    /* MpTraceFact, in the order of time */
    GArray *now;      /* MpTraceFact, without times: where the mail is, who waits */
    GArray *unseen;   /* MpTraceFact, likewise: what could not be looked at, and why */
    guint left_out;   /* facts, the oldest, where there were very many */
    guint n_others;   /* older mails of the same address, */
    char *last_other; /* and the Message-ID of the last of them: masked, not escaped */
} MpTrace;

typedef struct {
    const char *what;         /* MESSAGE-ID|ADDRESS|FILE|COMMIT|THREAD/COMMENT */
    MpLogFiles *mail_log;     /* or NULL, */
    const char *mail_log_why; /* and why */
    MpRedaction *redaction;
} MpTraceWishes;

/* Of an instance whose configuration is loaded; opens what it looks at. MP_ERROR_INPUT if nothing
 * is known of it: what could not be seen is filled in. */
bool mp_trace(MpTrace *trace, MpInstance *instance, const MpTraceWishes *wishes, GError **error);
void mp_trace_clear(MpTrace *trace);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpTrace, mp_trace_clear)
