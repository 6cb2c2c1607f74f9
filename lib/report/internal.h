/* Inside of lib/report: what the writers share. */
#pragma once

#include "report/status.h"

/* Judges by the thresholds of [status]: fills findings and level. */
void mp_status_judge(MpStatus *status, const MpConfig *config);

/* "last hour", "all": in the operator's language. */
const char *mp_span_word(MpSpan span);

/* "0.42 s", "3 minutes", "-" for none; the caller's. */
char *mp_status_duration(double seconds);

/* How long ago: "3 minutes", "-" for never; the caller's. */
char *mp_status_age(const MpStatus *status, gint64 when);

/* "1.5 MiB"; the caller's. */
char *mp_status_octets(guint64 octets);

/* True if anything was counted by this tally. */
bool mp_tally_is_empty(const MpTally *tally);

/* How many of an outcome's mails were only counted, in words; NULL if none was. The caller's. */
char *mp_status_unmeasured(const MpStatus *status, MpOutcome outcome);

/* The title of a queue, N_(). */
const char *mp_status_queue_title(MpQueue queue);

/* Appends a text as HTML shows it. */
void mp_html_append(GString *out, const char *text);

/* The sections with the plots of the page. */
void mp_status_plots(GString *out, const MpStatus *status);
