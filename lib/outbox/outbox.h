/*
 * The outbox: what is still to be told to whom, one file an event (the format is in notifier(8)).
 *
 *   outbox/tmp/KEY         written before the tracker's branch moves; not yet true
 *   outbox/new/KEY         true; not yet tried, or being tried
 *   outbox/retry/DUE.KEY   every recipient left is deferred; DUE is seconds since the epoch
 *   outbox/hold/KEY        held by an administrator
 *   outbox/answered/…      see below: which answers to mails were given
 *   outbox/requests/KEY    what an administrator wants of an event that is being worked on
 *   outbox/digests/KEY     a digest being made, see below; then it is an event like all others
 *   outbox/failed/KEY      nobody left to try, at least one recipient failed for good
 *   outbox/conversations/  what was said with servers that did not take a message, for reading only
 *
 * A file is text, one fact a line, tab-separated, appended to and never rewritten; a last line
 * without newline is a torn write and does not count. Deterministic names and idempotent moves make
 * every step of a transaction repeatable. What is sent and done is deleted. In hold/ and
 * failed/ a name that is taken by another file gets a suffix: KEY.2.
 *
 * Inbound programs stage and publish (under the data directory's lock); the notifier sends (under
 * the outbox's own lock, outbox/lock); an administrator's commands ask for no lock of theirs.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/lock.h"
#include "outbox/response.h"

typedef struct MpOutbox MpOutbox;

typedef enum {
    MP_EVENT_OPENED,
    MP_EVENT_COMMENT,
    MP_EVENT_CLOSED,
    MP_EVENT_REOPENED,
    MP_EVENT_LOCKED,
    MP_EVENT_UNLOCKED,
    MP_EVENT_RENAMED,
    MP_EVENT_LABELED,
    MP_EVENT_UNLABELED,
    MP_EVENT_ASSIGNED,
    MP_EVENT_UNASSIGNED,
    MP_EVENT_PUSHED,
    MP_EVENT_HEAD_PUSHED,
    MP_EVENT_MERGED,
    MP_EVENT_HEAD_DELETED,
    MP_EVENT_REFERENCED,
    MP_EVENT_RESPONSE, /* to one mail: a rejection or a confirmation */
    MP_EVENT_TEST,     /* a test mail, which tells of nothing */
    MP_EVENT_MENDED,   /* to the administrator: the server, which had turned us away, takes mail */
    MP_EVENT_DIGEST,   /* several events of a thread, for one account */
} MpEventKind;

/* True if it tells of a comment, the opening post included: text that somebody wrote. */
bool mp_event_has_comment(MpEventKind kind);

const char *mp_event_kind_name(MpEventKind kind); /* "opened", "comment", "closed", … */

/* True if it goes to an address that the event names, and is about nothing of the tracker. */
bool mp_event_is_to_operator(MpEventKind kind);

/* What a digest tells, in its order. */
typedef struct {
    char *key;
    MpEventKind kind;
    guint64 actor;
    gint64 created;
} MpDigestEvent;

typedef struct {
    guint64 user;      /* whom it is for, */
    char *reason;      /* and why */
    gint64 due;        /* when it was to be sent: part of its Message-ID */
    GPtrArray *events; /* MpDigestEvent */
} MpDigest;

MpDigest *mp_digest_new(guint64 user, const char *reason, gint64 due);
void mp_digest_free(MpDigest *digest);
void
mp_digest_add(MpDigest *digest, const char *key, MpEventKind kind, guint64 actor, gint64 created);

typedef struct {
    char *key; /* the KEY of what is announced: the file's name */
    MpEventKind kind;
    guint64 thread;
    guint64 actor; /* the user who is not told */
    gint64 created;
    char *host;           /* that posted it */
    MpResponse *response; /* of MP_EVENT_RESPONSE, else NULL */
    char *address;        /* whom it goes to, where that is no account: of MP_EVENT_TEST,
                             MP_EVENT_MENDED and a question to a stranger; else NULL */
    gint64 stopped;       /* of MP_EVENT_MENDED: since when it had turned us away, */
    char *why;            /* and what it had said; else NULL */
    MpDigest *digest;     /* of MP_EVENT_DIGEST, else NULL */
} MpEvent;

/* Whether it goes to event->address, and to no account. */
bool mp_event_is_to_address(const MpEvent *event);

