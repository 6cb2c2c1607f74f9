/*
 * Identifying: the address of ours that it came to, its account, thread and repository, and the
 * KEY by which it is known again, in the tracker as it is now.
 */
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "inbound/answered.h"
#include "inbound/internal.h"
#include "inbound/openings.h"
#include "inbound/question.h"

static void
take_address(MpDelivery *delivery, const MpAddressee *addressee, const MpAddress *address)
{
    g_free(delivery->identity.recipient);
    g_free(delivery->identity.recipient_field);
    delivery->identity.recipient = mp_address_mask(addressee->address, MP_MASK_MACS);
    delivery->identity.recipient_field = g_strdup(addressee->field);
    delivery->identity.address = *address;
}

bool
mp_inbound_is_noreply(const MpConfig *config, const char *address)
{
    const char *at = strrchr(address, '@');

    return g_ascii_strcasecmp(address, config->noreply_address) == 0 ||
           (at != NULL && mp_config_is_noreply_domain(config, at + 1));
}

/* A Message-ID is published as it came, but for the digits of the address. */
static void
mask_message_id(MpDelivery *delivery)
{
    char *masked = delivery->message_id != NULL
                       ? mp_address_mask_known(delivery->message_id, delivery->identity.address.mac)
                       : NULL;

    g_free(delivery->message_id);
    delivery->message_id = masked;
}

/*
 * Whether the address was made for the account and for the thread that has its number now; where
 * that thread is gone, the account is enough to say so. A thread is read only for whom the
 * account's half proves, so that nobody else makes a mail wait for a thread that is damaged.
 */
static bool
verify_address(const MpInstance *instance, const MpAddress *address, MpUser **account,
               MpThread **thread, bool *is_verified, GError **error)
{
    *is_verified = false;
    *thread = NULL;
    if (!mp_accounts_user(instance->accounts, address->user, account, error))
        return false;
    if (*account == NULL || !mp_address_verify(instance->keys, address, NULL, (*account)->epoch))
        return true;
    if (address->thread != 0 &&
        !mp_tracker_thread(instance->tracker, address->thread, thread, error))
        return false;
    const char *nonce = *thread != NULL ? (*thread)->nonce : address->thread == 0 ? "" : NULL;
    *is_verified = mp_address_verify(instance->keys, address, nonce, (*account)->epoch);
    return true;
}

/* The first that verifies wins; without one, the first of our shape is what gets refused. */
static bool
find_address(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    const GPtrArray *recipients = delivery->message->recipients;

    for (guint i = 0; i < recipients->len; i++) {
        const MpAddressee *addressee = g_ptr_array_index(recipients, i);
        g_autoptr(MpUser) account = NULL;
        g_autoptr(MpThread) thread = NULL;
        MpAddress address;

        delivery->identity.is_noreply |=
            mp_inbound_is_noreply(instance->config, addressee->address);
        if (mp_address_parse(addressee->address, instance->config->hostname, &address) ==
            MP_ADDRESS_FOREIGN) {
            if (!mp_delivery_find_question(instance, delivery, addressee, error))
                return false;
            continue;
        }
        if (!verify_address(instance, &address, &account, &thread, &delivery->identity.is_verified,
                            error))
            return false;
        if (delivery->identity.is_verified || delivery->identity.recipient == NULL)
            take_address(delivery, addressee, &address);
        if (delivery->identity.is_verified) {
            mp_delivery_leave_question(delivery);
            delivery->identity.account = g_steal_pointer(&account);
            mask_message_id(delivery);
            delivery->identity.thread = g_steal_pointer(&thread);
            return true;
        }
    }
    return true;
}

/* A thread of another kind than was signed is not the one that was meant. */
static bool
find_repository(const MpInstance *instance, MpIdentity *identity, GError **error)
{
    if (identity->thread != NULL &&
        mp_thread_address_kind(identity->thread->kind) != identity->address.kind)
        g_clear_pointer(&identity->thread, mp_thread_free);
    if (identity->thread == NULL)
        return true;
    identity->repository =
        mp_tracker_repository(instance->tracker, identity->thread->repository, error);
    return identity->repository != NULL;
}

