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

/* ---- Outcomes: a file a month, "outcomes-2026-11.tsv", so that none grows for ever ---- */

#define MP_OUTCOMES_FIELDS 8

/* The name of the file that has the lines of this time (seconds since 1970); and the path of a name
 * below DATA, or, with NULL, of its directory. Both are the caller's. */
char *mp_outcomes_name(gint64 time);
char *mp_outcomes_path(const char *data, const char *name);

/* The names of those that are there, from that of `since` on (0: all), the oldest first. The
 * caller's; NULL for errors only. */
GPtrArray *mp_outcomes_files(const char *data, gint64 since, GError **error);

/* A line, by its fields (maildir.h has their order), escaped as they stand there. */
typedef void (*MpOutcomesTell)(const char *const *fields, gpointer user_data);

/* Tells each whole line of one file; with `words` (char *), which hold no newline, those that have
 * one of these anywhere, at a fraction of the cost. None where the file is gone. */
bool mp_outcomes_read(const char *data, const char *name, const GPtrArray *words,
                      MpOutcomesTell tell, gpointer user_data, GError **error);

/* Each whole line of all. */
bool mp_outcomes_foreach(const char *data, MpOutcomesTell tell, gpointer user_data, GError **error);

/*
 * Removes the lines that were written before `before` (seconds since 1970): whole files, the oldest
 * first, and the beginning of one, which is replaced as a whole by the rest of it. *n is how many;
 * with `is_dry_run` they are only counted. Also where a file fails, which the others do not wait
 * for, *n is what was done. The caller holds the data directory's lock, as who appends does.
 */
bool mp_outcomes_cut(const char *data, gint64 before, bool is_dry_run, guint64 *n, GError **error);
