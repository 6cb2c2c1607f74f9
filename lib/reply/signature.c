/* Signatures, of people and of devices; see walk.h. */
#include "reply/prose.h"
#include "reply/walk.h"

#include <string.h>

enum {
    FRAME_LINES = 40,
    SIGNATURE_LINES = 25,      /* a longer one below "--" is a part of the text */
    SHORT_SIGNATURE_LINES = 5, /* below "---", which is a rule in Markdown too */
    SHORT_SIGNATURE_BYTES = 60,
    SIGNATURE_SEARCH = 60, /* lines in which it must end */
    LONGEST_DELIMITER = 6, /* bytes; OpenPGP's has more */
    CONTACT_BYTES = 80,    /* a line of a business card is no longer */
};

#define CODE_INDENT "    " /* Markdown's */

static bool
begins_paragraph(const GArray *lines, guint i)
{
    return i == 0 || LINE(lines, i - 1)->kind != LINE_TEXT;
}

/* How many lines the signature from below `i` to before `end` has; G_MAXUINT if one is too long. */
static guint
signature_lines(const GArray *lines, guint i, guint end, gsize bytes)
{
    guint n = 0;

    for (i++; i < end; i++) {
        n += LINE(lines, i)->kind != LINE_BLANK;
        if (strlen(LINE(lines, i)->core) > bytes)
            return G_MAXUINT;
    }
    return n;
}

/* Below a name come its title, its numbers and perhaps a motto, but no postscript. */
static guint
name_end(const GArray *lines, guint i, guint end)
{
    while (i < end && !prose_is_postscript(LINE(lines, i)->core))
        i++;
    return i;
}

static bool
is_elided_by_rule(const Line *line)
{
    return line_is_rule(line, MP_RULE_DISCLAIMER) || line_is_rule(line, MP_RULE_FOOTER) ||
           line_is_rule(line, MP_RULE_MOBILE);
}

/* "Simplicity is a virtue." in quotation marks. */
static bool
is_motto(const char *core)
{
    static const char *const marks[][2] = {
        {"\"", "\""}, {"“", "”"}, {"„", "“"}, {"«", "»"}, {"'", "'"}};

    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
        if (g_str_has_prefix(core, marks[i][0]) && g_str_has_suffix(core, marks[i][1]))
            return true;
    }
    return false;
}

/* "-- Edsger W. Dijkstra", "— Laozi", as the last line of what somebody else said. */
static bool
is_signed(const GArray *lines, guint end)
{
    static const char *const marks[] = {"-- ", "--", "— ", "—", "– ", "- ", "~ ", NULL};
    const char *core = LINE(lines, end - 1)->core;

    for (const char *const *mark = marks; *mark != NULL; mark++) {
        if (g_str_has_prefix(core, *mark))
            return strlen(core) <= SHORT_SIGNATURE_BYTES &&
                   g_unichar_isupper(g_utf8_get_char(core + strlen(*mark))) &&
                   !prose_is_sentence(core);
    }
    return false;
}

/* What no signature begins with: a sentence of the person's, a list, code. */
static bool
begins_text(const GArray *lines, guint start, guint end)
{
    const char *core = LINE(lines, start)->core;

    return (prose_is_text(lines, start, start + 1) && !is_motto(core)) || prose_leads_on(core) ||
           (end > start + 1 && line_ends_in_colon(core) &&
            prose_is_item(LINE(lines, start + 1)->core)) ||
           (prose_is_item(core) && end > start + 1) || prose_holds_code(lines, start, end) ||
           prose_runs_on(lines, start, end);
}

/* What ends no signature that began above it. */
static bool
is_clear(const GArray *lines, guint start, guint below)
{
    return is_elided_by_rule(LINE(lines, start)) || !prose_is_text(lines, start, below) ||
           is_signed(lines, below);
}

/* Where the signature ends of which the paragraphs from `start` on are the rest, and `end` is the
 * line after its first; 0 if it is too long. */
static guint
rest_end(Walk *walk, guint start, guint end, guint limit)
{
    const GArray *lines = walk->lines;
    const Clear known = walk->clear;
    guint first = start, below = start;

    while (start < lines->len) {
        if (start >= known.first && start < known.start && known.end < limit) {
            start = known.start;
            end = known.end;
            continue;
        }
        below = prose_paragraph_end(lines, start, limit);
        if (below == start || below >= limit || !is_clear(lines, start, below))
            break;
        end = below;
        start = lines_skip_blank(lines, below);
    }
    walk->clear = (Clear){first, start, end};
    if (start == lines->len)
        return start;
    return below > start && below >= limit ? 0 : end;
}

/* Where the signature below the delimiter `i` ends: at a quote, or at a paragraph that is made of
 * sentences, a list, code or a postscript. `i` if it would begin with such. */
