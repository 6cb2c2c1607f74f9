/*
 * The gates: what a mail must pass to become a comment, as one ordered table.
 *
 * Each gate has a reason code (in log, outcomes.tsv and explain), an outcome, and a function that
 * says whether it stops this mail. The first that does decides. Gates see a delivery: what is known
 * about one mail. They read it and change nothing.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "address/address.h"
#include "base/config.h"
#include "maildir/maildir.h"
#include "message/message.h"
#include "policy/authentication.h"
#include "tracker/tracker.h"

/* What is known about a mail. Strings and structures are the caller's; NULL where not known (yet). */
typedef struct {
    const MpConfig *config;
    const MpMessage *message;      /* NULL if it could not be read: then `fault` says why */
    MpMessageFault fault;
    const char *fault_text;

    /* The address: the first of ours that verifies, else the first that has our shape. */
    const char *recipient;         /* or NULL: no address of ours in any field */
    const char *recipient_field;   /* the header field it stood in */
    MpAddress address;
    bool is_verified;
    bool is_noreply;               /* the no-reply address stood among the recipients */

    const MpUser *account;         /* whose address it is */
    const MpThread *thread;
    const MpRepository *repository;
    MpVerdicts verdicts;           /* what a trusted server found of the sender */
    bool is_duplicate;             /* its KEY is in the tracker, or earlier in this batch */

    const char *reply;             /* what the person wrote; known to gates behind `needs_reply` */
} MpDelivery;

typedef enum {
    MP_DO_NOTHING, /* file the mail */
    MP_DO_COMMENT, /* post it */
    MP_DO_MUTE,    /* mute the thread for the account */
} MpAction;

typedef struct {
    const char *reason; /* "sender-mismatch" */
    MpOutcome outcome;
    MpAction action;
    bool needs_reply; /* extraction must have been done before this gate is asked */
    bool (*stops)(const MpDelivery *delivery, char **why); /* *why: for people, the caller's */
    const char *meaning; /* one line, for explain and the manual */
} MpGate;

/* The table, in order; the last gate stops everything: it is `posted`. */
const MpGate *mp_policy_gates(gsize *n);

/*
 * Walks from gate `from` to the first that stops the delivery, or to the first that needs the
 * reply while `with_reply` is false: then *at is that gate, and NULL is returned. *why as above.
 */
const MpGate *mp_policy_walk(const MpDelivery *delivery, gsize from, bool with_reply, gsize *at,
                             char **why);
