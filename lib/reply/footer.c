/* Disclaimers, the footers of lists and of notifications, the lines of gateways; see walk.h. */
#include "reply/legal.h"
#include "reply/prose.h"
#include "reply/walk.h"

#include <string.h>

enum {
    CITED_BYTES = 160,
    FRAME = 20,         /* stars of a frame */
    FOOTER_LINES = 25,  /* of a paragraph, looked at */
    CONTACT_BYTES = 80, /* a line of a business card is no longer */
};

#define CODE_INDENT "    " /* Markdown's */

/* In the person's text, and nothing of ours has come yet. */
static bool
is_own_so_far(const Walk *walk)
{
    return walk->zone == IN_TEXT && !walk->boundary_above && !walk->repeat_above &&
           walk->quotes->len == 0;
}

/* "This, I think:", kept, be it below a quote. */
static bool
is_announced(const Walk *walk, guint i)
{
    while (i > 0 && LINE(walk->lines, i - 1)->kind == LINE_BLANK)
        i--;
    return walk->zone == IN_TEXT && i > 0 && LINE(walk->lines, i - 1)->kept &&
           line_ends_in_colon(LINE(walk->lines, i - 1)->core);
}

bool
walk_is_evidence(const Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    guint end = prose_paragraph_end(lines, i, i + FOOTER_LINES), start = i;

    while (start > 0 && i - start < FOOTER_LINES &&
           ((LINE(lines, start - 1)->kind == LINE_RULE && LINE(lines, start - 1)->kept) ||
            LINE(lines, start - 1)->kind == LINE_DELIMITER))
        start--; /* one of several that are shown, or below a line that is drawn */
    if (!walk->text_above || (!is_own_so_far(walk) && !is_announced(walk, start)))
        return false;
    return g_str_has_prefix(LINE(lines, i)->text, CODE_INDENT) || prose_shows(lines, start, end);
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
    if (contacts < 2 || end - start < 3 || lines_is_first(walk->lines, start))
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
    guint end = i + 1, limit = MIN(lines->len, i + FOOTER_LINES);
    bool spoken = false;

    if (strchr("*#=-_", mark) == NULL || !is_frame(LINE(lines, i), mark))
        return i;
    for (; end < limit && !is_frame(LINE(lines, end), mark); end++) {
        if (LINE(lines, end)->kind == LINE_QUOTE || line_is_boundary(LINE(lines, end)))
            return i;
        spoken |= mark == '-' || mark == '_' ? legal_is_notice(LINE(lines, end)->core)
                                             : legal_speaks_of_mail(LINE(lines, end)->core);
    }
    guint below = lines_skip_blank(lines, MIN(end + 1, lines->len));
    return spoken && end < limit &&
                   (below == lines->len || LINE(lines, below)->kind == LINE_QUOTE ||
                    line_is_boundary(LINE(lines, below)))
               ? end + 1
               : i;
}

static bool
is_banner(const Line *line)
{
    return line_is_rule(line, MP_RULE_DISCLAIMER) &&
           g_str_has_prefix(line->rule->name, "disclaimer-banner");
}

/* The line after a gateway's that begins at `i`: they are put right above the person's text. */
static guint
banner_end(const GArray *lines, guint i)
{
    static const char *const more[] = {"Do not ", "Learn why", "Please do not", NULL};
    guint end = i + 1;

    for (; end < lines->len && LINE(lines, end)->kind == LINE_TEXT; end++) {
        const char *above = LINE(lines, end - 1)->core, *const *begin = more;

        while (*begin != NULL && !g_str_has_prefix(LINE(lines, end)->core, *begin))
            begin++;
        if (strchr(".!?:)]>*", above[strlen(above) - 1]) != NULL && *begin == NULL)
            break;
    }
    return end;
}

/* "Warning: this message came from an external sender. That is what the display says.": behind the
 * gateway's words the person's, which speak of nothing that gateways do. */
