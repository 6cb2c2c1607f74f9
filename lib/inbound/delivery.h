/*
 * One mail on its way through a batch: each step fills in its part, in this order, and reads those
 * before it.
 */
#pragma once

#include "inbound/extraction.h"
#include "instance/instance.h"
#include "maildir/maildir.h"
#include "policy/policy.h"

/* The gates' decision, and the response to it. */
typedef struct {
    const MpGate *gate; /* the one that decides; NULL: one that needs the reply is next */
    char *why;          /* for people */
    MpRespondTo respond_to;
    MpResponse *response; /* what they are told, or NULL */
} MpDecision;

typedef struct {
    MpMail *mail; /* taken: the open file, and where it lies */

    MpMessage *message; /* parsed; NULL if it could not be: then `fault` says why */
    char *message_id;   /* its Message-ID, a MAC in it masked: for logs and facts; or NULL */
    MpMessageFault fault;
    char *fault_text;

    MpIdentity identity;      /* whose it is */
    MpExtraction *extraction; /* what the person wrote; NULL until a gate needs it */
    bool is_parsed;           /* or cannot be */
    bool is_prepared;         /* looked at before it was its turn */
    guint64 looked_at;        /* on what, see mp_inbound_mark_looked_at(); 0: on nothing */
    char *sent;               /* a hash of the sent texts that it was made with */
    MpComposed composed;      /* the comment and the commands that are made of it */
    bool is_rejected;         /* by an administrator */
    char *refused; /* what the server of the shared tracker said, once it is sure; or NULL */
    MpDecision decision;

    bool is_awaited;  /* the worker has been asked about it and has not answered yet */
    guint64 request;  /* the number of what it was asked then */
    bool is_deferred; /* stays where it is: it could not be decided or written now */
} MpDelivery;

MpDelivery *mp_delivery_new(MpMail *mail); /* takes the mail */
void mp_delivery_free(MpDelivery *delivery);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpDelivery, mp_delivery_free)

/* Forgets what was found out in the tracker, and decided on that. */
void mp_delivery_forget(MpDelivery *delivery);

/* The thread that it belongs to, or opened; 0 if there is none. */
guint64 mp_delivery_thread(const MpDelivery *delivery);

/* When it was received, in seconds; never later than now. */
gint64 mp_delivery_received(const MpDelivery *delivery);

/* SHA-256 of the mail as it came, in hexadecimal digits; the caller's. */
char *mp_delivery_hash(const MpDelivery *delivery, GError **error);

/* Of this mail, text to be published: as mp_address_mask, and without the MAC of the address that
 * it came to, wherever that stands. The result is the caller's. */
char *mp_delivery_mask(const MpDelivery *delivery, const char *text, MpMaskScope scope);

/* True if it changes something, a comment or commands, that must happen only once. */
bool mp_delivery_acts_once(const MpDelivery *delivery);

/* Takes what the worker said of it: a message, or the fault and its text. */
void mp_delivery_set_message(MpDelivery *delivery, MpMessage *message, MpMessageFault fault,
                             const GError *why);
