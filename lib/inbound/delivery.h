/*
 * One mail on its way through a batch: its file, what was read of it, whose it is, what the gates
 * said, and what became of it.
 */
#pragma once

#include "inbound/commands.h"
#include "inbound/extraction.h"
#include "instance/instance.h"
#include "maildir/maildir.h"
#include "policy/policy.h"

typedef struct {
    MpMail *mail;
    MpMessage *message; /* NULL if it could not be read */
    char *message_id;   /* its Message-ID, a MAC in it masked: for logs and facts; or NULL */
    MpMessageFault fault;
    char *fault_text;

    char *recipient, *recipient_field;
    MpAddress address;
    bool is_verified, is_noreply;
    MpUser *account;
    MpThread *thread;
    MpRepository *repository;
    MpVerdicts verdicts;
    char *key;
    bool is_duplicate;
    char *refused; /* what the server of the shared tracker said, once it is sure; or NULL */
    const char *over_rate; /* which limit one comment more would be over, or NULL */

    MpExtraction *extraction;      /* NULL until a gate needs it */
    char *body;                    /* the comment as it will be stored */
    GPtrArray *commands;           /* MpMailCommand: obeyed and cut from the body; may be NULL */
    const char *forbidden_command; /* one of them that the account may not give, or NULL */
    char *unknown_command;         /* the word of a line that is meant as one, or NULL */
    GPtrArray *attachments;        /* MpNewAttachment, to be stored with it */
    GPtrArray *fates; /* char *: what becomes of each attachment of the mail, for people */

    const MpGate *gate; /* the one that decided, or NULL: not decided */
    gsize next_gate;    /* where the walk stopped, to ask for the reply */
    char *why;
    MpHears hears;    /* who hears of it */
    MpAnswer *answer; /* what they hear, or NULL */
    bool is_answered; /* the answer was staged with the batch */
    guint64 comment;  /* its number, once posted or found to be a duplicate */
    bool is_awaited;  /* the worker has been asked about it and has not answered yet */
    bool is_deferred; /* stays where it is: it could not be decided or written now */
} MpItem;

MpItem *mp_item_new(MpMail *mail); /* takes the mail */
void mp_item_free(MpItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpItem, mp_item_free)

/* Takes what the worker said of it: a message, or the fault and its text. */
void mp_item_read(MpItem *item, MpMessage *message, MpMessageFault fault, const GError *why);

/*
 * Finds the address, whose it is, thread, repository and KEY in the tracker as it is now, and
 * forgets what an earlier call found. False only for errors of the installation or of the moment;
 * then the item is deferred.
 */
bool mp_item_identify(MpInstance *instance, MpItem *item, GError **error);

/* Makes the comment of the extraction: masked, so that nothing in it must not be published, and
 * with the attachments named. */
void mp_item_compose(const MpInstance *instance, MpItem *item);

/* Of this mail, text to be published: as mp_address_mask, and without the MAC of the address that
 * it came to, wherever that stands. The result is the caller's. */
char *mp_item_mask(const MpItem *item, const char *text, MpMaskScope scope);

/* SHA-256 of the mail as it came, in hexadecimal digits; the caller's. */
char *mp_item_hash(const MpItem *item, GError **error);

/* When it was received, in seconds; never later than now. */
gint64 mp_item_received(const MpItem *item);

/* Walks the gates as far as they go; asks for the reply if `extraction` is not there yet. */
void mp_item_decide(const MpInstance *instance, MpItem *item);

/* True if the walk stopped at a gate that needs the reply. */
bool mp_item_wants_reply(const MpItem *item);

/* The texts that were sent to this thread and that the mail may quote, with their heads: those of
 * the comments it names, or the last ones if it names none: then they are guessed. NULL-terminated;
 * NULL on error. */
GStrv
mp_item_sent_texts(MpInstance *instance, const MpItem *item, bool *are_guessed, GError **error);
