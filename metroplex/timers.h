/* What starts the programs: systemd's units, or cron. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether systemd runs this machine, and so the units do the work. */
bool timers_are_of_systemd(void);

/* The units that are not enabled, or enabled and not active (char *); the caller's. */
GPtrArray *timers_missing(void);

bool timers_enable(const GPtrArray *units, GError **error);

/* Says how cron does it where systemd does not: that its file is there, or the lines it lacks. */
void timers_tell_cron(const char *config_file);
