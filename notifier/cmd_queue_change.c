/* notifier queue retry, hold, release, drop: an administrator's moves, under the outbox's lock. */
#include "commands.h"
#include "outbound/outbound.h"

#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"

typedef bool (*Change)(const Installation *installation, const MpQueued *queued, GError **error);

static bool
retry(const Installation *i, const MpQueued *queued, GError **error)
{
    GError *fault = NULL;
    g_autoptr(MpEventFile) file = mp_event_file_open(i->outbox, queued, MP_EVENT_WRITE, &fault);

    if (file == NULL && fault == NULL)
        return mp_fail(error, MP_ERROR_INPUT, "event %s is gone", queued->key);
    if (fault != NULL)
        g_propagate_error(error, fault);
    return file != NULL && mp_event_file_retry(file, now_seconds(), error) &&
           mp_outbox_release(i->outbox, queued, error);
}

static bool
hold(const Installation *i, const MpQueued *queued, GError **error)
{
    return mp_outbox_hold(i->outbox, queued, error);
}

static bool
release(const Installation *i, const MpQueued *queued, GError **error)
{
    return mp_outbox_release(i->outbox, queued, error);
}

static bool
drop(const Installation *i, const MpQueued *queued, GError **error)
{
    return mp_outbox_drop(i->outbox, queued, error);
}

#define BIT(queue) (1u << (queue))
#define ANY        (BIT(MP_N_QUEUES) - 1)

static const struct {
    const char *word;
    Change change;
    guint from; /* the queues whose events it takes; with --all these and no others */
    guint all;
    const char *details;
} changes[] = {
    {"retry", retry, ANY & ~BIT(MP_QUEUE_HOLD), BIT(MP_QUEUE_RETRY) | BIT(MP_QUEUE_FAILED),
     "Makes everybody of these events who is deferred or has failed due at once."},
    {"hold", hold, ANY, BIT(MP_QUEUE_NEW) | BIT(MP_QUEUE_RETRY),
     "Sets these events aside: nothing of them is sent until they are released."},
    {"release", release, BIT(MP_QUEUE_HOLD), BIT(MP_QUEUE_HOLD),
     "Puts held events back into the queue."},
    {"drop", drop, ANY, 0, "Deletes these events: whoever has not got the message never will."},
};

static bool
change_one(const Installation *i, gsize c, const MpQueued *queued, GError **error)
{
    if ((changes[c].from & BIT(queued->queue)) == 0)
        return mp_fail(error, MP_ERROR_INPUT, "event %s is in %s: cannot %s it", queued->key,
                       mp_queue_name(queued->queue), changes[c].word);
    if (!changes[c].change(i, queued, error))
        return false;
    mp_info("Queue: %s %s (%s)", changes[c].word, queued->key, mp_queue_name(queued->queue));
    return true;
}

static bool
change_named(const Installation *i, gsize c, const char *key, GError **error)
{
    GError *fault = NULL;
    g_autoptr(MpQueued) queued = mp_outbox_find(i->outbox, key, &fault);

    if (queued != NULL)
        return change_one(i, c, queued, error);
    if (fault == NULL) {
        g_autofree char *shown = mp_escape(key);
        return mp_fail(error, MP_ERROR_INPUT, "no such event: %s", shown);
    }
    g_propagate_error(error, fault);
    return false;
}

static bool
change_all(const Installation *i, gsize c, GError **error)
{
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++) {
        g_autoptr(GPtrArray) list = NULL;

        if ((changes[c].all & BIT(queue)) == 0)
            continue;
        list = mp_outbox_list(i->outbox, queue, error);
        if (list == NULL)
            return false;
        for (guint n = 0; n < list->len; n++)
            if (!change_one(i, c, list->pdata[n], error))
                return false;
    }
    return true;
}

/* Who asks for another attempt has perhaps mended the server: the next run looks for it. */
static bool
look_for_server(Installation *i, GError **error)
{
    i->server = mp_server_load(i->outbox, error);
    if (i->server == NULL || i->server->state == MP_SERVER_UP)
        return i->server != NULL;
    i->server->probe = 0;
    return mp_server_save(i->server, i->outbox, error);
}

static bool
open_for_change(Installation *i, const MpOptions *options, GError **error)
{
    return installation_load(i, options, error) && installation_open_log(i, error) &&
           installation_open_outbox(i, error) && installation_lock(i, MP_LOCK_WAIT, error) &&
           mp_outbox_sync(i->outbox, error); /* what one that died has moved is found done */
}

int
cmd_queue_change(int argc, char **argv)
{
    g_auto(MpOptions) options = {0};
    g_auto(Installation) installation = {0};
    g_autoptr(GError) error = NULL;
    gboolean all = FALSE;
    gsize c = 0;
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "every event there is to do it with", NULL},
        G_OPTION_ENTRY_NULL,
    };

    while (strcmp(changes[c].word, argv[0]) != 0)
        c++;
    g_autofree char *command = g_strdup_printf("queue %s", changes[c].word);
    mp_options_parse(&options, changes[c].all != 0 ? entries : NULL, command,
                     changes[c].all != 0 ? "[--all | EVENT…]" : "EVENT…", changes[c].details, 0,
                     G_MAXINT, &argc, &argv);
    if (all == (argc > 1))
        return mp_usage_error("%s: name events%s", command, changes[c].all ? ", or --all" : "");
    if (!open_for_change(&installation, &options, &error) ||
        (all && !change_all(&installation, c, &error)))
        return mp_report(error);
    for (int n = 1; n < argc; n++)
        if (!change_named(&installation, c, argv[n], &error))
            return mp_report(error);
    if (strcmp(changes[c].word, "retry") == 0 && !look_for_server(&installation, &error))
        return mp_report(error);
    return EX_OK;
}