void mp_event_free(MpEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpEvent, mp_event_free)

/* The directory of what the transport keeps (transport/transport.h); of no concern here. */
#define MP_OUTBOX_CONVERSATIONS "conversations"

/* Fit to name an event: letters, digits, '-' and '_', at most 64. */
bool mp_is_event_key(const char *key);

/* Makes the directories below DATA/outbox where they are missing. */
bool mp_outbox_init(const char *path, GError **error);

MpOutbox *mp_outbox_open(const char *path, GError **error);
void mp_outbox_free(MpOutbox *outbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpOutbox, mp_outbox_free)

/* --- For those who announce ---------------------------------------------------------------- */

/* Writes outbox/tmp/KEY, which mp_outbox_sync_staged makes durable, once a batch. What is staged
 * first is worked off first, once it is published. */
bool mp_outbox_stage(MpOutbox *outbox, const MpEvent *event, GError **error);
bool mp_outbox_sync_staged(MpOutbox *outbox, GError **error);

/* Renames tmp/KEY to new/KEY; no error if it is gone from tmp (it was published before). */
bool mp_outbox_publish(MpOutbox *outbox, const char *key, GError **error);
bool mp_outbox_sync_published(MpOutbox *outbox, GError **error);

/*
 * Announces what no transaction makes true: straight to new/KEY, whole and durable. *fd, which is
 * the caller's, stays on the file wherever it is moved, and when it is deleted at its end:
 * mp_event_file_follow reads there what has become of it (NULL with *error set where it cannot).
 */
bool mp_outbox_submit(MpOutbox *outbox, const MpEvent *event, int *fd, GError **error);

/* Makes durable where each event is: before what is found done already is acknowledged. */
bool mp_outbox_sync(MpOutbox *outbox, GError **error);

/*
 * A response has no commit that makes it true. Its moment of truth is a record,
 *
 *   outbox/answered/DAY.ACCOUNT.REASON.THREAD    holding the raw mail's hash
 *
 * made once and whole, and synced, after the batch's commit and before its events are published. So
 * whoever finds a staged response knows by the record whether to publish it; and whoever finds a
 * record, once the staged events are cleared up, knows that the day's response was given.
 */
typedef enum {
    MP_RESPONDED_NOT,   /* no response to this account for this reason and thread on this day yet */
    MP_RESPONDED_THIS,  /* the record holds this mail's hash */
    MP_RESPONDED_OTHER, /* it holds another's */
    MP_RESPONDED_ERROR, /* *error says why it is not known */
} MpResponded;

MpResponded mp_outbox_responded(MpOutbox *outbox, const MpResponse *response, GError **error);

/* Makes the record where there is none, durably but for its name, and says whose it is then. */
MpResponded mp_outbox_record_response(MpOutbox *outbox, const MpResponse *response, GError **error);
bool mp_outbox_sync_responded(MpOutbox *outbox, GError **error);

/* How many records were made since `since` (seconds since the epoch), but for questions
 * (questions.h), in all,
 * and *of_each: of each account that has one, guint64 * to number; -1 with *error set. On the way
 * records older than a week are removed. */
int mp_outbox_count_responses(MpOutbox *outbox, gint64 since, GHashTable **of_each, GError **error);

/* Counts one more of this account. */
void mp_responses_count(GHashTable *of_each, guint64 user);

/*
 * outbox/told: a line "TIME ACCOUNT" for each message that a guest was sent, by which an answer
 * that follows at once is known. Appended to under the outbox's lock, by one thread at a time, not
 * synced, halved when it is large: a line that is lost is an answer that does not count.
 */
bool mp_outbox_note_told(const MpOutbox *outbox, guint64 user, gint64 when, GError **error);

/* Whether the account was sent a message from then on, and not after `to`. */
bool mp_outbox_told_within(const MpOutbox *outbox, guint64 user, gint64 from, gint64 to,
                           bool *was_told, GError **error);

/* Removes tmp/KEY; no error if it is not there. */
bool mp_outbox_discard(MpOutbox *outbox, const char *key, GError **error);

/* Whether the event is staged, by whomever. */
bool mp_outbox_is_staged(MpOutbox *outbox, const char *key);

/* The events left in tmp/ by a run that died, readable ones only; unreadable ones (torn before
 * their sync) are deleted and logged. GPtrArray of MpEvent, the caller's. */
