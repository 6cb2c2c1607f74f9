/* The steps of a pass, which outbound.c calls. Nobody else includes it. */
#pragma once

#include "ledger/ledger.h"
#include "outbound/notice_facts.h"
#include "outbound/outbound.h"
#include "outbound/pool.h"
#include "outbox/server_state.h"
#include "transport/transport.h"

/* The server was stopped, and only messages show whether it still is: one at a time. */
typedef enum { MP_NO_TRIAL, MP_TRIAL_OPEN, MP_TRIAL_RUNS } MpTrial;

struct MpOutbound {
    const MpInstance *instance;
    bool (*is_stopped)(void);
    MpLedger *ledger;
    GHashTable *skipped;   /* names of events at fault: told once, not tried again */
    MpPool *pool;          /* NULL until there is work */
    GAsyncQueue *sessions; /* MpSmtp, idle */
    GMutex reading;        /* of the tracker, the accounts, and rendering */
    GHashTable *held;      /* char * to MpNotice: of the events in digests, for one pass */
    GHashTable *windows;   /* char * "USER.THREAD" to gint64: DUE of the digest that is gathered */
    bool knows_windows;    /* those of the run before were looked up */

    MpOutboundWatch watch; /* or NULL */
    gpointer watch_data;

    GMutex mutex; /* of what follows */
    MpOutboundCounts counts;
    bool is_limited;
    guint left; /* messages that may still be begun, then */
    GCond changed;
    guint open_events;
    GPtrArray *noted;     /* events of which somebody's digest is due; see digests.c */
    GPtrArray *retired;   /* MpSmtp that got no connection while others had one */
    gint64 retired_until; /* of the monotonic clock */
    guint live;           /* sessions that are not retired */
    MpServer *server;     /* what is known of it */
    char *configured;     /* mp_server_settings() of the configuration that was read */
    char *settings;       /* and of all that the sessions were opened with */
    bool is_down;         /* no message gets through: this pass sends no more */
    bool is_cleared; /* it refused several, and takes others: they have only themselves to blame */
    MpTrial trial;
    bool is_left_out;         /* a message, since its domain is one of those that made us stop */
    GHashTable *destinations; /* MpDestination by domain */
    GHashTable *turns;        /* id of an account to its last MpDispatch */
    GPtrArray *bounces;       /* of this pass, not counted yet; NULL for none */
    GError *fatal;            /* an outcome could not be recorded: nothing may be sent any more */
    int status;
};

/* An event being worked on. */
typedef struct {
    MpOutbound *outbound;
    MpEventFile *file;
    MpNotice *notice;  /* NULL for a response or a test, which are about no change of the tracker */
    MpThread *thread;  /* a response's, or NULL */
    char *link;        /* and its repository's template, or NULL */
    GHashTable *muted; /* the notice's, not owned; NULL where nobody can mute it */
    const char *repository; /* likewise */
    GPtrArray *held;        /* a digest's: MpNotification, not owned; else NULL */
    bool is_known;          /* what it tells of is in the tracker, or needs not be */
    gint outstanding;       /* messages not yet dealt with, and one for who hands them out */
} MpAnnouncement;

typedef struct MpDestination MpDestination;

/* Where a message is, as its destination sees it. */
typedef enum {
    MP_PLACE_NONE,
    MP_PLACE_ASIDE,
    MP_PLACE_RETURNED, /* to the pool */
    MP_PLACE_NEXT,     /* behind one of its domain, whose connection it gets */
    MP_PLACE_IN_FLIGHT
} MpPlace;

/* A message on its way. */
typedef struct MpDispatch MpDispatch;
struct MpDispatch {
    MpAnnouncement *announcement;
    const MpEventRecipient *recipient;
    MpDestination *destination; /* once it has asked to be admitted; the outbound's */
    MpPlace place;
    gint64 begun;     /* of the monotonic clock */
    bool is_reserved; /* there is room for its outcome */
    bool is_to_guest;
    MpOutgoingMail *mail; /* NULL: nothing to send, `attempt` says why */
    MpAttempt attempt;
    char *address, *reply; /* its texts */
    MpDispatch *behind;    /* the next one to the same person */
    bool is_behind;        /* another, which is not done with */
    bool is_waiting;       /* it came too early, and comes back by the pool */
};

