/* What differs between two commits: files, with their counts of lines, and a diff. */
#pragma once

#include "repo/repo.h"

typedef enum { MP_REPO_ADDED, MP_REPO_DELETED, MP_REPO_MODIFIED, MP_REPO_RENAMED } MpRepoChangeKind;

const char *
mp_repo_change_name(MpRepoChangeKind kind); /* "added", "deleted", … as programs say it */

typedef struct {
    MpRepoChangeKind kind;
    char *path;     /* by mp_escape(), since a name may hold anything; where it was, if deleted */
    char *old_path; /* of a renamed one, else NULL */
    guint32 old_mode, new_mode; /* 0100644, …; 0 where it is not there */
    git_oid old_id, new_id;     /* zero likewise */
    bool is_binary;
    bool is_counted;          /* else it is binary, or too large to be compared */
    guint n_added, n_removed; /* lines */
} MpRepoChange;

typedef struct {
    GPtrArray *files;           /* MpRepoChange, in the order of their paths */
    bool is_more;               /* there are others */
    guint64 n_added, n_removed; /* lines of all that are counted */
    guint n_uncounted;          /* files that are not */
    GString *diff;              /* as git diff prints it; whole lines */
    bool is_cut;                /* the diff has more */
} MpRepoChanges;

void mp_repo_changes_free(MpRepoChanges *changes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRepoChanges, mp_repo_changes_free)

typedef struct {
    guint files;   /* at most; 0 for as many as there may be */
    gsize diff;    /* octets at most */
    gsize *budget; /* octets that may be compared, of several calls; NULL: 8 MiB of this one */
} MpRepoChangeLimits;

#define MP_REPO_FILES_MAX 3000

/*
 * What is different in `after`. `before` may be NULL, for a commit without a parent: all of it is
 * new. Neither may be missing. The result is the caller's, NULL for errors only.
 */
MpRepoChanges *mp_repo_changes(MpRepo *repo, const git_oid *before, const git_oid *after,
                               const MpRepoChangeLimits *limits, GError **error);

/* The text of a file of a commit, as it can be shown; NULL where there is no such file (*is_there),
 * or it is binary or larger than a file that is compared. `path` is as git has it. The caller's. */
bool mp_repo_file(MpRepo *repo, const git_oid *commit, const char *path, bool *is_there,
                  char **text, GError **error);
