/*
 * Boundaries that take more than one line to see: attributions and header blocks. Internal to the
 * room.
 */
#pragma once

#include "reply/lines.h"

/* Marks the lines of every attribution and header block with its kind, rule and end. */
void boundaries_mark(GArray *lines, MpMatcher *matcher);

/* ---- for the files that share the work ---- */

/* The lines from `start` to before `end` are one attribution or header block. */
void boundary_mark_block(GArray *lines, guint start, guint end, LineKind kind, const MpRule *rule);

/* Whether nothing but a quote stands below line `i`. */
bool boundary_ends_mail(const GArray *lines, guint i);

/* headers.c: header blocks. */
void headers_mark(GArray *lines, MpMatcher *matcher);

/* headers_shown.c: whether the person shows the header block, and it announces nothing. */
bool headers_are_shown(const GArray *lines, guint start, guint end);

/* "This is what I sent:", and indented below it a mail, and the person's text again below that. */
bool headers_are_example(const GArray *lines, guint start, guint end);

/* headers_unknown.c: marks the header block that begins at `i`, a line that no row knows. */
void headers_mark_unknown(GArray *lines, guint i, MpMatcher *matcher);

/* quote_start.c: the row of what the quote that begins at `i` begins with, and the line after that;
 * NULL if with nothing of the kind. */
const MpRule *quote_start_rule(const GArray *lines, guint i, MpMatcher *matcher, guint *end);

/* prefix.c: "Grace> " instead of "> ". Tentative at first; once attributions are known, those
 * below none are text again. True if there is any. */
bool prefixes_mark(GArray *lines);
void prefixes_judge(GArray *lines);
