/*
 * The status as a page: one file that asks for nothing, no script, light and dark as the reader
 * wants it. The plots are in status_plot.c.
 */
#include <math.h>

#include "base/text.h"
#include "base/time.h"
#include "report/internal.h"

/* Each colour has a contrast of at least 4.5 to the ground it stands on, in both schemes. */
static const char style[] =
    ":root{color-scheme:light dark;--fg:#1b1f24;--bg:#ffffff;--soft:#57606a;--line:#d0d7de;"
    "--ok:#116329;--warning:#7d4e00;--critical:#a40e26;"
    "--posted:#0b57a4;--other:#5e5e66;--refused:#b35900;--sent:#0b57a4;--unsent:#b35900}"
    "@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--soft:#9da7b1;"
    "--line:#30363d;--ok:#56d364;--warning:#e3b341;--critical:#ff8e87;"
    "--posted:#6cb6ff;--other:#a5adb5;--refused:#f0a04b;--sent:#6cb6ff;--unsent:#f0a04b}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:72rem;padding:1rem;color:var(--fg);background:var(--bg);"
    "font:1rem/1.45 system-ui,sans-serif}"
    "h1{font-size:1.4rem;margin:0;overflow-wrap:anywhere}h2{font-size:1.05rem;margin:0 0 .5rem}"
    "p{margin:.3rem 0 1rem;color:var(--soft)}"
    "section p{font-size:.875rem}"
    "ul{margin:0 0 1rem;padding:0;list-style:none}li{margin:.25rem 0;overflow-wrap:anywhere}"
    "b{font-weight:600}.ok{color:var(--ok)}.warning{color:var(--warning)}"
    ".critical{color:var(--critical)}"
    "main{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));"
    "gap:1rem;align-items:start}"
    "section{border:1px solid var(--line);border-radius:.5rem;padding:.75rem;min-width:0}"
    "table{border-collapse:collapse;width:100%;font-size:.875rem;font-variant-numeric:tabular-nums}"
    "th,td{padding:.2rem 0 .2rem .4rem;text-align:right;font-weight:400;vertical-align:top}"
    "th:first-child,td:first-child{text-align:left;padding-left:0}"
    "thead th{color:var(--soft);border-bottom:1px solid var(--line)}"
    "svg{display:block;width:100%;height:auto}svg text{fill:var(--soft);font-size:13px}"
    ".axis{stroke:var(--line)}.posted{fill:var(--posted)}.other{fill:var(--other)}"
    ".refused{fill:var(--refused)}.sent{fill:var(--sent)}.unsent{fill:var(--unsent)}"
    ".key{font-size:.875rem;color:var(--fg);margin:.25rem 0 .75rem}"
    ".key i{display:inline-block;width:.75rem;height:.75rem;margin:0 .3rem 0 .8rem}"
    ".key i:first-child{margin-left:0}"
    "section>:last-child{margin-bottom:0}"
    "@media(max-width:30rem){table{font-size:.8125rem}}"
    "i.posted{background:var(--posted)}i.other{background:var(--other)}"
    "i.refused{background:var(--refused)}i.sent{background:var(--sent)}"
    "i.unsent{background:var(--unsent)}";

void
mp_html_append(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autofree char *escaped = g_markup_escape_text(valid, -1);

    g_string_append(out, escaped);
}

/* --- Tables ---------------------------------------------------------------------------------- */

static void
add_cell(GString *out, const char *tag, const char *text)
{
    g_string_append_printf(out, "<%s>", tag);
    mp_html_append(out, text);
    g_string_append_printf(out, "</%s>", tag);
}

/* A section with a table; titles up to NULL. */
static void G_GNUC_NULL_TERMINATED
begin_table(GString *out, const char *title, ...)
{
    va_list titles;
    const char *column;

    g_string_append(out, "<section><h2>");
    mp_html_append(out, title);
    g_string_append(out, "</h2><table><thead><tr><th></th>");
    va_start(titles, title);
    while ((column = va_arg(titles, const char *)) != NULL)
        add_cell(out, "th", column);
    va_end(titles);
    g_string_append(out, "</tr></thead><tbody>\n");
}

static void
end_table(GString *out)
{
    g_string_append(out, "</tbody></table></section>\n");
}

static void
begin_row(GString *out, const char *title)
{
    g_string_append(out, "<tr>");
    add_cell(out, "td", title);
}

static void
end_row(GString *out)
{
    g_string_append(out, "</tr>\n");
}

static void
add_number(GString *out, guint64 number)
{
    g_string_append_printf(out, "<td>%" G_GUINT64_FORMAT "</td>", number);
}

/* Takes the text. */
static void
add_text(GString *out, char *text)
{
    add_cell(out, "td", text);
    g_free(text);
}

static void
add_tallies(GString *out, const char *title, const GArray *tallies)
{
    begin_table(out, title, mp_span_word(MP_SPAN_HOUR), mp_span_word(MP_SPAN_DAY),
                mp_span_word(MP_SPAN_MONTH), mp_span_word(MP_SPAN_EVER), NULL);
    for (guint i = 0; i < tallies->len; i++) {
        const MpTally *tally = &g_array_index(tallies, MpTally, i);

        if (i > 0 && mp_tally_is_empty(tally))
            continue;
        begin_row(out, tally->name);
        for (MpSpan span = 0; span < MP_N_SPANS; span++)
            add_number(out, tally->n[span]);
        end_row(out);
    }
    end_table(out);
}

