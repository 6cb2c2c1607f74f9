/*
 * The findings of the server that took the mail about its sender: Authentication-Results (RFC
 * 8601).
 *
 * Anybody can write such a field, so only those count that carry an id of the configuration
 * (authserv-id) and stand where its server writes: above the Received of the outermost server of
 * our own ([address] own-received). What stands above the topmost Received no client can have
 * written. Filters write one each, so these are read together.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"
#include "message/message.h"

typedef enum {
    MP_SENDER_UNCHECKED,       /* no verdict: nothing below, also where SPF alone passed */
    MP_SENDER_AUTHENTIC,       /* DMARC or an aligned DKIM passed, and DMARC failed nowhere */
    MP_SENDER_UNAUTHENTICATED, /* DMARC failed, a field cannot be read; without a pass: DKIM or SPF
                                  failed, or passed for another domain */
} MpSenderCheck;

/* Constant strings of RFC 8601, section 2.7: "pass", "fail", "none", "softfail", …; "unaligned" for
 * what passed for a domain other than that of From; NULL for what was not checked. */
typedef struct {
    MpSenderCheck check;
    const char *dmarc, *dkim, *spf;
    bool is_unreadable; /* one of the fields is */

    /* What the topmost trusted field that speaks of DKIM says, of those that no client can have
     * written; NULL if none does. */
    const char *top_dkim;
} MpVerdicts;

/*
 * fields: char *, the values of the Authentication-Results fields that may count, the topmost
 * first. n_own: how many of them no client can have written; where one of these is trusted, those
 * below it count only as far as they are bad. trusted: ids, separated by spaces or commas; ""
 * trusts none. An id with a dot behind it is another id. from: the one author's address, or NULL,
 * for whom nothing passes.
 *
 * Aligned is a signing domain (header.d, without it that of header.i) that is From's or lies above
 * it and is no suffix that many share (mp_domain_is_suffix()). One below From's is not: whoever
 * runs a subdomain does not speak for the domain. For DMARC, header.from must be From's domain.
 */
MpVerdicts
mp_verdicts_read(const GPtrArray *fields, guint n_own, const char *trusted, const char *from);

/* The same of a mail. Where own-received is not said, the fields above the second Received count,
 * since a server before ours may have written there, and those above the first no client can have
 * written. */
MpVerdicts mp_verdicts_of(const MpMessage *message, const MpConfig *config);

/* "dmarc=pass, dkim=pass"; NULL if there is none of them, or a field cannot be read. The result is
 * the caller's. */
char *mp_verdicts_describe(const MpVerdicts *verdicts);

/* Whether a domain, or an address in it, may sign for the author `from`, as above. NULL is
 * nobody's.
 */
bool mp_is_signer_of(const char *signer, const char *from);
