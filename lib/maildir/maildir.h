/*
 * The Maildir that replies are delivered into, and the two directories they end in.
 *
 *   MAIL/new/                       where the MTA delivers (maildir(5))
 *   INCOMING/success, …/failure     where every mail ends, unchanged, under its own file name
 *   INCOMING/held                   where a mail waits for what nobody knows yet
 *   INCOMING/outcomes-2026-11.tsv   one line a mail, written before it is moved (outcomes.c)
 *
 * Every move is a rename on one file system, made durable by a sync of both directories once a
 * batch. A name taken by the same content means that an earlier run was killed between the two
 * syncs: the mail is simply gone from new/. A name taken by other content gets a suffix.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct MpMaildir MpMaildir;

typedef enum { MP_OUTCOME_SUCCESS, MP_OUTCOME_FAILURE, MP_OUTCOME_HELD } MpOutcome;

#define MP_N_OUTCOMES 3

const char *mp_outcome_name(MpOutcome outcome); /* "success", "failure", "held" */

/* Opens DATA/mail/reply and DATA/incoming-mail, which must be there: MP_ERROR_INSTALLATION if not.
 */
MpMaildir *mp_maildir_open(const char *data, GError **error);
void mp_maildir_free(MpMaildir *maildir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpMaildir, mp_maildir_free)

/* Where a mail lies, which decides whether it is moved. (The outcomes in MpOutcome's order.) */
typedef enum {
    MP_PLACE_NEW,
    MP_PLACE_SUCCESS,
    MP_PLACE_FAILURE,
    MP_PLACE_HELD,
    MP_PLACE_ELSEWHERE, /* somebody's file: read and left where it is */
} MpPlace;

typedef struct {
    char *name; /* the file's name */
    char *path; /* the whole path, for logs */
    MpPlace place;
    int fd;          /* open for reading, or -1 */
    gint64 size;     /* octets */
    gint64 received; /* microseconds since the epoch: of the name, else of the file */
} MpMail;

/* Microseconds since the epoch of a Maildir name ("1414630039.V….host", also with M and
 * microseconds); -1 if the name is not of that form. */
gint64 mp_maildir_name_time(const char *name);

void mp_mail_free(MpMail *mail); /* closes the descriptor */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpMail, mp_mail_free)

/*
 * The names in new/, oldest first, at most `most`. What starts with a dot is none; what is not a
 * regular file is reported in the log (once a process and name) and left alone.
 */
GPtrArray *mp_maildir_list(MpMaildir *maildir, guint most, GError **error);

/* Opens a mail of new/. NULL without an error if it is gone. */
MpMail *mp_maildir_take(MpMaildir *maildir, const char *name, GError **error);

/* Opens a file that an administrator names; its place follows from where it is. */
MpMail *mp_maildir_take_file(MpMaildir *maildir, const char *path, GError **error);

/* A mail that was read from no file, in one in memory (mp_memory_file), which becomes the mail's.
 */
MpMail *mp_maildir_take_memory(int fd, const char *name, GError **error);

/* The same of held/. */
GPtrArray *mp_maildir_list_held(MpMaildir *maildir, GError **error);
MpMail *mp_maildir_take_held(MpMaildir *maildir, const char *name, GError **error);

/* Whether the mail lies where this outcome belongs. */
bool mp_maildir_is_there(const MpMail *mail, MpOutcome outcome);

/* Moves a mail where its outcome belongs (nothing, if it lies there already). Not synced yet. */
bool mp_maildir_finish(MpMaildir *maildir, const MpMail *mail, MpOutcome outcome, GError **error);

/* Makes all moves since the last call durable. */
bool mp_maildir_sync(MpMaildir *maildir, GError **error);

/* DATA/incoming-mail/success, failure or held; the string is the maildir's. */
const char *mp_maildir_outcome_path(const MpMaildir *maildir, MpOutcome outcome);

/* DATA/mail/reply/new; the string is the maildir's. */
const char *mp_maildir_new_path(const MpMaildir *maildir);

typedef struct {
    MpOutcome outcome;
    const char *reason;     /* the gate's code */
    const char *message_id; /* or NULL */
    const char *name;
    guint64 thread, comment; /* 0: none */
    gint64 received;         /* microseconds */
} MpOutcomeLine;

/* Appends lines to the file of outcomes of this month (in UTC, as all dates in it), and syncs it:
 * time, outcome, reason, Message-ID, file name, thread, comment, seconds from delivery; "-" for a
 * value that is not there. GArray of MpOutcomeLine. Lines that a power cut left torn are cut off
 * first: their mails were not moved. */
bool mp_maildir_record(MpMaildir *maildir, const GArray *lines, GError **error);