static bool
goes_on_otherwise(const GArray *lines, guint i)
{
    static const char *const words[] = {
        "click",  "link",    "attach",  "sender",  "recogni", "trust",  "verif",   "phish",
        "suspic", "report",  "help",    "contact", "doubt",   "organi", "content", "learn",
        "safe",   "secur",   "careful", "cautio",  "aware",   "mail",   "message", "spam",
        "extern", "respond", "reply",   "polic",   "confid",  NULL};
    const char *last = LINE(lines, i)->core, *next;
    guint end = banner_end(lines, i);

    for (guint k = i; k < end; k++) {
        for (next = k == i ? strstr(last, ". ") : LINE(lines, k)->core; next != NULL;
             next = strstr(next + 1, ". "))
            last = next;
    }
    if (last == LINE(lines, i)->core)
        return false;
    for (const char *const *word = words; *word != NULL; word++) {
        if (strcasestr(last, *word) != NULL)
            return false;
    }
    return true;
}

/* "That is the sentence.", right below it. */
static bool
is_spoken_of(const GArray *lines, guint i)
{
    static const char *const words[] = {
        "That is ", "That line", "This is ",  "Das ist ",  "Das steht", "So steht", "C'est ",
        "Voilà ",   "Eso es ",   "Dat is ",   "Questo è",  "Isso é ",   "Det är ",  "Det er ",
        "To jest ", "Это ",      "This sent", "That sent", NULL};
    guint below = lines_skip_blank(lines, prose_paragraph_end(lines, i, i + FOOTER_LINES));

    for (const char *const *word = words; below < lines->len && *word != NULL; word++) {
        if (g_str_has_prefix(LINE(lines, below)->core, *word))
            return true;
    }
    return false;
}

/* A gateway's line with the person's text above and below it, or a company's paragraph that begins
 * the mail, with the person's text below it: words that the person shows, or says. */
static bool
is_shown_banner(const Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    bool banner = is_banner(LINE(lines, i)), above = walk->text_above;

    if (banner && !above && walk->zone == IN_TEXT &&
        (goes_on_otherwise(lines, i) || is_spoken_of(lines, i)))
        return true;
    /* a gateway's stands at the top, a company's at the end */
    if (banner != above || walk->boundary_above || walk->quotes->len > 0 || walk->zone != IN_TEXT)
        return false;
    guint below = lines_skip_blank(lines, prose_paragraph_end(lines, i, i + FOOTER_LINES));
    return below < lines->len && LINE(lines, below)->kind == LINE_TEXT &&
           !LINE(lines, below)->repeat;
}

/* "Your footer says", the line that it says, and "which is wrong": what the person shows. */
static bool
is_shown_footer(const Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    guint below = lines_skip_blank(lines, prose_paragraph_end(lines, i, i + FOOTER_LINES));

    if (!is_own_so_far(walk) || (!walk->text_above && !lines_is_first(lines, i)))
        return false;
    LineKind above = i > 0 ? LINE(lines, i - 1)->kind : LINE_BLANK;
    return strcmp(LINE(lines, i)->rule->name, "footer-notification") == 0 &&
           above != LINE_SIGNATURE && above != LINE_DELIMITER && below < lines->len &&
           LINE(lines, below)->kind == LINE_TEXT && !LINE(lines, below)->repeat;
}

/* "I propose:", and a footer that is not the one that we sent, or none is known: it is theirs. */
static bool
is_own_footer(const Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    const Line *line = LINE(lines, i);

    if (!is_own_so_far(walk) || !walk->text_above ||
        strcmp(line->rule->name, "footer-notification") != 0)
        return false;
    while (i > 0 && LINE(lines, i - 1)->kind == LINE_BLANK)
        i--;
    return line_ends_in_colon(LINE(lines, i - 1)->core) && !line->repeat;
}

/* "This message is confidential: so begins the model that we have.": one short sentence, which goes
 * on behind a colon with no capital, and no heading before it. */
