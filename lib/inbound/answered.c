/* Answers without a signed address; see answered.h. */
#include "inbound/answered.h"

#include <string.h>

#include "base/error.h"
#include "inbound/internal.h"
#include "inbound/openings.h"
#include "policy/proof.h"

/* Ids that are looked up: the mail that is answered stands first, and the nearest before it last.
 */
#define FIRST_MAX 4
#define LAST_MAX  16

/* --- The thread ---------------------------------------------------------------------------------
 */

static bool
find_by_id(const MpInstance *instance, const char *id, MpThread **thread, GError **error)
{
    guint64 number;

    if (!mp_tracker_find_message_id(instance->tracker, id, &number, error))
        return false;
    if (number == 0 && instance->config->answers_to_notifications &&
        !mp_tracker_find_own_id(instance->tracker, id, &number, error))
        return false;
    return mp_tracker_thread(instance->tracker, number, thread, error);
}

/* The thread of the i-th id, or NULL; one of another repository than the address's is none. */
static bool
find_nth(const MpInstance *instance, const MpDelivery *delivery, guint i, MpThread **thread,
         GError **error)
{
    const MpRepository *repository = delivery->identity.repository;

    if (!find_by_id(instance, g_ptr_array_index(delivery->message->in_reply_to, i), thread, error))
        return false;
    if (*thread != NULL && repository != NULL &&
        strcmp((*thread)->repository, repository->name) != 0)
        g_clear_pointer(thread, mp_thread_free);
    return true;
}

static bool
find_thread(const MpInstance *instance, const MpDelivery *delivery, MpThread **thread,
            GError **error)
{
    guint n = delivery->message->in_reply_to->len;
    guint first = MIN(n, FIRST_MAX), last = MIN(n - first, LAST_MAX);

    *thread = NULL;
    for (guint i = 0; *thread == NULL && i < first; i++)
        if (!find_nth(instance, delivery, i, thread, error))
            return false;
    for (guint i = 1; *thread == NULL && i <= last; i++)
        if (!find_nth(instance, delivery, n - i, thread, error))
            return false;
    return true;
}

/* --- The author ---------------------------------------------------------------------------------
 */

/* Who opens threads there, or was told of this one; a guest only the latter. */
static bool
may_answer(const MpInstance *instance, const MpUser *account, const MpThread *thread,
           const MpRepository *repository, bool *may, GError **error)
{
    g_autofree char *reason = NULL;

    *may = false;
    if (account == NULL || !account->is_active || repository->open == MP_OPEN_OFF)
        return true;
    if (!mp_tracker_subscription(instance->tracker, thread->id, account->id, &reason, error))
        return false;
    *may = reason != NULL || (!account->is_guest && (repository->open != MP_OPEN_MEMBERS ||
                                                     mp_has_id(repository->members, account->id)));
    return true;
}

/* The no-reply address among the recipients. */
static const MpAddressee *
find_noreply(const MpInstance *instance, const MpMessage *message)
{
    for (guint i = 0; i < message->recipients->len; i++) {
        const MpAddressee *addressee = g_ptr_array_index(message->recipients, i);

        if (mp_inbound_is_noreply(instance->config, addressee->address))
            return addressee;
    }
    return NULL;
}

/* The repository's address was found before; what is known of a mail to the no-reply address only
 * is known here. */
static bool
find_author(const MpInstance *instance, MpDelivery *delivery, const MpAddressee **noreply,
            GError **error)
{
    *noreply = delivery->identity.is_opening ? NULL : find_noreply(instance, delivery->message);
    return *noreply == NULL ||
           mp_delivery_find_author(instance, delivery, (*noreply)->address, error);
}

static void
take_recipient(MpIdentity *identity, const MpAddressee *noreply)
{
    if (noreply == NULL)
        return;
    identity->recipient = g_strdup(noreply->address);
    identity->recipient_field = g_strdup(noreply->field);
}

