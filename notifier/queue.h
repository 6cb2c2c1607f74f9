/* Between the files of `notifier queue`: what of the queue a command is about. */
#pragma once

#include "instance/instance.h"
#include "outbox/outbox.h"
#include "outbox/server_state.h"

/* What the options say, and then what they mean. */
typedef struct {
    char *state, *login, *address, *domain, *thread, *older, *newer;
    guint64 user, thread_id;
    gint64 created_before, created_after;
} QueueFilter;

void queue_filter_clear(QueueFilter *filter);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QueueFilter, queue_filter_clear)

#define QUEUE_FILTER_USAGE                                                                         \
    "[--state STATE] [--login LOGIN] [--address ADDRESS] [--domain DOMAIN]\n"                      \
    "  [--thread ID] [--older-than AGE] [--newer-than AGE]"

/* The entries of its options, one after the other. */
#define QUEUE_FILTER_OPTIONS(filter)                                                                \
    {"state",                                                                                       \
     0,                                                                                             \
     0,                                                                                             \
     G_OPTION_ARG_STRING,                                                                           \
     &(filter).state,                                                                               \
     "recipients in this state",                                                                    \
     "new|retry|later|hold|failed"},                                                                \
        {"login", 0, 0, G_OPTION_ARG_STRING, &(filter).login, "this recipient", "LOGIN"},           \
        {"address", 0, 0, G_OPTION_ARG_STRING, &(filter).address, "whom it goes to there",          \
         "ADDRESS"},                                                                                \
        {"domain", 0, 0, G_OPTION_ARG_STRING, &(filter).domain, "whom it goes to there", "DOMAIN"}, \
        {"thread", 0, 0, G_OPTION_ARG_STRING, &(filter).thread, "events of this thread", "ID"},     \
        {"older-than",                                                                              \
         0,                                                                                         \
         0,                                                                                         \
         G_OPTION_ARG_STRING,                                                                       \
         &(filter).older,                                                                           \
         "events announced before that: 90s, 30m, 12h, 7d",                                         \
         "AGE"},                                                                                    \
    {                                                                                               \
        "newer-than", 0, 0, G_OPTION_ARG_STRING, &(filter).newer, "events announced since then",    \
            "AGE"                                                                                   \
    }

/* Whether any of them was given. */
bool queue_filter_is_any(const QueueFilter *filter);

/* Whether it chooses among the recipients of an event. */
bool queue_filter_is_of_recipients(const QueueFilter *filter);

/* Finds out what they mean; the tracker must be open for who is looked for. MP_ERROR_INPUT names
 * what means nothing. */
bool queue_filter_prepare(QueueFilter *filter, const MpInstance *instance, GError **error);

/* One line of a list: an event and one of its recipients (NULL before its expansion). */
typedef struct {
    const MpInstance *instance;
    const MpServer *server; /* or NULL */
    const MpQueued *queued;
    const MpEvent *event;
    const MpEventRecipient *recipient;
    const char *login, *address; /* or NULL */
    MpRequested requested;       /* what a notifier at work has still to do */
} QueueRow;

/* new, retry, hold or failed: where the file lies, but for what the recipient says of itself; else
 * sent, dropped, skipped. */
const char *queue_row_state(const QueueRow *row);

typedef void (*QueueVisit)(const QueueRow *row, gpointer user_data);

/*
 * Visits what the filter (NULL: everything) leaves of an event's recipients: those who wait or have
 * failed, with `wants_all` also those who are done with or were skipped. False with *error set for
 * an event that cannot be read; one that is gone has no recipients.
 */
bool queue_visit(const QueueRow *of, const QueueFilter *filter, bool wants_all, QueueVisit visit,
                 gpointer user_data, GError **error);
