/* Gathering what status.h has; how it is judged is in judge.c, how it is written in status_*.c. */
#include "report/status.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/directory.h"
#include "base/error.h"
#include "maildir/kept.h"
#include "policy/policy.h"
#include "report/internal.h"
#include "watch/view.h"

#define HOUR 3600
#define DAY  (24 * HOUR)
#define N_LOOKED_AT                                                                                \
    10000             /* events of a queue whose files are read; of others the file's time counts */
#define OTHER "other" /* what is counted under a name that this version has not */

const char *
mp_span_name(MpSpan span)
{
    static const char *const names[] = {"hour", "day", "month", "ever"};

    return names[span];
}

/* --- Counts ---------------------------------------------------------------------------------- */

static void
add_tally(GArray *tallies, const char *name)
{
    for (guint i = 0; i < tallies->len; i++)
        if (strcmp(g_array_index(tallies, MpTally, i).name, name) == 0)
            return;
    g_array_append_vals(tallies, &(MpTally){.name = name}, 1);
}

static void
prepare_tallies(MpStatus *status)
{
    gsize n_gates;
    const MpGate *gates = mp_policy_gates(&n_gates);

    status->mails = g_array_new(FALSE, FALSE, sizeof(MpTally));
    status->messages = g_array_new(FALSE, FALSE, sizeof(MpTally));
    status->pruned = g_array_new(FALSE, FALSE, sizeof(MpTally));
    add_tally(status->mails, gates[n_gates - 1].reason); /* posted: what it is all for */
    for (gsize i = 0; i < n_gates; i++)
        add_tally(status->mails, gates[i].reason);
    for (MpEventRecipientState state = MP_RECIPIENT_SENT; state <= MP_RECIPIENT_DROPPED; state++)
        add_tally(status->messages, mp_event_recipient_state_name(state));
    add_tally(status->pruned, mp_outcome_name(MP_OUTCOME_SUCCESS));
    add_tally(status->pruned, mp_outcome_name(MP_OUTCOME_FAILURE));
    add_tally(status->pruned, "outcomes");
    add_tally(status->mails, OTHER);
    add_tally(status->messages, OTHER);
    add_tally(status->pruned, OTHER);
}

static gint64
first_hour(gint64 now, MpSpan span)
{
    static const gint64 lengths[] = {HOUR, DAY, 30 * DAY};
    gint64 hour = now - now % HOUR;

    return span == MP_SPAN_EVER ? G_MININT64 : hour - lengths[span];
}

static void
count_in(MpTally *tally, gint64 now, gint64 hour, guint64 count)
{
    for (MpSpan span = 0; span < MP_N_SPANS; span++)
        if (hour >= first_hour(now, span))
            tally->n[span] += count;
}

static MpTally *
find_tally(GArray *tallies, const char *name)
{
    guint i = 0;

    while (i + 1 < tallies->len && strcmp(g_array_index(tallies, MpTally, i).name, name) != 0)
        i++;
    return &g_array_index(tallies, MpTally, i);
}

static void
count_time(MpTimes *times, const char *name, gint64 now, gint64 hour, guint64 count)
{
    guint64 bucket;

    if (strcmp(name, MP_LEDGER_SUM) == 0)
        times->milliseconds += count;
    else if (g_ascii_string_to_unsigned(name, 10, 0, MP_LEDGER_BUCKETS - 1, &bucket, NULL))
        for (MpSpan span = 0; span < MP_N_SPANS; span++)
            if (hour >= first_hour(now, span)) {
                times->buckets[span][bucket] += count;
                times->count[span] += count;
            }
}

static MpPlotted
plotted_mail(const char *reason)
{
    gsize n_gates;
    const MpGate *gates = mp_policy_gates(&n_gates);

    for (gsize i = 0; i < n_gates; i++)
        if (strcmp(gates[i].reason, reason) == 0) {
            if (gates[i].action == MP_DO_COMMENT)
                return MP_PLOT_POSTED;
            return gates[i].outcome == MP_OUTCOME_FAILURE ? MP_PLOT_REFUSED : MP_PLOT_OTHER;
        }
    return MP_PLOT_OTHER;
}

