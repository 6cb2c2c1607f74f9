/* Inside of lib/check: what the checks of DNS share. */
#pragma once

#include "check/dns.h"
#include "check/internal.h"

typedef struct MpZone {
    MpDns *dns;
    char *reply, *noreply; /* reply.HOST, noreply.HOST */
    char *from;            /* the domain of From */
    char *envelope;        /* that of the envelope's sender */
    char *helo;
    GPtrArray *own;     /* char *: addresses of this machine */
    GPtrArray *outside; /* char *: those of them that can be reached from outside */
    bool is_direct;     /* mail leaves from here; else from the SMTP server's machine */
    GPtrArray *senders; /* char *: the addresses that mail leaves from, as far as they are known */
} MpZone;

/* NULL, told as unknown, if the DNS cannot be asked. The checker's. */
MpZone *mp_zone_of(MpChecker *checker);
void mp_zone_free(MpZone *zone);

/* "NXDOMAIN: there is no such name", …, in the operator's language. */
const char *mp_zone_outcome(MpDnsOutcome outcome);

/* True, and told as unknown, where the DNS did not say whether there is such a record. */
bool mp_zone_is_unknown(MpChecker *checker, const MpDnsAnswer *answer, const char *name,
                        const char *record);

bool mp_zone_has(const GPtrArray *addresses, const char *address);
bool mp_zone_has_any(const GPtrArray *addresses, const MpDnsAnswer *answer);

/* Whether an address can be reached from outside: not private, link-local or loopback. */
bool mp_zone_is_public(const char *address);

/* "192.0.2.1, 2001:db8::1"; what `none` says where there are none. The caller's. */
char *mp_zone_join(const GPtrArray *addresses, const char *none);
char *mp_zone_join_records(const MpDnsAnswer *answer);

/* The tables of two files are one group. */
void mp_check_spf_reply(MpChecker *checker);
void mp_check_spf_helo(MpChecker *checker);
void mp_check_dkim(MpChecker *checker);
void mp_check_dmarc(MpChecker *checker);
void mp_check_alignment(MpChecker *checker);
