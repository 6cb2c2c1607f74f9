/*
 * Code that was answered within: quoted down to a line, and the answer is right below that line.
 * See code.h.
 */
#include "reply/code.h"

#include <string.h>

enum {
    ANSWERED_LINES = 4,   /* of a long hunk: those right above the answer */
    LONGEST_ANSWER = 200, /* lines below which it is looked whether the code goes on */
    WRAPPED_FROM = 60,    /* bytes of a line that a client may have wrapped */
    ENDLESS = 0x40000000, /* lines of a hunk that does not say how many */
};

/* The line without the marks of its quote and one space: "> ```" is a fence, ">  ```" one that a
 * diff shows. */
static const char *
own_rest(const Line *line)
{
    const char *mark = line->kind == LINE_QUOTE ? strchr(line->text, '>') : NULL, *rest = mark;

    if (mark == NULL)
        return line_unquoted(line->core);
    for (const char *p = mark; *p == '>' || *p == ' ' || *p == '\t'; p++)
        rest = *p == '>' ? p + 1 : rest;
    return rest + (*rest == ' ');
}

/* The line without the marks of its quote, its indentation kept where the quote goes on as it does
 * in line `i`, whose marks take `width` bytes; 0: that is not known. */
static const char *
rest_of(const GArray *lines, guint k, guint i, gsize width)
{
    const Line *line = LINE(lines, k);

    if (line->kind == LINE_QUOTE && width > 0 &&
        strncmp(line->text, LINE(lines, i)->text, width) == 0)
        return line->text + width;
    return line_unquoted(line->core);
}

/* "```", with what stands behind it. */
static bool
is_fence(const char *rest)
{
    return g_str_has_prefix(rest, "```") || g_str_has_prefix(rest, "~~~");
}

bool
code_is_bare_fence(const char *rest)
{
    return is_fence(rest) && rest[strspn(rest, "`~")] == '\0';
}

static bool
is_hunk_head(const char *rest)
{
    return g_str_has_prefix(rest, "@@ -") || g_str_has_prefix(rest, "@@@ -");
}

static bool
is_wrapped_rest(const GArray *lines, guint k)
{
    return LINE(lines, k)->kind != LINE_QUOTE || strlen(LINE(lines, k - 1)->text) >= WRAPPED_FROM;
}

/* The lines from below the hunk's head at `i` to before `end` are all of the hunk, and, if `within`
 * says so, more of it was to come. A line without a mark was wrapped, or lost its space; below a
 * blank one it is somebody's text. */
static bool
is_within_hunk(const GArray *lines, guint i, guint end, bool within)
{
    const char *text = LINE(lines, i)->text, *head = strstr(text, "@@");
    gsize width = head != NULL ? (gsize)(head - text) : 0; /* else written as entities */
    guint old, new;
    bool counted = code_is_hunk(line_unquoted(LINE(lines, i)->core), &old, &new), blank = false;

    if (!counted)
        old = new = ENDLESS;
    for (guint k = i + 1; k < end; k++) {
        const char *rest = rest_of(lines, k, i, width);
        bool empty = rest[strspn(rest, " \t")] == '\0', marked = strchr(" \t+-\\", *rest) != NULL;

        if (!empty && ((old == 0 && new == 0 && *rest != '\\' && !is_wrapped_rest(lines, k)) ||
                       (!marked && blank && !is_wrapped_rest(lines, k))))
            return false;
        blank = empty;
        if ((!marked && !empty) || *rest == '\\' || LINE(lines, k)->kind != LINE_QUOTE)
            continue;
        old -= *rest != '+' && old > 0;
        new -= *rest != '-' && new > 0;
    }
    return !within || (counted && (old > 0 || new > 0));
}

/* The last line from `start` to before `end` with words in it or marks of code; `end` if none. */
static guint
last_line(const GArray *lines, guint start, guint end)
{
    for (guint i = end; i > start; i--) {
        if (*line_unquoted(LINE(lines, i - 1)->core) != '\0')
            return i - 1;
    }
    return end;
}

/* The head of the hunk, or of the diff of a file, that line `last` belongs to; `none` if to none.
 * `closed`: a fence was closed below it, as an HTML client does on both sides of an answer. */
static guint
diff_start(const GArray *lines, guint start, guint last, bool closed, guint none)
{
    guint depth = line_quote_depth(LINE(lines, last)->core);
    bool head = !closed;

    for (guint i = last + 1; i-- > start;) {
        const char *rest = own_rest(LINE(lines, i));

        if (LINE(lines, i)->kind != LINE_QUOTE || *line_unquoted(rest) == '\0')
            continue;
        if (line_quote_depth(LINE(lines, i)->core) != depth || is_fence(rest))
            return none;
        if (is_hunk_head(rest))
            return is_within_hunk(lines, i, last + 1, closed) ? i : none;
        head = head && code_is_diff_head(rest);
        if (g_str_has_prefix(rest, "diff --"))
            return head ? i : none;
    }
    return none;
}

/* The fence that line `last` stands below, if it was not closed; `none` if there is none. */
static guint
fence_start(const GArray *lines, guint start, guint last, guint none)
{
    guint depth = line_quote_depth(LINE(lines, last)->core), open = none;
    char mark = '\0';

    for (guint i = start; i <= last; i++) {
        const char *rest = own_rest(LINE(lines, i));

        if (LINE(lines, i)->kind != LINE_QUOTE || !is_fence(rest) ||
            line_quote_depth(LINE(lines, i)->core) != depth)
            continue;
        if (mark == '\0' && !code_is_drawn(rest)) {
            mark = *rest;
            open = i;
        } else if (mark == *rest && code_is_bare_fence(rest)) {
            mark = '\0';
            open = none;
        }
    }
    return open;
}

/* The next quote begins with a fence: a client cut code in two for the answer. */
static bool
goes_on_as_code(const GArray *lines, guint end)
{
    guint below = end;

    while (below < lines->len && below < end + LONGEST_ANSWER &&
           (LINE(lines, below)->kind != LINE_QUOTE || *own_rest(LINE(lines, below)) == '\0'))
        below++;
    return below < lines->len && is_fence(own_rest(LINE(lines, below)));
}

guint
code_answered(const GArray *lines, guint start, guint end, bool whole)
{
    guint last = last_line(lines, start, end), first = end;

    if (last == end || LINE(lines, last)->kind != LINE_QUOTE)
        return end;
    bool closed = code_is_bare_fence(own_rest(LINE(lines, last)));
    guint code = closed ? last_line(lines, start, last) : last;
    if (!closed || code < last)
        first = diff_start(lines, start, code, closed && !goes_on_as_code(lines, end), end);
    if (first == end && !closed && !whole)
        first = fence_start(lines, start, last, end);
    return first == end ? end : MAX(first, code + 1 - MIN(code + 1, ANSWERED_LINES));
}

guint
code_opening_fence(const GArray *lines, guint start, guint first, guint end)
{
    guint last = last_line(lines, start, end);

    if (last == end || !code_is_bare_fence(own_rest(LINE(lines, last))))
        return end;
    for (guint i = first; i-- > start;) {
        if (is_fence(own_rest(LINE(lines, i))))
            return i;
    }
    return end;
}
