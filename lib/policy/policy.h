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

/* What is known about a mail. Strings and structures are the caller's; NULL where not known (yet).
 */
typedef struct {
    const MpConfig *config;
    const MpMessage *message; /* NULL if it could not be read: then `fault` says why */
    MpMessageFault fault;
    const char *fault_text;

    /* The address: the first of ours that verifies, else the first that has our shape. */
    const char *recipient;       /* or NULL: no address of ours in any field */
    const char *recipient_field; /* the header field it stood in */
    MpAddress address;
    bool is_verified;
    bool is_noreply; /* the no-reply address stood among the recipients */

    const MpUser *account; /* whose address it is */
    const MpThread *thread;
    const MpRepository *repository;
    MpVerdicts verdicts; /* what a trusted server found of the sender */
    bool is_duplicate;   /* its KEY is in the tracker, or earlier in this batch */

    const char *refused;           /* what the server of the shared tracker said, or NULL */
    bool is_over_rate;             /* account, thread or installation posted enough this hour */
    const char *over_rate;         /* which, for people */
    bool has_commands;             /* lines such as /close stand at the top of the reply */
    const char *forbidden_command; /* one of them that is not the account's to give, or NULL */
    const char *unknown_command;   /* what stands there and is meant as one, or NULL */

    bool is_reaction;  /* the mail says nothing but that somebody clicked */
    const char *reply; /* what the person wrote; known to gates behind `needs_reply` */
} MpDelivery;

typedef enum {
    MP_DO_NOTHING,  /* file the mail */
    MP_DO_COMMENT,  /* post it */
    MP_DO_MUTE,     /* mute the thread for the account */
    MP_DO_COMMANDS, /* what the commands at the top of the reply say; there is no comment */
    MP_DO_BOUNCE,   /* count what a delivery report says against the account's addresses */
} MpAction;

/* Who hears of it that a gate stopped a mail. Never an address that only the mail names. */
typedef enum {
    MP_HEARS_NOBODY,
    MP_HEARS_ACCOUNT, /* the account whose signed address the mail came to */
    MP_HEARS_SENDER,  /* the account, if any, whose address is the only From; where [address]
                         authserv-id trusts a server, it must have found the sender authentic */
} MpHears;

typedef struct {
    const char *reason; /* "sender-mismatch" */
    MpOutcome outcome;
    MpAction action;
    bool needs_reply; /* extraction must have been done before this gate is asked */
    bool (*stops)(const MpDelivery *delivery, char **why); /* *why: for people, the caller's */
    const char *meaning; /* one line, for explain and the manual */
    MpHears hears;       /* whether, and to whom, an answer goes: at their first address */
    bool tells_verdicts; /* the answer says what the receiving server found of the sender */
    const char *text;    /* which of the answers' texts, where it is not the reason's; or NULL */
} MpGate;

/* What the gate's answer column says of this mail: nobody hears of mail that a program wrote, that
 * came over a list, or that is our own (RFC 3834, section 2). */
MpHears mp_policy_hears(const MpGate *gate, const MpDelivery *delivery);

/* The table, in order; the last gate stops everything: it is `posted`. */
const MpGate *mp_policy_gates(gsize *n);

/*
 * Walks from gate `from` to the first that stops the delivery, or to the first that needs the
 * reply while `with_reply` is false: then *at is that gate, and NULL is returned. *why as above.
 */
const MpGate *
mp_policy_walk(const MpDelivery *delivery, gsize from, bool with_reply, gsize *at, char **why);
