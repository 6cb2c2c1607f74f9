/* What the files of masking share; nobody else includes it. */
#pragma once

#include "address/address.h"

#define MP_OUR_MASK   "***"
#define MP_OTHER_MASK "***@***"

/* The end of where it stands in a text, from `begin` on. */
typedef struct {
    gsize begin, end;
} MpRange;

/*
 * Where a Markdown text is code: spans, fenced and indented blocks (CommonMark, sections 4.4, 4.5,
 * 6.1), as MpRange in their order. In doubt it is none: within a list nothing is code for being
 * indented. Linear.
 */
GArray *mp_mask_code(const char *text);

/* The MACs of addresses of our shape masked; the result is the caller's. */
char *mp_mask_macs(const char *text);

/* Length of the @ that stands at `p`: written so, escaped, as an entity, or encoded; 0 if none. */
gsize mp_mask_at(const char *p);

/* Length of the character at `p` if it may stand in a local part (RFC 5322, section 3.2.3, with the
 * dot; letters of any script, as RFC 6531 allows; escaped as in Markdown), else 0. */
gsize mp_mask_local_octets(const char *p);

/* Length of a mail address's domain or address literal at `p`; 0 if what stands there is neither:
 * no dot, no top-level domain, a version, a file, a unit of systemd. */
gsize mp_mask_domain(const char *p);

/* Where the local part begins that ends at `at`, in the run of its characters from `run` on; NULL
 * if there is none. *emphasis is how many marks of Markdown's emphasis stand at its beginning. */
const char *mp_mask_local(const char *run, const char *at, gsize *emphasis);

/* Length of the rest of a URL, from `p` on, which is within one. */
gsize mp_mask_url(const char *p);

/* True if the colon at `p`, with `run` behind the last delimiter, ends a URL's scheme. */
bool mp_mask_is_scheme(const char *run, const char *p);

/* True if run…slash is a host, so that a path without a scheme follows. */
bool mp_mask_is_host(const char *run, const char *slash);