static void
plot(MpStatus *status, MpPlotted what, gint64 hour, guint64 count)
{
    gint64 ago = (status->now - status->now % HOUR - hour) / HOUR;

    if (hour != G_MININT64 && ago >= 0 && ago < MP_STATUS_HOURS)
        status->hours[MP_STATUS_HOURS - 1 - ago][what] += count;
}

static void
take_line(MpStatus *status, const MpLedgerLine *line)
{
    const char *dot = strchr(line->name, '.'), *name = dot != NULL ? dot + 1 : "";
    g_autofree char *group = g_strndup(line->name, dot != NULL ? (gsize)(dot - line->name) : 0);
    bool is_sent = strcmp(name, "sent") == 0;

    if (strcmp(group, "mail") == 0) {
        count_in(find_tally(status->mails, name), status->now, line->hour, line->count);
        plot(status, plotted_mail(name), line->hour, line->count);
    } else if (strcmp(group, "message") == 0) {
        count_in(find_tally(status->messages, name), status->now, line->hour, line->count);
        plot(status, is_sent ? MP_PLOT_SENT : MP_PLOT_UNSENT, line->hour, line->count);
    } else if (strcmp(group, "pruned") == 0) {
        count_in(find_tally(status->pruned, name), status->now, line->hour, line->count);
    } else if (strcmp(group, "delivery") == 0) {
        count_time(&status->delivery, name, status->now, line->hour, line->count);
    } else if (strcmp(group, "sending") == 0) {
        count_time(&status->sending, name, status->now, line->hour, line->count);
    }
}

/* A run is noted when it ends: until the first has ended, it counts from here how long there was
 * none. HEAD is written once; nothing that fails each minute makes it younger. */
static gint64
time_of_installation(const MpConfig *config)
{
    g_autofree char *head = mp_config_path(config, "tracker.git/HEAD");
    struct stat st;

    return stat(head, &st) == 0 ? (gint64)st.st_mtime : 0;
}

static bool
read_ledger(MpStatus *status, const MpConfig *config, GError **error)
{
    g_autoptr(GArray) lines = NULL;

    if (!mp_ledger_read(config->data, &lines, error))
        return false;
    for (guint i = 0; i < lines->len; i++)
        take_line(status, &g_array_index(lines, MpLedgerLine, i));
    status->installed = time_of_installation(config);
    status->programs[0] = "metroplex";
    status->programs[1] = "notifier";
    for (int i = 0; i < MP_STATUS_PROGRAMS; i++)
        status->runs[i] = mp_ledger_last_run(config->data, status->programs[i]);
    return true;
}

double
mp_times_percentile(const MpTimes *times, MpSpan span, double share)
{
    double wanted = share * (double)times->count[span];
    guint64 seen = 0;

    if (times->count[span] == 0)
        return NAN;
    for (guint bucket = 0; bucket < MP_LEDGER_BUCKETS; bucket++) {
        seen += times->buckets[span][bucket];
        if (seen > 0 && (double)seen >= wanted)
            return mp_ledger_bound(bucket);
    }
    return INFINITY;
}

/* --- Queues ---------------------------------------------------------------------------------- */

static gint64
time_of_event(MpOutbox *outbox, const MpQueued *queued, bool is_read)
{
    g_autoptr(MpEventFile) file =
        is_read ? mp_event_file_open(outbox, queued, MP_EVENT_READ, NULL) : NULL;

    return file != NULL ? mp_event_file_waits_since(file)
                        : queued->modified / G_GINT64_CONSTANT(1000000000);
}

static bool
look_at_queue(MpStatus *status, MpOutbox *outbox, MpQueue queue, GError **error)
{
    g_autoptr(GPtrArray) events = mp_outbox_list(outbox, queue, error);
    MpWaiting *waiting = &status->queues[queue];

    if (events == NULL)
        return false;
    waiting->events = events->len;
    for (guint i = 0; i < events->len; i++) {
        gint64 created =
            MIN(time_of_event(outbox, g_ptr_array_index(events, i), i < N_LOOKED_AT), status->now);

        if (waiting->oldest == 0 || created < waiting->oldest)
            waiting->oldest = created;
        waiting->hour_old += status->now - created > HOUR;
        waiting->day_old += status->now - created > DAY;
    }
    return true;
}

