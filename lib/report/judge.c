/* Whether what was gathered is as it should be: one row a threshold of [status]. */
#include <math.h>

#include "base/escape.h"
#include "base/text.h"
#include "report/internal.h"

#define INODES_WARNING  5 /* percent that are free */
#define INODES_CRITICAL 1

const char *
mp_status_level_name(MpStatusLevel level)
{
    static const char *const names[] = {"ok", "warning", "critical"};

    return names[level];
}

const char *
mp_status_level_word(MpStatusLevel level)
{
    static const char *const words[] = {N_("ok"), N_("warning"), N_("critical")};

    return _(words[level]);
}

/* Takes the text. */
static void
find(MpStatus *status, const char *name, MpStatusLevel level, char *text)
{
    MpStatusFinding finding = {name, level, text};

    g_array_append_val(status->findings, finding);
    status->level = MAX(status->level, level);
}

/* 0 is no threshold. */
static MpStatusLevel
level_of(gint64 value, gint64 warning, gint64 critical)
{
    if (critical > 0 && value >= critical)
        return MP_STATUS_CRITICAL;
    return warning > 0 && value >= warning ? MP_STATUS_WARNING : MP_STATUS_OK;
}

static void
judge_new_mail(MpStatus *status, const MpConfig *config)
{
    gint64 age = status->oldest_mail > 0 ? status->now - status->oldest_mail : 0;
    g_autofree char *since = mp_duration(age);

    find(status, "new-mail", level_of(age, config->new_mail_warning, config->new_mail_critical),
         status->new_mails == 0
             ? g_strdup(_("no mail waits in new/"))
             : g_strdup_printf(_n("%u mail waits in new/, the oldest for %s",
                                  "%u mails wait in new/, the oldest for %s", status->new_mails),
                               (guint)status->new_mails, since));
}

static void
judge_queue(MpStatus *status, const MpConfig *config)
{
    const MpWaiting *fresh = &status->queues[MP_QUEUE_NEW];
    const MpWaiting *retry = &status->queues[MP_QUEUE_RETRY];
    gint64 oldest = fresh->oldest == 0 || (retry->oldest > 0 && retry->oldest < fresh->oldest)
                        ? retry->oldest
                        : fresh->oldest;
    gint64 age = oldest > 0 ? status->now - oldest : 0;
    guint n = (guint)(fresh->events + retry->events);
    g_autofree char *since = mp_duration(age);

    find(
        status, "queue", level_of(age, config->queue_warning, config->queue_critical),
        n == 0
            ? g_strdup(_("nothing waits to be sent"))
            : g_strdup_printf(
                  _n("%u event waits to be sent, %u of them for another attempt, the oldest for %s",
                     "%u events wait to be sent, %u of them for another attempt, the oldest for %s",
                     n),
                  n, (guint)retry->events, since));
}

static void
judge_failed(MpStatus *status, const MpConfig *config)
{
    guint64 failed = status->queues[MP_QUEUE_FAILED].events;

    find(status, "failed",
         level_of((gint64)failed, config->failed_warning, config->failed_critical),
         g_strdup_printf(_n("%u event has recipients who were given up",
                            "%u events have recipients who were given up", failed),
                         (guint)failed));
}

static void
judge_runs(MpStatus *status, const MpConfig *config)
{
    if (!status->is_enabled) {
        find(status, "run", MP_STATUS_OK, g_strdup(_("mail is off: [smtp] enabled = false")));
        return;
    }
    for (int i = 0; i < MP_STATUS_PROGRAMS; i++) {
        gint64 succeeded = status->runs[i].succeeded;
        gint64 age = status->now - (succeeded > 0 ? succeeded : status->installed);
        g_autofree char *since = mp_duration(age);

        find(status, "run", level_of(age, config->run_warning, config->run_critical),
             succeeded > 0 ? g_strdup_printf(_("%s ended well %s ago"), status->programs[i], since)
                           : g_strdup_printf(_("%s has never ended well"), status->programs[i]));
    }
}

static void
judge_delay(MpStatus *status, const MpConfig *config)
{
    double delay = mp_times_percentile(&status->delivery, MP_SPAN_HOUR, 0.95);
    gint64 seconds = isnan(delay) ? 0 : isinf(delay) ? G_MAXINT64 : (gint64)(delay + 0.999);
    g_autofree char *shown = mp_status_duration(delay);

    find(status, "delay", level_of(seconds, config->delay_warning, config->delay_critical),
         isnan(delay)
             ? g_strdup(_("no mail became a comment in the last hour"))
             : g_strdup_printf(_("95 %% of the last hour's comments took at most %s from delivery"),
                               shown));
}

/* Told only where it is not there: who looks at the queues sees the rest. */
static void
judge_server(MpStatus *status)
{
    const MpServer *server = status->server;
    g_autofree char *since = mp_duration(status->now - server->since);
    g_autofree char *reply = mp_escape(server->reply != NULL ? server->reply : "-");

    if (server->state == MP_SERVER_DOWN)
        find(status, "server", MP_STATUS_WARNING,
             g_strdup_printf(_("the mail server has been away for %s: %s"), since, reply));
    else if (server->state == MP_SERVER_STOPPED)
        find(status, "server", MP_STATUS_CRITICAL,
             g_strdup_printf(_("the mail server has turned us away for %s: %s"), since, reply));
}

#define NAMED_MAX 5 /* repositories */

/* Each run looks, so that it is as of the last one. */
static void
judge_watched(MpStatus *status)
{
    g_autoptr(GString) names = g_string_new(NULL);

    if (!status->is_watching)
        return;
    for (guint i = 0; i < status->unread->len && i < NAMED_MAX; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
                               (const char *)status->unread->pdata[i]);
    if (status->unread->len > NAMED_MAX)
        g_string_append(names, ", \u2026");
    find(status, "watched", status->unread->len > 0 ? MP_STATUS_WARNING : MP_STATUS_OK,
         status->unread->len == 0 ? g_strdup(_("all watched repositories can be read"))
                                  : g_strdup_printf(_n("%u watched repository cannot be read: %s",
                                                       "%u watched repositories cannot be read: %s",
                                                       status->unread->len),
                                                    status->unread->len, names->str));
}

static void
judge_space(MpStatus *status, const MpConfig *config)
{
    for (guint i = 0; i < status->n_spaces; i++) {
        const MpSpace *space = &status->spaces[i];
        int inodes = space->inodes_size > 0
                         ? (int)((double)space->inodes_free * 100 / (double)space->inodes_size)
                         : 100;
        g_autofree char *shown = mp_status_octets(space->free);
        MpStatusLevel level = MP_STATUS_OK;

        if ((gint64)space->free < config->space_critical || inodes < INODES_CRITICAL)
            level = MP_STATUS_CRITICAL;
        else if ((gint64)space->free < config->space_warning || inodes < INODES_WARNING)
            level = MP_STATUS_WARNING;
        find(status, "space", level,
             g_strdup_printf(_("%s: %s and %d %% of the inodes are free"), space->path, shown,
                             inodes));
    }
}

void
mp_status_judge(MpStatus *status, const MpConfig *config)
{
    judge_new_mail(status, config);
    judge_queue(status, config);
    judge_server(status);
    judge_failed(status, config);
    judge_runs(status, config);
    judge_delay(status, config);
    judge_watched(status);
    judge_space(status, config);
}
