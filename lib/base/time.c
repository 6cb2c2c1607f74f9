/* Dates as records and JSON have them; see time.h. */
#include "base/time.h"

#define LAST_SECOND                                                                                \
    G_GINT64_CONSTANT(253402300799) /* of the year 9999, the last that has four digits */

gint64
mp_time_now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

gint64
mp_time_spread(gint64 seconds)
{
    return seconds + g_random_int_range(0, (gint32)(seconds / 5) + 1);
}

char *
mp_time_format(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(CLAMP(seconds, 0, LAST_SECOND));

    return g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
}

bool
mp_time_parse(const char *text, gint64 *seconds)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, utc);

    if (time == NULL)
        return false;
    *seconds = g_date_time_to_unix(time);
    return true;
}
