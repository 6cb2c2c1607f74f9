/*
 * The gates: what a mail must pass to become a comment, as one ordered table.
 *
 * Each gate has a reason code (in log, outcomes and explain), an outcome, and a function that
 * says whether it stops this mail. The first that does decides. Gates read what
 * is known about one mail, and change nothing.
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

/* The account, thread and repository of a mail, as the tracker has them now. Owns what it points
 * to. */
typedef struct {
    /* The address: the first of ours that verifies, else the first that has our shape, else one
     * that opens a thread. */
    char *recipient;       /* or NULL: no address of ours in any field */
    char *recipient_field; /* the header field it stood in */
    MpAddress address;
    bool is_verified;
    bool is_noreply; /* the no-reply address stood among the recipients */
    bool is_opening; /* it is an address of `repository`, at which a first mail opens a thread */
    bool is_answer;  /* it came to another account's signed address, whose `thread` it is; or to
                        an address for everybody, and `thread` was found by
                        the mail that it answers */
    char *unproved;  /* of both: what there lacks of a proof of its author; NULL where nothing does,
                        or it was confirmed to be theirs */
    bool is_confirmed;     /* of both: who it says it is of has said so, or somebody let it in */
    bool is_unfit;         /* of both: nothing can be sent to its From */
    bool is_overdue;       /* of both: it came too long ago to wait any more */
    bool answers_held;     /* it came to a public address, and the mail that it answers is held */
    const char *over_held; /* which limit of held mail it would be over, or NULL */

    char *confirms;   /* it came to an address by which a question is answered, of this sender: the
                         KEY of the held mail; or NULL */
    bool is_too_late; /* and nobody waits for that */

    /* Whose address it is, of what came to another address the account of From; NULL, as what
     * follows, where it does not verify, or From is nobody's. */
    MpUser *account;
    MpThread *thread;
    MpRepository *repository;
    MpVerdicts verdicts;   /* what a trusted server found of the sender */
    char *key;             /* by which the comment it becomes is known again */
    bool is_hasty;         /* a guest, within a minute of a mail of ours */
    bool is_loop;          /* and too often so */
    bool is_elsewhere;     /* a guest in a thread that it neither opened nor is told of */
    bool is_duplicate;     /* the key is in the tracker, or earlier in this batch */
    guint64 comment;       /* then its number, if the tracker has it */
    guint64 opened;        /* of an opening: the thread that it became, if the tracker has it */
    const char *over_rate; /* which limit of an hour one comment more would be over, or NULL */
} MpIdentity;

void mp_identity_clear(MpIdentity *identity);

/* The comment that was made of the reply, and the commands that stood around it. Owns what it
 * points to. */
typedef struct {
    char *body;             /* as it will be stored */
    bool is_reaction;       /* the mail says nothing but that somebody clicked */
    GPtrArray *commands;    /* MpGivenCommand, cut from the body, and decided; NULL: none */
    GPtrArray *attachments; /* MpNewAttachment, to be stored with it; may be NULL */
    GPtrArray *fates;       /* char *: what becomes of each attachment of the mail, for people */
} MpComposed;

void mp_composed_clear(MpComposed *composed);

/* The input of the gates: all that is known of one mail. They own nothing of it. */
typedef struct {
    const MpConfig *config;
    const MpMessage *message; /* NULL if it could not be read: then `fault` says why */
    MpMessageFault fault;
    const char *fault_text;
    const MpIdentity *identity;
    const MpComposed *composed; /* NULL: the reply was not extracted yet */
    const char *refused;        /* what the server of the shared tracker said, or NULL */
    bool is_rejected;           /* an administrator rejects it */
} MpGateInput;

typedef enum {
    MP_DO_NOTHING,  /* file the mail */
    MP_DO_COMMENT,  /* post it */
    MP_DO_OPEN,     /* open a thread with it */
    MP_DO_MUTE,     /* mute the thread for the account */
    MP_DO_COMMANDS, /* what the commands of the reply say; there is no comment */
    MP_DO_BOUNCE,   /* count what a delivery report says against the account's addresses */
    MP_DO_CONFIRM,  /* remember that the held mail is its author's, who was asked */
} MpAction;

/* The recipient of a response (RFC 3834) when a gate stopped a mail. Never an address that only the
 * mail names. */
typedef enum {
    MP_RESPOND_TO_NOBODY,
    MP_RESPOND_TO_ACCOUNT, /* the account whose signed address the mail came to */
    MP_RESPOND_TO_SENDER,  /* the account, if any, whose address is the only From; where [address]
                              authserv-id trusts a server, it must have found the sender authentic */
    MP_RESPOND_TO_AUTHOR, /* who is asked whether the mail is theirs: the account of From at its own
                             address, or a stranger who proved their domain */
} MpRespondTo;

typedef struct {
    const char *reason; /* "sender-mismatch" */
    MpOutcome outcome;
    MpAction action;
    bool needs_reply; /* extraction must have been done before this gate is asked */
    bool (*stops)(const MpGateInput *input, char **why); /* *why: for people, the caller's */
    MpRespondTo respond_to; /* whether, and to whom, a response goes: at their first address */
    bool tells_verdicts;    /* it says what the receiving server found of the sender */
    const char *text;    /* which of the responses' texts, where it is not the reason's; or NULL */
    bool tells_commands; /* who gave commands hears what became of them, if one was not done, or
                            asked for them */
} MpGate;

/* The table, in order; the last gate stops everything: it is `posted`. */
const MpGate *mp_policy_gates(gsize *n);

/*
 * The first gate that stops this mail; NULL if one is reached before that needs the reply, which is
 * not there yet. *why is the caller's.
 */
const MpGate *mp_policy_decide(const MpGateInput *input, char **why);

/* Whether the mail is held until its author says that it is theirs. */
bool mp_policy_is_to_be_confirmed(const MpIdentity *identity);

/* As the row of the gate says, except that nobody gets a response to mail that a program wrote,
 * that came over a list, or that is our own (RFC 3834, section 2), and no guest that is suspended
 * gets one. */
MpRespondTo mp_policy_respond_to(const MpGate *gate, const MpGateInput *input);
