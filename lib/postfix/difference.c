/* What applying would change, for people to read; see postfix.h. */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "postfix/internal.h"

/* --- Files -------------------------------------------------------------------------------------
 */

static char *
path_of(const MpPostfix *postfix, const MpTable *table)
{
    return g_build_filename(postfix->tables, table->name, NULL);
}

static bool
is_missing(const MpPostfix *postfix, const MpTable *table)
{
    g_autofree char *path = path_of(postfix, table);
    g_autofree char *text = NULL;

    return !g_file_get_contents(path, &text, NULL, NULL) || strcmp(text, table->text) != 0;
}

static bool
is_due(const MpPostfix *postfix)
{
    g_autofree char *path = g_build_filename(postfix->tables, MP_RELOAD_DUE, NULL);

    return access(path, F_OK) == 0;
}

bool
mp_postfix_differs(const MpPostfix *postfix)
{
    bool differs = is_due(postfix) || mp_marked_differ(postfix->main, postfix->new_main) ||
                   mp_marked_differ(postfix->master, postfix->new_master);

    for (guint i = 0; i < postfix->files->len && !differs; i++)
        differs = is_missing(postfix, g_ptr_array_index(postfix->files, i));
    return differs;
}

/* A file for another program to read; its path is the caller's, who removes it. */
static char *
temporary(const char *text, GError **error)
{
    g_autoptr(GError) why = NULL;
    char *path = NULL;
    g_auto(MpFd) fd = g_file_open_tmp("metroplex-XXXXXX", &path, &why);

    if (fd < 0)
        return mp_fail_null(error, MP_ERROR_TEMPORARY, "%s", why->message);
    if (mp_write_all(fd, text, strlen(text), error))
        return path;
    unlink(path);
    g_free(path);
    return NULL;
}

/* diff(1)'s status is 1 where there is a difference. */
static bool
run_diff(GString *into, const char *const *argv, GError **error)
{
    g_auto(MpProcess) process = {0};
    g_auto(GStrv) environment = mp_postfix_environment();

    if (!mp_process_run(&process, argv, (const char *const *)environment, 20, error))
        return false;
    if (process.status != 0 && process.status != 1)
        return mp_fail(error, MP_ERROR_TEMPORARY, "diff: %s", process.err);
    g_string_append(into, process.out);
    return true;
}

static bool
append_diff(GString *into, const char *path, const char *before, const char *after, GError **error)
{
    g_autofree char *from = temporary(before, error);
    g_autofree char *to = from != NULL ? temporary(after, error) : NULL;
    const char *const argv[] = {"diff",    "-u", "--label", *before != '\0' ? path : "/dev/null",
                                "--label", path, "--",      from,
                                to,        NULL};
    bool good = to != NULL && run_diff(into, argv, error);

    if (from != NULL)
        unlink(from);
    if (to != NULL)
        unlink(to);
    return good;
}

static bool
append_file(GString *into, const MpPostfix *postfix, const char *name, const char *before,
            const char *after, GError **error)
{
    g_autofree char *path = g_build_filename(postfix->directory, name, NULL);

    return !mp_marked_differ(before, after) || append_diff(into, path, before, after, error);
}

static bool
append_tables(GString *into, const MpPostfix *postfix, GError **error)
{
    for (guint i = 0; i < postfix->files->len; i++) {
        const MpTable *table = g_ptr_array_index(postfix->files, i);
        g_autofree char *path = path_of(postfix, table);
        g_autofree char *there = NULL;

        if (!is_missing(postfix, table))
            continue;
        if (!g_file_get_contents(path, &there, NULL, NULL))
            there = g_strdup("");
        if (!append_diff(into, path, there, table->text, error))
            return false;
    }
    return true;
}

/* --- Parameters --------------------------------------------------------------------------------
 */

static bool
append_parameter(GString *into, const MpPostfix *postfix, const char *name, const char *value,
                 GError **error)
{
    const char *const argv[] = {"postconf", "-c", postfix->directory, "-d", "-h", name, NULL};
    g_autofree char *before = mp_main_value(postfix->main, name);
    g_autofree char *standard = NULL;

    if (g_strcmp0(before, value) == 0)
        return true;
    if (before != NULL)
        g_string_append_printf(into, "postconf: - %s = %s\n", name, before);
    else if (strchr(name, '-') == NULL && !g_str_has_prefix(name, "metroplex_") &&
             mp_postfix_run(argv, 20, &standard, error))
        g_string_append_printf(into, "postconf: - %s = %s (default)\n", name, g_strstrip(standard));
    g_clear_error(error);
    if (value != NULL)
        g_string_append_printf(into, "postconf: + %s = %s\n", name, value);
    else
        g_string_append_printf(into, "postconf: + %s (default)\n", name);
    return true;
}

/* Those that stand between the marks and are not to any more. */
static bool
append_dropped(GString *into, const MpPostfix *postfix, GError **error)
{
    g_auto(MpMarked) now = {.lines = NULL}, then = {.lines = NULL};

    mp_marked_parse(postfix->main, &now);
    mp_marked_parse(postfix->new_main, &then);
    g_auto(GStrv) lines = g_strsplit(now.lines != NULL ? now.lines : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_autofree char *name = g_strndup(*line, strcspn(*line, " ="));
        g_autofree char *stays = mp_main_value(postfix->new_main, name);

        if (*name != '\0' && stays == NULL && !append_parameter(into, postfix, name, NULL, error))
            return false;
    }
    return true;
}

char *
mp_postfix_difference(const MpPostfix *postfix, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (!append_file(text, postfix, "main.cf", postfix->main, postfix->new_main, error) ||
        !append_file(text, postfix, "master.cf", postfix->master, postfix->new_master, error) ||
        !append_tables(text, postfix, error))
        return NULL;
    for (guint i = 0; i < postfix->settings->len; i++) {
        const MpSetting *setting = g_ptr_array_index(postfix->settings, i);

        if (!append_parameter(text, postfix, setting->name, setting->value, error))
            return NULL;
    }
    if (!append_dropped(text, postfix, error))
        return NULL;
    if (text->len == 0 && is_due(postfix))
        g_string_append(text, "Postfix has not read its configuration since it was written\n");
    return g_string_free(g_steal_pointer(&text), FALSE);
}
