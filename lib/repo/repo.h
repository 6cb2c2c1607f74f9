/*
 * Somebody else's bare repository, only read: its branches and tags, its commits, what they change.
 *
 * Nothing of it is run, and none of its configuration, attributes or hooks is read: refs are read
 * as files, objects by libgit2's object database alone. Whatever is read is bounded, and all text
 * that leaves this room is one that can be shown: UTF-8 in which nothing is invisible.
 *
 * A repository is one directory, ROOT/OWNER/NAME.git. Of symbolic links on the way to it, and in
 * it, only those are followed that root or we ourselves have made; and objects borrowed by
 * objects/info/alternates only from below the root, of the same owner. So who may write to one
 * repository cannot show another by it that we may read, and they may not.
 *
 * Errors: MP_ERROR_TEMPORARY, or MP_ERROR_INPUT for what is damaged, too large or not what it
 * should be. A reader is false for errors only: what is not there is true, and NULL.
 */
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

typedef struct MpRepo MpRepo;

typedef enum {
    MP_REPO_READABLE, /* also one that nobody has pushed to */
    MP_REPO_MISSING,
    MP_REPO_CLOSED,   /* we may not read it */
    MP_REPO_AWAY,     /* a link or alternates lead where they may not */
    MP_REPO_SHA256,   /* its ids are not SHA-1's */
    MP_REPO_REFTABLE, /* its refs are no files */
    MP_REPO_LARGE,    /* more branches and tags than are read */
    MP_REPO_DAMAGED,  /* no bare repository, or its refs make no sense */
} MpRepoState;

const char *mp_repo_state_name(MpRepoState state); /* "readable", "missing", … */

/*
 * Opens ROOT/OWNER/NAME.git, and reads its refs: the repository as it is now. NULL without error
 * where *state is not MP_REPO_READABLE. The result is the caller's.
 */
MpRepo *mp_repo_open(const char *root, const char *name, MpRepoState *state, GError **error);
void mp_repo_free(MpRepo *repo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRepo, mp_repo_free)

/* Who the repository's directory belongs to. */
uid_t mp_repo_owner(const MpRepo *repo);

#define MP_REPO_BRANCHES "refs/heads/"
#define MP_REPO_TAGS     "refs/tags/"

typedef struct {
    char *name;     /* "refs/heads/main", by mp_escape() */
    git_oid id;     /* what it names: a commit, or the object of an annotated tag */
    bool is_broken; /* its file holds no id: nobody can say where it is, nor that it is gone */
} MpRepoRef;

/* Branches and tags (MpRepoRef), by name. The repository's. Symbolic refs are other names of what
 * is told already, and left out. */
const GPtrArray *mp_repo_refs(const MpRepo *repo);

/* One of them, or NULL. */
const MpRepoRef *mp_repo_ref(const MpRepo *repo, const char *name);

/* What HEAD names, "refs/heads/main", be it there or not; NULL where it names no branch. */
const char *mp_repo_default_branch(const MpRepo *repo);

/* "main" for "refs/heads/main", "v1.0" for "refs/tags/v1.0". Points into `name`. */
const char *mp_repo_short_name(const char *name);

/* Whether there is an object of that id. */
bool mp_repo_has(MpRepo *repo, const git_oid *id, bool *has, GError **error);

/* "1a2b3c4d5e6f": an id as people are shown it. The result is the caller's. */
char *mp_repo_short_id(const git_oid *id);
