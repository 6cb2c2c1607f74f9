/*
 * Inside of lib/transport: a transport is a row of functions. The front (transport.c) checks
 * addresses and line ends before a transport sees them.
 */
#pragma once

#include "transport/transport.h"

/* One message on its way, as the transports get it. */
typedef struct {
    const char *from, *to; /* checked; domains in ASCII; NULL: only a connection is wanted */
    const char *message;   /* lines end as the transport wants them; NULL: only the server's word
                              that it would take one */
    gsize length;
    const char *next_from,
        *next_to; /* of the message that follows, likewise; NULL: none is known */
    gsize next_length;
    char *reply; /* the outcome: one line, owned by the front */
    int code;
    MpCause cause;  /* of a failure */
    bool is_bounce; /* MP_REFUSED: since there is no such mailbox */
} MpEnvelope;

typedef struct {
    const char *line_end;
    gpointer (*open)(const MpConfig *config, GError **error);
    MpSendResult (*send)(gpointer session, MpEnvelope *envelope);
    /* Or NULL: */
    void (*watch)(gpointer session, MpSmtpWatch watch, gpointer user_data);
    void (*keep)(gpointer session, const char *directory);
    MpCause (*look)(gpointer session); /* the cause of the last failure, after a second look */
    void (*retract)(gpointer session); /* no message follows */
    void (*close)(gpointer session);
} MpTransportRow;

extern const MpTransportRow mp_transport_smtp;
extern const MpTransportRow mp_transport_maildir;
