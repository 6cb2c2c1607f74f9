/* metroplex trace: one mail's way, in the order of time. What is looked at is lib/report's. */
#include <stdio.h>
#include <sysexits.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/text.h"
#include "cli/colour.h"
#include "cli/json.h"
#include "commands.h"
#include "report/mail_log.h"
#include "report/trace.h"

/* --- For people ------------------------------------------------------------------------------- */

/* "2026-01-31 12:00:00.123", here. */
static char *
local_time(gint64 time)
{
    g_autoptr(GDateTime) local = g_date_time_new_from_unix_local(time / G_USEC_PER_SEC);
    g_autofree char *seconds =
        time > 0 && local != NULL ? g_date_time_format(local, "%Y-%m-%d %H:%M:%S") : NULL;

    return seconds != NULL ? g_strdup_printf("%s.%03d", seconds, (int)(time / 1000 % 1000))
                           : g_strdup("-");
}

static void
print_list(const char *title, const GArray *list)
{
    if (list->len == 0)
        return;
    putchar('\n');
    mp_print_in_colour(MP_BOLD, title);
    putchar('\n');
    for (guint i = 0; i < list->len; i++) {
        const MpTraceFact *fact = &g_array_index(list, MpTraceFact, i);
        g_autofree char *shown = mp_escape_again(fact->text);

        printf("  %-13s %s\n", fact->place, shown);
    }
}

static void
print_others(const MpTrace *trace)
{
    if (trace->n_others == 0)
        return;
    g_autofree char *shown = mp_escape_again(trace->last_other);
    printf("\n%u older %s not shown, the last of them:\n  %s\n", trace->n_others,
           mp_plural(trace->n_others, "mail of it is", "mails of it are"), shown);
}

static void
print_text(const MpTrace *trace)
{
    if (trace->left_out > 0)
        printf("%u earlier %s not shown\n", trace->left_out,
               mp_plural(trace->left_out, "line is", "lines are"));
    for (guint i = 0; i < trace->facts->len; i++) {
        const MpTraceFact *fact = &g_array_index(trace->facts, MpTraceFact, i);
        g_autofree char *shown = mp_escape_again(fact->text);
        g_autofree char *time = local_time(fact->time);

        printf("%-23s  %-13s %s\n", time, fact->place, shown);
    }
    print_list("now", trace->now);
    print_list("not seen", trace->unseen);
    print_others(trace);
}

/* --- For programs ----------------------------------------------------------------------------- */

static void
print_json_list(const char *kind, const GArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        const MpTraceFact *fact = &g_array_index(list, MpTraceFact, i);
        g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(fact->time / G_USEC_PER_SEC);
        g_autofree char *seconds = g_date_time_format(utc, "%Y-%m-%dT%H:%M:%S");
        g_autofree char *time =
            g_strdup_printf("%s.%03dZ", seconds, (int)(fact->time / 1000 % 1000));
        g_autofree char *text = g_utf8_make_valid(fact->text, -1);
        JsonObject *object = json_object_new();

        mp_json_text(object, "kind", kind);
        mp_json_text(object, "time", fact->time > 0 ? time : NULL);
        mp_json_text(object, "place", fact->place);
        mp_json_text(object, "text", text);
        mp_json_print(object);
    }
}

static void
print_json(const MpTrace *trace)
{
    print_json_list("passed", trace->facts);
    print_json_list("now", trace->now);
    print_json_list("unseen", trace->unseen);
}

/* --- The command ------------------------------------------------------------------------------ */

static int
print(const MpTrace *trace, bool is_json, const GError *error)
{
    (is_json ? print_json : print_text)(trace);
    return error != NULL ? mp_report(error) : EX_OK;
}

int
cmd_trace(int argc, char **argv)
{
    gboolean is_json = FALSE, is_unmasked = FALSE;
    const GOptionEntry entries[] = {
        MP_OPTION_JSON(is_json),
        MP_OPTION_UNMASKED(is_unmasked),
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_auto(MpTrace) trace = {0};
    g_autoptr(GError) error = NULL, why = NULL;

    mp_options_parse(
        &options, entries, "[--json] [--unmasked] MESSAGE-ID|ADDRESS|FILE|COMMIT|THREAD/COMMENT",
        "Shows the way of a mail, or of a push, through the logs, the tracker and the\n"
        "queue, in the order of time. For example: metroplex trace 17/3",
        1, 1, &argc, &argv);
    /* while we may be root: the log is not our user's */
    g_autoptr(MpLogFiles) mail_log = mp_mail_log_open(0, &why);
    if (!mp_instance_load(&instance, &options, &error))
        return mp_report(error);
    g_autoptr(MpRedaction) redaction = mp_redaction_new(instance.config, !is_unmasked, &error);
    if (redaction == NULL)
        return mp_report(error);
    const MpTraceWishes wishes = {.what = argv[1],
                                  .mail_log = mail_log,
                                  .mail_log_why = why != NULL ? why->message : NULL,
                                  .redaction = redaction};
    (void)mp_trace(&trace, &instance, &wishes, &error);
    return print(&trace, is_json, error);
}
