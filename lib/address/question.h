/*
 * Addresses by which a question is answered: ok+KEY-MAC@reply.HOSTNAME
 *
 * Who is asked whether they wrote a held mail, says so by writing to one. KEY is that of the mail
 * (mp_tracker_key()), MAC is two times HMAC-SHA-256 cut to 56 bits, in 28 lower-case hexadecimal
 * digits: first over version, purpose and KEY, then over the same and the folded address in the
 * mail's From, each ended by a zero octet. So the whole verifies only for who answers from there,
 * and the first half is enough to tell one of ours from a forged one while nobody knows yet who
 * writes. The local part has 64 octets, as many as there may be (RFC 5321, section 4.5.3.1.1).
 */
#pragma once

#include "address/address.h"

#define MP_QUESTION_KEY_DIGITS 32
#define MP_QUESTION_MAC_OCTETS 14

typedef struct {
    char key[MP_QUESTION_KEY_DIGITS + 1]; /* in lower case */
    guint8 mac[MP_QUESTION_MAC_OCTETS];
} MpQuestionAddress;

/* The address for the mail with this KEY from that sender; the caller's. */
char *mp_question_address_make(const MpKeyRing *ring, const char *key, const char *sender,
                               const char *hostname);

/* Takes an addr-spec apart, as mp_address_parse(); false if it is of another shape or host. */
bool mp_question_address_parse(const char *text, const char *hostname, MpQuestionAddress *address);

/* True if any key of the ring made it for a mail from this sender; with NULL, from whomever. */
bool mp_question_address_verify(const MpKeyRing *ring, const MpQuestionAddress *address,
                                const char *sender);
