/* What pass.c, event.c and send.c share. */
#pragma once

#include "outbound/outbound.h"
#include "outbound/pool.h"
#include "transport/transport.h"

struct Pass {
    const MpInstance *instance;
    bool (*is_stopped)(void);
    GHashTable *skipped;   /* names of events at fault: told once, not tried again */
    MpPool *pool;          /* NULL until there is work */
    GAsyncQueue *sessions; /* MpSmtp, idle */
    GMutex reading;        /* of the tracker, the accounts, and rendering */

    GMutex mutex; /* of what follows */
    GCond changed;
    guint open_events;
    GPtrArray *retired;   /* MpSmtp that got no connection while others had one */
    gint64 retired_until; /* of the monotonic clock */
    guint live;           /* sessions that are not retired */
    MpServer *server;     /* what is known of it */
    bool is_down;         /* no message gets through: this pass sends no more */
    bool is_cleared;  /* it refused several, and takes others: they have only themselves to blame */
    bool is_on_trial; /* it was stopped, and the messages show whether it is still */
    GError *fatal;    /* an outcome could not be recorded: nothing may be sent any more */
    int status;
};

/* An event being worked on. */
typedef struct {
    Pass *pass;
    MpEventFile *file;
    Notice *notice;    /* NULL for an answer, which is about no change of the tracker */
    MpThread *thread;  /* an answer's, or NULL */
    char *link;        /* and its repository's template, or NULL */
    GHashTable *muted; /* guint64; NULL for an answer */
    gint outstanding;  /* messages not yet dealt with, and one for who hands them out */
} Work;

typedef struct {
    Work *work;
    const MpEventRecipient *recipient;
} Task;

/* --- pass.c --- */

/* True if no more messages are to be begun. */
bool pass_is_over(Pass *pass);
void pass_fail(Pass *pass, GError *error); /* takes it */

/* --- server.c --- */

/* True if it is up as far as we know, or it is time to look again. */
bool server_is_due(Pass *pass);

/* Connects; false: nothing can be sent, and the record says so. */
bool server_answers(Pass *pass);

/* No message gets through: MP_UNAVAILABLE or MP_STOPPED. */
void server_failed(Pass *pass, MpSendResult result, int code, const char *reply);

/* What an outcome is worth, in the light of the others; `smtp` is the session it came over. */
MpSendResult server_judge(Pass *pass, MpSmtp *smtp, const MpLetter *letter, MpSendResult result,
                          int code, const char *reply);

/* --- event.c --- */

/* Reads an event, expands it if need be, and hands its messages to the pool. An event whose KEY is
 * not in the tracker is postponed. */
bool event_begin(Pass *pass, const MpQueued *queued, GError **error);

/* One message less to wait for; the last one finishes the event. */
void event_release(Work *work);

/* --- send.c --- */

/* Renders, sends and records one message, or leaves it if the pass is over. */
void send_one(Work *work, const MpEventRecipient *recipient);
