/* The commands of a reply, done; see apply_commands.h. */
#include "inbound/apply_commands.h"

#include "base/error.h"
#include "instance/change.h"
#include "policy/commands.h"

typedef struct {
    const MpInstance *instance;
    MpBatch *batch;
    GPtrArray *events;
    const MpDelivery *delivery;
    const MpActor *actor;
    bool has_key; /* the mail's own KEY is with the thread */
} Applying;

/* What a command makes of the thread; false where it is about something else. */
static bool
change_of(MpMailAct act, MpThreadChange *change)
{
    switch (act) {
    case MP_MAIL_CLOSE:
        *change = MP_THREAD_CLOSED;
        return true;
    case MP_MAIL_REOPEN:
        *change = MP_THREAD_REOPENED;
        return true;
    case MP_MAIL_LOCK:
        *change = MP_THREAD_LOCKED;
        return true;
    case MP_MAIL_UNLOCK:
        *change = MP_THREAD_UNLOCKED;
        return true;
    case MP_MAIL_TITLE:
        *change = MP_THREAD_RENAMED;
        return true;
    case MP_MAIL_LABEL:
        *change = MP_THREAD_LABELED;
        return true;
    case MP_MAIL_UNLABEL:
        *change = MP_THREAD_UNLABELED;
        return true;
    case MP_MAIL_ASSIGN:
        *change = MP_THREAD_ASSIGNED;
        return true;
    case MP_MAIL_UNASSIGN:
        *change = MP_THREAD_UNASSIGNED;
        return true;
    case MP_MAIL_MUTE:
    case MP_MAIL_SUBSCRIBE:
    case MP_MAIL_HELP:
        break;
    }
    return false;
}

/* Commands alone leave the mail's KEY: the first change has it. */
static char *
key_of(const Applying *a, guint i)
{
    const MpIdentity *identity = &a->delivery->identity;
    g_autofree char *words = g_strdup_printf("command %u", i);

    return a->has_key
               ? mp_tracker_key(identity->account->id, identity->thread->id, identity->key, words)
               : g_strdup(identity->key);
}

static GPtrArray *
copy_labels(const GPtrArray *labels)
{
    GPtrArray *copy = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < labels->len; i++)
        g_ptr_array_add(copy, g_strdup(labels->pdata[i]));
    return copy;
}

static GPtrArray *
copy_assignees(const GPtrArray *assignees)
{
    GPtrArray *copy = mp_assignees_new();

    for (guint i = 0; i < assignees->len; i++) {
        const MpAssignee *assignee = assignees->pdata[i];
        mp_assignees_add(copy, assignee->id, assignee->login);
    }
    return copy;
}

static bool
change(Applying *a, const MpGivenCommand *given, MpThreadChange change, guint i, GError **error)
{
    g_autoptr(MpThreadEvent) event = g_new0(MpThreadEvent, 1);
    bool has_changed;

    event->change = change;
    event->via = g_strdup("mail");
    event->key = key_of(a, i);
    event->title = change == MP_THREAD_RENAMED ? g_strdup(given->argument) : NULL;
    event->labels = given->labels != NULL ? copy_labels(given->labels) : NULL;
    event->assignees = given->assignees != NULL ? copy_assignees(given->assignees) : NULL;
    if (!mp_change_thread(a->instance, a->batch, a->events, a->delivery->identity.thread->id, event,
                          a->actor, &has_changed, error))
        return false;
    a->has_key |= has_changed;
    return true;
}

static bool
subscribe(const Applying *a, MpMailAct act, GError **error)
{
    const MpIdentity *identity = &a->delivery->identity;
    bool is_author = identity->thread->author == identity->account->id;
    const char *reason = act == MP_MAIL_MUTE ? MP_MUTED : is_author ? "author" : "manual";
    g_autofree char *what =
        g_strdup_printf("%s#%" G_GUINT64_FORMAT ": %s by mail", identity->thread->repository,
                        identity->thread->id, act == MP_MAIL_MUTE ? MP_MUTED : "followed");

    return mp_batch_subscribe(a->batch, identity->thread->id, identity->account->id, reason, what,
                              a->actor, error);
}

/* Whatever they changed, the mail is known again. */
static bool
leave_key(Applying *a, GError **error)
{
    const MpIdentity *identity = &a->delivery->identity;
    g_autofree char *what = g_strdup_printf("%s#%" G_GUINT64_FORMAT ": commands by mail",
                                            identity->thread->repository, identity->thread->id);
    g_autoptr(MpThread) thread = NULL;

    if (a->has_key)
        return true;
    if (!mp_batch_thread(a->batch, identity->thread->id, &thread, error))
        return false;
    if (thread == NULL)
        return mp_fail(error, MP_ERROR_TEMPORARY, "thread %" G_GUINT64_FORMAT " is gone",
                       identity->thread->id);
    return mp_batch_set_thread(a->batch, thread, identity->key, what, a->actor, error);
}

bool
mp_delivery_apply_commands(const MpInstance *instance, MpBatch *batch, GPtrArray *events,
                           const MpDelivery *delivery, const MpActor *actor, GError **error)
{
    const GPtrArray *commands = delivery->composed.commands;
    bool is_alone = delivery->decision.gate->action == MP_DO_COMMANDS;
    Applying applying = {instance, batch, events, delivery, actor, !is_alone};

    for (guint i = 0; i < commands->len; i++) {
        const MpGivenCommand *given = g_ptr_array_index(commands, i);
        MpThreadChange what;

        if (given->fate != MP_FATE_DONE || given->command->act == MP_MAIL_HELP)
            continue;
        if (!(change_of(given->command->act, &what)
                  ? change(&applying, given, what, i, error)
                  : subscribe(&applying, given->command->act, error)))
            return false;
    }
    return leave_key(&applying, error);
}