static void
add_times(GString *out, const char *title, const MpTimes *times)
{
    static const double shares[] = {0.5, 0.95, 0.99};

    begin_table(out, title, _("number"), _("median"), "95 %", "99 %", NULL);
    for (MpSpan span = MP_SPAN_HOUR; span <= MP_SPAN_MONTH; span++) {
        begin_row(out, mp_span_word(span));
        add_number(out, times->count[span]);
        for (gsize i = 0; i < G_N_ELEMENTS(shares); i++)
            add_text(out, mp_status_duration(mp_times_percentile(times, span, shares[i])));
        end_row(out);
    }
    end_table(out);
}

static void
add_queues(GString *out, const MpStatus *status)
{
    begin_table(out, _("What waits"), _("number"), _("oldest"), _("over 1 hour"), _("over 1 day"),
                NULL);
    begin_row(out, _("mail in new/"));
    add_number(out, status->new_mails);
    add_text(out, mp_status_age(status, status->oldest_mail));
    g_string_append(out, "<td></td><td></td>");
    end_row(out);
    for (MpQueue queue = 0; queue < MP_N_QUEUES; queue++) {
        const MpWaiting *waiting = &status->queues[queue];

        begin_row(out, _(mp_status_queue_title(queue)));
        add_number(out, waiting->events);
        add_text(out, mp_status_age(status, waiting->oldest));
        add_number(out, waiting->hour_old);
        add_number(out, waiting->day_old);
        end_row(out);
    }
    end_table(out);
}

static void
add_runs(GString *out, const MpStatus *status)
{
    begin_table(out, _("Last run"), _("began"), _("ended"), _("status"), _("ended well"), NULL);
    for (int i = 0; i < MP_STATUS_PROGRAMS; i++) {
        const MpLedgerRun *run = &status->runs[i];

        begin_row(out, status->programs[i]);
        add_text(out, mp_status_age(status, run->begun));
        add_text(out, mp_status_age(status, run->ended));
        add_text(out, run->ended > 0 ? g_strdup_printf("%d", run->status) : g_strdup("-"));
        add_text(out, mp_status_age(status, run->succeeded));
        end_row(out);
    }
    end_table(out);
}

static void
add_space(GString *out, const MpStatus *status)
{
    begin_table(out, _("Mails kept"), _("number"), _("size"), _("oldest"), NULL);
    for (MpOutcome outcome = MP_OUTCOME_SUCCESS; outcome < MP_N_OUTCOMES; outcome++) {
        begin_row(out, mp_outcome_name(outcome));
        add_number(out, status->kept[outcome].mails);
        add_text(out, mp_status_octets(status->kept[outcome].octets));
        add_text(out, mp_status_age(status, status->kept[outcome].oldest));
        end_row(out);
    }
    g_string_append(out, "</tbody></table>\n");
    for (MpOutcome outcome = MP_OUTCOME_SUCCESS; outcome < MP_N_OUTCOMES; outcome++) {
        g_autofree char *more = mp_status_unmeasured(status, outcome);

        if (more != NULL)
            g_string_append_printf(out, "<p>%s</p>\n", more);
    }
    g_string_append(out, "</section>\n");
    begin_table(out, _("Space"), _("free"), _("of"), _("inodes free"), NULL);
    for (guint i = 0; i < status->n_spaces; i++) {
        const MpSpace *space = &status->spaces[i];

        begin_row(out, space->name);
        add_text(out, mp_status_octets(space->free));
        add_text(out, mp_status_octets(space->size));
        add_text(out, space->inodes_size > 0
                          ? g_strdup_printf("%" G_GUINT64_FORMAT, space->inodes_free)
                          : g_strdup("-"));
        end_row(out);
    }
    end_table(out);
}

/* --- The page -------------------------------------------------------------------------------- */

static void
add_head(GString *out, const MpStatus *status)
{
    g_string_append_printf(
        out,
        "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n<title>Metroplex, ",
        _("en")); /* else a browser asks for an icon */
    mp_html_append(out, status->hostname);
    g_string_append_printf(out, "</title>\n<style>%s</style></head><body>\n<h1>", style);
    mp_html_append(out, status->hostname);
    g_string_append_printf(out, ": <b class=\"%s\">", mp_status_level_name(status->level));
    mp_html_append(out, mp_status_level_word(status->level));
    g_string_append(out, "</b></h1>\n<p>");
    g_autofree char *now = mp_time_format(status->now);
    mp_html_append(out, now);
    g_string_append(out, "</p>\n");
}

static void
add_findings(GString *out, const MpStatus *status)
{
    g_string_append(out, "<ul>\n");
    for (guint i = 0; i < status->findings->len; i++) {
        const MpStatusFinding *finding = &g_array_index(status->findings, MpStatusFinding, i);

        g_string_append_printf(out, "<li><b class=\"%s\">", mp_status_level_name(finding->level));
        mp_html_append(out, mp_status_level_word(finding->level));
        g_string_append(out, "</b> ");
        mp_html_append(out, finding->text);
        g_string_append(out, "</li>\n");
    }
    g_string_append(out, "</ul>\n");
}

char *
mp_status_html(const MpStatus *status)
{
    GString *out = g_string_new(NULL);

    add_head(out, status);
    add_findings(out, status);
    g_string_append(out, "<main>\n");
    mp_status_plots(out, status);
    add_tallies(out, _("Mails"), status->mails);
    add_tallies(out, _("Messages"), status->messages);
    add_times(out, _("From delivery to comment"), &status->delivery);
    add_times(out, _("From comment to sent"), &status->sending);
    add_queues(out, status);
    add_runs(out, status);
    add_space(out, status);
    g_string_append(out, "</main></body></html>\n");
    return g_string_free(out, FALSE);
}
