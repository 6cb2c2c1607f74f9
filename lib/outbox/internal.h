/* Shared by the files of lib/outbox; nobody else includes it. */
#pragma once

#include "base/lock.h"
#include "outbox/outbox.h"

enum {
    DIRECTORY_TMP = MP_N_QUEUES,
    DIRECTORY_RESPONDED,
    DIRECTORY_REQUESTS,
    DIRECTORY_DIGESTS,
    N_DIRECTORIES
};

#define MP_TOLD_FILE   "told"   /* beside the directories; see told.c */
#define MP_SERVER_FILE "server" /* beside the directories; see server_state.h */

struct MpOutbox {
    char *path;
    int fd[N_DIRECTORIES]; /* by MpQueue, then tmp/, answered/, requests/ and digests/ */
    GPtrArray *staged;     /* char *: KEYs written to tmp/ and not synced yet */
    GPtrArray *digests;    /* char *: KEYs written to digests/ and not synced yet */
    gint64 stamp;          /* of the last one, nanoseconds since the epoch */
    bool syncs_later;      /* all are being held: moves are synced together, at the end */
};

#define MP_NO_TIME G_MININT64 /* an event's `created`, before it is read */

/* What a file of that KEY lacks to be an event's, in words; or NULL. */
const char *mp_event_missing_fact(const MpEvent *event, const char *key);

/* The kind of that name (mp_event_kind_name); false if it is none. */
bool mp_event_kind_parse(const char *name, MpEventKind *kind);

/* The state of that name; false if there is none. */
bool mp_event_recipient_state_parse(const char *name, MpEventRecipientState *state);

extern const char *const mp_outbox_directories[N_DIRECTORIES];

/* "new/KEY", for messages. */
char *mp_outbox_show(int directory, const char *name);

/* KEY, in retry DUE.KEY, in hold and failed also KEY.N; NULL for any other name. */
MpQueued *mp_queued_parse(MpQueue queue, const char *name);

typedef enum { MP_TAKEN_REFUSE, MP_TAKEN_RENAME } MpIfTaken;

/*
 * Moves a file and syncs both directories, unless that comes later. A file that is gone was moved
 * by a run that died; the same file under both names (a crash on btrfs) loses the old one. A name
 * taken by another file is MP_ERROR_INPUT or gets a suffix, or in retry/ a later second.
 */
bool mp_outbox_move(MpOutbox *outbox, int from, const char *name, int to, const char *new_name,
                    MpIfTaken if_taken, GError **error);

/* ---- requests.c ---- */

/* The event's file, locked: who has that works on it, and nobody else moves it. The result is the
 * caller's to close. -1 without error where it is gone, or, with MP_LOCK_TRY, where somebody else
 * works on it: then *is_busy. */
int mp_outbox_claim(const MpOutbox *outbox, const MpQueued *queued, MpLockMode mode, bool *is_busy,
                    GError **error);

bool mp_outbox_is_request(const char *name);

/* ---- event_file.c ---- */

/* mp_event_file_open for MP_EVENT_WRITE, of an event that is claimed; takes the claim. */
MpEventFile *
mp_event_file_take(MpOutbox *outbox, const MpQueued *queued, int *claim, GError **error);

/* Makes these accounts' messages due again, or all if there are none: deferred and failed ones. */
bool mp_event_file_retry(MpEventFile *file, const GArray *users, gint64 now, GError **error);

/* Drops what these accounts have not got yet. */
bool mp_event_file_drop(MpEventFile *file, const GArray *users, gint64 now, GError **error);

/* Whether mp_event_file_finish would delete it. */
bool mp_event_file_is_done(const MpEventFile *file);

/* Syncs, and holds or deletes the event: MP_EVENT_HELD, MP_EVENT_DROPPED. */
bool mp_event_file_leave(MpEventFile *file, MpEventEnd end, GError **error);

bool mp_outbox_release(MpOutbox *outbox, const MpQueued *queued, GError **error);

