/* Which lines are code; see code.h. */
#include "reply/code.h"

#include <string.h>

enum { FRONT_MATTER_LINES = 40 };

/* A fence that is never closed protects nothing: who knows where it was meant to end. */
static void
mark_fences(GArray *lines)
{
    guint open = 0;
    char mark = '\0';

    for (guint i = 0; i < lines->len; i++) {
        const char *core = LINE(lines, i)->core;
        bool fence = (core[0] == '`' || core[0] == '~') &&
                     (g_str_has_prefix(core, "```") || g_str_has_prefix(core, "~~~"));

        if (!fence)
            continue;
        if (mark == '\0') {
            /* ~~~~ alone is as likely a line drawn by hand */
            if (core[0] == '~' && core[strspn(core, "~")] == '\0' && strlen(core) > 3)
                continue;
            mark = core[0];
            open = i;
        } else if (mark == core[0] && core[strspn(core, "`~")] == '\0') {
            for (guint k = open; k <= i; k++)
                LINE(lines, k)->fenced = true;
            mark = '\0';
        }
    }
}

/* "title: Build", "  - item" and the like: a line of YAML. */
static bool
is_yaml(const Line *line)
{
    gsize name =
        strspn(line->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    return g_str_has_prefix(line->text, "  ") || g_str_has_prefix(line->text, "- ") ||
           g_str_has_prefix(line->text, "#") || (name > 0 && line->text[name] == ':');
}

/* YAML between two lines "---", as it heads pages: code, though nobody fenced it. */
static void
mark_front_matter(GArray *lines)
{
    for (guint i = 0; i < lines->len; i++) {
        guint end = i + 1;

        if (LINE(lines, i)->kind != LINE_SIGNATURE || strcmp(LINE(lines, i)->core, "---") != 0)
            continue;
        while (end < lines->len && end - i <= FRONT_MATTER_LINES && is_yaml(LINE(lines, end)))
            end++;
        if (end == i + 1 || end == lines->len || strcmp(LINE(lines, end)->core, "---") != 0)
            continue;
        for (guint k = i; k <= end; k++)
            LINE(lines, k)->fenced = true;
        i = end;
    }
}

/* "12c12,13", "3,4d2": what heads each part of a diff in diff(1)'s own format. */
static bool
is_diff_command(const char *core)
{
    const char *digits = "0123456789,";
    gsize n = strspn(core, digits);

    return n > 0 && strchr("acd", core[n]) != NULL && core[n] != '\0' &&
           strspn(core + n + 1, digits) > 0 && core[n + 1 + strspn(core + n + 1, digits)] == '\0';
}

/* The lines of such a part, "< old", "---", "> new", are code, and no quote. */
static void
mark_normal_diffs(GArray *lines)
{
    for (guint i = 0; i < lines->len; i++) {
        guint end = i + 1;

        if (LINE(lines, i)->kind != LINE_TEXT || !is_diff_command(LINE(lines, i)->core))
            continue;
        while (end < lines->len &&
               (strchr("<>\\", LINE(lines, end)->core[0]) != NULL ||
                strcmp(LINE(lines, end)->core, "---") == 0) &&
               *LINE(lines, end)->core != '\0')
            end++;
        for (guint k = i; end > i + 1 && k < end; k++) {
            LINE(lines, k)->fenced = true;
            if (LINE(lines, k)->kind == LINE_QUOTE)
                LINE(lines, k)->kind = LINE(lines, k)->own_kind = LINE_TEXT;
        }
        i = end - 1;
    }
}

void
code_mark(GArray *lines)
{
    mark_fences(lines);
    mark_front_matter(lines);
    mark_normal_diffs(lines);
}