/* A guest speaks where it began, or where somebody else subscribed it; also once it has muted that.
 */
static bool
find_elsewhere(const MpInstance *instance, MpIdentity *identity, GError **error)
{
    g_autofree char *reason = NULL;

    if (!identity->account->is_guest || identity->thread == NULL)
        return true;
    if (!mp_tracker_subscription(instance->tracker, identity->thread->id, identity->account->id,
                                 &reason, error))
        return false;
    identity->is_elsewhere = reason == NULL && identity->thread->author != identity->account->id;
    return true;
}

/* The text that tells two mails apart: the Message-ID, or without one a hash of the whole mail. */
static char *
source_of(const MpDelivery *delivery, GError **error)
{
    if (delivery->message->message_id != NULL)
        return g_strdup(delivery->message->message_id);
    g_autofree char *hash = mp_delivery_hash(delivery, error);
    return hash != NULL ? g_strconcat("raw:", hash, NULL) : NULL;
}

static bool
find_duplicate(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    MpIdentity *identity = &delivery->identity;
    g_autofree char *words = mp_message_word_hash(delivery->message);
    g_autofree char *source = source_of(delivery, error);

    if (source == NULL)
        return false;
    if (identity->is_opening) {
        identity->key = mp_opening_key(delivery, source, words);
        return mp_delivery_find_opened(instance, delivery, error) &&
               mp_delivery_find_confirmation(instance, delivery, error);
    }
    identity->key = mp_tracker_key(identity->account->id, identity->address.thread, source, words);
    return mp_instance_find_key(instance, identity->address.thread, identity->key,
                                &identity->is_duplicate, &identity->comment, NULL, error) &&
           mp_delivery_find_confirmation(instance, delivery, error);
}

/* Where there is no signed address: one that proves nothing. */
static bool
find_public_address(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    return mp_delivery_find_opening(instance, delivery, error) &&
           mp_delivery_find_answered(instance, delivery, error);
}

/* False only for errors of the instance or of the moment. */
static bool
find_identity(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    MpIdentity *identity = &delivery->identity;

    identity->verdicts = mp_verdicts_of(delivery->message, instance->config);
    if (!find_address(instance, delivery, error) ||
        (identity->recipient == NULL && !find_public_address(instance, delivery, error)))
        return false;
    if (identity->confirms != NULL)
        return mp_delivery_find_asked(instance, delivery, error);
    if (!identity->is_verified && !identity->is_opening && !identity->is_answer)
        return true;
    if (!find_repository(instance, identity, error) ||
        !mp_delivery_find_writer(instance, delivery, error) ||
        (identity->account != NULL && !find_elsewhere(instance, identity, error)) ||
        !find_duplicate(instance, delivery, error) ||
        !mp_delivery_find_haste(instance, delivery, error))
        return false;
    const MpUser *account = identity->account;
    mp_instance_is_over_rate(instance, account != NULL ? account->id : 0,
                             account != NULL && account->is_guest, identity->address.thread,
                             mp_delivery_received(delivery), &identity->over_rate);
    return true;
}

void
mp_inbound_identify(MpInbound *inbound, MpDelivery *delivery)
{
    g_autoptr(GError) why = NULL;

    if (delivery->fault == MP_FAULT_PASSING) /* which was deferred when it was parsed */
        return;
    mp_delivery_forget(delivery);
    if (delivery->message == NULL && delivery->fault == MP_FAULT_NONE) {
        why = g_error_new(MP_ERROR, MP_ERROR_TEMPORARY, "it was not read");
        mp_inbound_defer(inbound, delivery, why);
    }
    if (delivery->message == NULL)
        return;
    if (!find_identity(inbound->instance, delivery, &why)) {
        mp_inbound_defer(inbound, delivery, why);
        return;
    }
    if (delivery->identity.is_verified) {
        g_autofree char *path = mp_escape(delivery->mail->path);
        mp_debug("Matched %s", path);
    }
}
