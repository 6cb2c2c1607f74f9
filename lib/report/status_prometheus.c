/*
 * The status for Prometheus: text format 0.0.4. Counters are those of the ledger for ever, which
 * never go down; labels are words of our tables, never a mail's. What has a time is told as that
 * time, not as an age, which would be old when it is read.
 */
#include <math.h>

#include "report/internal.h"

#define PER_DOUBLE 4 /* buckets of the ledger that double the time: of these, one is told */

static void
begin(GString *out, const char *name, const char *type, const char *help)
{
    g_string_append_printf(out, "# HELP metroplex_%s %s\n# TYPE metroplex_%s %s\n", name, help,
                           name, type);
}

static void
add(GString *out, const char *name, const char *label, const char *value, guint64 number)
{
    g_string_append_printf(out, "metroplex_%s", name);
    if (label != NULL)
        g_string_append_printf(out, "{%s=\"%s\"}", label, value);
    g_string_append_printf(out, " %" G_GUINT64_FORMAT "\n", number);
}

static void
add_tallies(GString *out, const char *name, const char *label, const char *help,
            const GArray *tallies)
{
    begin(out, name, "counter", help);
    for (guint i = 0; i < tallies->len; i++) {
        const MpTally *tally = &g_array_index(tallies, MpTally, i);

        add(out, name, label, tally->name, tally->n[MP_SPAN_EVER]);
    }
}

/* A number as Prometheus reads it, with a point whatever the locale. */
static void
append_double(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append(out, g_ascii_formatd(text, sizeof text, "%.9g", value));
}

static void
add_histogram(GString *out, const char *name, const char *help, const MpTimes *times)
{
    guint64 seen = 0;

    begin(out, name, "histogram", help);
    for (guint bucket = 0; bucket + 1 < MP_LEDGER_BUCKETS; bucket++) {
        seen += times->buckets[MP_SPAN_EVER][bucket];
        if (bucket % PER_DOUBLE != 0)
            continue;
        g_string_append_printf(out, "metroplex_%s_bucket{le=\"", name);
        append_double(out, mp_ledger_bound(bucket));
        g_string_append_printf(out, "\"} %" G_GUINT64_FORMAT "\n", seen);
    }
    g_string_append_printf(out, "metroplex_%s_bucket{le=\"+Inf\"} %" G_GUINT64_FORMAT "\n", name,
                           times->count[MP_SPAN_EVER]);
    g_string_append_printf(out, "metroplex_%s_sum ", name);
    append_double(out, (double)times->milliseconds / 1000);
    g_string_append_printf(out, "\nmetroplex_%s_count %" G_GUINT64_FORMAT "\n", name,
                           times->count[MP_SPAN_EVER]);
}

/* A time that is not there has no sample: 0 would be 1970. */
static void
add_time(GString *out, const char *name, const char *label, const char *value, gint64 when)
{
    if (when > 0)
        add(out, name, label, value, (guint64)when);
}

static void
add_queues(GString *out, const MpStatus *status)
{
    begin(out, "queue_events", "gauge", "Events whose messages wait, by queue.");
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++)
        add(out, "queue_events", "queue", mp_queue_name(queue), status->queues[queue].events);
    begin(out, "queue_oldest_timestamp_seconds", "gauge",
          "When the oldest event of a queue was made; absent where the queue is empty.");
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++)
        add_time(out, "queue_oldest_timestamp_seconds", "queue", mp_queue_name(queue),
                 status->queues[queue].oldest);
    begin(out, "new_mails", "gauge", "Mails that wait to be processed.");
    add(out, "new_mails", NULL, NULL, status->new_mails);
    begin(out, "new_mail_oldest_timestamp_seconds", "gauge",
          "When the oldest of them was delivered; absent where there is none.");
    add_time(out, "new_mail_oldest_timestamp_seconds", NULL, NULL, status->oldest_mail);
}

static void
add_watched(GString *out, const MpStatus *status)
{
    if (!status->is_watching)
        return;
    begin(out, "watched_unread", "gauge",
          "Watched repositories, and pull requests, that the last run could not read.");
    add(out, "watched_unread", NULL, NULL, status->unread->len);
}

