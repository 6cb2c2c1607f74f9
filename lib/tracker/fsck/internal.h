/* Inside of lib/tracker/fsck: shared by the files of the check. */
#pragma once

#include "tracker/fsck/fsck.h"
#include "tracker/internal.h"
#include "tracker/listed.h"

typedef struct {
    MpStore *store;         /* that is being looked at */
    const char *repository; /* its name */
    const MpFsckHooks *hooks;
    MpFsckCounts *counts;
    GByteArray *users;    /* a bit for each account that exists */
    guint64 last;         /* the highest thread */
    GHashTable *commits;  /* char *, the path of a commit to guint64 *, the first thread about it */
    bool has_commits;     /* the index of them is there */
    GHashTable *redacted; /* char *, "THREAD.COMMENT" of redacted/ to char *, its path */
    GArray *message_ids;  /* MpFsckMessageId, of the comments that came by mail */
    bool has_unread;      /* something could not be read, which may have one more */
    bool case_matters;    /* in the local parts of addresses */
    struct {
        bool is_checked;  /* listed/ is there and can be read */
        GArray *fresh;    /* guint64: threads of which it need not say what they are now */
        GArray *expected; /* what is to be listed of each thread: see listed.c */
    } listed;
    GError *stop; /* why the check cannot go on */
} Fsck;

/* Tells a fault; `remedy` is taken and freed. */
void mp_fsck_tell(Fsck *fsck, const char *code, const char *path, char *remedy, const char *format,
                  ...) G_GNUC_PRINTF(5, 6);

/* The directory of that name in the root of the repository; false where there is none. */
bool mp_fsck_find_in_root(Fsck *fsck, const char *name, git_oid *id);

/* told/: what was told of branches and tags. */
void mp_fsck_told(Fsck *fsck);

/* Tells the fault behind *error, a file that does not parse or an object that cannot be read. */
void mp_fsck_tell_error(Fsck *fsck, const char *path, GError **error);

bool mp_fsck_has_user(const Fsck *fsck, guint64 id);

/* A directory by its id, with its root loaded; NULL after it was told that it cannot be read. */
MpTree *mp_fsck_open(Fsck *fsck, const git_oid *id, const char *path, MpTreeNode **root);

/* The text of a file; NULL where there is none, or after it was told. */
char *mp_fsck_text(Fsck *fsck, MpTree *tree, const char *name, const char *path);

/* Who is told of the thread whose directory `tree` is: the accounts, and the pages. */
void mp_fsck_subscribers(Fsck *fsck, MpTree *tree, const char *directory);

/* Calls `visit` for each id below a directory of ids, with the entry's id. */
typedef void (*MpFsckVisit)(Fsck *fsck, guint64 id, const git_oid *entry, const char *path);
void mp_fsck_ids(Fsck *fsck, const char *directory, bool of_directories, MpFsckVisit visit);

/* accounts.git: the KEYs of what was redacted; tracker.git: that each has been. */
void mp_fsck_redacted(Fsck *fsck, const git_oid *id);
void mp_fsck_still_there(Fsck *fsck);

/* Whether redacted/ has the comment, which is so from here on. */
bool mp_fsck_is_redacted(Fsck *fsck, guint64 thread, guint64 comment);

void mp_fsck_accounts(Fsck *fsck);
void mp_fsck_repositories(Fsck *fsck);
void mp_fsck_names(Fsck *fsck);

/* The directory of short addresses, and what leads to that of one repository. */
void mp_fsck_openings(Fsck *fsck, const git_oid *id, const char *path);
void mp_fsck_opening_of(Fsck *fsck, const MpRepository *repository, const char *path);

/* What a pull request has in its directory `tree`, and its line of pulls/; and all lines there. */
void mp_fsck_pull(Fsck *fsck, MpTree *tree, const MpThread *thread, const char *directory);
void mp_fsck_pulls(Fsck *fsck, const git_oid *id);

void mp_fsck_thread(Fsck *fsck, guint64 id, const git_oid *entry, const char *path);

/* A comment that is there, for the KEYs. */
typedef struct {
    guint64 number;
    guint8 key[16];
    bool has_key; /* its record could be read; if it is redacted, only the mark */
    bool is_redacted;
    bool is_received; /* its KEY is in received/ */
} MpFsckComment;

/* listed/: before the threads, for each (NULL: its record does not parse; skipped: it could not be
 * looked at), and after them. */
void mp_fsck_listed_begin(Fsck *fsck);
void mp_fsck_listed_thread(Fsck *fsck, guint64 id, const MpThread *thread);
void mp_fsck_listed_skip(Fsck *fsck, guint64 id);
void mp_fsck_listed_end(Fsck *fsck);

/* 32 lower-case hexadecimal digits as octets. */
bool mp_fsck_parse_key(const char *text, gsize length, guint8 key[16]);

/* A Message-ID that has to stand in message-ids/. */
typedef struct {
    guint8 digits[16];
    guint32 thread; /* 0: of a mail that was redacted, with which the entry went */
    bool is_indexed;
} MpFsckMessageId;

/* Notes what a comment of the thread came with, or NULL; with thread 0, one that was redacted. */
void mp_fsck_note_message_id(Fsck *fsck, guint64 thread, const char *message_id);

/* Compares message-ids/ (NULL: not there) with what was noted. */
void mp_fsck_message_ids(Fsck *fsck, const git_oid *index);

/* An entry "DIGITS.NUMBER" of pages of KEYs, or "DIGITS.eNUMBER" of an event. */
typedef void (*MpFsckEntryVisit)(Fsck *fsck, const char *path, const guint8 digits[16],
                                 guint64 number, bool is_event, gpointer user_data);

/* Checks the pages below a directory of KEYs, and calls `visit` for each entry. */
void mp_fsck_pages(Fsck *fsck, const git_oid *directory, const char *path, MpFsckEntryVisit visit,
                   gpointer user_data);

/* Compares received/ with `comments` and `events` (MpFsckComment, by number), and marks what it
 * finds. */
void mp_fsck_received(Fsck *fsck, const git_oid *received, const char *path, GArray *comments,
                      GArray *events);

/* Checks events/, and puts what is there into `found` (MpFsckComment), by number; then, once
 * received/ was compared, whose KEY is missing. */
void mp_fsck_events(Fsck *fsck, const git_oid *id, const char *path, GArray *found);
void mp_fsck_event_keys(Fsck *fsck, const char *path, const GArray *found);
