/* Dates as records and JSON have them: ISO 8601 in UTC, to the second. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Seconds since 1970, now. */
gint64 mp_time_now(void);

/* `seconds`, or by chance up to a fifth more: those who wait for the same must not all come back at
 * once. */
gint64 mp_time_spread(gint64 seconds);

/* "2026-01-31T12:00:00Z"; the result is the caller's. */
char *mp_time_format(gint64 seconds);

/* Any ISO 8601 date with a zone; without one, UTC. */
bool mp_time_parse(const char *text, gint64 *seconds);
