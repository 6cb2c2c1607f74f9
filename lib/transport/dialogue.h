/*
 * The dialogue of RFC 5321 over one connection, from MAIL to the final dot, inside this room. Where
 * the server offers PIPELINING (RFC 2920), MAIL, RCPT and DATA go out together, and behind a
 * message the envelope of the one that follows: a message costs one round trip. What the answers
 * mean is decided in judge.c, whether there is another try in smtp.c.
 */
#pragma once

#include "transport/connection.h"
#include "transport/internal.h"

typedef struct {
    const MpConfig *config;
    MpConnection *connection;
    MpTranscript *transcript; /* the connection's */
    char **ahead;             /* said already: the envelope of the message that follows; or NULL */
    bool is_reset_due;        /* a transaction was begun that came to nothing */
    bool is_out_of_step;      /* an answer came that was none to what was asked */
    bool is_lockstep;         /* the server did not bear several commands at once */
} MpDialogue;

/* Whether the connection of the last message is good for this one, which may have begun already. */
bool mp_dialogue_is_ready(MpDialogue *dialogue, const MpEnvelope *envelope);

/* From MAIL to the last answer that is needed; the transcript has it. After an answer that fits to
 * nothing the connection is cut. */
void mp_dialogue_transact(MpDialogue *dialogue, const MpEnvelope *envelope);

void mp_dialogue_cut(MpDialogue *dialogue);

bool mp_dialogue_is_pipelined(const MpDialogue *dialogue);

/* What the server has said that it does not take of a message of so many octets, before anybody
 * asked: MP_CAUSE_UTF8, MP_CAUSE_SIZE; MP_CAUSE_NONE: nothing. */
MpCause
mp_dialogue_obstacle(const MpDialogue *dialogue, const char *from, const char *to, gsize length);