/* ---- event_text.c ---- */

#define MP_EVENT_VERSION "1"
#define MP_WORD_WAITING  "waiting" /* the line of a deferral that counts as no attempt */

/* The contents of a file, as far as it is read. */
typedef struct {
    MpEvent *event;
    MpAudience *audience;
    GHashTable *by_user; /* guint64 to MpEventRecipient, of the first `n_indexed` recipients */
    guint n_indexed;
    GString *quote;     /* of a response, until all is read; or NULL */
    guint n_held;       /* events that a digest says it holds */
    gsize facts_length; /* of what stands before the first of the audience, or 0 */
    bool is_expanded;
    guint n_unread,
        first_unread; /* lines after the expansion that say nothing, and which is first */
    gsize length;     /* of the whole lines; what follows is torn */
} MpEventText;

void mp_event_text_free(MpEventText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpEventText, mp_event_text_free)

/* One file in the notifier's hands. */
struct MpEventFile {
    MpOutbox *outbox;
    MpQueue queue;
    char *name, *path;
    int fd; /* open for appending, or -1 */
    MpEventText *text;
    GMutex mutex;   /* of what follows, and of appending */
    guint promised; /* outcomes that there is to be room for */
    gsize reserved; /* the octet up to which the disk has room for the file, or 0 */
    guint unsynced;
    gint64 synced; /* g_get_monotonic_time() of the last sync */
};

/* Reads all lines, which it takes apart in place; `path` is for messages, `key` what the file's
 * name says. A line that cannot be read is an error where facts and recipients stand, which were
 * synced before anybody acted on them. Behind them, where a power cut may leave zeros among the
 * attempts, it is skipped: who got the message may get it again. */
MpEventText *
mp_event_text_parse(char *bytes, gsize length, const char *key, const char *path, GError **error);

/* Takes one more line (without its newline) into account, and apart: what was read, and what was
 * just written. */
bool mp_event_text_take(MpEventText *text, char *line, const char **fault);

/* The lines of a new file. The result is the caller's. */
char *mp_event_text_format(const MpEvent *event);

/* The lines of an expansion. */
GString *mp_audience_format(const MpAudience *audience, gint64 now);

/* What these lines say, without reading them again. Takes the audience. */
void mp_event_text_set_audience(MpEventText *text, MpAudience *audience);

/* Forgets what an expansion wrote that was not completed. */
void mp_event_text_undo_expansion(MpEventText *text);

/* The fields of lines. */
bool mp_event_read_number(const char *field, gint64 max, gint64 *number);
bool mp_event_read_time(const char *field, gint64 *time);
bool mp_event_read_id(const char *field, guint64 *id);

/* Lines about responses, and about digests: what is wrong with them, or NULL. */
const char *mp_event_take_response(MpEventText *text, char **field);
const char *mp_event_take_cut(MpEventText *text, char **field);
const char *mp_event_take_line_of_response(MpEventText *text, char **field);
const char *mp_event_take_question(MpEventText *text, char **field);
const char *mp_event_take_command(MpEventText *text, char **field);
const char *mp_event_take_for(MpEventText *text, char **field);
const char *mp_event_take_holds(MpEventText *text, char **field);
const char *mp_event_take_later(MpEventText *text, char **field);
const char *mp_event_take_gathered(MpEventText *text, char **field);

/* What is wrong with the facts of a digest, or of none, or NULL. */
const char *mp_event_digest_fault(const MpEventText *text);

/* The lines of a digest's facts. */
void mp_digest_append(GString *out, const MpDigest *digest);

MpEventRecipient *mp_event_text_recipient(MpEventText *text, guint64 user);

/* Appends whole lines with one write, and takes them into account, and apart; synced now and then.
 */
bool mp_event_file_append(MpEventFile *file, char *lines, GError **error);
bool mp_event_file_sync(MpEventFile *file, GError **error);
