/*
 * What a pull request would change, as Git had it when it was last told: commits, files, a diff.
 * It is kept with the thread, so that mails, pages and programs say the same, whether or not they
 * can read the repository, and whatever became of it since.
 *
 * All text is what can be shown, and bounded by whoever made it; ids are 40 hexadecimal digits.
 */
#pragma once

#include "tracker/tracker.h"

#define MP_CHANGES_COMMITS 250         /* that are named, the newest first */
#define MP_CHANGES_FILES   300         /* likewise */
#define MP_CHANGES_DIFF    (64 * 1024) /* octets */
#define MP_CHANGES_BODY    4096        /* octets of one commit's message, without its subject, */
#define MP_CHANGES_BODIES  (64 * 1024) /* and of all */

typedef struct {
    char *id, *author, *subject; /* author: the name that the commit says, no account's */
    gint64 date;                 /* when it was written */
    char *body; /* what its message says below the subject, lines ending in \n; NULL for nothing.
                   An event does not keep it */
    guint64 thread; /* about it, as mp_tracker_commit_threads() finds it; 0 for none. Not kept */
} MpChangedCommit;

typedef struct {
    char *kind; /* "added", "deleted", "modified", "renamed" */
    char *path;
    char *old_path; /* of a renamed one, else NULL */
    bool is_binary; /* or too large to be compared */
    guint64 n_added, n_removed;
} MpChangedFile;

typedef struct {
    char *from;          /* the commit where it left its base; NULL where there is none */
    char *to;            /* its last commit */
    GPtrArray *commits;  /* MpChangedCommit */
    GPtrArray *files;    /* MpChangedFile, by path */
    guint64 n_commits;   /* all */
    bool has_more;       /* files that are not named */
    bool are_bodies_cut; /* of some commits they are left out, or a part of them is */
    guint64 n_added, n_removed;
    char *diff; /* as git diff prints it; "" */
    bool is_cut;
} MpChanges;

MpChanges *mp_changes_new(void);
void mp_changes_free(MpChanges *changes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpChanges, mp_changes_free)

/* An array of MpChangedCommit, which owns them; and one more for it, of which it owns a copy. */
GPtrArray *mp_changed_commits_new(void);
void mp_changed_commits_add(GPtrArray *commits, const MpChangedCommit *commit);
void mp_changed_files_add(GPtrArray *files, const MpChangedFile *file);

/* Whether it is the whole id of an object: 40 hexadecimal digits. */
bool mp_is_object_id(const char *id);

/* Those of a thread; NULL where there are none. */
bool mp_tracker_changes(MpTracker *tracker, guint64 thread, MpChanges **changes, GError **error);
