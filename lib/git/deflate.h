/* Inside of lib/git: what is mostly object ids, as a zlib stream (RFC 1950, RFC 1951). */
#pragma once

#include <glib.h>

/*
 * Appends `bytes` to `into`. Object ids are random, so nothing is searched for: repetitions are
 * seen only at the distance of `period` octets (0: nowhere), such as the length of a tree's
 * entries, and the codes are the fixed ones. A tree takes a tenth of the time of zlib's fastest
 * level, and a tenth more octets.
 */
void mp_deflate_ids(GByteArray *into, const void *bytes, gsize length, gsize period);
