/*
 * notifier queue list, notifier queue show: what waits, and what became of it. They take no lock:
 * a file that moves while they look is in the next list.
 */
#include "commands.h"
#include "instance/instance.h"
#include "outbox/outbox.h"
#include "outbox/server_state.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/time.h"
#include "cli/output.h"

/* One line of a list: an event and one of its recipients (NULL before its expansion). */
typedef struct {
    const MpInstance *instance;
    const MpServer *server;
    const MpQueued *queued;
    const MpEvent *event;
    const MpEventRecipient *recipient;
    bool has_comment;
    guint64 comment;
    char *login;         /* or NULL */
    const char *address; /* or NULL */
} Row;

typedef void (*PrintRow)(const Row *row);

typedef struct {
    MpInstance instance;
    MpServer *server; /* what is known of it */
    bool wants_all;   /* also those who are done with */
    PrintRow print;
    int status;
} Listing;

/* new, retry, hold or failed: where the file lies, but for what the recipient says of itself. */
static const char *
state_of(const Row *row)
{
    if (row->queued->queue == MP_QUEUE_HOLD || row->recipient == NULL)
        return mp_queue_name(row->queued->queue);
    switch (row->recipient->state) {
    case MP_RECIPIENT_PENDING:
        return mp_queue_name(MP_QUEUE_NEW);
    case MP_RECIPIENT_DEFERRED:
        return mp_queue_name(MP_QUEUE_RETRY);
    case MP_RECIPIENT_FAILED:
        return mp_queue_name(MP_QUEUE_FAILED);
    default:
        return mp_event_recipient_state_name(row->recipient->state);
    }
}

/* Not tried, or due again, and the server is away: what it said is the reason. */
static const MpServer *
server_in_the_way(const Row *row)
{
    const MpServer *server = row->server;
    bool is_pending = row->recipient == NULL || row->recipient->state == MP_RECIPIENT_PENDING;

    return server->state != MP_SERVER_UP && row->queued->queue != MP_QUEUE_HOLD && is_pending
               ? server
               : NULL;
}

static gint64
due_of(const Row *row)
{
    if (server_in_the_way(row) != NULL)
        return server_in_the_way(row)->probe;
    if (row->recipient != NULL && row->recipient->state == MP_RECIPIENT_DEFERRED)
        return row->recipient->due;
    return row->recipient == NULL ? row->queued->due : 0;
}

/* "451 4.7.1 later"; NULL where nothing went wrong. */
static char *
error_of(const Row *row)
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

static void
print_json(const Row *row)
{
    JsonObject *object = json_object_new();
    g_autofree char *error = error_of(row);
    g_autofree char *due = due_of(row) > 0 ? mp_time_format(due_of(row)) : NULL;

    mp_json_text(object, "event", row->queued->key);
    mp_json_number(object, "thread", row->event->thread);
    if (row->has_comment)
        mp_json_number(object, "comment", row->comment);
    else
        mp_json_text(object, "comment", NULL);
    mp_json_text(object, "login", row->login);
    mp_json_text(object, "address", row->address);
    mp_json_text(object, "state", state_of(row));
    mp_json_number(object, "attempts", row->recipient != NULL ? row->recipient->attempts : 0);
    mp_json_text(object, "due", due);
    mp_json_text(object, "error", error);
    mp_json_print(object);
}

static void
print_line(const Row *row)
{
    g_autofree char *error = error_of(row), *address = mp_escape(row->address);
    g_autofree char *due = due_of(row) > 0 ? mp_time_format(due_of(row)) : g_strdup("-");
    g_autofree char *place = row->has_comment
                                 ? g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                                                   row->event->thread, row->comment)
                                 : g_strdup_printf("%" G_GUINT64_FORMAT, row->event->thread);

    printf("%-32s %-8s %-8s %-20s %u %-16s %s %s\n", row->queued->key, place, state_of(row), due,
           row->recipient != NULL ? row->recipient->attempts : 0,
           row->login != NULL ? row->login : "-", address, error != NULL ? error : "");
}

/* The tracker may be away, or behind: then the number is not known. */
static void
find_comment(Row *row)
{
    row->has_comment = false;
    if (mp_event_has_comment(row->event->kind) && row->instance->tracker != NULL)
        (void)mp_tracker_find_key(row->instance->tracker, row->event->thread, row->event->key,
                                  &row->has_comment, &row->comment, NULL);
}

static void
print_recipient(Row *row, const MpEventRecipient *recipient, PrintRow print)
{
    g_autoptr(MpUser) user = NULL;

    if (row->instance->accounts != NULL)
        (void)mp_accounts_user(row->instance->accounts, recipient->user, &user, NULL);
    row->recipient = recipient;
    row->login = user != NULL ? user->login : NULL;
    row->address = mp_event_recipient_address(recipient, row->event,
                                              user != NULL ? mp_user_address(user) : NULL);
    print(row);
}

static bool
is_finished(const MpEventRecipient *recipient)
{
    return recipient->state == MP_RECIPIENT_SENT || recipient->state == MP_RECIPIENT_DROPPED;
}

/* Who was not to be told, and why. */
static void
print_skipped(Row *row, const MpAudience *audience, PrintRow print)
{
    for (guint n = 0; n < audience->skipped->len; n++)
        print_recipient(row, audience->skipped->pdata[n], print);
    if (audience->n_skipped > audience->skipped->len)
        mp_warn("%s: %u more were skipped", row->event->key,
                audience->n_skipped - audience->skipped->len);
}

/* An unreadable event is told, and is no reason to hide the others. */
static void
print_event(Listing *listing, const MpQueued *queued)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MpEventFile) file =
        mp_event_file_open(listing->instance.outbox, queued, MP_EVENT_READ, &error);
    const GPtrArray *recipients;

    if (file == NULL) {
        if (error != NULL)
            listing->status = mp_report(error);
        return;
    }
    Row row = {.instance = &listing->instance,
               .server = listing->server,
               .queued = queued,
               .event = mp_event_file_event(file)};
    recipients = mp_event_file_recipients(file);
    find_comment(&row);
    for (guint n = 0; n < recipients->len; n++)
        if (listing->wants_all || !is_finished(recipients->pdata[n]))
            print_recipient(&row, recipients->pdata[n], listing->print);
    if (!mp_event_file_is_expanded(file) && recipients->len == 0)
        listing->print(&row);
    if (listing->wants_all)
        print_skipped(&row, mp_event_file_audience(file), listing->print);
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
    if (!mp_instance_open_tracker(instance, &why))
        mp_warn("%s: comments and logins are not shown", why->message);
    return true;
}

static void
listing_clear(Listing *listing)
{
    mp_server_free(listing->server);
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
        G_OPTION_ENTRY_NULL,
    };

    mp_options_parse(&options, entries, usage, details, takes_event, takes_event, &argc, &argv);
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
    g_autoptr(MpQueued) queued = mp_outbox_find(listing->instance.outbox, event, error);

    if (queued == NULL)
        return false;
    print_event(listing, queued);
    return true;
}

int
cmd_queue_list(int argc, char **argv)
{
    return run(
        argc, argv, "[--json]",
        "Lists every recipient who still waits or has failed: event, thread/comment, state,\n"
        "when due, attempts, login, address, last error.",
        false, print_all);
}

int
cmd_queue_show(int argc, char **argv)
{
    return run(argc, argv, "[--json] EVENT",
               "Shows one event with all its recipients, also those who got it. EVENT is a KEY as\n"
               "`notifier queue list` shows it.",
               true, print_one);
}
