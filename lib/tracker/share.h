/*
 * A tracker, and its accounts, that several hosts share through a Git server: see SEVERAL HOSTS in
 * metroplex(8).
 */
#pragma once

#include "tracker/tracker.h"

/*
 * Several hosts, one tracker: from here on the branch main of the Git server at `url` is the truth,
 * and a batch has come true when that server accepted it. `host` is who we are among them: no two
 * may have the same name. `seconds` is the time for one exchange with the server, 0 for any.
 */
void mp_tracker_share(MpTracker *tracker, const char *url, int seconds, const char *host);
void mp_accounts_share(MpAccounts *accounts, const char *url, int seconds, const char *host);
bool mp_tracker_is_shared(const MpTracker *tracker);

/* From here on a batch is decided on these accounts, as far as they are known: a fetch of them that
 * was begun is ended before anything of it comes true, and beside the beginning of a push. Where
 * there is news, mp_batch_commit() says MP_UNFOUNDED. */
void mp_tracker_decide_on(MpTracker *tracker, MpAccounts *accounts);

/*
 * Whether the installation that posts as `name` is this one, as of the last fetch: a second of that
 * name would take our events for its own. *is_known: it stands there; mp_batch_set_host() writes it
 * if not. MP_ERROR_INSTALLATION if it is another.
 */
bool mp_tracker_check_host(MpTracker *tracker, const char *name, const char *installation,
                           bool *is_known, GError **error);

/*
 * As refresh, after taking over what the remote has (without a remote: refresh). Needs the data
 * directory's lock. MP_ERROR_TEMPORARY if the remote is away; our copy stays as it was, and can be
 * read. Between a fetch and mp_transaction_recover() nothing may be decided: see
 * instance/transaction.h.
 */
bool mp_tracker_fetch(MpTracker *tracker, GError **error);
bool mp_accounts_fetch(MpAccounts *accounts, GError **error);

/* The same of the accounts beside something else; see mp_store_fetch_begin(). *is_news: they are
 * not as they were. Dropped: they stay as they are. */
bool mp_accounts_fetch_begin(MpAccounts *accounts, GError **error);
bool mp_accounts_fetch_end(MpAccounts *accounts, bool *is_news, GError **error);
void mp_accounts_fetch_drop(MpAccounts *accounts);

/* What was begun is not ended; and it would have to be waited for. */
bool mp_accounts_fetch_is_begun(const MpAccounts *accounts);
bool mp_accounts_fetch_is_awaited(const MpAccounts *accounts);

/* Takes over what is at `url`, or, where nothing is, gives it what is here. *did (the caller's) is
 * "fetched", "pushed", or NULL if both were the same. As long as it takes. */
bool mp_tracker_join(const char *path, const char *hostname, const char *url, char **did,
                     GError **error);
bool mp_accounts_join(const char *path, const char *hostname, const char *url, char **did,
                      GError **error);

/*
 * Whether the remote takes a commit that changes nothing, or took somebody else's meanwhile. For
 * who was refused (MP_ERROR_REFUSED): if not even that is taken, the server refuses everything.
 * Between batches only. Without a remote it is true.
 */
bool mp_tracker_takes_others(MpTracker *tracker, GError **error);

/* While a batch is written or pushed `work` is done, bit by bit, until it returns false: it may
 * read, as things will be then. NULL: no more. */
void mp_tracker_work_beside(MpTracker *tracker, bool (*work)(gpointer data), gpointer data);

/* Does a bit of it, for who waits for something else of the batch; false: there is no more. */
bool mp_tracker_beside(const MpTracker *tracker);

/* How many pushes of ours the remote took since the tracker was opened. */
guint mp_tracker_pushes(const MpTracker *tracker);

/* A push is to come, or is not any more: the way to the remote is opened beside other work. */
void mp_tracker_expect_push(MpTracker *tracker);
void mp_tracker_expect_no_push(MpTracker *tracker);

/* Where hosts contend for a remote: lets others go first, or gets the turn; see git/turn.h. It is
 * given back where nothing was pushed with it. */
bool mp_tracker_make_way(MpTracker *tracker, guint attempt, GError **error);
bool mp_tracker_take_turn(MpTracker *tracker, bool *was_anothers, GError **error);
void mp_tracker_leave_turn(MpTracker *tracker);
void mp_tracker_keep_turn(MpTracker *tracker, bool whether);
bool mp_tracker_has_turn(const MpTracker *tracker);