static bool
look_at_queues(MpStatus *status, MpInstance *instance, GError **error)
{
    if (!mp_instance_open_outbox(instance, error))
        return false;
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++)
        if (!look_at_queue(status, instance->outbox, queue, error))
            return false;
    status->server = mp_server_load(instance->outbox, error);
    return status->server != NULL;
}

static bool
look_at_new_mail(MpStatus *status, const MpConfig *config, GError **error)
{
    g_autofree char *path = mp_config_path(config, "mail/reply/new");
    g_autoptr(GPtrArray) names = mp_list_directory(path, NULL, NULL, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *file = g_build_filename(path, g_ptr_array_index(names, i), NULL);
        struct stat st;

        if (lstat(file, &st) != 0)
            continue; /* a run took it */
        status->new_mails++;
        if (status->oldest_mail == 0 || st.st_mtime < status->oldest_mail)
            status->oldest_mail = (gint64)st.st_mtime;
    }
    return names != NULL;
}

/* --- Space ----------------------------------------------------------------------------------- */

static bool
look_at_space(MpStatus *status, const char *name, const char *path, GError **error)
{
    MpSpace *space = &status->spaces[status->n_spaces];
    struct statvfs st;

    if (statvfs(path, &st) < 0)
        return mp_fail_errno(error, "cannot look at the file system of %s", path);
    *space = (MpSpace){
        .name = name,
        .path = g_strdup(path),
        .free = (guint64)st.f_bavail * st.f_frsize,
        .size = (guint64)st.f_blocks * st.f_frsize,
        .inodes_free = st.f_favail,
        .inodes_size = st.f_files,
    };
    status->n_spaces++;
    return true;
}

static bool
look_at_spaces(MpStatus *status, const MpConfig *config, GError **error)
{
    struct stat data, log;

    if (!look_at_space(status, "data", config->data, error))
        return false;
    if (stat(config->log_directory, &log) < 0 || /* it may be missing where only a copy is */
        (stat(config->data, &data) == 0 && data.st_dev == log.st_dev))
        return true;
    return look_at_space(status, "log", config->log_directory, error);
}

static bool
look_at_kept(MpStatus *status, const MpConfig *config, GError **error)
{
    for (MpOutcome outcome = MP_OUTCOME_SUCCESS; outcome < MP_N_OUTCOMES; outcome++)
        if (!mp_kept_measure(config->data, outcome, MP_STATUS_MEASURED, &status->kept[outcome],
                             error))
            return false;
    return true;
}

/* --- All of it ------------------------------------------------------------------------------- */

static void
clear_finding(gpointer finding)
{
    g_free(((MpStatusFinding *)finding)->text);
}

bool
mp_status_gather(MpStatus *status, MpInstance *instance, gint64 now, GError **error)
{
    const MpConfig *config = instance->config;

    *status = (MpStatus){.now = now,
                         .hostname = g_strdup(config->hostname),
                         .is_enabled = config->enabled,
                         .hours = g_malloc0_n(MP_STATUS_HOURS, sizeof *status->hours),
                         .findings = g_array_new(FALSE, FALSE, sizeof(MpStatusFinding))};
    g_array_set_clear_func(status->findings, clear_finding);
    status->is_watching = *config->repositories_root != '\0';
    status->unread = mp_watch_unread(config);
    prepare_tallies(status);
    if (!read_ledger(status, config, error) || !look_at_queues(status, instance, error) ||
        !look_at_new_mail(status, config, error) || !look_at_spaces(status, config, error) ||
        !look_at_kept(status, config, error))
        return false;
    mp_status_judge(status, config);
    return true;
}

void
mp_status_clear(MpStatus *status)
{
    g_clear_pointer(&status->hostname, g_free);
    g_clear_pointer(&status->mails, g_array_unref);
    g_clear_pointer(&status->messages, g_array_unref);
    g_clear_pointer(&status->pruned, g_array_unref);
    g_clear_pointer(&status->hours, g_free);
    g_clear_pointer(&status->findings, g_array_unref);
    g_clear_pointer(&status->server, mp_server_free);
    g_clear_pointer(&status->unread, g_ptr_array_unref);
    for (gsize i = 0; i < G_N_ELEMENTS(status->spaces); i++)
        g_clear_pointer(&status->spaces[i].path, g_free);
}
