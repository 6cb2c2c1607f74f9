/* Inside of lib/git: the difference of two versions of a directory (gitformat-pack, "Deltified
 * representation"). */
#pragma once

#include <glib.h>

/* The delta that makes `to` of `from`: their common beginning and end are copied, the middle is
 * inserted. That is all there is to find where one entry changed. The result is the caller's. */
GString *mp_delta(const char *from, gsize from_length, const char *to, gsize to_length);
