/* The status for people: tables of at most 80 columns, in the operator's language. */
#include <math.h>
#include <string.h>

#include "base/escape.h"
#include "base/text.h"
#include "base/time.h"
#include "report/internal.h"

#define COLUMNS     80
#define TITLE_WIDTH 26 /* of a table's first column */
#define VALUE_WIDTH 13

/* --- Words ----------------------------------------------------------------------------------- */

const char *
mp_span_word(MpSpan span)
{
    static const char *const words[] = {N_("last hour"), N_("day"), N_("month"), N_("ever")};

    return _(words[span]);
}

const char *
mp_status_queue_title(MpQueue queue)
{
    static const char *const titles[] = {N_("to be sent"), N_("to be tried again"), N_("held"),
                                         N_("given up")};

    return titles[queue];
}

char *
mp_status_duration(double seconds)
{
    if (isnan(seconds))
        return g_strdup("-");
    if (isinf(seconds))
        return g_strdup(_("very long"));
    if (seconds < 10)
        return g_strdup_printf(_("%.2f s"), seconds);
    return mp_duration((long long)seconds);
}

char *
mp_status_age(const MpStatus *status, gint64 when)
{
    return when > 0 ? mp_duration(status->now - when) : g_strdup("-");
}

char *
mp_status_octets(guint64 octets)
{
    static const char *const units[] = {N_("B"), N_("KiB"), N_("MiB"), N_("GiB"), N_("TiB")};
    double value = (double)octets;
    gsize unit = 0;

    for (; value >= 1024 && unit + 1 < G_N_ELEMENTS(units); unit++)
        value /= 1024;
    return g_strdup_printf("%.*f %s", unit > 0, value, _(units[unit]));
}

char *
mp_status_unmeasured(const MpStatus *status, MpOutcome outcome)
{
    const MpKept *kept = &status->kept[outcome];
    unsigned long n = (unsigned long)(kept->mails - kept->measured);

    if (n == 0)
        return NULL;
    return g_strdup_printf(
        _n("%s: size and oldest are without %lu more mail, which was only counted",
           "%s: size and oldest are without %lu more mails, which were only counted", n),
        mp_outcome_name(outcome), n);
}

bool
mp_tally_is_empty(const MpTally *tally)
{
    return tally->n[MP_SPAN_EVER] == 0;
}

/* --- Columns --------------------------------------------------------------------------------- */

static void
pad(GString *out, int width, const char *text, bool is_right)
{
    int free = MAX(width - (int)g_utf8_strlen(text, -1), 1);

    if (is_right)
        g_string_append_printf(out, "%*s%s", free, "", text);
    else
        g_string_append_printf(out, "%s%*s", text, free, "");
}

static void
begin_table(GString *out, const char *title)
{
    g_string_append_c(out, '\n');
    pad(out, TITLE_WIDTH, title, false);
}

static void
begin_row(GString *out, const char *title)
{
    g_string_append(out, "  ");
    pad(out, TITLE_WIDTH - 2, title, false);
}

static void
end_row(GString *out)
{
    while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

static void
add_value(GString *out, const char *value)
{
    pad(out, VALUE_WIDTH, value, true);
}

static void
add_number(GString *out, guint64 number)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, number);

    add_value(out, text);
}

/* --- Tables ---------------------------------------------------------------------------------- */

static void
add_tallies(GString *out, const char *title, const GArray *tallies)
{
    begin_table(out, title);
    for (MpSpan span = 0; span < MP_N_SPANS; span++)
        add_value(out, mp_span_word(span));
    end_row(out);
    for (guint i = 0; i < tallies->len; i++) {
        const MpTally *tally = &g_array_index(tallies, MpTally, i);

        if (i > 0 && mp_tally_is_empty(tally))
            continue;
        begin_row(out, tally->name);
        for (MpSpan span = 0; span < MP_N_SPANS; span++)
            add_number(out, tally->n[span]);
        end_row(out);
    }
}

static void
add_times(GString *out, const char *title, const MpTimes *times)
{
    static const double shares[] = {0.5, 0.95, 0.99};

    begin_row(out, title);
    end_row(out);
    for (MpSpan span = MP_SPAN_HOUR; span <= MP_SPAN_MONTH; span++) {
        g_autofree char *indented = g_strconcat("  ", mp_span_word(span), NULL);

        begin_row(out, indented);
        add_number(out, times->count[span]);
        for (gsize i = 0; i < G_N_ELEMENTS(shares); i++) {
            g_autofree char *shown =
                mp_status_duration(mp_times_percentile(times, span, shares[i]));

            add_value(out, shown);
        }
        end_row(out);
    }
}

static void
add_all_times(GString *out, const MpStatus *status)
{
    begin_table(out, _("How long it took"));
    add_value(out, _("number"));
    add_value(out, _("median"));
    add_value(out, "95 %");
    add_value(out, "99 %");
    end_row(out);
    add_times(out, _("from delivery to comment"), &status->delivery);
    add_times(out, _("from comment to sent"), &status->sending);
}