static void
take(MpIdentity *identity, MpThread *thread, MpRepository *repository, const MpAddressee *noreply)
{
    mp_repository_free(identity->repository);
    identity->thread = thread;
    identity->repository = repository;
    identity->is_opening = false;
    identity->is_answer = true;
    identity->address = (MpAddress){.purpose = MP_PURPOSE_REPLY,
                                    .kind = mp_thread_address_kind(thread->kind),
                                    .thread = thread->id,
                                    .user = identity->account->id};
    take_recipient(identity, noreply);
}

/* A mail to the no-reply address that is not taken is whoever's it was before. */
static void
leave(MpIdentity *identity, const MpAddressee *noreply)
{
    if (noreply == NULL)
        return;
    g_clear_pointer(&identity->account, mp_user_free);
    g_clear_pointer(&identity->unproved, g_free);
}

bool
mp_delivery_find_answered(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    MpIdentity *identity = &delivery->identity;
    g_autoptr(MpThread) thread = NULL;
    g_autoptr(MpRepository) repository = NULL;
    const MpAddressee *noreply;
    bool may;

    if ((!identity->is_opening && !identity->is_noreply) ||
        instance->config->authserv_id[0] == '\0')
        return true;
    if (!find_thread(instance, delivery, &thread, error))
        return false;
    if (thread == NULL)
        return true;
    repository = mp_tracker_repository(instance->tracker, thread->repository, error);
    if (repository == NULL || !find_author(instance, delivery, &noreply, error) ||
        !may_answer(instance, identity->account, thread, repository, &may, error))
        return false;
    if (may && (noreply == NULL || identity->unproved == NULL))
        take(identity, g_steal_pointer(&thread), g_steal_pointer(&repository), noreply);
    else
        leave(identity, noreply);
    return true;
}

/* --- Another's signed address -------------------------------------------------------------------
 */

/* The address that verified, as it stands in the mail. */
static const char *
find_signed(const MpInstance *instance, const MpDelivery *delivery)
{
    const MpAddress *wanted = &delivery->identity.address;

    for (guint i = 0; i < delivery->message->recipients->len; i++) {
        const MpAddressee *addressee = delivery->message->recipients->pdata[i];
        MpAddress address;

        if (mp_address_parse(addressee->address, instance->config->hostname, &address) ==
                MP_ADDRESS_OURS &&
            address.purpose == wanted->purpose && address.thread == wanted->thread &&
            address.user == wanted->user &&
            memcmp(address.mac, wanted->mac, sizeof address.mac) == 0)
            return addressee->address;
    }
    return NULL;
}

static bool
is_written_by_another(const MpInstance *instance, const MpDelivery *delivery)
{
    const MpConfig *config = instance->config;
    const MpIdentity *identity = &delivery->identity;
    const GPtrArray *from = delivery->message->from;

    return identity->is_verified && identity->address.purpose == MP_PURPOSE_REPLY &&
           identity->thread != NULL && identity->account->is_active &&
           config->identity == MP_IDENTITY_STRICT && config->authserv_id[0] != '\0' &&
           from->len == 1 &&
           !mp_user_has_address(identity->account, from->pdata[0],
                                config->address_case == MP_ADDRESS_CASE_SENSITIVE);
}

bool
mp_delivery_find_writer(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    MpIdentity *identity = &delivery->identity;
    g_autofree char *unproved = NULL;
    g_autoptr(MpUser) writer = NULL;
    bool may;

    if (!is_written_by_another(instance, delivery) ||
        !mp_is_proved(delivery->message, &identity->verdicts, find_signed(instance, delivery),
                      mp_delivery_received(delivery), &unproved))
        return true;
    if (!mp_accounts_user_by_address(instance->accounts, delivery->message->from->pdata[0], &writer,
                                     error) ||
        !may_answer(instance, writer, identity->thread, identity->repository, &may, error))
        return false;
    if (!may)
        return true;
    mp_user_free(identity->account);
    identity->account = g_steal_pointer(&writer);
    identity->is_answer = true;
    return true;
}

