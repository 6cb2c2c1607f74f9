/* Inside of lib/report: what the parts of a trace share. */
#pragma once

#include "report/trace.h"

/* What is looked for, and grows while it is found. */
typedef struct {
    MpTrace *trace;
    MpInstance *instance;
    const MpTraceWishes *wishes;
    GPtrArray *ids;      /* char *, "<id@host>" of the mail, and of what was sent because of it */
    GPtrArray *files;    /* char *, names of files in the Maildir */
    GPtrArray *keys;     /* char *, of events */
    GArray *comments;    /* MpTracePlace */
    char *address;       /* that was asked for, in lower case; or NULL */
    const char *commit;  /* likewise: how its id begins */
    guint64 user;        /* the account of an address of ours; or 0 */
    guint64 user_thread; /* and its thread */
} MpTracer;

typedef struct {
    guint64 thread, comment;
    gint64 date; /* of the comment, seconds; 0 where that is not known */
} MpTracePlace;

/* Adds one that is not there yet; empty ones, "-" and NULL are none. True if it is new. */
bool mp_trace_add(GPtrArray *texts, const char *text);
void mp_trace_add_place(MpTracer *tracer, guint64 thread, guint64 comment);
bool mp_trace_has_place(const MpTracer *tracer, guint64 thread, guint64 comment);

/* Tells a fact; the text is masked here. */
void mp_trace_tell(MpTracer *tracer, GArray *list, gint64 time, const char *place,
                   const char *format, ...) G_GNUC_PRINTF(5, 6);

/* --- trace_logs.c --- */

/* Of an address: the Message-IDs of the latest mails from or to it. */
void mp_trace_find_mails(MpTracer *tracer);
/* What the programs' logs and Postfix's say. */
void mp_trace_logs(MpTracer *tracer);

/* Of a place that cannot be read. */
void mp_trace_cannot_see(MpTracer *tracer, const char *place, const char *why);

/* --- trace_outcomes.c --- */

/* What became of mails, which tells Message-ID, file and comment of each other. */
void mp_trace_outcomes(MpTracer *tracer);

/* --- trace_stores.c --- */

/* Opens the tracker; that it cannot be read is said once. */
bool mp_trace_has_tracker(MpTracer *tracer);
/* The comments that came of it, and which messages of ours tell of them. */
void mp_trace_comments(MpTracer *tracer);
/* The mails that an account wrote to a thread. */
void mp_trace_mails_of_user(MpTracer *tracer);
/* The first Message-ID of a mail's header, escaped; the caller's. NULL if it has none. */
char *mp_trace_read_message_id(const char *path);
/* Where the mail's file is, and whether it was answered. */
void mp_trace_mail_files(MpTracer *tracer);
/* The events, and how their recipients stand. */
void mp_trace_queue(MpTracer *tracer);

/* --- trace_events.c --- */

/* Whether that is how a commit's id begins. */
bool mp_trace_is_commit(const char *what);
/* Events of threads that name the commit, or that one of the Message-IDs is about. */
void mp_trace_events(MpTracer *tracer);
