/* First mails; see openings.h. */
#include "inbound/openings.h"

#include <string.h>
#include <time.h>

#include "address/mailbox.h"
#include "address/opening.h"
#include "base/domain.h"
#include "base/escape.h"
#include "inbound/held.h"
#include "policy/proof.h"
#include "tracker/confirmed.h"
#include "tracker/guests.h"
#include "tracker/redact.h"
#include "tracker/repositories.h"

#define LOOKED_UP_MAX 50  /* addresses of a mail: each costs a look into the tracker */
#define TITLE_MAX     256 /* characters */

/* --- To which repository -----------------------------------------------------------------------
 */

typedef struct {
    const MpAddressee *addressee; /* the best so far */
    MpRepository *repository;     /* which has it; NULL for none */
    const char *delivered;        /* such an address, to which a server says it was delivered */
} Found;

static bool
is_written_by_author(const MpAddressee *addressee)
{
    return strcmp(addressee->field, "To") == 0 || strcmp(addressee->field, "Cc") == 0;
}

static bool
is_trace(const MpAddressee *addressee)
{
    return !is_written_by_author(addressee) && !g_str_has_prefix(addressee->field, "Resent-");
}

/* One that takes first mails is better than one that does not, one that the author wrote better
 * than one that only the delivery tells; then the first. */
static guint
rank(const MpAddressee *addressee, const MpRepository *repository)
{
    return (repository->open != MP_OPEN_OFF ? 2U : 0U) +
           (is_written_by_author(addressee) ? 1U : 0U);
}

static void
take(Found *found, const MpAddressee *addressee, MpRepository *repository)
{
    if (found->delivered == NULL && is_trace(addressee))
        found->delivered = addressee->address;
    if (found->repository != NULL &&
        rank(addressee, repository) <= rank(found->addressee, found->repository)) {
        mp_repository_free(repository);
        return;
    }
    mp_repository_free(found->repository);
    found->repository = repository;
    found->addressee = addressee;
}

static bool
find(const MpInstance *instance, const GPtrArray *recipients, Found *found, GError **error)
{
    guint n = 0;

    for (guint i = 0; i < recipients->len && n < LOOKED_UP_MAX; i++) {
        const MpAddressee *addressee = g_ptr_array_index(recipients, i);
        g_autofree char *local = mp_opening_parse(addressee->address, instance->config->hostname);
        MpRepository *repository;

        if (local == NULL)
            continue;
        n++;
        if (!mp_tracker_repository_at(instance->tracker, local, &repository, error))
            return false;
        if (repository != NULL)
            take(found, addressee, repository);
    }
    return true;
}

/* --- From whom ---------------------------------------------------------------------------------
 */

bool
mp_delivery_find_author(const MpInstance *instance, MpDelivery *delivery, const char *delivered,
                        GError **error)
{
    MpIdentity *identity = &delivery->identity;
    const GPtrArray *from = delivery->message->from;
    g_autofree char *mailbox = NULL;

    gint64 received = mp_delivery_received(delivery);

    identity->is_overdue = (gint64)time(NULL) - received > (gint64)MP_HELD_DAYS * 86400;
    mp_is_proved(delivery->message, &identity->verdicts, delivered, received, &identity->unproved);
    identity->is_unfit =
        from->len == 1 &&
        mp_mailbox_fault(instance->config, g_ptr_array_index(from, 0), &mailbox) != NULL;
    return from->len != 1 ||
           mp_accounts_user_by_address(instance->accounts, g_ptr_array_index(from, 0),
                                       &identity->account, error);
}

bool
mp_delivery_find_opening(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    MpIdentity *identity = &delivery->identity;
    Found found = {0};

    if (!find(instance, delivery->message->recipients, &found, error)) {
        mp_repository_free(found.repository);
        return false;
    }
    if (found.repository == NULL)
        return true;
    identity->is_opening = true;
    identity->repository = found.repository;
    identity->recipient = g_strdup(found.addressee->address);
    identity->recipient_field = g_strdup(found.addressee->field);
    return mp_delivery_find_author(
        instance, delivery, found.delivered != NULL ? found.delivered : found.addressee->address,
        error);
}

/* --- Once --------------------------------------------------------------------------------------
 */

