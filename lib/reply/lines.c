/* Splitting a mail into lines, and what a line is by itself; see lines.h. */
#include "reply/lines.h"
#include "reply/code.h"

#include <string.h>

enum {
    SHORTEST_RULE = 3,     /* bytes, all letters, of the shortest line a row could match */
    FIELD_NAME_LIMIT = 60, /* bytes before the colon of a header field */
};

/* Rows of dashes and the like, at least two long; also an em dash alone, as GitHub's footers have.
 */
static bool
is_delimiter(const char *core)
{
    if (g_ascii_isalnum(*core))
        return false; /* as nearly always */
    gsize n = strspn(core, "-_=*#~+ ");

    if (core[n] == '\0')
        return n >= 2;
    for (const char *p = core; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c != 0x2014 && c != 0x2013 && c != 0x2015 && c != 0x2500 && c != 0x1427)
            return false;
    }
    return true;
}

static bool
is_signature_delimiter(const char *core)
{
    static const char *const delimiters[] = {
        "--",
        "—",
        "---",
        "\\--", /* escaped by a converter, */
        "**--**",
        "*--*",
        "- --", /* set bold, escaped by OpenPGP, whose own signature goes too */
        "-----BEGIN PGP SIGNATURE-----",
        NULL};

    return !g_ascii_isalnum(core[0]) && strchr("-\\*\xe2", core[0]) != NULL &&
           g_strv_contains(delimiters, core);
}

HeaderField
line_field(const char *core, MpMatcher *matcher, const MpRule **rule)
{
    *rule = mp_matcher_rule(matcher, MP_RULE_HEADER, core);
    for (guint group = FIELD_FROM; *rule != NULL && group <= FIELD_SUBJECT; group++) {
        if (mp_matcher_group(matcher, group))
            return group;
    }
    return FIELD_NONE;
}

static HeaderField
header_field(const Line *line, MpMatcher *matcher, const MpRule **rule)
{
    const char *colon = strpbrk(line->core, ":\xef");

    if (g_str_has_prefix(line->core, "Message ") && line->has_digit) /* a date, and no colon */
        return line_field(line->core, matcher, rule);
    if (colon == NULL || colon - line->core > FIELD_NAME_LIMIT ||
        (g_ascii_ispunct(line->core[0]) && strchr("*_|", line->core[0]) == NULL) ||
        strcspn(line->core, "0123456789") < (gsize)(colon - line->core))
        return FIELD_NONE;
    return line_field(line->core, matcher, rule);
}

/* Enough of them for any row to match: "- x" and "}" need no pattern. */
static bool
has_letters(const char *core)
{
    guint n = 0;

    for (; *core != '\0' && n < SHORTEST_RULE; core++)
        n += g_ascii_isalpha(*core) || (guchar)*core >= 0x80;
    return n == SHORTEST_RULE;
}

/* Notes whether an @ and a digit, in any script, are in the line; returns its length. */
static gsize
look_for_marks(Line *line)
{
    enum { AT = 1, DIGIT = 2, BEYOND_ASCII = 4 };
    static const guchar marks[256] = {
        ['@'] = AT, ['0' ... '9'] = DIGIT, [0xc0 ... 0xff] = BEYOND_ASCII};
    const char *p = line->core;
    guchar found = 0;

    for (; *p != '\0'; p++)
        found |= marks[(guchar)*p];
    line->has_at = (found & AT) != 0;
    line->has_digit = (found & DIGIT) != 0;
    if ((found & (DIGIT | BEYOND_ASCII)) == BEYOND_ASCII) {
        for (const char *c = line->core; *c != '\0' && !line->has_digit; c = g_utf8_next_char(c))
            line->has_digit = (guchar)*c >= 0xc0 && g_unichar_isdigit(g_utf8_get_char(c));
    }
    return (gsize)(p - line->core);
}

/* "Non-text part: text/html": what notmuch quotes of a part that it cannot show. */
static bool
is_part_note(const char *core)
{
    static const char note[] = "Non-text part: ";

    return g_str_has_prefix(core, note) && strchr(core, '/') != NULL &&
           strchr(core + strlen(note), ' ') == NULL;
}

