/*
 * The way of a mail, in batches: take, read, decide, post, announce, move. One call, one batch.
 */
#pragma once

#include "inbound/delivery.h"
#include "instance/instance.h"
#include "ledger/ledger.h"

typedef struct MpInbound MpInbound;
struct MpHeldStock; /* held.h */

/* Tells what is decided of a mail, where nothing is done. */
typedef bool (*MpInboundTell)(MpInbound *inbound, MpDelivery *delivery, GError **error);

struct MpInbound {
    MpInstance *instance;
    MpMaildir *maildir;
    MpLedger *ledger;
    MpWorker *worker; /* NULL before mp_inbound_expect */
    bool is_worker_for_many;
    void (*pause)(gpointer pause_data); /* called between the batches of a pass; or NULL */
    gpointer pause_data;
    MpInboundTell tell;       /* say what would be done, do nothing; or NULL */
    bool rejects;             /* an administrator, all that is taken */
    bool wants_lines;         /* of each text, what decided on it */
    bool is_sandbox_told;     /* the log says once what the sandbox lacks */
    GHashTable *left;         /* names that stay in new/: not taken again */
    GHashTable *deferred_ids; /* Message-IDs of such mails: what answers them waits as well */
    struct MpHeldStock *held; /* how much is held; NULL: not counted yet */
    guint64 n_changes;        /* grows whenever something that a look reads, and that is in neither
                               * repository, may be another */
    bool has_confirmed;       /* something that is held: it is to be decided anew */
    GPtrArray *waiting;       /* MpWaiting (held_list.h), where what is held is listed */
    GPtrArray *ahead; /* MpDelivery: the next batch, of which the worker reads some already; NULL */
    GError *why_ahead; /* reading it failed: it is not taken */
    bool is_unsure;    /* the tracker may be old: what goes wrong with a mail is not told yet */
    bool is_in_doubt;  /* and something did */
    guint n_success, n_failure, n_deferred; /* mails so far; what is held counts as neither */
    GError *first_deferral;                 /* why mails stay, for the exit status */
};

bool mp_inbound_open(MpInbound *inbound, MpInstance *instance, GError **error);
void mp_inbound_close(MpInbound *inbound);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpInbound, mp_inbound_close)

/* Says that a batch of so many mails is next: the worker gets ready beside whatever is done before.
 */
void mp_inbound_expect(MpInbound *inbound, guint mails);

/* Finishes, under the lock, what a run that died has left; for `tell` only looks up what is here.
 */
bool mp_inbound_recover(MpInbound *inbound, GError **error);

/* Processes all of new/ as it is listed now, batch by batch, until a signal comes. *found says
 * whether there was a mail that this run had not seen. */
bool mp_inbound_pass(MpInbound *inbound, bool *found, GError **error);

/* Decides anew whatever is held, and tells members once a day what still is. */
bool mp_inbound_pass_held(MpInbound *inbound, GError **error);

/*
 * An administrator's word on one held mail, by its name: accepted it is confirmed to be the
 * account's that has the address in its From, and decided again; rejected it is refused. Under the
 * lock. What becomes of it is logged. MP_ERROR_INPUT if there is no such mail, or no such account.
 */
bool mp_inbound_accept_held(MpInbound *inbound, const char *name, GError **error);
bool mp_inbound_reject_held(MpInbound *inbound, const char *name, GError **error);

/* One batch: mp_inbound_expect, mp_inbound_recover and mp_inbound_batch, under one lock. */
bool mp_inbound_locked_batch(MpInbound *inbound, GPtrArray *mails, GError **error);

/*
 * Processes these mails (MpMail, taken from the array) as one expected batch, under the lock. False
 * if the batch could not be finished: its mails are where they were, and the next run finishes the
 * work. A single mail that cannot be decided now is only counted in n_deferred.
 */
bool mp_inbound_batch(MpInbound *inbound, GPtrArray *mails, GError **error);

/*
 * The part of it that only reads, of deliveries (MpDelivery) that are parsed: identify, decide,
 * extract. Asked again where the branch has moved since.
 */
bool mp_inbound_judge(MpInbound *inbound, GPtrArray *deliveries, GError **error);

/* For `tell`: a line of the log, as a run writes it. */
bool mp_inbound_tell_outcome(MpInbound *inbound, MpDelivery *delivery, GError **error);

/* For `tell`: extracts and composes the text that no gate asked for; a run does not read it, and
 * nothing depends on it. */
void mp_inbound_read_text(MpInbound *inbound, MpDelivery *delivery);