static guint
find_signature_end(Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    guint start = lines_skip_blank(lines, i + 1), end, limit = i + SIGNATURE_SEARCH;
    guint below = prose_paragraph_end(lines, start, limit);

    if (below == start) /* the end, a quote, a boundary */
        return start == lines->len ? start : i + 1;
    if (below >= limit)
        return i;
    if (is_elided_by_rule(LINE(lines, start))) {
        end = below;
    } else {
        if (begins_text(lines, start, below))
            return i;
        end = name_end(lines, start, below);
        if (end < below)
            return end;
    }
    end = rest_end(walk, lines_skip_blank(lines, below), end, limit);
    return end > 0 ? end : i;
}

/* The same, looked for once a delimiter: the frames around it ask as well. */
static guint
signature_end(Walk *walk, guint i)
{
    Line *line = LINE(walk->lines, i);

    if (line->kind != LINE_SIGNATURE)
        return find_signature_end(walk, i);
    if (line->block == 0)
        line->block = find_signature_end(walk, i);
    return line->block;
}

/* Code or a list with two dashes in it: a long line in the middle of a sentence runs on below. */
static bool
goes_on(const GArray *lines, guint i)
{
    const char *below = i + 1 < lines->len ? LINE(lines, i + 1)->core : "";

    return i > 0 && LINE(lines, i - 1)->kind == LINE_TEXT && strlen(below) > CONTACT_BYTES &&
           g_unichar_islower(g_utf8_get_char(below));
}

/* A list below "---" stands below a heading or a rule; "+ x" is a line of a diff, as is "---", and
 * "Makefile | 2 +-" stands below it in a patch. */
static bool
is_markup_below(const GArray *lines, guint i)
{
    static const char column[] = " | ";
    const char *below = i + 1 < lines->len ? LINE(lines, i + 1)->core : "";
    const char *count = strstr(below, column);
    bool list = g_str_has_prefix(below, "- ") || g_str_has_prefix(below, "* ");
    bool stat = count != NULL && g_ascii_isdigit(count[strlen(column)]);

    return (strcmp(LINE(lines, i)->core, "---") == 0 && (list || stat)) ||
           (below[0] == '+' && !g_ascii_isdigit(below[1]));
}

/* "--verbose": a "--" right below it ends the options. */
static bool
is_option(const char *core)
{
    return g_str_has_prefix(core, "--") && g_ascii_isalpha(core[2]) && strchr(core, ' ') == NULL;
}

/* "_____" and a business card below it, with which the mail or its answer ends; a form has such
 * lines to be filled in, a text has them drawn across. */
static bool
is_above_card(const GArray *lines, guint i)
{
    const Line *line = LINE(lines, i);
    guint k = i + 1, contacts = 0;

    if (line->core[strspn(line->core, "_")] != '\0' || line->fenced || i == 0 ||
        LINE(lines, i - 1)->kind != LINE_BLANK)
        return false;
    for (; k < lines->len && k <= i + SHORT_SIGNATURE_LINES && LINE(lines, k)->kind == LINE_TEXT;
         k++) {
        const char *core = LINE(lines, k)->core;

        if (strlen(core) > SHORT_SIGNATURE_BYTES || g_str_has_suffix(core, ":") ||
            prose_is_sentence(core))
            return false;
        contacts += prose_holds_contact(LINE(lines, k));
    }
    k = lines_skip_blank(lines, k);
    return contacts > 0 && (k == lines->len || LINE(lines, k)->kind == LINE_QUOTE ||
                            line_is_boundary(LINE(lines, k)));
}

/* "2.40.0", "2.39.5 (Apple Git-154)": git's signature below a patch, a part of it. */
static bool
is_above_version(const GArray *lines, guint i)
{
    const char *below = i + 1 < lines->len ? LINE(lines, i + 1)->core : "";
    gsize n = strspn(below, "0123456789.");

    return n >= 3 && memchr(below, '.', n) != NULL &&
           (below[n] == '\0' || g_str_has_prefix(below + n, ".g") ||
            g_str_has_prefix(below + n, ".w") || strstr(below + n, "Git") != NULL);
}

/* Our own footer's, or another's: no signature of the person's. */
static bool
is_above_footer(const GArray *lines, guint i)
{
    return i + 1 < lines->len && line_is_rule(LINE(lines, i + 1), MP_RULE_FOOTER);
}

static bool
is_name_below(const GArray *lines, guint i, guint end)
{
    return i + 1 < lines->len && LINE(lines, i + 1)->kind == LINE_TEXT &&
           signature_lines(lines, i, end, SHORT_SIGNATURE_BYTES) <= SHORT_SIGNATURE_LINES;
}

/* The text goes on below what might be a signature, and with no postscript: no delimiter without
 * its blank, but a line drawn. */
