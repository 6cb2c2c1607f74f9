/*
 * Addresses that open a thread: rocket@reply.HOSTNAME, which a repository is given, and
 * OWNER/NAME@reply.HOSTNAME, which each has. They are public, and prove nothing.
 *
 * They compare without regard to case, as relays change it. None has a +, so that none is mistaken
 * for a signed address.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Why a repository may not be given this local part, for people; NULL if it may: lower-case letters
 * and digits with '.', '_' and '-' between them, at most 64 octets, and none of the names of RFC
 * 2142 or of our own. */
const char *mp_opening_fault(const char *local);

/* What two short addresses must not have in common, since people take them for the same: in lower
 * case, with '-' for '.' and '_'. The caller's. */
char *mp_opening_fold(const char *local);

/* The local part, in lower case, of what may be an address that opens a thread; NULL if it is of
 * another domain or shape. The caller's. */
char *mp_opening_parse(const char *text, const char *hostname);
