/*
 * Inside of lib/check: SPF (RFC 7208) as a receiver would judge it, and as a receiver never says
 * it: which term is wrong, and how many look-ups all of it costs.
 */
#pragma once

#include "check/dns.h"

typedef enum {
    MP_SPF_PASS,
    MP_SPF_FAIL,
    MP_SPF_SOFTFAIL,
    MP_SPF_NEUTRAL,
    MP_SPF_NOT_KNOWN, /* a name did not resolve, or it depends on the mail (a macro) */
} MpSpfResult;

/* "pass", "fail", "softfail", "neutral", "not known" */
const char *mp_spf_result_name(MpSpfResult result);

#define MP_SPF_LOOKUPS 10 /* that a receiver makes, RFC 7208, section 4.6.4 */
#define MP_SPF_VOID    2  /* of them without an answer */

typedef struct {
    MpDnsOutcome outcome; /* of asking for the domain's record; FOUND only if there is one */
    guint n_records;      /* how many begin with v=spf1: two are none */
    char *record;         /* the first, or NULL */
    char *wrong;          /* the term that makes it a permanent error, or NULL */
    guint n_lookups, n_void;
    bool lets_all; /* +all: anybody may send */
    MpSpfResult result;
} MpSpf;

/* Judges mail of `domain` from this address; NULL: only the record is looked at, and the result
 * means nothing. */
MpSpf *mp_spf_check(MpDns *dns, const char *domain, const char *address);
void mp_spf_free(MpSpf *spf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpSpf, mp_spf_free)

/* Whether an address (IPv4, IPv6) lies in NETWORK[/BITS]; `bits` -1: that of the network's text, or
 * all. *is_good (may be NULL) is false if that is no network. */
bool mp_spf_is_in(const char *address, const char *network, int bits, bool *is_good);