GPtrArray *mp_outbox_staged(MpOutbox *outbox, GError **error);

/* Files that do not belong there: what has no name of an event or of a response's record, is no
 * regular file, or is a record that cannot be read; names that begin with a dot apart. GPtrArray of
 * char *, paths below the outbox; the caller's. */
GPtrArray *mp_outbox_foreign_files(MpOutbox *outbox, GError **error);

/* --- For the notifier: which events there are ----------------------------------------------- */

typedef enum { MP_QUEUE_NEW, MP_QUEUE_RETRY, MP_QUEUE_HOLD, MP_QUEUE_FAILED, MP_N_QUEUES } MpQueue;

const char *mp_queue_name(MpQueue queue); /* "new", "retry", "hold", "failed" */

typedef struct {
    MpQueue queue;
    char *name; /* the file's name in its directory */
    char *key;
    gint64 due;      /* retry: what its name says; else 0 */
    gint64 modified; /* nanoseconds since the epoch */
} MpQueued;

void mp_queued_free(MpQueued *queued);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpQueued, mp_queued_free)

/* The events of one queue, oldest (retry: due first) first. A name that is no event's is logged and
 * left out. GPtrArray of MpQueued, the caller's. */
GPtrArray *mp_outbox_list(MpOutbox *outbox, MpQueue queue, GError **error);

/* The events to be worked on at `now`: all of new/, then what is due of retry/. *next_due (may be
 * NULL) is when the next of retry/ falls due, G_MAXINT64 if there is none. */
GPtrArray *mp_outbox_due(MpOutbox *outbox, gint64 now, gint64 *next_due, GError **error);

/* The event of that KEY (or file name) in any queue; NULL without error if there is none. */
MpQueued *mp_outbox_find(MpOutbox *outbox, const char *key, GError **error);

/* The same, where also the beginning of one KEY is enough. MP_ERROR_INPUT if there is none, or if
 * it is the beginning of several, which the message names. */
MpQueued *mp_outbox_resolve(MpOutbox *outbox, const char *key, GError **error);

/* What an event announces, without its recipients: the beginning of its file is enough for that.
 * NULL without error if the file is gone. */
MpEvent *mp_outbox_peek(MpOutbox *outbox, const MpQueued *queued, GError **error);

/* --- For the notifier: one event ------------------------------------------------------------ */

typedef enum {
    MP_RECIPIENT_PENDING,  /* not tried yet */
    MP_RECIPIENT_SENT,     /* accepted by the server */
    MP_RECIPIENT_DEFERRED, /* to be tried again at `due` */
    MP_RECIPIENT_FAILED,   /* refused for good, or given up */
    MP_RECIPIENT_DROPPED,  /* needs it no more, or cannot be told: muted, suspended, no address */
    MP_RECIPIENT_SKIPPED,  /* was not to be told in the first place: who wrote it, who had muted */
    MP_RECIPIENT_LATER,    /* to be told in a digest, at `due` */
    MP_RECIPIENT_GATHERED, /* in the digest that `reply` names: this event owes them nothing */
} MpEventRecipientState;

typedef struct {
    guint64 user; /* 0 in a test: nobody's account */
    char *reason; /* why they are told; a GRefString, since thousands have the same */
    MpEventRecipientState state;
    guint attempts;
    gint64 first;  /* time of the first attempt; 0 before it */
    gint64 due;    /* deferred, later: when to try again, or to make the digest */
    char *address; /* that the last attempt was made to; NULL where there was none */
    int code;      /* the server's last reply; 0 if there was none */
    char *reply;   /* its text or our reason, escaped; or NULL */
} MpEventRecipient;

const char *mp_event_recipient_state_name(MpEventRecipientState state); /* "pending", "sent", … */

/* The address to show: that of the last attempt, or where the next one goes, which is `current` for
 * an account. NULL where neither is known. */
const char *mp_event_recipient_address(const MpEventRecipient *recipient, const MpEvent *event,
                                       const char *current);

/* True if this recipient is to be tried at `now`. */
bool mp_event_recipient_is_due(const MpEventRecipient *recipient, gint64 now);