static void
classify(Line *line, MpMatcher *matcher)
{
    gsize length = look_for_marks(line);

    line->kind = LINE_BLANK;
    if (length == 0)
        return;
    if (length < SHORTEST_RULE && g_ascii_isalnum(line->core[0])) {
        line->kind = LINE_TEXT;
    } else if (line->core[0] == '>') {
        line->kind = LINE_QUOTE;
        if (!g_str_has_prefix(line->core, ">>>") || !g_str_has_suffix(line->core, ">>>"))
            return;
        line->rule = mp_matcher_line(matcher, line->core);
        if (line->rule != NULL)
            line->kind = LINE_RULE;
    } else if (is_part_note(line->core)) {
        line->kind = LINE_QUOTE;
    } else if (is_signature_delimiter(line->core)) {
        line->kind = LINE_SIGNATURE;
    } else if (is_delimiter(line->core)) {
        line->kind = LINE_DELIMITER;
    } else {
        line->kind = LINE_TEXT;
        if (length < SHORTEST_RULE)
            return;
        line->field = header_field(line, matcher, &line->rule);
        if (line->field != FIELD_NONE)
            return;
        if (!has_letters(line->core))
            return;
        bool links = line_may_hold_links(line->core);
        g_autofree char *plain = links ? line_without_links(line->core) : NULL;
        line->rule = mp_matcher_line(matcher, links ? plain : line->core);
        if (line->rule == NULL && links)
            line->rule = mp_matcher_link(matcher, line->core);
        if (line->rule == NULL && line->core[0] == '[')
            line->rule = mp_matcher_line(matcher, line->core);
        if (line->rule != NULL && line->rule->kind != MP_RULE_CLOSING)
            line->kind = LINE_RULE;
    }
}

void
lines_classify(Line *line, MpMatcher *matcher)
{
    line->rule = NULL;
    line->field = FIELD_NONE;
    line->read = line->names_known = false;
    classify(line, matcher);
    line->own_kind = line->kind;
    line->own_rule = line->rule;
}

/* "    > x" right below "    $ cat >y <<E": a shell's prompt, or an operator, in indented code. */
static void
unquote_indented_code(GArray *lines)
{
    static const char indent[] = "    ";

    for (guint i = 1; i < lines->len; i++) {
        Line *line = LINE(lines, i);
        const Line *above = LINE(lines, i - 1);

        if (line->kind == LINE_QUOTE && g_str_has_prefix(line->text, indent) &&
            above->kind == LINE_TEXT && g_str_has_prefix(above->text, indent) &&
            !g_str_has_suffix(above->core, ":"))
            line->kind = line->own_kind = LINE_TEXT;
    }
}

/* "On … Ada <", "ada@example.org", ">", "wrote:": a bracket that a converter set on a line of its
 * own.
 */
static void
unquote_brackets(GArray *lines)
{
    for (guint i = 2; i < lines->len; i++) {
        Line *line = LINE(lines, i);

        if (strcmp(line->core, ">") == 0 && LINE(lines, i - 1)->has_at &&
            LINE(lines, i - 1)->kind == LINE_TEXT &&
            g_str_has_suffix(LINE(lines, i - 2)->core, "<"))
            line->kind = line->own_kind = LINE_TEXT;
    }
}

GArray *
lines_split(char *texts, char *cores, MpMatcher *matcher)
{
    guint n = 1;

    for (const char *p = texts; (p = strchr(p, '\n')) != NULL; p++)
        n++;
    GArray *lines = g_array_sized_new(FALSE, FALSE, sizeof(Line), n);
    g_array_set_size(lines, n);
    char *p = texts;
    for (guint i = 0; i < n; i++) {
        Line *line = LINE(lines, i);
        char *end = *p == '\n' ? p : strchr(p, '\n');

        if (end != NULL)
            *end++ = '\0';
        *line = (Line){.text = p, .core = cores, .index = i};
        p = end;
        if (*line->text == '\0') { /* LINE_BLANK, as it is */
            *cores++ = '\0';
            continue;
        }
        cores = line_write_core(cores, line->text);
        lines_classify(line, matcher);
    }
    unquote_indented_code(lines);
    unquote_brackets(lines);
    code_mark(lines);
    return lines;
}

guint
lines_count_kept(const GArray *lines)
{
    guint n = 0;

    for (guint i = 0; i < lines->len; i++)
        n += LINE(lines, i)->kept;
    return n;
}

/* Moves the lines that are kept to `to`, as if nobody had looked at them; returns how many. */
static guint
move_kept(const GArray *from, GArray *to)
{
    guint n = 0;

    for (guint i = 0; i < from->len; i++) {
        if (!LINE(from, i)->kept)
            continue;
        Line *line = LINE(to, n++);
        *line = *LINE(from, i);
        line->kind = line->own_kind;
        line->rule = line->own_rule;
        line->fenced = false;
        line->block = 0;
    }
    return n;
}

GArray *
lines_kept(const GArray *lines)
{
    guint length = lines_count_kept(lines);
    GArray *kept = g_array_sized_new(FALSE, FALSE, sizeof(Line), length);

    g_array_set_size(kept, length);
    move_kept(lines, kept);
    code_mark(kept);
    return kept;
}

void
lines_drop_elided(GArray *lines)
{
    g_array_set_size(lines, move_kept(lines, lines));
    code_mark(lines);
}

gint
lines_skip_blank_above(const GArray *lines, gint i)
{
    while (i >= 0 && LINE(lines, i)->kind == LINE_BLANK)
        i--;
    return i;
}

bool
lines_is_first(const GArray *lines, guint i)
{
    return lines_skip_blank_above(lines, (gint)i - 1) < 0;
}
