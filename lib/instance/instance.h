/*
 * One opened installation: configuration, keys, stores and locks, as both programs need them.
 */
#pragma once

#include "address/address.h"
#include "base/config.h"
#include "base/lock.h"
#include "cli/command.h"
#include "instance/staging.h"
#include "message/scan.h"
#include "outbox/outbox.h"
#include "policy/rate.h"
#include "tracker/tracker.h"

typedef struct {
    MpConfig *config;
    MpKeyRing *keys;
    MpTracker *tracker;
    MpAccounts *accounts;
    MpOutbox *outbox;
    MpOutbox *hooks; /* comments due to [inbound] on-comment, kept as events are; NULL without */
    MpRate *rate;    /* comments by mail within the hour */
    MpLock *lock;    /* of the data directory; held while this is not NULL */
    char *host;      /* [instance] host-id or this machine's name, as comments and events have it */
    char *uuid;      /* tells us from another of that name, where a tracker is shared; or NULL */
    bool is_registered; /* the shared tracker knows it */
    bool is_current;    /* the tracker is as its server had it since the lock was taken */
    gint64 crowded;     /* until then (monotonic, microseconds) others are likely to be faster */
    MpStaging *staging; /* of the transaction that is being built, or NULL */
    bool is_turn_due;   /* no fetch was begun, since it is to be our turn first */
    bool is_open;       /* all that the command needs of repositories and queues */
} MpInstance;

/* ---- Part by part: each leaves open what was, and needs what stands before it ---- */

/* The configuration; `data` replaces the data directory that it names, or is NULL. */
bool
mp_instance_configure(MpInstance *instance, const char *file, const char *data, GError **error);

/* The same by the options of a command; and the process becomes the data directory's owner, where
 * it was started as root. */
bool mp_instance_load(MpInstance *instance, const MpOptions *options, GError **error);

bool mp_instance_open_log(const MpInstance *instance, const char *name, GError **error);
bool mp_instance_open_keys(MpInstance *instance, GError **error);

/* Both repositories, as this host has them: for those that read and ask no other host. */
bool mp_instance_open_tracker(MpInstance *instance, GError **error);

bool mp_instance_open_outbox(MpInstance *instance, GError **error);

/* The lock of the data directory; waits for who has it. */
bool mp_instance_take_lock(MpInstance *instance, GError **error);

/* The outbox's, which only one notifier has; the caller's. With MP_LOCK_TRY NULL without error if
 * somebody else has it. */
MpLock *mp_instance_lock_outbox(const MpInstance *instance, MpLockMode mode, GError **error);

/* ---- All that a command of metroplex needs. Each failure says what to do ---- */

/* To change something: opens the log, and everything else. */
bool mp_instance_open(MpInstance *instance, const MpOptions *options, GError **error);

/* The same without the repositories, which mp_instance_lock() then opens: a run that finds nothing
 * to do never loads what libgit2 brings along. */
bool mp_instance_begin(MpInstance *instance, const MpOptions *options, GError **error);

/*
 * For commands that change nothing: opens no log, makes nothing and locks nothing, so that a copy
 * that cannot be written to is enough. Warnings go to standard error. Keys are needed by those only
 * that sign or verify.
 */
bool mp_instance_read(MpInstance *instance, const MpOptions *options, bool signs, GError **error);

void mp_instance_close(MpInstance *instance);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpInstance, mp_instance_close)

/* To change something: mp_instance_take_lock, opens what is not open yet (what failed before is
 * tried again), then fetches. */
bool mp_instance_lock(MpInstance *instance, GError **error);

/*
 * The same without asking a shared tracker's server: `is_current` is false then, and what is read
 * may be old. Only who decides nothing on that but what a push proves, which the server takes on
 * no other tip: mp_transaction_run() sees to it where something is to be pushed, and whoever then
 * changes nothing fetches before it says so. The accounts are fetched all the same.
 */
bool mp_instance_lock_known(MpInstance *instance, GError **error);

/*
 * After mp_instance_lock_known(), beside something else: begins to fetch the accounts, but where
 * others were faster lately and we have not the turn. And then, before anything is decided: ends
 * that where it need not be waited for, or waits for our turn instead. *is_old: both are to be
 * fetched now. Until it is ended, which a transaction does, nothing that was decided may be told,
 * or done otherwise.
 */
bool mp_instance_get_ready(MpInstance *instance, GError **error);
bool mp_instance_be_ready(MpInstance *instance, bool *is_old, GError **error);

/* Whether both are as their servers had them since the lock was taken: what is wrong there is. */
bool mp_instance_is_sure(const MpInstance *instance);

/* Others were faster, `attempt` times by now: lets them go first, and remembers that. */
bool mp_instance_make_way(MpInstance *instance, guint attempt, GError **error);
bool mp_instance_is_crowded(const MpInstance *instance);

/* Looks both repositories' branches up again; opens what is not open yet. */
bool mp_instance_refresh(MpInstance *instance, GError **error);

/* The same after taking over what the remotes have, where [tracker] names any; under the lock. A
 * host whose name another installation has is refused. */
bool mp_instance_fetch(MpInstance *instance, GError **error);

/* The account with this login; MP_ERROR_INPUT if there is none. What is not here is looked for on
 * the remote, if there is one, by who does not hold the lock. */
MpUser *mp_instance_user(MpInstance *instance, const char *login, GError **error);

/* The thread with this id; likewise. */
MpThread *mp_instance_thread(MpInstance *instance, guint64 id, GError **error);

/*
 * Whether KEY came to be in the thread, and as which comment: mp_tracker_find_key(), and where it
 * is not there any more, what was redacted. *is_redacted may be NULL.
 */
bool mp_instance_find_key(const MpInstance *instance, guint64 thread, const char *key, bool *found,
                          guint64 *comment, bool *is_redacted, GError **error);

/* Whether one comment more of the account would be over a limit of [limits]; see policy/rate.h. */
bool mp_instance_is_over_rate(const MpInstance *instance, guint64 account, bool is_guest,
                              guint64 thread, gint64 when, const char **which);

/* Whether there is a repository in which a first mail opens a thread. */
bool mp_instance_opens_threads(const MpInstance *instance, bool *opens, GError **error);

/* Text to be published with its MACs masked, and what else is of this scope if the configuration
 * wants addresses masked. The result is the caller's. */
char *mp_masked(const MpConfig *config, const char *text, MpMaskScope scope);

/* The limits of a mail, as [limits] has them. */
MpLimits mp_instance_limits(const MpInstance *instance);
