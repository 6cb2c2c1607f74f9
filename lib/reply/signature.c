/* Signatures, of people and of devices, disclaimers and footers; see walk.h. */
#include "reply/prose.h"
#include "reply/walk.h"

#include <string.h>

enum {
    SIGNATURE_LINES = 25,      /* a longer one below "--" is a part of the text */
    SHORT_SIGNATURE_LINES = 5, /* below "---", which is a rule in Markdown too */
    SHORT_SIGNATURE_BYTES = 60,
    SHORTEST_REACTION = 12, /* bytes: a name and the shortest verb */
    REACTION_TEXTS = 2,     /* lines of text above a reaction, at most */
    FRAME = 20,             /* stars of a frame */
    SIGNATURE_SEARCH = 60,  /* lines in which it must end */
    LONGEST_DELIMITER = 6,  /* bytes; OpenPGP's has more */
    CONTACT_BYTES = 80,     /* a line of a business card is no longer */
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

/* Where the signature below the delimiter `i` ends: at a quote, or at a paragraph that is made of
 * sentences, a list, code or a postscript. `i` if it would begin with such. */
static guint
signature_end(const GArray *lines, guint i)
{
    guint start = lines_skip_blank(lines, i + 1), end = i + 1, limit = i + SIGNATURE_SEARCH;

    for (bool first = true; start < lines->len; first = false) {
        const Line *line = LINE(lines, start);
        guint below = prose_paragraph_end(lines, start, limit);

        if (below == start) /* a quote, a boundary */
            break;
        if (below >= limit)
            return i;
        if (is_elided_by_rule(line)) {
            end = below;
        } else if (first) {
            guint one = start + 1;
            if (prose_is_text(lines, start, one) || (prose_is_item(line->core) && below > one))
                return i;
            end = name_end(lines, start, below);
            if (end < below)
                break;
        } else if (prose_is_text(lines, start, below)) {
            break;
        } else {
            end = below;
        }
        start = lines_skip_blank(lines, below);
    }
    return start == lines->len ? lines->len : end;
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

guint
walk_signature_end(const Walk *walk, guint i)
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
        is_above_footer(lines, i) || g_str_has_prefix(line->text, CODE_INDENT))
        return i;
    end = signature_end(lines, i);
    if (strcmp(line->text, "-- ") == 0)
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

/* In the person's text, and nothing of ours has come yet. */
static bool
is_own_so_far(const Walk *walk)
{
    return walk->zone == IN_TEXT && !walk->boundary_above && !walk->repeat_above &&
           walk->quotes->len == 0;
}

/* What would be elided is what the person's text speaks of, or an example set as code. */
static bool
is_evidence(const Walk *walk, guint i)
{
    guint end = prose_paragraph_end(walk->lines, i, i + SIGNATURE_LINES);

    return is_own_so_far(walk) && walk->text_above &&
           (g_str_has_prefix(LINE(walk->lines, i)->text, CODE_INDENT) ||
            prose_shows(walk->lines, i, end));
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
    if (is_item(lines, i) || is_evidence(walk, i))
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

static bool
is_contact_line(const Line *line)
{
    return line->kind == LINE_TEXT && strlen(line->core) <= CONTACT_BYTES;
}

/* A business card between the text and the disclaimer below it is a signature, if text is left
 * above. */
static void
elide_contacts_above(Walk *walk, guint disclaimer)
{
    guint end = disclaimer, start, contacts = 0;

    while (end > 0 && LINE(walk->lines, end - 1)->kind == LINE_BLANK)
        end--;
    for (start = end; start > 0 && is_contact_line(LINE(walk->lines, start - 1)); start--)
        contacts += prose_holds_contact(LINE(walk->lines, start - 1));
    if (contacts < 2 || end - start < 3 || lines_skip_blank(walk->lines, 0) == start)
        return;
    for (guint i = start; i < end; i++)
        walk_set(walk, i, false, "signature-contacts");
}

static bool
is_frame(const Line *line, char mark)
{
    gsize length = strlen(line->core);

    return line->kind == LINE_DELIMITER && !line->fenced && length >= FRAME &&
           line->core[0] == mark && strspn(line->core, (char[]){mark, ' ', '\0'}) == length;
}

/* The line after a paragraph that speaks of the mail between two lines of stars, or in words of law
 * between two lines of dashes, with which the mail or its answer ends; `i` if there is none. */
static guint
framed_end(const GArray *lines, guint i)
{
    char mark = LINE(lines, i)->core[0];
    guint end = i + 1, limit = MIN(lines->len, i + SIGNATURE_LINES);
    bool spoken = false;

    if (strchr("*#=-_", mark) == NULL || !is_frame(LINE(lines, i), mark))
        return i;
    for (; end < limit && !is_frame(LINE(lines, end), mark); end++) {
        if (LINE(lines, end)->kind == LINE_QUOTE || line_is_boundary(LINE(lines, end)))
            return i;
        spoken |= mark == '-' || mark == '_' ? prose_is_legal(LINE(lines, end)->core)
                                             : prose_speaks_of_mail(LINE(lines, end)->core);
    }
    guint below = lines_skip_blank(lines, MIN(end + 1, lines->len));
    return spoken && end < limit &&
                   (below == lines->len || LINE(lines, below)->kind == LINE_QUOTE ||
                    line_is_boundary(LINE(lines, below)))
               ? end + 1
               : i;
}

/* A gateway's line with the person's text above and below it, or a company's paragraph that begins
 * the mail, with the person's text below it: words that the person shows, or says. */
static bool
is_shown_banner(const Walk *walk, guint i)
{
    static const char banner[] = "disclaimer-banner";
    const GArray *lines = walk->lines;

    /* a gateway's stands at the top, a company's at the end */
    if (g_str_has_prefix(LINE(lines, i)->rule->name, banner) != walk->text_above ||
        walk->boundary_above || walk->quotes->len > 0 || walk->zone != IN_TEXT)
        return false;
    guint below = lines_skip_blank(lines, prose_paragraph_end(lines, i, i + SIGNATURE_LINES));
    return below < lines->len && LINE(lines, below)->kind == LINE_TEXT &&
           !LINE(lines, below)->repeat;
}

/* "Your footer says", the line that it says, and "which is wrong": what the person shows. */
static bool
is_shown_footer(const Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    guint below = lines_skip_blank(lines, prose_paragraph_end(lines, i, i + SIGNATURE_LINES));

    if (!is_own_so_far(walk) || (!walk->text_above && i != lines_skip_blank(lines, 0)))
        return false;
    LineKind above = i > 0 ? LINE(lines, i - 1)->kind : LINE_BLANK;
    return strcmp(LINE(lines, i)->rule->name, "footer-notification") == 0 &&
           above != LINE_SIGNATURE && above != LINE_DELIMITER && below < lines->len &&
           LINE(lines, below)->kind == LINE_TEXT && !LINE(lines, below)->repeat;
}

/* "Kernel mailing list" is a footer only where a line is drawn above it. */
bool
walk_begins_footer(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);

    if (line->kind == LINE_DELIMITER)
        return walk->text_above && framed_end(walk->lines, i) > i;
    if (line_is_rule(line, MP_RULE_DISCLAIMER))
        return !is_evidence(walk, i) && !is_shown_banner(walk, i);
    if (!line_is_rule(line, MP_RULE_FOOTER) || is_evidence(walk, i) || is_shown_footer(walk, i))
        return false;
    return !g_str_has_suffix(line->rule->name, "-below-rule") ||
           (i > 0 && LINE(walk->lines, i - 1)->kind == LINE_DELIMITER);
}

guint
walk_take_paragraph(Walk *walk, guint i)
{
    bool framed = LINE(walk->lines, i)->kind == LINE_DELIMITER;
    const char *why = framed ? "disclaimer-framed" : LINE(walk->lines, i)->rule->name;
    guint end =
        framed ? framed_end(walk->lines, i) : prose_paragraph_end(walk->lines, i, walk->lines->len);

    end = MAX(end, i + 1);

    if (line_is_rule(LINE(walk->lines, i), MP_RULE_DISCLAIMER) && walk->zone == IN_TEXT)
        elide_contacts_above(walk, i);

    for (guint k = i; k < end; k++)
        walk_set(walk, k, false, why);
    return end;
}

/* The row of the reaction that line `i` tells of, near the top of the mail. */
static const MpRule *
reaction_at(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);