static bool
goes_on_below(const GArray *lines, guint end)
{
    guint below = lines_skip_blank(lines, end);

    return below < lines->len && LINE(lines, below)->kind == LINE_TEXT &&
           !LINE(lines, below)->repeat && !prose_is_postscript(LINE(lines, below)->core);
}

static bool
is_announced(const GArray *lines, guint i)
{
    while (i > 0 && LINE(lines, i - 1)->kind == LINE_BLANK)
        i--;
    return i > 0 && line_ends_in_colon(LINE(lines, i - 1)->core);
}

static bool
is_same(const Line *line, const Line *other)
{
    return line->core[0] == other->core[0] && strcmp(line->core, other->core) == 0;
}

/* The same delimiter below some text, and below that what is no signature: the two frame the text.
 * Where a line above announces it, a word with a mark behind it will do. */
static bool
opens_frame(Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    guint texts = 0, limit = MIN(lines->len, i + FRAME_LINES), k = i + 1;

    for (; k < limit && !is_same(LINE(lines, k), LINE(lines, i)); k++) {
        if (LINE(lines, k)->kind == LINE_QUOTE || line_is_boundary(LINE(lines, k)))
            return false;
        texts += LINE(lines, k)->kind == LINE_TEXT;
    }
    guint below = k < limit ? lines_skip_blank(lines, k + 1) : lines->len;
    if (texts == 0 || below == lines->len || LINE(lines, below)->kind != LINE_TEXT ||
        LINE(lines, below)->repeat)
        return false;
    const char *core = LINE(lines, below)->core;
    return signature_end(walk, k) == k ||
           (strchr(".!?", core[strlen(core) - 1]) != NULL && is_announced(lines, i));
}

static bool
closes_frame(Walk *walk, guint i)
{
    const GArray *lines = walk->lines;

    for (guint k = i; k > 0 && i - k < FRAME_LINES && LINE(lines, k - 1)->kept; k--) {
        if (is_same(LINE(lines, k - 1), LINE(lines, i)))
            return opens_frame(walk, k - 1);
    }
    return false;
}

guint
walk_signature_end(Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    const Line *line = LINE(lines, i);
    guint end;

    if (line->kind == LINE_DELIMITER && is_above_card(lines, i))
        return lines->len;
    if (line->kind != LINE_SIGNATURE || line->fenced)
        return i;
    if (strlen(line->core) > LONGEST_DELIMITER) /* OpenPGP's, which says where it ends */
        return lines->len;
    if ((i > 0 && is_option(LINE(lines, i - 1)->core)) || is_markup_below(lines, i) ||
        is_above_footer(lines, i) || is_above_version(lines, i) ||
        g_str_has_prefix(line->text, CODE_INDENT))
        return i;
    end = opens_frame(walk, i) || closes_frame(walk, i) ? i : signature_end(walk, i);
    if (end == i || strcmp(line->text, "-- ") == 0)
        return end;
    if (strcmp(line->core, "---") == 0)
        return is_name_below(lines, i, end) ? end : i;
    if (goes_on(lines, i) || signature_lines(lines, i, end, G_MAXSIZE) > SIGNATURE_LINES)
        return i;
    return goes_on_below(lines, end) ? i : end;
}

/* One of a list: "- sent from my phone", "- sent from my laptop". */
static bool
is_item(const GArray *lines, guint i)
{
    static const char item[] = "- ";

    return g_str_has_prefix(LINE(lines, i)->core, item) &&
           ((i > 0 && g_str_has_prefix(LINE(lines, i - 1)->core, item)) ||
            (i + 1 < lines->len && g_str_has_prefix(LINE(lines, i + 1)->core, item)));
}

/* "Sent from my phone" is a paragraph of its own, or ends one. */
bool
walk_is_mobile_signature(const Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    const Line *line = LINE(lines, i);
    guint next = i + 1;

    if (!line_is_rule(line, MP_RULE_MOBILE) || line->fenced)
        return false;
    if (is_item(lines, i) || walk_is_evidence(walk, i))
        return false;
    return next == lines->len || LINE(lines, next)->kind != LINE_TEXT || begins_paragraph(lines, i);
}

static bool
is_link(const char *core)
{
    core += *core == '<';
    return g_str_has_prefix(core, "http") && strchr(core, ' ') == NULL;
}

guint
walk_take_mobile(Walk *walk, guint i)
{
    walk_set(walk, i, false, LINE(walk->lines, i)->rule->name);
    if (walk->zone == IN_TEXT && walk->text_above) {
        walk->zone = IN_AFTERMATH;
        walk->why = LINE(walk->lines, i)->rule->name;
    }
    for (i++; i < walk->lines->len && is_link(LINE(walk->lines, i)->core); i++)
        walk_set(walk, i, false, LINE(walk->lines, i - 1)->why);
    return i;
}
