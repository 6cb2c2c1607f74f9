/*
 * Mailboxes: addresses at which people are sent mail, an account's or that of somebody who wrote.
 */
#pragma once

#include "base/config.h"

/*
 * Why nothing may be sent there, for people; NULL if something may: an address as people have them,
 * with one @, no quotes, blanks or brackets, at most 254 octets, 64 before the @, and none of this
 * installation's own, whose mails would come back to it. Then *mailbox, the caller's, is its domain
 * in lower case and ASCII (RFC 5890), as mail servers write it.
 */
const char *mp_mailbox_fault(const MpConfig *config, const char *address, char **mailbox);
