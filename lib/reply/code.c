/* Which lines are code; see code.h. */
#include "reply/code.h"

#include <stdio.h>
#include <string.h>

enum { FRONT_MATTER_LINES = 40 };

bool
code_is_drawn(const char *rest)
{
    return rest[0] == '~' && rest[strspn(rest, "~")] == '\0' && strlen(rest) > 3;
}

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

        if (!fence || LINE(lines, i)->fenced)
            continue;
        if (mark == '\0') {
            if (code_is_drawn(core))
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

/* Code, and no quote, whatever it begins with. */
static void
mark_code(GArray *lines, guint start, guint end)
{
    for (guint i = start; i < end; i++) {
        Line *line = LINE(lines, i);

        line->fenced = true;
        if (line->kind == LINE_QUOTE)
            line->kind = line->own_kind = LINE_TEXT;
    }
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
        if (end > i + 1)
            mark_code(lines, i, end);
        i = end - 1;
    }
}

bool
code_is_hunk(const char *core, guint *old, guint *new)
{
    int from, to, n;

    *old = *new = 1;
    if (!g_str_has_prefix(core, "@@ -"))
        return false;
    return sscanf(core, "@@ -%d,%u +%d,%u @@%n", &from, old, &to, new, &n) == 4 ||
           sscanf(core, "@@ -%d +%d,%u @@%n", &from, &to, new, &n) == 3 ||
           sscanf(core, "@@ -%d,%u +%d @@%n", &from, old, &to, &n) == 3 ||
           sscanf(core, "@@ -%d +%d @@%n", &from, &to, &n) == 2;
}

bool
code_is_diff_head(const char *core)
{
    static const char *const heads[] = {
        "diff --",  "index ",    "--- ",      "+++ ",          "new file ",
        "deleted ", "old mode ", "new mode ", "similarity ",   "rename ",
        "copy ",    "Index: ",   "=======",   "Binary files ", NULL};

    for (const char *const *head = heads; *head != NULL; head++) {
        if (g_str_has_prefix(core, *head))
            return true;
    }
    return false;
}

/* The line after the hunk whose head is line `i`; blank lines within lost the space of a context
 * line, and a line that none of a hunk's marks begins was wrapped, or is no part of it. */
static guint
hunk_end(const GArray *lines, guint i, guint old, guint new)
{
    guint end = i + 1;

    for (; end < lines->len && (old > 0 || new > 0); end++) {
        char mark = LINE(lines, end)->text[0];

        if (mark != '\0' && strchr(" \t+-\\", mark) == NULL)
            break;
        old -= mark != '+' && mark != '\\' && old > 0;
        new -= mark != '-' && mark != '\\' && new > 0;
    }
    return end;
}

/* Hunks and what stands right above them are code: a line that was taken out of a list or a comment
 * of SQL begins like a signature's delimiter. */
static void
mark_unified_diffs(GArray *lines)
{
    for (guint i = 0; i < lines->len; i++) {
        guint old, new, start = i, end;

        if (LINE(lines, i)->core[0] != '@' || !code_is_hunk(LINE(lines, i)->core, &old, &new))
            continue;
        while (start > 0 && code_is_diff_head(LINE(lines, start - 1)->core))
            start--;
        end = hunk_end(lines, i, old, new);
        mark_code(lines, start, end);
        i = end - 1;
    }
}

/* Most mails hold no line with which any kind of code begins: one look tells. */
void
code_mark(GArray *lines)
{
    enum { HUNK = 1, FENCE = 2, DIFF = 4 };
    static const guchar begins[256] = {
        ['@'] = HUNK, ['`'] = FENCE, ['~'] = FENCE, ['0' ... '9'] = DIFF, [','] = DIFF};
    guchar found = 0;
    bool rule = false;

    for (guint i = 0; i < lines->len; i++) {
        const Line *line = LINE(lines, i);

        found |= begins[(guchar)line->core[0]];
        rule |= line->kind == LINE_SIGNATURE;
    }
    if (found & HUNK)
        mark_unified_diffs(lines);
    if (found & FENCE)
        mark_fences(lines);
    if (rule)
        mark_front_matter(lines);
    if (found & DIFF)
        mark_normal_diffs(lines);
}