    if (line->kind != LINE_TEXT || line->fenced || walk->zone != IN_TEXT ||
        walk->texts > REACTION_TEXTS || strlen(line->core) < SHORTEST_REACTION)
        return NULL;
    const MpRule *rule = mp_matcher_rule(walk->matcher, MP_RULE_REACTION, line->core);
    if (rule != NULL || !(line_may_hold_links(line->core) || strchr(line->core, ']') != NULL))
        return rule;
    g_autofree char *plain = line_without_links(line->core);
    return mp_matcher_rule(walk->matcher, MP_RULE_REACTION, plain);
}

/* Kept until it is known that there is nothing else. */
guint
walk_take_reaction(Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    bool link = i + 1 < lines->len && LINE(lines, i + 1)->core[0] == '<';
    bool ends = i + 1 == lines->len || LINE(lines, i + 1)->kind != LINE_TEXT || link;
    const MpRule *rule = ends ? reaction_at(walk, i) : NULL;

    if (rule == NULL)
        return i;
    walk->reaction = rule->name;
    walk->text_above = true; /* a click is an answer, though without words */
    for (guint end = i + 1 + link; i < end; i++)
        walk_set(walk, i, true, walk->reaction);
    return i;
}

static bool
has_words(const char *core)
{
    for (; *core != '\0'; core = g_utf8_next_char(core)) {
        if (g_unichar_isalnum(g_utf8_get_char(core)))
            return true;
    }
    return false;
}

void
walk_judge_reaction(Walk *walk)
{
    bool other = false;

    for (guint i = 0; walk->reaction != NULL && i < walk->lines->len; i++) {
        const Line *line = LINE(walk->lines, i);

        other |= line->kept && line->why != walk->reaction && has_words(line->core);
    }
    for (guint i = 0; walk->reaction != NULL && i < walk->lines->len; i++) {
        if (LINE(walk->lines, i)->kept)
            walk_set(walk, i, other, other ? "kept" : walk->reaction);
    }
}

guint
walk_ends_notification(const Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    guint end = lines->len;

    if (walk->sent != NULL)
        return lines->len;
    for (;
         i < lines->len && !line_is_boundary(LINE(lines, i)) && LINE(lines, i)->kind != LINE_QUOTE;
         i++) {
        bool footer = line_is_rule(LINE(lines, i), MP_RULE_FOOTER) &&
                      strcmp(LINE(lines, i)->rule->name, "footer-notification") == 0;
        end = footer ? prose_paragraph_end(lines, i, lines->len) : end;
    }
    return lines_skip_blank(lines, end) < lines->len ? end : lines->len;
}
