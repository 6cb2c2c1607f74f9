/* Mails that belong to a thread by what they answer. Nobody else includes it. */
#pragma once

#include "inbound/delivery.h"

/*
 * Where the mail has no signed address, but one of a repository that opens threads by mail, or the
 * no-reply address: looks whether In-Reply-To or References names a mail that went to a thread (if
 * the configuration wants it, also a message of ours), and whether the account of From may write
 * there. Then the mail is a comment of that thread, as with a signed address. At a repository's
 * address the thread must be of that repository. False for errors only.
 */
bool mp_delivery_find_answered(const MpInstance *instance, MpDelivery *delivery, GError **error);

/*
 * Where the mail came to the signed address of one account, and another account proved to have
 * written it, who answers all that stand in a copy: it is that one's comment, if they open threads
 * in that repository or are told of this one. The repository was found before. False for errors
 * only.
 */
bool mp_delivery_find_writer(const MpInstance *instance, MpDelivery *delivery, GError **error);

/*
 * Where the mail went to no thread: whether it may wait for a held mail that it answers. At a
 * repository's address an account's may; at the no-reply address only what an active account proved
 * to have written, since that address holds nothing else. Then mp_delivery_wait() is to say whether
 * it does. False for errors only.
 */
bool
mp_delivery_may_wait(const MpInstance *instance, MpDelivery *delivery, bool *may, GError **error);
void mp_delivery_wait(const MpInstance *instance, MpDelivery *delivery, bool answers_held);
