/*
 * The one way in which anything changes.
 *
 * Events are staged and synced, the batch is committed (the moment of truth), the events are
 * published and synced. Whoever dies in between is finished by mp_transaction_recover() of the next
 * run. If the branch moved meanwhile, everything is built again on the new tip.
 *
 * With a remote, whose acceptance is the moment of truth, an answer can be lost and a push can land
 * late. So staged events are never thrown away because of what a push said: only by what the
 * tracker has, as of the last fetch, and before anything is decided on that (a comment of ours that
 * is there makes its mail a duplicate, and nobody would announce it any more).
 */
#pragma once

#include "instance/instance.h"

/*
 * Puts the changes into the batch, and an MpEvent for each that is to be announced into `events`.
 * Called again, with a new batch, after a conflict; so it must not keep what an earlier call found.
 */
typedef bool (*MpTransactionBuild)(MpInstance *instance, MpBatch *batch, GPtrArray *events,
                                   gpointer user_data, GError **error);

/*
 * The caller holds the lock. True: all is durable and announced. False: nothing changed, or what
 * did is announced by the next run, which finds the events staged and asks the tracker.
 *
 * MP_ERROR_REFUSED: the server of a shared tracker refused it twice, and took another commit in
 * between. Where it takes nothing at all, that is temporary.
 */
bool mp_transaction_run(MpInstance *instance, MpTransactionBuild build, gpointer user_data,
                        GError **error);

/* The same for who has several things to try: MP_ERROR_REFUSED after one refusal. Then `refusal` is
 * asked about: false, and a temporary error, if the server takes no other commit either. */
bool mp_transaction_try(MpInstance *instance, MpTransactionBuild build, gpointer user_data,
                        GError **error);
bool mp_transaction_is_alone(MpInstance *instance, const GError *refusal, GError **error);

/* Finishes what a dead run left, under the lock. What is found done is durable after that, so that
 * it may be acknowledged: a run that died may have moved a branch and not synced that. */
bool mp_transaction_recover(MpInstance *instance, GError **error);

/* Takes over what a shared tracker's server has by now, before anything is decided on it: what
 * another host purged is purged here, and what is staged is settled. */
bool mp_transaction_catch_up(MpInstance *instance, GError **error);

/* An event for what KEY became; the result is the caller's. */
MpEvent *mp_transaction_event(const MpInstance *instance, MpEventKind kind, const char *key,
                              guint64 thread, guint64 actor);

/* The account as the author of a commit, now. Strings stay the user's. */
MpActor mp_transaction_actor(const MpUser *user);
