/* The commands of a reply, done; see apply_commands.h. */
#include "inbound/apply_commands.h"

#include <string.h>

#include "base/error.h"
#include "policy/commands.h"
#include "instance/transaction.h"

static void
set_title(MpThread *thread, const char *title)
{
    g_free(thread->title);
    thread->title = g_strdup(title);
}

/* Changes the thread as the commands say; returns the account's new subscription, or NULL. */
static const char *
apply(const MpDelivery *delivery, MpThread *thread)
{
    const char *subscription = NULL;

    for (guint i = 0; i < delivery->composed.commands->len; i++) {
        const MpGivenCommand *given = g_ptr_array_index(delivery->composed.commands, i);

        if (given->fate != MP_FATE_DONE)
            continue;
        switch (given->command->act) {
        case MP_MAIL_CLOSE:
        case MP_MAIL_REOPEN:
            thread->is_open = given->command->act == MP_MAIL_REOPEN;
            break;
        case MP_MAIL_LOCK:
        case MP_MAIL_UNLOCK:
            thread->is_locked = given->command->act == MP_MAIL_LOCK;
            break;
        case MP_MAIL_TITLE:
            set_title(thread, given->argument);
            break;
        case MP_MAIL_MUTE:
            subscription = MP_MUTED;
            break;
        case MP_MAIL_SUBSCRIBE:
            subscription = thread->author == delivery->identity.account->id ? "author" : "manual";
            break;
        case MP_MAIL_HELP: /* is in the response */
            break;
        }
    }
    return subscription;
}

static MpThread *
thread_of(MpBatch *batch, guint64 id, GError **error)
{
    MpThread *thread;

    if (mp_batch_thread(batch, id, &thread, error) && thread == NULL)
        mp_fail(error, MP_ERROR_TEMPORARY, "thread %" G_GUINT64_FORMAT " is gone", id);
    return thread;
}

static char *
key_of(const MpDelivery *delivery, bool is_alone, const char *words)
{
    return is_alone ? g_strdup(delivery->identity.key)
                    : mp_tracker_key(delivery->identity.account->id, delivery->identity.thread->id,
                                     delivery->identity.key, words);
}

bool
mp_delivery_apply_commands(const MpInstance *instance, MpBatch *batch, GPtrArray *events,
                           const MpDelivery *delivery, const MpActor *actor, GError **error)
{
    bool is_alone = delivery->decision.gate->action == MP_DO_COMMANDS;
    g_autofree char *words = mp_mail_commands_text(delivery->composed.commands);
    g_autofree char *key = key_of(delivery, is_alone, words);
    g_autoptr(MpThread) thread = thread_of(batch, delivery->identity.thread->id, error);

    if (thread == NULL)
        return false;
    g_autofree char *what = g_strdup_printf("%s#%" G_GUINT64_FORMAT ": %s by mail",
                                            thread->repository, thread->id, words);
    bool was_open = thread->is_open, was_locked = thread->is_locked;
    g_autofree char *title = g_strdup(thread->title);
    const char *subscription = apply(delivery, thread);
    bool has_changed = thread->is_open != was_open;

    if ((is_alone || has_changed || thread->is_locked != was_locked ||
         strcmp(thread->title, title) != 0) &&
        !mp_batch_set_thread(batch, thread, key, what, actor, error))
        return false;
    if (has_changed)
        g_ptr_array_add(events, mp_transaction_event(
                                    instance, thread->is_open ? MP_EVENT_REOPENED : MP_EVENT_CLOSED,
                                    key, thread->id, delivery->identity.account->id));
    return subscription == NULL ||
           mp_batch_subscribe(batch, thread->id, delivery->identity.account->id, subscription, what,
                              actor, error);
}