static void
add_runs(GString *out, const MpStatus *status)
{
    begin(out, "run_end_timestamp_seconds", "gauge", "When the last run of a program ended.");
    for (int i = 0; i < MP_STATUS_PROGRAMS; i++)
        add_time(out, "run_end_timestamp_seconds", "program", status->programs[i],
                 status->runs[i].ended);
    begin(out, "run_success_timestamp_seconds", "gauge", "When the last one that ended well did.");
    for (int i = 0; i < MP_STATUS_PROGRAMS; i++)
        add_time(out, "run_success_timestamp_seconds", "program", status->programs[i],
                 status->runs[i].succeeded);
    begin(out, "run_exit_status", "gauge", "The exit status of the last run, as in sysexits.h.");
    for (int i = 0; i < MP_STATUS_PROGRAMS; i++)
        if (status->runs[i].ended > 0)
            add(out, "run_exit_status", "program", status->programs[i],
                (guint64)MAX(status->runs[i].status, 0));
}

static void
add_space(GString *out, const MpStatus *status)
{
    static const struct {
        const char *name, *help;
        gsize offset;
    } facts[] = {
        {"filesystem_free_bytes", "Space that is left where data or log lies.",
         G_STRUCT_OFFSET(MpSpace, free)},
        {"filesystem_size_bytes", "Its size.", G_STRUCT_OFFSET(MpSpace, size)},
        {"filesystem_free_inodes", "Inodes that are left; 0 of 0 where they are not counted.",
         G_STRUCT_OFFSET(MpSpace, inodes_free)},
        {"filesystem_inodes", "All of its inodes.", G_STRUCT_OFFSET(MpSpace, inodes_size)},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++) {
        begin(out, facts[i].name, "gauge", facts[i].help);
        for (guint space = 0; space < status->n_spaces; space++)
            add(out, facts[i].name, "of", status->spaces[space].name,
                G_STRUCT_MEMBER(guint64, &status->spaces[space], facts[i].offset));
    }
}

static void
add_kept(GString *out, const MpStatus *status)
{
    static const struct {
        const char *name, *help;
        gsize offset;
    } facts[] = {
        {"kept_mails", "Mails that are kept, by their end.", G_STRUCT_OFFSET(MpKept, mails)},
        {"kept_measured_mails", "Those of them whose size is known.",
         G_STRUCT_OFFSET(MpKept, measured)},
        {"kept_bytes", "The size of those.", G_STRUCT_OFFSET(MpKept, octets)},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++) {
        begin(out, facts[i].name, "gauge", facts[i].help);
        for (MpOutcome outcome = MP_OUTCOME_SUCCESS; outcome < MP_N_OUTCOMES; outcome++)
            add(out, facts[i].name, "outcome", mp_outcome_name(outcome),
                G_STRUCT_MEMBER(guint64, &status->kept[outcome], facts[i].offset));
    }
}

char *
mp_status_prometheus(const MpStatus *status)
{
    GString *out = g_string_new(NULL);

    add_tallies(out, "mails_total", "reason", "Mails that ended, by the reason.", status->mails);
    add_tallies(out, "messages_total", "result", "Attempts to send a message, by the result.",
                status->messages);
    add_tallies(out, "pruned_total", "what", "What metroplex prune removed: mails, and lines.",
                status->pruned);
    add_histogram(out, "delivery_seconds", "From the delivery of a mail to its comment.",
                  &status->delivery);
    add_histogram(out, "sending_seconds", "From a comment to a message about it that was sent.",
                  &status->sending);
    add_queues(out, status);
    add_watched(out, status);
    add_runs(out, status);
    add_space(out, status);
    add_kept(out, status);
    begin(out, "status", "gauge",
          "0 if all is well, 1 with a warning, 2 if something is critical.");
    add(out, "status", NULL, NULL, (guint64)status->level);
    return g_string_free(out, FALSE);
}
