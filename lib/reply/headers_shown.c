/*
 * Header blocks that a person shows: a patch, the fields of a mail as they stand in its source, an
 * example, a file of settings.
 */
#include "reply/boundary.h"
#include "reply/prose.h"

#include <string.h>

enum {
    EXAMPLE_LINES = 100,
    SHOWN_LINES = 32,  /* above and below, in which a transport's field is looked for */
    OBJECT_ID = 7,     /* hexadecimal digits of Git's shortest abbreviation */
    PATCH_LINES = 100, /* of a commit's message */
};

#define INDENT "  "

/* "From 0123…cdef Mon Sep 17 00:00:00 2001" begins a patch, of which the fields below are a part.
 */
static bool
is_mbox_line(const GArray *lines, gint i)
{
    static const char from[] = "From ";

    return i >= 0 && g_str_has_prefix(LINE(lines, i)->core, from) &&
           strspn(LINE(lines, i)->core + strlen(from), "0123456789abcdef") >= OBJECT_ID &&
           strstr(LINE(lines, i)->core, " 00:00:00 ") != NULL;
}

static bool
is_indented(const Line *line)
{
    return g_str_has_prefix(line->text, INDENT);
}

/* "This is what I sent:", and indented below it a mail, and the person's text again below that. */
bool
headers_are_example(const GArray *lines, guint start, guint end)
{
    gint above = lines_skip_blank_above(lines, (gint)start - 1);
    guint limit = MIN(lines->len, end + EXAMPLE_LINES);

    if (!is_indented(LINE(lines, start)) || above < 0 || is_indented(LINE(lines, above)) ||
        !g_str_has_suffix(LINE(lines, above)->core, ":"))
        return false;
    while (end < limit && (LINE(lines, end)->kind == LINE_BLANK || is_indented(LINE(lines, end))))
        end++;
    return end < limit && LINE(lines, end)->kind == LINE_TEXT;
}

/* What relays and servers write, and no client quotes. */
static bool
is_transport_field(const char *core)
{
    static const char *const names[] = {"Received: ",
                                        "Return-Path: ",
                                        "Message-ID: ",
                                        "MIME-Version: ",
                                        "Delivered-To:",
                                        "Content-Type: ",
                                        "DKIM-Signature: ",
                                        "X-",
                                        "HTTP/",
                                        "Message-Id: ",
                                        NULL};

    for (const char *const *name = names; *name != NULL; name++) {
        if (g_str_has_prefix(core, *name))
            return true;
    }
    return false;
}

/* The fields as they stand in a mail itself, not as a client writes them above a quote. */
static bool
is_raw(const GArray *lines, guint start, guint end)
{
    static const char *const names[] = {"From: ", "To: ", "Cc: ", "Subject: ", "Reply-To: ", NULL};

    for (guint i = start; i < end; i++) {
        const Line *line = LINE(lines, i);
        const char *zone = strrchr(line->core, ' ');
        const char *const *name = names;

        while (*name != NULL && !g_str_has_prefix(line->core, *name))
            name++;
        if (line->field == FIELD_NONE || *name != NULL || is_transport_field(line->core))
            continue;
        if (!g_str_has_prefix(line->core, "Date: ") || zone == NULL ||
            !((strlen(zone) == 6 && strchr("+-", zone[1]) != NULL) || strcmp(zone, " GMT") == 0))
            return false;
    }
    return true;
}

/* "Subject: [PATCH] …" as the last field, and a diff below: the head of a patch, without the line
 * above it. */
static bool
is_patch_head(const GArray *lines, guint start, guint end)
{
    static const char tag[] = "Subject: [";
    const char *subject = LINE(lines, end - 1)->core;
    guint limit = MIN(lines->len, end + PATCH_LINES);

    if (!g_str_has_prefix(subject, tag) || strstr(subject, "PATCH") == NULL ||
        !is_raw(lines, start, end))
        return false;
    for (; end < limit; end++) {
        if (LINE(lines, end)->fenced && !LINE(lines, end - 1)->fenced)
            return true;
    }
    return false;
}

/* Fields of that kind right above or below those at `start`, and text above them all: a mail that
 * begins with such is broken, and shows nothing. */
static bool
is_among_transport_fields(const GArray *lines, guint start)
{
    guint i = start, limit = MIN(lines->len, start + SHOWN_LINES);

    while (i > 0 && start - i < SHOWN_LINES && LINE(lines, i - 1)->kind == LINE_TEXT)
        i--;
    if (lines_is_first(lines, i) && strstr(LINE(lines, i)->core, ": ") != NULL)
        return false;
    for (; i < limit && LINE(lines, i)->kind == LINE_TEXT; i++) {
        if (is_transport_field(LINE(lines, i)->core))
            return true;
    }
    return false;
}

/* "Host: git.example.org" right above: a field that no client quotes. */
static bool
is_below_field(const GArray *lines, guint start)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";
    const Line *above = LINE(lines, start - 1);
    gsize name = strspn(above->core, letters);

    return above->kind == LINE_TEXT && above->field == FIELD_NONE && name > 1 &&
           above->core[name] == ':' && above->core[name + 1] == ' ';
}

/* "[mail]" right above: the section of a file of settings. */
static bool
is_below_section(const GArray *lines, guint start)
{
    static const char name[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:\" -";
    const char *above = LINE(lines, start - 1)->core;
    gsize n = above[0] == '[' ? strspn(above + 1, name) : 0;

    return n > 0 && strcmp(above + 1 + n, "]") == 0;
}

/* "These are the headers I get:", and below it some, or the fields of a template: the person shows
 * them, and goes on below. */
static bool
is_shown(const GArray *lines, guint start, guint end)
{
    gint above = lines_skip_blank_above(lines, (gint)start - 1);

    if (above < 0 || LINE(lines, above)->kind != LINE_TEXT)
        return false;
    if (is_below_section(lines, start))
        return true;
    return is_raw(lines, start, end) &&
           (prose_shows(lines, start, end) || is_below_field(lines, start) ||
            g_str_has_suffix(LINE(lines, above)->core, ":") ||
            is_among_transport_fields(lines, start));
}

bool
headers_are_shown(const GArray *lines, guint start, guint end)
{
    return is_mbox_line(lines, (gint)start - 1) || is_patch_head(lines, start, end) ||
           headers_are_example(lines, start, end) || is_shown(lines, start, end);
}
