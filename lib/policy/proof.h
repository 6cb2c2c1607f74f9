/*
 * Proof that a mail is its author's word, where no signed address vouches for them: for a first
 * mail to a repository, for who confirms one, and for answers found by their References.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "message/message.h"
#include "policy/authentication.h"

#define MP_PROOF_DAYS 7

/*
 * Whether all of this holds:
 *  - it has one author;
 *  - a trusted server found a DKIM signature good whose domain is the author's or stands above it
 *    (mp_verdicts_read()), and found DMARC failed nowhere. SPF proves a server that many share, and
 *    DMARC may have passed by SPF alone: without the signature neither counts. Nor does a field
 *    below the topmost one that speaks of DKIM, nor one where a client can write: filters take away
 *    what came with their name, and overlook some (OpenDKIM one of hundreds of results), and need
 *    not write one of their own, even of a signed mail (OpenDKIM where it finds no key);
 *  - `address`, to which it was delivered, stands in To or Cc, so that nobody can send on what was
 *    written to them;
 *  - Date is within MP_PROOF_DAYS of `received`, in seconds since the epoch;
 *  - no field that a mail has once (RFC 5322, section 3.6) stands twice: a signature covers one of
 *    them, and who sends the mail on may write the other;
 *  - each DKIM signature of that domain that the mail carries covers Date and the whole text (has
 *    no l=), and, if it covers To or Cc at all, the one of them in which `address` stands: else who
 *    sends the mail on may write these. Of a mail without its signatures the verdict is believed.
 *
 * Where it does not hold *why says what is missing, for people; the caller's. A signature proves a
 * domain, not whom of it: who is not an account yet is to be asked.
 */
bool mp_is_proved(const MpMessage *message, const MpVerdicts *verdicts, const char *address,
                  gint64 received, char **why);
