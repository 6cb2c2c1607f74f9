/* The status for programs: one JSON object. */
#include <math.h>

#include "cli/json.h"
#include "report/internal.h"

static JsonObject *
add_object(JsonObject *parent, const char *name)
{
    JsonObject *object = json_object_new();

    json_object_set_object_member(parent, name, object);
    return object;
}

/* A date, or null for never. */
static void
add_date(JsonObject *object, const char *name, gint64 seconds)
{
    if (seconds > 0)
        mp_json_date(object, name, seconds);
    else
        mp_json_text(object, name, NULL);
}

/* An object with one object a span of time, filled in from `what`. */
static void
add_spans(JsonObject *parent, const char *name,
          void (*fill)(JsonObject *of_span, MpSpan span, gconstpointer what), gconstpointer what)
{
    JsonObject *object = add_object(parent, name);

    for (MpSpan span = 0; span < MP_N_SPANS; span++)
        fill(add_object(object, mp_span_name(span)), span, what);
}

static void
fill_counts(JsonObject *of_span, MpSpan span, gconstpointer what)
{
    const GArray *tallies = what;

    for (guint i = 0; i < tallies->len; i++) {
        const MpTally *tally = &g_array_index(tallies, MpTally, i);

        mp_json_number(of_span, tally->name, tally->n[span]);
    }
}

/* Null where there is none, and where it is longer than can be told. */
static void
add_seconds(JsonObject *object, const char *name, double seconds)
{
    if (isfinite(seconds))
        json_object_set_double_member(object, name, (double)(gint64)(seconds * 1000 + 0.5) / 1000);
    else
        mp_json_text(object, name, NULL);
}

static void
fill_times(JsonObject *of_span, MpSpan span, gconstpointer times)
{
    mp_json_number(of_span, "number", ((const MpTimes *)times)->count[span]);
    add_seconds(of_span, "median", mp_times_percentile(times, span, 0.5));
    add_seconds(of_span, "p95", mp_times_percentile(times, span, 0.95));
    add_seconds(of_span, "p99", mp_times_percentile(times, span, 0.99));
}

static void
add_queues(JsonObject *parent, const MpStatus *status)
{
    JsonObject *queue = add_object(parent, "queue"), *new_mail = add_object(parent, "new-mail");

    for (MpQueue i = 0; i < MP_N_QUEUES; i++) {
        const MpWaiting *waiting = &status->queues[i];
        JsonObject *object = add_object(queue, mp_queue_name(i));

        mp_json_number(object, "events", waiting->events);
        add_date(object, "oldest", waiting->oldest);
        mp_json_number(object, "over-an-hour", waiting->hour_old);
        mp_json_number(object, "over-a-day", waiting->day_old);
    }
    mp_json_number(new_mail, "mails", status->new_mails);
    add_date(new_mail, "oldest", status->oldest_mail);
}

static void
add_runs(JsonObject *parent, const MpStatus *status)
{
    JsonObject *runs = add_object(parent, "runs");

    for (int i = 0; i < MP_STATUS_PROGRAMS; i++) {
        const MpLedgerRun *run = &status->runs[i];
        JsonObject *object = add_object(runs, status->programs[i]);

        add_date(object, "begun", run->begun);
        add_date(object, "ended", run->ended);
        if (run->ended > 0)
            json_object_set_int_member(object, "status", run->status);
        else
            mp_json_text(object, "status", NULL);
        add_date(object, "succeeded", run->succeeded);
    }
}

static void
add_space(JsonObject *parent, const MpStatus *status)
{
    JsonObject *kept = add_object(parent, "kept");
    JsonObject *spaces = add_object(parent, "space");

    for (MpOutcome outcome = MP_OUTCOME_SUCCESS; outcome < MP_N_OUTCOMES; outcome++) {
        JsonObject *object = add_object(kept, mp_outcome_name(outcome));

        mp_json_number(object, "mails", status->kept[outcome].mails);
        mp_json_number(object, "measured", status->kept[outcome].measured);
        mp_json_number(object, "octets", status->kept[outcome].octets);
        add_date(object, "oldest", status->kept[outcome].oldest);
    }
    for (guint i = 0; i < status->n_spaces; i++) {
        const MpSpace *space = &status->spaces[i];
        JsonObject *object = add_object(spaces, space->name);
        g_autofree char *path = g_utf8_make_valid(space->path, -1);

        mp_json_text(object, "path", path);
        mp_json_number(object, "free", space->free);
        mp_json_number(object, "size", space->size);
        mp_json_number(object, "inodes-free", space->inodes_free);
        mp_json_number(object, "inodes", space->inodes_size);
    }
}

static void
add_findings(JsonObject *parent, const MpStatus *status)
{
    JsonArray *array = mp_json_array(parent, "findings");

    for (guint i = 0; i < status->findings->len; i++) {
        const MpStatusFinding *finding = &g_array_index(status->findings, MpStatusFinding, i);
        JsonObject *object = json_object_new();
        g_autofree char *text = g_utf8_make_valid(finding->text, -1);

        mp_json_text(object, "threshold", finding->name);
        mp_json_text(object, "level", mp_status_level_name(finding->level));
        mp_json_text(object, "found", text);
        json_array_add_object_element(array, object);
    }
}

char *
mp_status_json(const MpStatus *status)
{
    JsonObject *object = json_object_new();

    mp_json_text(object, "hostname", status->hostname);
    mp_json_date(object, "time", status->now);
    mp_json_text(object, "level", mp_status_level_name(status->level));
    add_findings(object, status);
    add_spans(object, "mails", fill_counts, status->mails);
    add_spans(object, "messages", fill_counts, status->messages);
    add_spans(object, "pruned", fill_counts, status->pruned);
    add_spans(object, "delivery", fill_times, &status->delivery);
    add_spans(object, "sending", fill_times, &status->sending);
    add_queues(object, status);
    mp_json_texts(object, "unread", status->unread);
    add_runs(object, status);
    add_space(object, status);
    return mp_json_line(object);
}
