/*
 * An installation, opened: what every command that touches the tracker needs, in one place.
 */
#pragma once

#include "address/address.h"
#include "base/config.h"
#include "base/lock.h"
#include "cli/command.h"
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
    MpOutbox
        *hooks;   /* comments due to [inbound] on-comment, kept as events are; NULL without one */
    MpRate *rate; /* comments by mail within the hour */
    MpLock *lock; /* held while this is not NULL */
    char *host;   /* [instance] host-id or this machine's name, as comments and events record it */
    char *installation; /* what tells us from another of that name, where a tracker is shared */
    bool is_registered; /* the shared tracker knows it */
} MpSite;

/*
 * Loads the configuration, becomes the owner of the data directory where started as root, opens the
 * log, the key ring and the repositories. Each failure is MP_ERROR_INSTALLATION and says what to
 * do.
 */
bool mp_site_open(MpSite *site, const MpOptions *options, GError **error);

/* The same without the repositories, which mp_site_lock() then opens: a run that finds nothing to
 * do never loads what libgit2 brings along. */
bool mp_site_begin(MpSite *site, const MpOptions *options, GError **error);

/*
 * For commands that change nothing: opens no log, makes nothing and locks nothing, so that a copy
 * that cannot be written to is enough. Warnings go to standard error. Keys are needed by those only
 * that sign or verify.
 */
bool mp_site_read(MpSite *site, const MpOptions *options, bool signs, GError **error);

void mp_site_close(MpSite *site);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MpSite, mp_site_close)

/* Takes the data directory's lock for writing, waiting for who has it, and fetches. */
bool mp_site_lock(MpSite *site, GError **error);

/* Looks both repositories' branches up again. */
bool mp_site_refresh(MpSite *site, GError **error);

/* The same after taking over what the remotes have, where [tracker] names any; under the lock. A
 * host whose name another installation has is refused. */
bool mp_site_fetch(MpSite *site, GError **error);

/* The account with this login; MP_ERROR_INPUT if there is none. What is not here is looked for on
 * the remote, if there is one, by who does not hold the lock. */
MpUser *mp_site_user(MpSite *site, const char *login, GError **error);

/* The thread with this id; likewise. */
MpThread *mp_site_thread(MpSite *site, guint64 id, GError **error);

/* Whether one comment more would be over a limit of [limits]; see policy/rate.h. */
bool mp_site_is_over_rate(const MpSite *site, guint64 account, guint64 thread, gint64 when,
                          const char **which);

/* Text to be published with its MACs masked, and what else is of this scope if the configuration
 * wants addresses masked. The result is the caller's. */
char *mp_masked(const MpConfig *config, const char *text, MpMaskScope scope);

/* What a mail may hold, as [limits] has it. */
MpLimits mp_site_limits(const MpSite *site);
