/* Inside of lib/tracker: the structures behind the door, and reading from any tree. */
#pragma once

#include "tracker/guests.h"
#include "tracker/paths.h"
#include "git/store.h"
#include "tracker/thread_event.h"

struct MpTracker {
    MpStore store;
    git_oid listed_at; /* the root of a tip whose listed/ has all that its records say; or zero */
};

struct MpBatch {
    MpTracker *tracker;
    MpChain chain;
    GHashTable *listed;   /* what it changes of listed/: see mp_listed_write() */
    bool has_taken_title; /* which then must not stay there */
    bool is_listed;       /* what it makes of listed/ has all that its records say */
};

struct MpAccounts {
    MpStore store;
    bool case_matters; /* in the local parts of addresses */
    GHashTable *known; /* guint64 to MpUser, NULL for none: those looked up at one tip */
    git_oid known_at;  /* that tip */
};

/* Those of `assignees` (MpAssignee) who are no subscribers become some: with the change that is
 * being put into the batch. */
bool mp_batch_follow(MpBatch *batch, guint64 thread, const GPtrArray *assignees, GError **error);

/* The titles that a thread had are taken out of its record and its events, which have this one
 * then; nothing is done where it is NULL. */
bool mp_retitle_in_tree(MpTree *tree, MpTreeNode *thread, const char *title, GError **error);

/* The readers of tracker.h, from a given tree: the tip's, or that of a batch. */
bool mp_read_thread(MpTree *tree, guint64 id, MpThread **thread, GError **error);
MpRepository *mp_read_repository(MpTree *tree, const char *name, GError **error);
bool mp_read_user(MpTree *tree, guint64 id, MpUser **user, GError **error);

/* bounces.c: an empty entry for an address, and one bounce more in its hard or soft list. */
MpBounces *mp_user_add_bounces(MpUser *user, const char *address);
GPtrArray *mp_bounces_new(void);
void mp_bounces_add(GPtrArray *list, gint64 day, const char *mark);

/* The id in a file, 0 where there is none. What is no id is an error, "PATH: not the id of a
 * `what`"; with `what` NULL it is as if there were none. */
bool mp_read_id(MpTree *tree, const char *path, const char *what, guint64 *id, GError **error);

/* Writes the record of a thread, and notes what is listed of it: see listed.h. */
bool mp_batch_put_record(MpBatch *batch, const MpThread *thread, GError **error);

/* What was noted, and at times what it is made of, becomes part of the batch's last commit. */
bool mp_batch_write_listed(MpBatch *batch, GError **error);

/* For g_array_sort() and g_array_binary_search(), of guint64. */
int mp_by_number(gconstpointer a, gconstpointer b);

/* The ids (guint64) of the threads whose record is another at the tip than in a tree of threads/,
 * ascending: all, with *is_whole, where that is NULL or not there. */
bool mp_records_since(MpStore *store, const git_oid *threads, GArray *ids, bool *is_whole,
                      GError **error);

/* The directory of a thread that must be there, in a batch. */
MpTreeNode *mp_batch_thread_directory(MpBatch *batch, guint64 id, GError **error);

/* Takes the words of a comment, if it has them, out of the directory of its thread, and what was
 * cut from those that quote it; what is not there is passed over. */
bool mp_redact_in_tree(MpTree *tree, guint64 thread, const MpComment *comment, gint64 date,
                       const GArray *quoting, GError **error);

/* The record, body and the like of a comment in any tree; NULL where it is not there. */
bool
mp_read_comment(MpTree *tree, guint64 thread, guint64 number, MpComment **comment, GError **error);

/* redacted/…: where a KEY went, see mp_accounts_redact(). */
char *mp_path_of_redacted(const char *key);

/* logins/…: an id, or 0 where there is none. */
bool mp_read_login(MpTree *tree, const char *login, guint64 *id, GError **error);

/* addresses/…: guint64, the ids of all accounts with an address that differs in case at most; NULL
 * for errors only. */
GArray *mp_read_address(MpTree *tree, const char *address, GError **error);

/* One id a line, as a file of addresses/ has them; NULL where that is not what the text is. */
GArray *mp_parse_ids(const char *text);

/* The account with this address, other than `but` (0: any), or NULL. */
bool mp_read_holder(const MpAccounts *accounts, MpTree *tree, const char *address, guint64 but,
                    MpUser **user, GError **error);

/*
 * A change of accounts.git, one commit: what is there is fetched, and `build` changes the tree;
 * again if somebody else was first. `build` sets *what (which is freed), the first line of the
 * commit, or leaves it NULL where there is nothing to change.
 */
typedef bool (*MpAccountsBuild)(MpAccounts *accounts, MpTree *tree, char **what, gpointer data,
                                GError **error);
bool mp_accounts_change(MpAccounts *accounts, MpAccountsBuild build, gpointer data, GError **error);

/* Puts an account and its indexes there: with id 0 a new one, whose id and epoch it sets, and the
 * login of a guest if it has none. See mp_accounts_write(). */
bool mp_accounts_put(MpAccounts *accounts, MpTree *tree, MpUser *user, GError **error);

/* confirmed.c: whose a held mail is, 0 for nobody's, in any tree. */
bool mp_confirmed_read(MpTree *tree, const char *key, guint64 *user, GError **error);
bool mp_confirmed_put(MpTree *tree, const char *key, guint64 user, GError **error);

/* "users/000/0/0/0/1/7". */
char *mp_path_of_user(guint64 id);

/* "logins/tim"; "addresses/4f/<hash>", since an address may hold what a path must not. */
char *mp_path_of_login(const char *login);
char *mp_path_of_address(const char *address);

/* "commits/4f/<hash>" of a commit thread's repository and object. */
char *mp_path_of_commit(const MpThread *thread);

/* The id that stands there; 0 where none does. */
bool mp_read_commit(MpTree *tree, const MpThread *thread, guint64 *id, GError **error);

/* Puts the commit thread that is to be `id` there; MP_ERROR_INPUT where another is about the same.
 */
bool
mp_commits_claim(MpStore *store, MpTree *tree, const MpThread *thread, guint64 id, GError **error);

/* The first 32 hexadecimal digits of a Message-ID's SHA-256; the caller's. */
char *mp_message_id_digits(const char *message_id);

/* Whether a mail's Message-ID (or NULL) stands in message-ids/. One that is like ours does not:
 * whoever forged it would have the answers to our mail. */
bool mp_message_id_is_indexed(const char *message_id, const char *hostname);

/* Puts it there, if it is one that does. The first thread keeps it. */
bool mp_message_ids_add(MpTree *tree, const char *message_id, const char *hostname, guint64 thread,
                        GError **error);

/* Takes it away, if it leads to this thread. */
bool mp_message_ids_remove(MpTree *tree, const char *message_id, guint64 thread, GError **error);
/* The repository that the index has for a short address, if it still has one that is taken for it;
 * *repository stays NULL where none does. */
bool mp_read_opening(MpTree *tree, const char *local, MpRepository **repository, GError **error);

/* "openings/4f/<hash>" of a short address, as two are compared (address/opening.h). */
char *mp_path_of_opening(const char *local);

/* "hosts/mx1". */
char *mp_path_of_host(const char *name);

/* "imports/4f/<hash>" of the Message-ID. */
char *mp_path_of_import(const char *message_id);
