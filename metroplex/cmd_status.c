/* metroplex status: what lib/report gathers, written as it is asked for. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "commands.h"
#include "report/status.h"

/* As a whole or not at all: under another name first, FILE.tmp, which no collector reads. */
static bool
write_file(const char *path, const char *text, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path), *name = g_path_get_basename(path);
    g_auto(MpFd) fd = mp_open_directory(directory, error);

    if (fd < 0)
        return false;
    if (mp_may_replace(fd, name, error) &&
        mp_write_file(fd, name, text, strlen(text), 0644, false, error))
        return true;
    g_prefix_error(error, "%s: ", path);
    return false;
}

static bool
put(char *text, const char *path, GError **error)
{
    g_autofree char *owned = text;

    if (path != NULL && strcmp(path, "-") != 0)
        return write_file(path, owned, error);
    fputs(owned, stdout);
    return true;
}

static char *
json_line(const MpStatus *status)
{
    g_autofree char *line = mp_status_json(status);

    return g_strconcat(line, "\n", NULL);
}

/* One of the writers; NULL if more than one is asked for. */
static char *(*choose(bool json, bool prometheus, bool html))(const MpStatus *)
{
    if (json + prometheus + html > 1)
        return NULL;
    return json         ? json_line
           : prometheus ? mp_status_prometheus
           : html       ? mp_status_html
                        : mp_status_text;
}

int
cmd_status(int argc, char **argv)
{
    gboolean json = FALSE, prometheus = FALSE, html = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "one JSON object", NULL},
        {"prometheus", 0, 0, G_OPTION_ARG_NONE, &prometheus,
         "Prometheus' text format, into FILE if one is named", NULL},
        {"html", 0, 0, G_OPTION_ARG_NONE, &html, "a page, into FILE (- for standard output)", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(MpOptions) options = {0};
    g_auto(MpInstance) instance = {0};
    g_auto(MpStatus) status = {0};
    g_autoptr(GError) error = NULL;

    mp_options_parse(
        &options, entries, "[--json | --prometheus [FILE] | --html FILE]",
        "Says how mail is doing: what came in and went out in the last hour, day and\n"
        "month, how long it took, what waits, when the programs ran, and the space.\n"
        "Exits 0 if all is well, 1 with a warning, 2 if something is critical: by the\n"
        "thresholds of [status] in metroplex.conf(5). For example:\n"
        "metroplex status --html /tmp/status.html",
        0, 1, &argc, &argv);
    char *(*writer)(const MpStatus *) = choose(json, prometheus, html);
    if (writer == NULL || (argc > 1 && !prometheus && !html) || (argc < 2 && html))
        return mp_usage_error("status",
                              "one of --json, --prometheus [FILE] and --html FILE, or none");
    if (json || prometheus)
        g_setenv("LC_ALL", "C", TRUE); /* what programs read is English everywhere */
    if (!mp_instance_load(&instance, &options, &error) ||
        !mp_status_gather(&status, &instance, mp_time_now(), &error) ||
        !put(writer(&status), argv[1], &error))
        return mp_report(error);
    return (int)status.level;
}