/* Who is told of an event, by account: the address is looked up when the message is sent. */
typedef struct {
    GPtrArray *recipients; /* MpEventRecipient */
    GPtrArray *skipped;    /* MpEventRecipient; `reply` says why. The first MP_SKIPPED_MAX */
    guint n_skipped;       /* and how many there are altogether */
    GPtrArray *blocks;     /* the memory of both */
    guint n_free;          /* of the last block */
} MpAudience;

#define MP_SKIPPED_MAX 100

MpAudience *mp_audience_new(void);
void mp_audience_free(MpAudience *audience);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpAudience, mp_audience_free)

/* Each account once, which is the caller's to see to. `why` is one of few words, for people. */
void mp_audience_add(MpAudience *audience, guint64 user, const char *reason);
void mp_audience_skip(MpAudience *audience, guint64 user, const char *why);

typedef struct MpEventFile MpEventFile;
typedef enum { MP_EVENT_READ, MP_EVENT_WRITE } MpEventAccess;

/*
 * Reads an event. For MP_EVENT_WRITE its file is locked until it is freed, and a torn last line cut
 * off, and so is an expansion that was not completed. NULL without error if the file is gone; a
 * malformed line is MP_ERROR_INPUT, and the message names path and line: such a file is left where
 * it is.
 */
MpEventFile *
mp_event_file_open(MpOutbox *outbox, const MpQueued *queued, MpEventAccess access, GError **error);
MpEventFile *mp_event_file_follow(MpOutbox *outbox, const char *key, int fd, GError **error);
void mp_event_file_free(MpEventFile *file); /* syncs what was recorded */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpEventFile, mp_event_file_free)

/* Its contents; the file's, and changed by the calls below. */
const MpEvent *mp_event_file_event(const MpEventFile *file);
const GPtrArray *mp_event_file_recipients(const MpEventFile *file); /* MpEventRecipient */
const MpAudience *mp_event_file_audience(const MpEventFile *file);
bool mp_event_file_is_expanded(const MpEventFile *file);

/* Since when it waits: since it was created, or, where all who are left are put off, from the time
 * when the first of them is due. */
gint64 mp_event_file_waits_since(const MpEventFile *file);

/*
 * Appends a line for each of the audience, then the line that completes the expansion, and syncs.
 * The file takes the audience. Once it is complete nothing is added any more: a second call changes
 * nothing.
 */
bool mp_event_file_expand(MpEventFile *file, MpAudience *audience, gint64 now, GError **error);

typedef struct {
    MpEventRecipientState outcome; /* sent, deferred, failed or dropped */
    gint64 now;
    gint64 due; /* deferred */
    int code;
    const char *reply;   /* one line of text, else it is escaped here; NULL for none */
    bool is_uncounted;   /* deferred: for what may not be this message's fault */
    const char *address; /* that it was made to; NULL for none */
} MpAttempt;

/*
 * Makes sure of room on the disk for one more outcome; asked for before a message leaves, so that
 * no full disk makes us forget that it did, and send it again. mp_event_file_release when it was
 * recorded, or nothing was sent. On a file system that cannot reserve room this is only a wish.
 */
bool mp_event_file_reserve(MpEventFile *file, GError **error);
void mp_event_file_release(MpEventFile *file);

/*
 * Appends an attempt's outcome with one write(2), so that no kill loses it. It is synced with the
 * 100th unsynced outcome, with the first a second after the last sync, and before every move: a
 * power cut can repeat what was sent within that second. May be called by several threads at once.
 */
bool
mp_event_file_record(MpEventFile *file, guint64 user, const MpAttempt *attempt, GError **error);

/* Appends the line that keeps a recipient for a digest at `due`; synced as outcomes are. */
bool mp_event_file_put_off(MpEventFile *file, guint64 user, gint64 now, gint64 due, GError **error);

/* Appends, and syncs, a line for each recipient put off whom one of these digests (MpEvent) is for.
 */
bool mp_event_file_gather(MpEventFile *file, const GPtrArray *digests, gint64 now, GError **error);

/* The end of the work on an event's file. */
typedef enum {
    MP_EVENT_STAYS,   /* somebody has not been tried yet */
    MP_EVENT_RETRIES, /* retry/, due when the first of those deferred is */
    MP_EVENT_FAILED,  /* failed/ */
    MP_EVENT_DONE,    /* deleted */
    MP_EVENT_HELD,    /* hold/, as an administrator wanted meanwhile */
    MP_EVENT_DROPPED, /* deleted, likewise */
} MpEventEnd;

