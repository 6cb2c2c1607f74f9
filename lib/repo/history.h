/* Commits and tags of a watched repository, and which of them came and went with a push. */
#pragma once

#include "repo/repo.h"

#define MP_REPO_SUBJECT_MAX 200   /* characters */
#define MP_REPO_NAME_MAX    100   /* characters */
#define MP_REPO_MESSAGE_MAX 65536 /* octets that are read of a message */

typedef struct {
    char *name;  /* one line; "" where it says none */
    char *email; /* likewise; what anybody wrote, and no proof of anything */
    gint64 time;
} MpRepoPerson;

typedef struct {
    git_oid id, tree;
    GArray *parents; /* git_oid */
    MpRepoPerson author, committer;
    char *subject;   /* one line of at most MP_REPO_SUBJECT_MAX characters */
    char *message;   /* all of it, with the subject, lines ending in \n */
    bool is_cut;     /* it has more than MP_REPO_MESSAGE_MAX octets */
    bool is_partial; /* it has more parents; or it is too large to be read, and says nothing here */
} MpRepoCommit;

void mp_repo_commit_free(MpRepoCommit *commit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRepoCommit, mp_repo_commit_free)

/* NULL where there is no such object. */
bool mp_repo_commit(MpRepo *repo, const git_oid *id, MpRepoCommit **commit, GError **error);

/* The object of an annotated tag. */
typedef struct {
    git_oid target; /* zero where it names none, or is too large to be read */
    MpRepoPerson tagger;
    char *message; /* as a commit's */
    bool is_cut;
} MpRepoTag;

void mp_repo_tag_free(MpRepoTag *tag);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpRepoTag, mp_repo_tag_free)

/* NULL where the id is no annotated tag's. */
bool mp_repo_tag(MpRepo *repo, const git_oid *id, MpRepoTag **tag, GError **error);

/* The commit that a ref's id means, through annotated tags; *found is false where it means none
 * (a tag of a file), or the object is not there. */
bool mp_repo_peel(MpRepo *repo, const git_oid *id, git_oid *commit, bool *found, GError **error);

/* The commit that a revision means as people write it: a branch, a tag, HEAD, or at least seven
 * digits of an id that are nobody else's. */
bool mp_repo_find_commit(MpRepo *repo, const char *revision, git_oid *commit, bool *found,
                         GError **error);

typedef struct {
    GArray *commits; /* git_oid, the newest first */
    bool is_unsure;  /* more had to be looked at than may be: some may be missing, or too many */
    bool is_damaged; /* likewise, since something that `but` leads to cannot be read */
} MpRepoRange;

void mp_repo_range_clear(MpRepoRange *range);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpRepoRange, mp_repo_range_clear)

/*
 * The commits that are reachable from `from`, and from none of `but` (git_oid; NULL: of none):
 * git rev-list FROM --not BUT. Commits that are not there any more (a branch that was
 * rewound long ago, a shallow history) end the walk like first ones. At most `limit` commits are
 * looked at. What is damaged fails only where `from` alone leads to it.
 */
bool mp_repo_range(MpRepo *repo, const git_oid *from, const GArray *but, guint limit,
                   MpRepoRange *range, GError **error);

#define MP_REPO_WALK_MAX 100000 /* a limit: half a second */

/* The same of one commit and one other. */
bool mp_repo_range_of_two(MpRepo *repo, const git_oid *from, const git_oid *but, guint limit,
                          MpRepoRange *range, GError **error);

/* The newest commit that both have in their history; *found is false where they share none, or it
 * could not be found in as many steps. */
bool mp_repo_merge_base(MpRepo *repo, const git_oid *one, const git_oid *other, guint limit,
                        git_oid *base, bool *found, GError **error);
