/* First mails: to which repository, from whom, with what proof; and the thread that one becomes.
 * Nobody else includes it. */
#pragma once

#include "inbound/delivery.h"
#include "instance/transaction.h"

/*
 * Where the mail has no signed address: looks for one that opens a thread, and fills in the
 * delivery's identity. Of several the first in To, then in Cc, that takes first mails is the one:
 * delivered to each of them, it opens one thread. False for errors only.
 */
bool mp_delivery_find_opening(const MpInstance *instance, MpDelivery *delivery, GError **error);

/* The account of From, and what lacks of the proof that it wrote the mail, which was delivered to
 * this address. */
bool mp_delivery_find_author(const MpInstance *instance, MpDelivery *delivery,
                             const char *delivered, GError **error);

/* The KEY of a first mail: of its repository, folded From, `source` (its Message-ID) and words; not
 * of the account, which the address may become, or change, while it is held and after. The
 * caller's. */
char *mp_opening_key(const MpDelivery *delivery, const char *source, const char *words);

/* Finds the thread that the KEY opened, also where its opening post is redacted. */
bool mp_delivery_find_opened(const MpInstance *instance, MpDelivery *delivery, GError **error);

/* Finds whether the mail was confirmed to be its account's, and whether it has waited long enough.
 */
bool
mp_delivery_find_confirmation(const MpInstance *instance, MpDelivery *delivery, GError **error);

/* Opens the thread, with `post` as its opening post. */
bool mp_delivery_open_thread(const MpInstance *instance, MpBatch *batch, GPtrArray *events,
                             MpDelivery *delivery, const MpNewComment *post, const MpActor *actor,
                             GError **error);