static void
add_waiting(GString *out, const MpStatus *status, const char *title, const MpWaiting *waiting)
{
    g_autofree char *oldest = mp_status_age(status, waiting->oldest);

    begin_row(out, title);
    add_number(out, waiting->events);
    add_value(out, oldest);
    add_number(out, waiting->hour_old);
    add_number(out, waiting->day_old);
    end_row(out);
}

static void
add_queues(GString *out, const MpStatus *status)
{
    g_autofree char *oldest = mp_status_age(status, status->oldest_mail);

    begin_table(out, _("What waits"));
    add_value(out, _("number"));
    add_value(out, _("oldest"));
    add_value(out, _("over 1 hour"));
    add_value(out, _("over 1 day"));
    end_row(out);
    begin_row(out, _("mail in new/"));
    add_number(out, status->new_mails);
    add_value(out, oldest);
    end_row(out);
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++)
        add_waiting(out, status, _(mp_status_queue_title(queue)), &status->queues[queue]);
}

static void
add_runs(GString *out, const MpStatus *status)
{
    begin_table(out, _("Last run"));
    add_value(out, _("began"));
    add_value(out, _("ended"));
    add_value(out, _("status"));
    add_value(out, _("ended well"));
    end_row(out);
    for (int i = 0; i < MP_STATUS_PROGRAMS; i++) {
        const MpLedgerRun *run = &status->runs[i];
        g_autofree char *begun = mp_status_age(status, run->begun);
        g_autofree char *ended = mp_status_age(status, run->ended);
        g_autofree char *succeeded = mp_status_age(status, run->succeeded);

        begin_row(out, status->programs[i]);
        add_value(out, begun);
        add_value(out, ended);
        if (run->ended > 0)
            add_number(out, (guint64)run->status);
        else
            add_value(out, "-");
        add_value(out, succeeded);
        end_row(out);
    }
}

/* The text in lines of at most COLUMNS, all but the first indented. */
static void
add_wrapped(GString *out, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    int column = 0;

    for (char **word = words; *word != NULL; word++) {
        int width = (int)g_utf8_strlen(*word, -1);

        if (column + 1 + width > COLUMNS) {
            g_string_append_printf(out, "\n   ");
            column = 3;
        }
        g_string_append_printf(out, " %s", *word);
        column += 1 + width;
    }
    g_string_append_c(out, '\n');
}

static void
add_kept(GString *out, const MpStatus *status)
{
    begin_table(out, _("Mails kept"));
    add_value(out, _("number"));
    add_value(out, _("size"));
    add_value(out, _("oldest"));
    end_row(out);
    for (MpOutcome outcome = MP_OUTCOME_SUCCESS; outcome < MP_N_OUTCOMES; outcome++) {
        const MpKept *kept = &status->kept[outcome];
        g_autofree char *octets = mp_status_octets(kept->octets);
        g_autofree char *oldest = mp_status_age(status, kept->oldest);

        begin_row(out, mp_outcome_name(outcome));
        add_number(out, kept->mails);
        add_value(out, octets);
        add_value(out, oldest);
        end_row(out);
    }
    for (MpOutcome outcome = MP_OUTCOME_SUCCESS; outcome < MP_N_OUTCOMES; outcome++) {
        g_autofree char *more = mp_status_unmeasured(status, outcome);

        if (more != NULL)
            add_wrapped(out, more);
    }
}

static void
add_spaces(GString *out, const MpStatus *status)
{
    begin_table(out, _("Space"));
    add_value(out, _("free"));
    add_value(out, _("of"));
    add_value(out, _("inodes free"));
    end_row(out);
    for (guint i = 0; i < status->n_spaces; i++) {
        const MpSpace *space = &status->spaces[i];
        g_autofree char *free = mp_status_octets(space->free);
        g_autofree char *size = mp_status_octets(space->size);

        begin_row(out, space->name);
        add_value(out, free);
        add_value(out, size);
        if (space->inodes_size > 0)
            add_number(out, space->inodes_free);
        else
            add_value(out, "-");
        end_row(out);
    }
}

/* --- All of it ------------------------------------------------------------------------------- */

/* What is not as it should be, in words. */
static void
add_findings(GString *out, const MpStatus *status)
{
    for (guint i = 0; i < status->findings->len; i++) {
        const MpStatusFinding *finding = &g_array_index(status->findings, MpStatusFinding, i);
        g_autofree char *line =
            g_strdup_printf(_("%s: %s"), mp_status_level_word(finding->level), finding->text);
        g_autofree char *shown = mp_escape(line);

        if (finding->level != MP_STATUS_OK)
            add_wrapped(out, shown);
    }
}

char *
mp_status_text(const MpStatus *status)
{
    GString *out = g_string_new(NULL);
    g_autofree char *now = mp_time_format(status->now);

    g_string_append_printf(out, "%s, %s: %s\n", status->hostname, now,
                           mp_status_level_word(status->level));
    add_findings(out, status);
    add_tallies(out, _("Mails"), status->mails);
    add_tallies(out, _("Messages"), status->messages);
    add_all_times(out, status);
    add_queues(out, status);
    add_runs(out, status);
    add_kept(out, status);
    add_spaces(out, status);
    return g_string_free(out, FALSE);
}
