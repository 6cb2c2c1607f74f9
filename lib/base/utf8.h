/*
 * UTF-8 that is not believed to be any: eight octets at a time where it is ASCII, as nearly all of
 * it is.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* True if the octets are UTF-8 (RFC 3629) without NUL. */
bool mp_is_text(const char *octets, gsize length);

/* The same, and on one line: without a control character of ASCII. */
bool mp_is_line(const char *octets, gsize length);

/* True if they are a line of nothing but ASCII. */
bool mp_is_ascii_line(const char *octets, gsize length);