/* Came to a public address, and to no thread yet. */
static bool
may_find_more(const MpDelivery *delivery)
{
    const MpIdentity *identity = &delivery->identity;

    return !delivery->is_deferred && delivery->message != NULL &&
           (identity->is_opening || identity->answers_held ||
            (identity->is_noreply && identity->recipient == NULL));
}

/* --- The mail that is held ----------------------------------------------------------------------
 */

bool
mp_delivery_may_wait(const MpInstance *instance, MpDelivery *delivery, bool *may, GError **error)
{
    MpIdentity *identity = &delivery->identity;
    const MpAddressee *noreply;

    *may = false;
    if (!may_find_more(delivery) || delivery->message->in_reply_to->len == 0 ||
        instance->config->authserv_id[0] == '\0')
        return true;
    if (!find_author(instance, delivery, &noreply, error))
        return false;
    *may = identity->account != NULL && !identity->is_overdue &&
           (noreply == NULL || (identity->account->is_active && identity->unproved == NULL));
    if (!*may)
        leave(identity, noreply);
    return true;
}

void
mp_delivery_wait(const MpInstance *instance, MpDelivery *delivery, bool answers_held)
{
    MpIdentity *identity = &delivery->identity;
    const MpAddressee *noreply =
        identity->is_opening ? NULL : find_noreply(instance, delivery->message);

    identity->answers_held = answers_held;
    if (answers_held)
        take_recipient(identity, noreply);
    else
        leave(identity, noreply);
}

/* --- The batch ----------------------------------------------------------------------------------
 */

static bool
names_any(const MpDelivery *delivery, GHashTable *message_ids)
{
    const GPtrArray *named = delivery->message->in_reply_to;

    for (guint i = 0; i < named->len; i++)
        if (g_hash_table_contains(message_ids, g_ptr_array_index(named, i)))
            return true;
    return false;
}

static void
note_id(GHashTable *message_ids, const MpDelivery *delivery)
{
    if (delivery->message != NULL && delivery->message->message_id != NULL)
        g_hash_table_add(message_ids, g_strdup(delivery->message->message_id));
}

GPtrArray *
mp_inbound_put_off_answers(const MpInbound *inbound, GPtrArray *deliveries)
{
    GPtrArray *later = g_ptr_array_new_with_free_func((GDestroyNotify)mp_delivery_free);
    g_autoptr(GHashTable) message_ids =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < deliveries->len;) {
        MpDelivery *delivery = g_ptr_array_index(deliveries, i);

        if (may_find_more(delivery) &&
            (names_any(delivery, message_ids) || names_any(delivery, inbound->deferred_ids)))
            g_ptr_array_add(later, g_ptr_array_steal_index(deliveries, i));
        else
            i++;
        note_id(message_ids, delivery);
    }
    return later;
}

/* What is put off stands behind what it answers, so that a chain of answers waits as a whole. */
void
mp_inbound_wait_with_deferred(MpInbound *inbound, const GPtrArray *done, GPtrArray *later)
{
    g_autoptr(GError) why =
        g_error_new(MP_ERROR, MP_ERROR_TEMPORARY, "the mail that it answers waits");

    for (guint i = 0; i < done->len; i++) {
        const MpDelivery *delivery = g_ptr_array_index(done, i);

        if (delivery->is_deferred)
            note_id(inbound->deferred_ids, delivery);
    }
    for (guint i = 0; i < later->len;) {
        MpDelivery *delivery = g_ptr_array_index(later, i);

        if (!names_any(delivery, inbound->deferred_ids)) {
            i++;
            continue;
        }
        note_id(inbound->deferred_ids, delivery);
        mp_inbound_defer(inbound, delivery, why);
        mp_inbound_count_outcome(inbound, delivery);
        g_ptr_array_remove_index(later, i);
    }
}
