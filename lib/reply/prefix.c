/*
 * Quotes marked with who is quoted: "GS> Is it?", "Grace> Is it?", as The Bat and Emacs' Supercite
 * write them. A shell's prompt looks the same, so it takes an attribution above.
 */
#include "reply/boundary.h"

#include <string.h>

enum {
    LONGEST_NAME = 12, /* letters */
    MOST_INITIALS = 4,
    ATTEMPTS = 8, /* each counts lines, so they are bounded */
};

/* Length of "Grace>" at the start of a core, 0 if there is none. */
static gsize
prefix_length(const char *core)
{
    const char *p = core;

    if (core[0] == '\0' || core[1] == '\0' || strchr(core, '>') == NULL)
        return 0;
    for (guint n = 0; n < LONGEST_NAME && g_unichar_isalpha(g_utf8_get_char(p)); n++)
        p = g_utf8_next_char(p);
    return p > core && *p == '>' ? (gsize)(p - core) + 1 : 0;
}

static bool
is_prefixed(const Line *line)
{
    return line->kind == LINE_QUOTE && line->core[0] != '>';
}

static bool
is_attribution(const Line *line)
{
    return line->kind == LINE_ATTRIBUTION || (line->kind == LINE_QUOTE && line->rule != NULL &&
                                              line->rule->kind == MP_RULE_ATTRIBUTION);
}

bool
prefixes_mark(GArray *lines)
{
    bool marked = false;

    for (guint i = 0; i < lines->len; i++) {
        Line *line = LINE(lines, i);

        if ((line->kind == LINE_TEXT || line->kind == LINE_RULE) && !line->fenced &&
            prefix_length(line->core) > 0) {
            line->kind = LINE_QUOTE;
            marked = true;
        }
    }
    return marked;
}

/* "GS>"; a single "Grace>" may be a part of the message. */
static bool
is_initials(const char *core, gsize length)
{
    for (gsize i = 0; i + 1 < length; i++) {
        if (!g_ascii_isupper(core[i]))
            return false;
    }
    return length <= MOST_INITIALS + 1;
}

static guint
count_prefixed(const GArray *lines, const char *prefix, gsize length)
{
    guint n = 0;

    for (guint i = 0; i < lines->len; i++)
        n += is_prefixed(LINE(lines, i)) && strncmp(LINE(lines, i)->core, prefix, length) == 0;
    return n;
}

static bool
is_mark(const GArray *lines, const Line *line, const Line *above)
{
    gsize length = prefix_length(line->core);

    return above->kind == LINE_QUOTE || is_initials(line->core, length) ||
           count_prefixed(lines, line->core, length) > 1;
}

/* The prefix of the first attributed quote holds for the mail; what begins otherwise is text. */
void
prefixes_judge(GArray *lines)
{
    const char *prefix = NULL;
    const Line *above = NULL; /* the last line that is not blank */
    guint attempts = 0;

    for (guint i = 0; prefix == NULL && i < lines->len; i++) {
        const Line *line = LINE(lines, i);

        if (above != NULL && is_prefixed(line) && is_attribution(above) && attempts++ < ATTEMPTS &&
            is_mark(lines, line, above))
            prefix = line->core;
        if (line->kind != LINE_BLANK)
            above = line;
    }
    for (guint i = 0; i < lines->len; i++) {
        Line *line = LINE(lines, i);

        if (is_prefixed(line) &&
            (prefix == NULL || strncmp(line->core, prefix, prefix_length(prefix)) != 0)) {
            line->kind = line->own_kind;
            line->rule = line->own_rule;
        }
    }
}
