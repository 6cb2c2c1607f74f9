/*
 * notifier queue list, notifier queue show: what waits, and what became of it. They take no lock:
 * a file that moves while they look is in the next list.
 */
#include "commands.h"
#include "queue.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/time.h"
#include "cli/json.h"

typedef struct {
    MpInstance instance;
    MpServer *server; /* what is known of it */
    QueueFilter filter;
    bool wants_all; /* also those who are done with */
    QueueVisit print;
    int status;
} Listing;

/* Not tried, or due again, and the server is away: what it said is the reason. */
static const MpServer *
server_in_the_way(const QueueRow *row)
{
    const MpServer *server = row->server;
    bool is_pending = row->recipient == NULL || row->recipient->state == MP_RECIPIENT_PENDING;

    return server->state != MP_SERVER_UP && strcmp(queue_row_state(row), "hold") != 0 && is_pending
               ? server
               : NULL;
}

static gint64
due_of(const QueueRow *row)
{
    if (server_in_the_way(row) != NULL)
        return server_in_the_way(row)->probe;
    if (row->recipient != NULL && (row->recipient->state == MP_RECIPIENT_DEFERRED ||
                                   row->recipient->state == MP_RECIPIENT_LATER))
        return row->recipient->due;
    return row->recipient == NULL ? row->queued->due : 0;
}

/* "451 4.7.1 later"; NULL where nothing went wrong. */
static char *
error_of(const QueueRow *row)
{
    const MpEventRecipient *r = row->recipient;

    if (server_in_the_way(row) != NULL)
        return g_strdup(server_in_the_way(row)->reply);
    if (r == NULL || r->reply == NULL || r->state == MP_RECIPIENT_PENDING)
        return NULL;
    if (r->code == 0 || g_ascii_strtoll(r->reply, NULL, 10) == r->code)
        return g_strdup(r->reply);
    return g_strdup_printf("%d %s", r->code, r->reply);
}

/* The tracker may be away, or behind: then the number is not known. */
static bool
find_comment(const QueueRow *row, guint64 *comment)
{
    bool found = false;

    if (mp_event_has_comment(row->event->kind) && row->instance->tracker != NULL)
        (void)mp_instance_find_key(row->instance, row->event->thread, row->event->key, &found,
                                   comment, NULL, NULL);
    return found;
}

static void
print_json(const QueueRow *row, gpointer user_data G_GNUC_UNUSED)
{
    JsonObject *object = json_object_new();
    g_autofree char *error = error_of(row);
    g_autofree char *due = due_of(row) > 0 ? mp_time_format(due_of(row)) : NULL;
    guint64 comment;

    mp_json_text(object, "event", row->queued->key);
    mp_json_number(object, "thread", row->event->thread);
    if (find_comment(row, &comment))
        mp_json_number(object, "comment", comment);
    else
        mp_json_text(object, "comment", NULL);
    mp_json_text(object, "login", row->login);
    mp_json_text(object, "address", row->address);
    mp_json_text(object, "state", queue_row_state(row));
    mp_json_number(object, "attempts", row->recipient != NULL ? row->recipient->attempts : 0);
    mp_json_text(object, "due", due);
    mp_json_text(object, "error", error);
    mp_json_print(object);
}

static void
print_line(const QueueRow *row, gpointer user_data G_GNUC_UNUSED)
{
    g_autofree char *error = error_of(row), *address = mp_escape(row->address);
    g_autofree char *due = due_of(row) > 0 ? mp_time_format(due_of(row)) : g_strdup("-");
    guint64 comment;
    g_autofree char *place = find_comment(row, &comment)
                                 ? g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                                                   row->event->thread, comment)
                                 : g_strdup_printf("%" G_GUINT64_FORMAT, row->event->thread);

    printf("%-32s %-8s %-8s %-20s %u %-16s %s %s\n", row->queued->key, place, queue_row_state(row),
           due, row->recipient != NULL ? row->recipient->attempts : 0,
           row->login != NULL ? row->login : "-", address, error != NULL ? error : "");
}

/* An unreadable event is told, and is no reason to hide the others. */
static void
print_event(Listing *listing, const MpQueued *queued)
{
    const QueueRow row = {
        .instance = &listing->instance, .server = listing->server, .queued = queued};
    g_autoptr(GError) error = NULL;

    if (!queue_visit(&row, &listing->filter, listing->wants_all, listing->print, NULL, &error))
        listing->status = mp_report(error);
}

/* Without the tracker, which the numbers and logins come from, the list still shows the rest. */
static bool
open_for_reading(Listing *listing, const MpOptions *options, GError **error)
{
    MpInstance *instance = &listing->instance;
    g_autoptr(GError) why = NULL;

    if (!mp_instance_load(instance, options, error) || !mp_instance_open_outbox(instance, error))
        return false;
    listing->server = mp_server_load(instance->outbox, error);
    if (listing->server == NULL)
        return false;
    if (!mp_instance_open_tracker(instance, &why)) {
        if (listing->filter.login != NULL)
            return mp_fail(error, MP_ERROR_INSTALLATION, "%s", why->message);
        mp_warn("%s: comments and logins are not shown", why->message);
    }
    return queue_filter_prepare(&listing->filter, instance, error);
}

static void
listing_clear(Listing *listing)
{
    mp_server_free(listing->server);
    queue_filter_clear(&listing->filter);
    mp_instance_close(&listing->instance);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Listing, listing_clear)

/* What both commands are: `walk` prints with what was opened; `event` is the argument, or NULL. */
static int
run(int argc, char **argv, const char *usage, const char *details, bool takes_event,
    bool (*walk)(Listing *listing, const char *event, GError **error))
{
    g_auto(MpOptions) options = {0};
    g_auto(Listing) listing = {.status = EX_OK, .wants_all = takes_event};
    g_autoptr(GError) error = NULL;
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        MP_OPTION_JSON(json),
        QUEUE_FILTER_OPTIONS(listing.filter),
        G_OPTION_ENTRY_NULL,
    };
    const GOptionEntry *all = entries, only_json[] = {entries[0], G_OPTION_ENTRY_NULL};

    mp_options_parse(&options, takes_event ? only_json : all, usage, details, takes_event,
                     takes_event, &argc, &argv);
    listing.print = json ? print_json : print_line;
    if (!open_for_reading(&listing, &options, &error) ||
        !walk(&listing, takes_event ? argv[1] : NULL, &error))
        return mp_report(error);
    return listing.status;
}

static bool
print_all(Listing *listing, const char *event, GError **error)
{
    (void)event;
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++) {
        g_autoptr(GPtrArray) list = mp_outbox_list(listing->instance.outbox, queue, error);

        if (list == NULL)
            return false;
        for (guint n = 0; n < list->len; n++)
            print_event(listing, list->pdata[n]);
    }
    return true;
}

static bool
print_one(Listing *listing, const char *event, GError **error)
{
    g_autoptr(MpQueued) queued = mp_outbox_resolve(listing->instance.outbox, event, error);

    if (queued == NULL)
        return false;
    print_event(listing, queued);
    return true;
}

int
cmd_queue_list(int argc, char **argv)
{
    return run(
        argc, argv, "[--json] " QUEUE_FILTER_USAGE,
        "Lists every recipient who still waits or has failed: event, thread/comment, state,\n"
        "when due, attempts, login, address, last error.",
        false, print_all);
}

int
cmd_queue_show(int argc, char **argv)
{
    return run(argc, argv, "[--json] EVENT",
               "Shows one event with all its recipients, also those who got it. EVENT is a KEY as\n"
               "`notifier queue list` shows it, or the beginning of one.",
               true, print_one);
}