static bool
is_cited(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);
    const char *colon = strstr(line->core, ": ");

    if (!is_own_so_far(walk) || colon == NULL || strlen(line->core) > CITED_BYTES ||
        !g_unichar_islower(g_utf8_get_char(colon + 2)))
        return false;
    for (const char *p = line->core; p < colon; p++) {
        if (*p == ' ' && g_ascii_islower(p[1]))
            return true;
    }
    return false;
}

/* "Kernel mailing list" is a footer only where a line is drawn above it. */
bool
walk_begins_footer(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);

    if (line->kind == LINE_TEXT)
        return !line->fenced && walk_notice_end(walk, i) > i;
    if (line->kind == LINE_DELIMITER)
        return walk->text_above && framed_end(walk->lines, i) > i;
    if (line_is_rule(line, MP_RULE_DISCLAIMER))
        return !walk_is_evidence(walk, i) && !is_shown_banner(walk, i) && !is_cited(walk, i);
    if (!line_is_rule(line, MP_RULE_FOOTER) || is_own_footer(walk, i) ||
        walk_is_evidence(walk, i) || is_shown_footer(walk, i))
        return false;
    return !g_str_has_suffix(line->rule->name, "-below-rule") ||
           (i > 0 && LINE(walk->lines, i - 1)->kind == LINE_DELIMITER);
}

/* The last line of what stands below our own notifications, in each of their languages, as sent
 * and as programs write it that know no no-break space. */
static bool
is_last_of_own(const char *line)
{
    static const char *const last[] = {"Message ID: <", "Identifiant du message\u00a0: <",
                                       "Identifiant du message : <"};

    for (gsize i = 0; i < G_N_ELEMENTS(last); i++)
        if (g_str_has_prefix(line, last[i]))
            return true;
    return false;
}

/* The line after the footer that begins at `i`: what somebody typed right below its last line is
 * none of it. */
static guint
footer_end(const Walk *walk, guint i)
{
    guint end = prose_paragraph_end(walk->lines, i, walk->lines->len);

    for (guint k = i + 1; k < end; k++) {
        const Line *line = LINE(walk->lines, k), *above = LINE(walk->lines, k - 1);
        bool ends = walk->sent != NULL
                        ? sent_is_end(walk->sent, above->sent_last) && above->tail == 0
                        : is_last_of_own(above->core);

        bool words = walk->sent == NULL || line->words > 0 || is_last_of_own(above->core);

        if (ends && words && line->kind == LINE_TEXT && line->words_sent == 0 && !line->repeat)
            return k;
    }
    return end;
}

/* Which rule took the paragraph that begins at `i`, and the line after it. */
static const char *
paragraph_rule(const Walk *walk, guint i, guint *end)
{
    const GArray *lines = walk->lines;
    const Line *line = LINE(lines, i);

    if (line->kind == LINE_DELIMITER) {
        *end = framed_end(lines, i);
        return "disclaimer-framed";
    }
    if (line->kind == LINE_TEXT) {
        *end = walk_notice_end(walk, i);
        return "disclaimer-wrapped";
    }
    if (is_banner(line) && walk->zone == IN_TEXT && !walk->text_above)
        *end = banner_end(lines, i);
    else if (line_is_rule(line, MP_RULE_FOOTER))
        *end = footer_end(walk, i);
    else
        *end = prose_paragraph_end(lines, i, lines->len);
    return line->rule->name;
}

guint
walk_take_paragraph(Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    guint end;
    const char *why = paragraph_rule(walk, i, &end);

    end = MAX(end, i + 1);
    if (line_is_rule(LINE(lines, i), MP_RULE_DISCLAIMER) && walk->zone == IN_TEXT)
        elide_contacts_above(walk, i);
    for (guint k = i; k < end; k++)
        walk_set(walk, k, false, why);
    walk->ended |= walk->sent != NULL && sent_is_footer(walk->sent, LINE(lines, i)->sent_first);
    return end;
}
