/* The meaning of an answer of the server, and whom it is about; see MpSendResult in transport.h. */
#pragma once

#include "transport/transcript.h"
#include "transport/internal.h"

/* The extended code (RFC 3463) behind the code of an answer, or "": in `code`, which has room. */
void mp_read_extended_code(const char *reply, char code[16]);

/* No answer, or 421, with which a server says that it closes the connection. */
bool mp_is_lost(const MpTranscript *transcript);

/* A local part beyond ASCII, which only SMTPUTF8 can carry (RFC 6531). */
bool mp_needs_smtputf8(const char *from, const char *to);

/* The outcome of an attempt that came as far as MAIL. */
MpSendResult mp_judge(const MpTranscript *transcript, const MpEnvelope *envelope);

/* Whether a refusal counts as a bounce: see mp_smtp_is_bounce. */
bool mp_is_bounce(const MpTranscript *transcript);

/* "no answer to RCPT: timed out", where `error` is what went wrong on the wire. The caller's. */
char *mp_why_unanswered(const MpTranscript *transcript, const char *error);
