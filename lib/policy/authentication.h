/*
 * What the server that took the mail found out about its sender: Authentication-Results (RFC 8601).
 *
 * Anybody can write such a field, so only those count that carry an id of the configuration
 * (authserv-id), and of these only the topmost: what stands below it came with the mail. A server
 * that several filters work for must let the last of them say all.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    MP_SENDER_UNCHECKED,       /* no field of a trusted id, or one without DMARC, DKIM and SPF */
    MP_SENDER_AUTHENTIC,       /* DMARC passed; or, where it has no verdict, aligned DKIM or SPF */
    MP_SENDER_UNAUTHENTICATED, /* anything else, also a field that cannot be read */
} MpSenderCheck;

/* Constant strings of RFC 8601, section 2.7: "pass", "fail", "none", "softfail", …; "unaligned" for
 * what passed for a domain other than that of From; NULL for what was not checked. */
typedef struct {
    MpSenderCheck check;
    const char *dmarc, *dkim, *spf;
} MpVerdicts;

/*
 * fields: char *, the values of all Authentication-Results fields, the topmost first. trusted: ids,
 * separated by spaces or commas; "" trusts none. from: the one author's address, or NULL.
 *
 * Alignment is relaxed (RFC 7489, section 3.1) without a list of public suffixes: one domain is the
 * other, or lies below it, and the upper one has a dot.
 */
MpVerdicts mp_verdicts_read(const GPtrArray *fields, const char *trusted, const char *from);

/* "dmarc=pass, dkim=pass"; NULL if there is none of them. The result is the caller's. */
char *mp_verdicts_describe(const MpVerdicts *verdicts);