/* ---- open.c ---- */

/* True if no more messages are to be begun. */
bool mp_outbound_is_over(MpOutbound *outbound);
void mp_outbound_fail(MpOutbound *outbound, GError *error); /* takes it */

/* ---- sessions.c ---- */

/* As many as are configured. Those that were refused a connection while others had one are left
 * alone for a while: a server may limit connections. */
bool mp_outbound_open_sessions(MpOutbound *outbound, GError **error);

/* All of them: a session knows the password that the file held when it was opened. */
void mp_outbound_close_sessions(MpOutbound *outbound);

/* This connection got no answer. While others work, it retires (a server may limit connections) and
 * the message takes another: true. If it was the last, the server is away; likewise, at once, if it
 * turned us away: accounts are locked for one refused login after the other. */
bool mp_outbound_retire(MpOutbound *outbound, MpSmtp *smtp, MpSendResult result, int code,
                        const char *reply);

/* ---- server.c ---- */

/* True if it is up as far as we know, or it is time to look again. Sessions that were opened with
 * other settings than there are now, or that found it away, are closed. */
bool mp_outbound_server_is_due(MpOutbound *outbound);

/* Connects; false: nothing can be sent, and the record says so. */
bool mp_outbound_server_answers(MpOutbound *outbound);

/* No message gets through: MP_UNAVAILABLE or MP_STOPPED. */
void
mp_outbound_server_failed(MpOutbound *outbound, MpSendResult result, int code, const char *reply);

/* For these the mutex is held. A failure is told once for each outage. */
void
mp_outbound_note_failure(MpOutbound *outbound, MpServerState state, int code, const char *reply);
void mp_outbound_note_success(MpOutbound *outbound);
void mp_outbound_save_server(MpOutbound *outbound);

/* ---- suspicion.c ---- */

/* What the server said to a message. */
typedef struct {
    const MpOutgoingMail *mail;
    guint64 thread; /* 0: of none */
    MpSendResult result;
    int code;
    const char *reply;
} MpAttempted;

/* Judges an outcome in the light of the others; `smtp` is the session it came over. */
MpSendResult mp_outbound_judge(MpOutbound *outbound, MpSmtp *smtp, const MpAttempted *attempted);

/* It was stopped by refusals: MP_SENT if it takes others' mail now, or messages are to show it. */
MpSendResult mp_outbound_ask_again(MpOutbound *outbound, MpSmtp *smtp, char **reply, int *code);

/* Asked before each message is sent, and told after it. Waits for the one that is being tried;
 * false: the message is left. */
bool mp_outbound_may_send(MpOutbound *outbound, const char *to);
void mp_outbound_was_tried(MpOutbound *outbound);
bool mp_outbound_is_on_trial(MpOutbound *outbound);

/* True once, if messages were left out that can be sent now, or must be tried for want of others;
 * after the pass's last message. */
bool mp_outbound_has_left_out(MpOutbound *outbound);

/* ---- bounces.c ---- */

/* The user's address was refused for good; counted at the end of the pass, by the main thread. A
 * failure to do so is only logged. */
void mp_outbound_note_bounce(MpOutbound *outbound, guint64 user, const MpOutgoingMail *mail);
void mp_outbound_count_bounces(MpOutbound *outbound);

/* ---- announcement.c ---- */

/* Reads an event, expands it if need be, and hands its messages to the pool. An event whose KEY is
 * not in the tracker is postponed. */
bool mp_announcement_begin(MpOutbound *outbound, const MpQueued *queued, GError **error);

/* Opens the event's file, and reads what it tells of; the file is NULL where it is gone. */
bool mp_announcement_open(MpAnnouncement *announcement, const MpQueued *queued,
                          MpEventAccess access, GError **error);

/* Who is to be told, of an event that is open; the caller's. */
MpAudience *mp_announcement_audience(const MpAnnouncement *announcement);

void mp_announcement_free(MpAnnouncement *announcement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpAnnouncement, mp_announcement_free)

/* One message less to wait for; the last one finishes the event. */
void mp_announcement_release(MpAnnouncement *announcement);

/* ---- counts.c ---- */

/* False: as many messages have been begun as may be. */
bool mp_outbound_spend(MpOutbound *outbound);
void mp_outbound_give_back(MpOutbound *outbound);

