/* notifier queue retry, hold, release, drop: an administrator's moves, under the outbox's lock. */
#include "commands.h"
#include "instance/instance.h"
#include "outbox/outbox.h"
#include "outbox/server_state.h"

#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/time.h"

static bool
retry(const MpInstance *instance, const MpQueued *queued, GError **error)
{
    GError *why = NULL;
    g_autoptr(MpEventFile) file =
        mp_event_file_open(instance->outbox, queued, MP_EVENT_WRITE, &why);

    if (file == NULL && why == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "event %s is gone", queued->key);
    if (why != NULL)
        g_propagate_error(error, why);
    return file != NULL && mp_event_file_retry(file, mp_time_now(), error) &&
           mp_outbox_release(instance->outbox, queued, error);
}

static bool
hold(const MpInstance *instance, const MpQueued *queued, GError **error)
{
    return mp_outbox_hold(instance->outbox, queued, error);
}

static bool
release(const MpInstance *instance, const MpQueued *queued, GError **error)
{
    return mp_outbox_release(instance->outbox, queued, error);
}

static bool
drop(const MpInstance *instance, const MpQueued *queued, GError **error)
{
    return mp_outbox_drop(instance->outbox, queued, error);
}

#define BIT(queue) (1u << (queue))
#define ANY        (BIT(MP_N_QUEUES) - 1)

typedef struct {
    const char *word;
    bool (*run)(const MpInstance *instance, const MpQueued *queued, GError **error);
    guint from; /* the queues whose events it takes; with --all these and no others */
    guint all;
    const char *details;
} Change;

static const Change changes[] = {
    {"retry", retry, ANY & ~BIT(MP_QUEUE_HOLD), BIT(MP_QUEUE_RETRY) | BIT(MP_QUEUE_FAILED),
     "Makes everybody of these events who is deferred or has failed due at once."},
    {"hold", hold, ANY, BIT(MP_QUEUE_NEW) | BIT(MP_QUEUE_RETRY),
     "Sets these events aside: nothing of them is sent until they are released."},
    {"release", release, BIT(MP_QUEUE_HOLD), BIT(MP_QUEUE_HOLD),
     "Puts held events back into the queue."},
    {"drop", drop, ANY, 0, "Deletes these events: whoever has not got the message never will."},
};

static const Change *
find_change(const char *word)
{
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++)
        if (strcmp(changes[i].word, word) == 0)
            return &changes[i];
    g_assert_not_reached();
}

static bool
change_one(const MpInstance *instance, const Change *change, const MpQueued *queued, GError **error)
{
    if ((change->from & BIT(queued->queue)) == 0)
        return mp_fail(error, MP_ERROR_INPUT, "event %s is in %s: cannot %s it", queued->key,
                       mp_queue_name(queued->queue), change->word);
    if (!change->run(instance, queued, error))
        return false;
    mp_info("Queue: %s %s (%s)", change->word, queued->key, mp_queue_name(queued->queue));
    return true;
}

static bool
change_named(const MpInstance *instance, const Change *change, const char *key, GError **error)
{
    g_autoptr(MpQueued) queued = mp_outbox_find(instance->outbox, key, error);

    return queued != NULL && change_one(instance, change, queued, error);
}

static bool
change_all(const MpInstance *instance, const Change *change, GError **error)
{
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++) {
        g_autoptr(GPtrArray) list = NULL;

        if ((change->all & BIT(queue)) == 0)
            continue;
        list = mp_outbox_list(instance->outbox, queue, error);
        if (list == NULL)
            return false;
        for (guint n = 0; n < list->len; n++)
            if (!change_one(instance, change, list->pdata[n], error))
                return false;
    }
    return true;
}

/* The lock of the outbox, which is the caller's. */
static MpLock *
open_for_change(MpInstance *instance, const MpOptions *options, GError **error)
{
    g_autoptr(MpLock) lock = NULL;

    if (!mp_instance_load(instance, options, error) ||
        !mp_instance_open_log(instance, "notifier.log", error) ||
        !mp_instance_open_outbox(instance, error))
        return NULL;
    lock = mp_instance_lock_outbox(instance, MP_LOCK_WAIT, error);
    if (lock == NULL || !mp_outbox_sync(instance->outbox, error)) /* what one that died has moved */
        return NULL;
    return g_steal_pointer(&lock);
}

int
cmd_queue_change(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_autoptr(GError) error = NULL;
    gboolean all = FALSE;
    const Change *change = find_change(mp_command_word(argv[0]));
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "every event there is to do it with", NULL},
        G_OPTION_ENTRY_NULL,
    };

    mp_options_parse(&options, change->all != 0 ? entries : NULL,
                     change->all != 0 ? "[--all | EVENT…]" : "EVENT…", change->details, 0, G_MAXINT,
                     &argc, &argv);
    if (all == (argc > 1))
        return mp_usage_error(argv[0], "name events%s", change->all ? ", or --all" : "");
    g_autoptr(MpLock) lock = open_for_change(&instance, &options, &error);
    if (lock == NULL || (all && !change_all(&instance, change, &error)))
        return mp_report(error);
    for (int n = 1; n < argc; n++)
        if (!change_named(&instance, change, argv[n], &error))
            return mp_report(error);
    if (strcmp(change->word, "retry") == 0 && !mp_server_look_soon(instance.outbox, &error))
        return mp_report(error);
    return EX_OK;
}
