/*
 * Mail addresses and their domains, in the one form in which two of them can be compared.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * A-labels in lower case (RFC 5890): bücher.example, BÜCHER.example and xn--bcher-kva.example give
 * the same. What the conversion does not give back as it came (ß, full-width letters, other dots,
 * joiners) is another domain, or was made to look like one: it stays as it is, and equals only
 * itself. The result is the caller's.
 */
char *mp_domain_fold(const char *domain);

/*
 * Whether a folded domain is one below which anybody gets a name, so that it speaks for nobody
 * there: a single label, a public suffix of a registry (co.uk) or of a hoster (github.io), by the
 * list that libpsl has built in (https://publicsuffix.org).
 */
bool mp_domain_is_suffix(const char *folded);

/*
 * The end of a folded domain that somebody registered: a label and the suffix of a registry. What a
 * hoster lets its customers have below its own domain (x.github.io, x.duckdns.org) counts as the
 * hoster's, since one person gets as many of these as they like. A suffix itself stays as it is.
 */
const char *mp_domain_registered(const char *folded);

/*
 * A mail address in the form in which two of them are compared: its domain folded as above, its
 * local part in lower case. With `case_matters` the local part stays, since by the letter only its
 * host may fold it (RFC 5321, section 2.4). The result is the caller's.
 */
char *mp_address_fold(const char *address, bool case_matters);

/* Whether two mail addresses are the same in that form. False if one has no @. */
bool mp_same_address(const char *a, const char *b, bool case_matters);

#define MP_LOCAL_PART_MAX 64 /* octets: RFC 5321, section 4.5.3.1.1 */

/* Whether `length` octets at `text` can stand before the @ of a mail address: the Dot-string of RFC
 * 5321, section 4.1.2, which does not begin as an option of a program does. */
bool mp_is_local_part(const char *text, gsize length);