char *
mp_opening_key(const MpDelivery *delivery, const char *source, const char *words)
{
    const MpIdentity *identity = &delivery->identity;
    const GPtrArray *from = delivery->message->from;
    g_autofree char *sender =
        from->len > 0 ? mp_address_fold(g_ptr_array_index(from, 0), false) : g_strdup("");
    g_autofree char *whole =
        g_strconcat("opening:", identity->repository->name, "\n", sender, "\n", source, NULL);

    return mp_tracker_key(0, 0, whole, words);
}

/* What the tracker knows the thread by, beside its number. */
static char *
known_as(const MpIdentity *identity)
{
    return g_strconcat(MP_OPENED_BY_MAIL, identity->key, NULL);
}

bool
mp_delivery_find_opened(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    MpIdentity *identity = &delivery->identity;
    g_autofree char *name = known_as(identity);
    g_auto(MpRedacted) redaction = {0};

    if (!mp_tracker_find_import(instance->tracker, name, &identity->opened, error))
        return false;
    identity->is_duplicate = identity->opened > 0;
    if (identity->is_duplicate)
        return true;
    if (!mp_accounts_redacted(instance->accounts, identity->key, &identity->is_duplicate,
                              &redaction, error))
        return false;
    identity->opened = redaction.thread;
    return true;
}

/* Whoever let it in before its author had confirmed it: it is of a guest of its own. */
static bool
find_accepted(const MpInstance *instance, MpIdentity *identity, guint64 user, GError **error)
{
    g_autoptr(MpUser) guest = NULL;

    if (!mp_accounts_user(instance->accounts, user, &guest, error))
        return false;
    if (guest == NULL || !mp_user_is_unconfirmed(guest))
        return true;
    mp_user_free(identity->account);
    identity->account = g_steal_pointer(&guest);
    identity->is_confirmed = true;
    return true;
}

bool
mp_delivery_find_confirmation(const MpInstance *instance, MpDelivery *delivery, GError **error)
{
    MpIdentity *identity = &delivery->identity;
    guint64 user;

    if (identity->unproved == NULL && !mp_policy_is_to_be_confirmed(identity))
        return true;
    if (!mp_accounts_confirmed(instance->accounts, identity->key, &user, error))
        return false;
    identity->is_confirmed = identity->account != NULL && user == identity->account->id;
    if (!identity->is_confirmed && mp_policy_is_to_be_confirmed(identity) &&
        !find_accepted(instance, identity, user, error))
        return false;
    if (identity->is_confirmed)
        g_clear_pointer(&identity->unproved, g_free);
    return true;
}

/* --- The thread --------------------------------------------------------------------------------
 */

/* The subject; without one, the first line of the text. */
static char *
title_of(const MpInstance *instance, const MpDelivery *delivery, const char *body)
{
    g_autofree char *subject =
        delivery->message->subject != NULL
            ? mp_masked(instance->config, delivery->message->subject, MP_MASK_TEXT)
            : NULL;
    g_autofree char *title = subject != NULL ? mp_visible_line(subject, TITLE_MAX) : NULL;
    g_auto(GStrv) lines = title == NULL ? g_strsplit(body, "\n", -1) : NULL;

    for (char **line = lines; title == NULL && line != NULL && *line != NULL; line++)
        title = mp_visible_line(*line, TITLE_MAX);
    return title != NULL ? g_steal_pointer(&title) : g_strdup("…");
}

bool
mp_delivery_open_thread(const MpInstance *instance, MpBatch *batch, GPtrArray *events,
                        MpDelivery *delivery, const MpNewComment *post, const MpActor *actor,
                        GError **error)
{
    MpIdentity *identity = &delivery->identity;
    g_autofree char *title = title_of(instance, delivery, post->body);
    g_autofree char *name = known_as(identity);
    const MpThread thread = {
        .kind = MP_ISSUE,
        .repository = identity->repository->name,
        .title = title,
        .is_open = true,
        .author = actor->user,
        .author_login = (char *)actor->login,
        .author_name = (char *)mp_guest_name_of(actor),
        .created = actor->date,
    };
    MpNewComment opening = *post;

    opening.known_as = name;
    if (!mp_batch_open_thread(batch, &thread, &opening, actor, &identity->opened, error))
        return false;
    g_ptr_array_add(events, mp_transaction_event(instance, MP_EVENT_OPENED, identity->key,
                                                 identity->opened, actor->user));
    return true;
}