void mp_outbound_count_due(MpOutbound *outbound, guint messages);
void mp_outbound_count(MpOutbound *outbound, MpEventRecipientState outcome);

/* ---- windows.c ---- */

/* Empty: what an outbound's `windows` are. */
GHashTable *mp_outbound_windows(void);

/* When the digest is due that tells this account of an event of this time. `reading` is held. */
gint64 mp_outbound_window(MpOutbound *outbound, guint64 thread, gint64 created, const MpUser *user);

/* Those that are over, which nobody asks for any more. No event may be open. */
void mp_outbound_forget_windows(MpOutbound *outbound);

/* ---- digests.c ---- */

/* Empty: what an outbound's `noted` and `held` are. */
GPtrArray *mp_digests_new(void);
GHashTable *mp_digests_held(void);

/* Notes the event, if a digest is due for one of its recipients. */
void mp_digests_note(const MpAnnouncement *announcement);

/* Makes the digests that are due of what was noted, as far as it is owed still; no event may be
 * open. Their KEYs (char *), which lie in new/ now; the caller's. */
GPtrArray *mp_digests_make(MpOutbound *outbound, GError **error);

/* Publishes what a run that died has made. */
bool mp_digests_finish(MpOutbound *outbound, GError **error);

/* ---- send.c ---- */

/* Whether this account is told of it later, in a digest: who wants that, and is not called by name.
 * What was tried by itself once goes on so. */
bool mp_announcement_puts_off(const MpAnnouncement *announcement, const MpEventRecipient *recipient,
                              const MpUser *user);

/* Where a message to the account (NULL: it is gone) goes now; the caller's. NULL with *dropped set
 * where it goes nowhere. */
char *mp_announcement_address(const MpAnnouncement *announcement, const MpUser *user,
                              const char **dropped);

/* False: it is left, since the pass is over or an administrator wants it so. */
bool mp_dispatch_is_wanted(const MpDispatch *message);

/* Gives back what mp_dispatch_prepare took. */
void mp_dispatch_empty(MpDispatch *message);

/* Makes sure of room for the outcome, and renders it. False: it is not wanted. */
bool mp_dispatch_prepare(MpDispatch *message);

/* What came of sending it: nothing that is over MP_SUSPECTED_AT_END. */
void mp_dispatch_judge(MpDispatch *message, MpSendResult result);
void mp_dispatch_record(MpDispatch *message);

/* It is done with, or left. The last one of an announcement finishes the event. */
void mp_dispatch_free(MpDispatch *message);

/* ---- turns.c ---- */

/* Before it is handed to the pool. */
void mp_turn_take(MpDispatch *message);

/* False: one to the same person is before it. It comes back by the pool, do not touch it. */
bool mp_turn_has_come(MpDispatch *message);

/* It is done with, or left: called once. */
void mp_turn_end(MpDispatch *message);

/* ---- destinations.c ---- */

typedef enum {
    MP_ADMITTED,  /* it may be sent */
    MP_SET_ASIDE, /* its domain has its connections: it comes back by the pool, do not touch it */
    MP_PUT_OFF,   /* its domain stalls: the attempt says that it waits */
} MpAdmission;

/* Asked for a message that is prepared. `current` is the one that it follows on the same
 * connection, or NULL. */
MpAdmission mp_destination_admit(MpDispatch *message, const MpDispatch *current);

/* One that was set aside, of the domain of `current`, which it may follow once it is prepared and
 * admitted; or NULL. */
MpDispatch *mp_destination_next(const MpDispatch *current);

/* Whether the domain began to stall since the message was admitted: the attempt says that it waits.
 */
bool mp_destination_is_put_off(MpDispatch *message);

/* `from` is done with; what follows it has its place now. `to` may be NULL. */
void mp_destination_hand_over(MpDispatch *from, MpDispatch *to);

/* What came of sending it; `was_silent`: an answer did not come in time. */
void mp_destination_note(const MpDispatch *message, MpSendResult result, bool was_silent);

/* It is done with, or left: called once. */
void mp_destination_leave(MpDispatch *message);

/* ---- carry.c ---- */

/* Sends and records the message, which it takes, and what it finds to do meanwhile: a task of the
 * pool. */
void mp_outbound_carry(gpointer message);