/* Syncs, and moves or deletes the file by what its recipients' states say. The file object is not
 * to be used for anything but mp_event_file_free any more. */
bool mp_event_file_finish(MpEventFile *file, MpEventEnd *end, GError **error);

/* --- For the notifier: digests --------------------------------------------------------------- */

/*
 * A digest is made in three steps: written, once, and synced with others; noted in the events that
 * it holds; moved to new/. Whoever holds the outbox's lock may be stopped anywhere, and the next
 * one to publish finishes it. digest.c says what holds in between. To publish, changes are locked:
 * an event that moves meanwhile might not be found.
 */
bool mp_outbox_make_digest(MpOutbox *outbox, const MpEvent *event, GError **error);
bool mp_outbox_sync_digests(MpOutbox *outbox, GError **error);
bool mp_outbox_publish_digests(MpOutbox *outbox, gint64 now, GError **error);

/* Moves the event to retry/DUE.KEY without an attempt: what it announces cannot be read yet. */
bool mp_outbox_postpone(MpOutbox *outbox, const MpQueued *queued, gint64 due, GError **error);

/* Moves the event to hold/, and away; no error if it is gone. */
bool mp_outbox_hold(MpOutbox *outbox, const MpQueued *queued, GError **error);
bool mp_outbox_drop(MpOutbox *outbox, const MpQueued *queued, GError **error);

/* --- What an administrator wants ------------------------------------------------------------ */

typedef enum {
    MP_CHANGE_RETRY,   /* deferred and failed recipients are due again */
    MP_CHANGE_HOLD,    /* hold/: nothing is sent */
    MP_CHANGE_RELEASE, /* back to new/ */
    MP_CHANGE_DROP,    /* deleted */
} MpChange;

const char *mp_change_name(MpChange change); /* "retry", "hold", "release", "drop" */
bool mp_change_parse(const char *name, MpChange *change);

/*
 * Changes an event; with `users` (guint64; NULL or empty: all) only what concerns these accounts is
 * due again or dropped. If a notifier has it in its hands, that is a request, durable when this
 * returns: from now on no message of it is begun that the change forbids, and the change is made
 * when the notifier puts the event down, or by the next one if it dies. *is_there says whether the
 * event was still where `queued` says. MP_ERROR_INPUT if the place is taken by another file.
 */
bool mp_outbox_change(MpOutbox *outbox, const MpQueued *queued, MpChange change,
                      const GArray *users, bool *is_there, GError **error);

/* While it is held none of these changes is made, and no event is moved by them. Not for longer
 * than it takes to move some files. */
MpLock *mp_outbox_lock_changes(const MpOutbox *outbox, GError **error);

/* From now on no message at all is begun, or again so. Held events are another matter. */
bool mp_outbox_halt(MpOutbox *outbox, bool is_halted, GError **error);
bool mp_outbox_is_halted(const MpOutbox *outbox);

/* Asks whoever has the outbox to look for the server at once; and whether that was asked, once. */
bool mp_outbox_ask_to_look(MpOutbox *outbox, GError **error);
bool mp_outbox_is_asked_to_look(MpOutbox *outbox);

typedef enum { MP_REQUESTED_NOTHING, MP_REQUESTED_HOLD, MP_REQUESTED_DROP } MpRequested;

/* What was asked and is not done yet, as far as it concerns the messages to this account. */
MpRequested mp_outbox_requested(const MpOutbox *outbox, const char *key, guint64 user);

/* For who has the outbox, before a pass: makes the changes that a notifier did not live to make. */
bool mp_outbox_settle(MpOutbox *outbox, GError **error);

/* mp_event_file_finish after what was asked meanwhile; and mp_event_file_free. */
bool mp_event_file_end(MpOutbox *outbox, MpEventFile *file, MpEventEnd *end, GError **error);

/*
 * When to try again after the `attempts`th attempt, which failed at `now`: 1, 5, 15, 30, 60
 * minutes, then every 2 hours, each up to a fifth longer by chance; the last time `give_up` seconds
 * after the first attempt. False if that has passed: time to give up.
 */
bool mp_retry_due(guint attempts, gint64 first, gint64 now, gint64 give_up, gint64 *due);
