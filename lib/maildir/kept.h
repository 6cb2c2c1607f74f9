/* What is kept of the mails that came to their end: the mails, and a line each. */
#pragma once

#include "maildir/maildir.h"

typedef struct {
    char *name;      /* the list's */
    gint64 received; /* seconds since 1970: the file's time, since a move changes none */
    gint64 size;     /* octets */
} MpKeptMail;

/* The regular files of DATA/incoming-mail/success or failure, the longest kept first. GArray of
 * MpKeptMail, the caller's. */
GArray *mp_kept_list(const char *data, MpOutcome outcome, GError **error);

/* How much that is, without a look at each: there may be a million. */
typedef struct {
    guint64 mails;    /* all of them */
    guint64 measured; /* of these, so many are in what follows */
    guint64 octets;
    gint64 oldest; /* seconds since 1970; 0 if there is none */
} MpKept;

/* Counts them by their names, and measures the first `most` that the directory has. */
bool
mp_kept_measure(const char *data, MpOutcome outcome, guint64 most, MpKept *kept, GError **error);

/* ---- outcomes.tsv ---- */

#define MP_OUTCOMES_FIELDS 8

/* A line, by its fields (maildir.h has their order), escaped as they stand there. */
typedef void (*MpOutcomesTell)(const char *const *fields, gpointer user_data);

/* Tells each whole line, the oldest first; none where there is no file yet. */
bool mp_outcomes_foreach(const char *data, MpOutcomesTell tell, gpointer user_data, GError **error);

/*
 * Removes the lines at the beginning that were written before `before` (seconds since 1970): the
 * file is replaced as a whole by the rest of it. *n is how many; with `is_dry_run` they are only
 * counted. The caller holds the data directory's lock, as who appends does.
 */
bool mp_outcomes_cut(const char *data, gint64 before, bool is_dry_run, guint64 *n, GError **error);
