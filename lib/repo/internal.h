/* Inside of lib/repo: the opened repository, its objects, and text made fit to be shown. */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

#include "base/file.h"
#include "git/git.h"
#include "repo/repo.h"

struct MpRepo {
    char *path; /* for messages */
    uid_t owner;
    MpFd directory;
    GArray *objects; /* MpFd: its own, and those it borrows from; open as long as the database is */
    git_odb *odb;
    GPtrArray *refs; /* MpRepoRef, by name */
    char *head;
    guint64 made;  /* octets that were taken to read its objects */
    gint64 opened; /* on the clock of mp_repo_is_late() */
};

/* Opens a directory that a name below another leads to, as repo.h says of links. -1 with *state,
 * or with *error. */
int mp_repo_open_directory(int parent, const char *name, MpRepoState *state, GError **error);

/* What it means that something of a repository could not be opened: true with *state set, or an
 * error that passes. */
bool mp_repo_judge_errno(MpRepoState *state, GError **error, const char *path);

/* The database of objects/, and of what it borrows; false with *state, or with *error. */
bool mp_repo_open_objects(MpRepo *repo, const char *root, MpRepoState *state, GError **error);

/* Reads all branches and tags, and HEAD; false with *state, or with *error. */
bool mp_repo_read_refs(MpRepo *repo, MpRepoState *state, GError **error);

/* Whether reading it has taken more of the processor than it may, since it was opened: what is
 * optional is left out from then on. */
bool mp_repo_is_late(const MpRepo *repo);
void mp_repo_start_clock(MpRepo *repo);

/* An error of libgit2's about this repository: temporary, or MP_ERROR_INPUT. False. */
bool mp_repo_fail(GError **error, const MpRepo *repo, const git_oid *id);

/* An object; NULL where it is not there. Of another type, it is MP_ERROR_INPUT. Larger than `max`
 * octets, or made of more than may be taken to make it, it is that as well, or where `is_large` is
 * not NULL, NULL and *is_large; so is then, when it is late, all but what is small. */
bool mp_repo_object(MpRepo *repo, const git_oid *id, git_object_t type, gsize max, bool *is_large,
                    git_odb_object **object, GError **error);

/* Its size and type, without reading it; GIT_OBJECT_INVALID where it is not there. */
bool mp_repo_object_header(MpRepo *repo, const git_oid *id, gsize *size, git_object_t *type,
                           GError **error);

#define MP_REPO_COMMIT_MAX (32 * 1024 * 1024) /* of a larger one nothing is read */

/* What a walk needs of a commit. */
typedef struct {
    git_oid tree;    /* zero where it names none */
    GArray *parents; /* git_oid */
    gint64 time;     /* the committer's */
    bool is_partial; /* it is too large, or has more parents */
} MpRepoNode;

void mp_repo_node_clear(MpRepoNode *node);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpRepoNode, mp_repo_node_clear)

/* *found is false where there is no such object. */
bool mp_repo_node(MpRepo *repo, const git_oid *id, MpRepoNode *node, bool *found, GError **error);

/* Appends text of a repository as it can be shown: UTF-8, or else taken for ISO-8859-1; \r\n as
 * \n, and what is invisible as \u{NNNN}. */
void mp_repo_append_text(GString *out, const char *bytes, gsize length);
