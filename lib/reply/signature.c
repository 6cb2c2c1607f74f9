/* Signatures, of people and of devices, disclaimers and footers; see walk.h. */
#include "reply/walk.h"

#include <string.h>

enum {
    SIGNATURE_LINES = 25,      /* a longer one below "--" is a part of the text */
    SHORT_SIGNATURE_LINES = 5, /* below "---", which is a rule in Markdown too */
    SHORT_SIGNATURE_BYTES = 60,
    CONTACT_BYTES = 80, /* a line of a business card is no longer */
};

#define CODE_INDENT "    " /* Markdown's */

static guint
paragraph_end(const GArray *lines, guint i)
{
    while (i < lines->len && LINE(lines, i)->kind != LINE_BLANK &&
           LINE(lines, i)->kind != LINE_QUOTE && !line_is_boundary(LINE(lines, i)))
        i++;
    return i;
}

static bool
begins_paragraph(const GArray *lines, guint i)
{
    return i == 0 || LINE(lines, i - 1)->kind != LINE_TEXT;
}

/* How long the signature is that would begin below `i`; G_MAXUINT if one of its lines is too long.
 */
static guint
signature_lines(const GArray *lines, guint i, gsize bytes)
{
    guint n = 0;

    for (i++;
         i < lines->len && LINE(lines, i)->kind != LINE_QUOTE && !line_is_boundary(LINE(lines, i));
         i++) {
        if (LINE(lines, i)->kind != LINE_BLANK && n++ > SIGNATURE_LINES)
            break;
        if (strlen(LINE(lines, i)->core) > bytes)
            return G_MAXUINT;
    }
    return n;
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

/* "No wait, I mean no." below "---": a rule drawn across the text; a signature begins with a name.
 */
static bool
is_sentence(const char *core)
{
    const char *word = strrchr(core, ' ');
    gsize length = strlen(core);

    if (word == NULL || strchr(".!?", core[length - 1]) == NULL)
        return false;
    return core[length - 1] != '.' || g_unichar_islower(g_utf8_get_char(word + 1));
}

/* A telephone number, an address, a site. */
static bool
holds_contact(const Line *line)
{
    guint digits = 0;

    for (const char *p = line->core; *p != '\0'; p++)
        digits += g_ascii_isdigit(*p);
    return line->has_at || digits >= 7 || strstr(line->core, "www.") != NULL ||
           strstr(line->core, "http") != NULL;
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
            is_sentence(core))
            return false;
        contacts += holds_contact(LINE(lines, k));
    }
    k = lines_skip_blank(lines, k);
    return contacts > 0 && (k == lines->len || LINE(lines, k)->kind == LINE_QUOTE ||
                            line_is_boundary(LINE(lines, k)));
}

bool
walk_begins_signature(const Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    const Line *line = LINE(lines, i);

    if (line->kind == LINE_DELIMITER)
        return is_above_card(lines, i);
    if (line->kind != LINE_SIGNATURE || line->fenced)
        return false;
    if (strcmp(line->text, "-- ") == 0)
        return true;
    if ((i > 0 && is_option(LINE(lines, i - 1)->core)) || is_markup_below(lines, i) ||
        g_str_has_prefix(line->text, CODE_INDENT))
        return false;
    if (strcmp(line->core, "---") == 0)
        return i + 1 < lines->len && LINE(lines, i + 1)->kind != LINE_BLANK &&
               !(LINE(lines, i + 1)->kind == LINE_TEXT && is_sentence(LINE(lines, i + 1)->core)) &&
               signature_lines(lines, i, SHORT_SIGNATURE_BYTES) <= SHORT_SIGNATURE_LINES;
    return !goes_on(lines, i) && signature_lines(lines, i, G_MAXSIZE) <= SIGNATURE_LINES;
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
    if (is_item(lines, i))
        return false;
    return next == lines->len || LINE(lines, next)->kind != LINE_TEXT || begins_paragraph(lines, i);
}

guint
walk_take_mobile(Walk *walk, guint i)
{
    walk_set(walk, i, false, LINE(walk->lines, i)->rule->name);
    if (walk->zone == IN_TEXT && walk->text_above) {
        walk->zone = IN_AFTERMATH;
        walk->why = LINE(walk->lines, i)->rule->name;
    }
    return i + 1;
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
        contacts += holds_contact(LINE(walk->lines, start - 1));
    if (contacts < 2 || end - start < 3 || lines_skip_blank(walk->lines, 0) == start)
        return;
    for (guint i = start; i < end; i++)
        walk_set(walk, i, false, "signature-contacts");
}

/* "Kernel mailing list" is a footer only where a line is drawn above it. */
bool
walk_begins_footer(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);

    if (line_is_rule(line, MP_RULE_DISCLAIMER))
        return true;
    if (!line_is_rule(line, MP_RULE_FOOTER))
        return false;
    return !g_str_has_suffix(line->rule->name, "-below-rule") ||
           (i > 0 && LINE(walk->lines, i - 1)->kind == LINE_DELIMITER);
}

guint
walk_take_paragraph(Walk *walk, guint i)
{
    const char *why = LINE(walk->lines, i)->rule->name;
    guint end = MAX(i + 1, paragraph_end(walk->lines, i));

    if (line_is_rule(LINE(walk->lines, i), MP_RULE_DISCLAIMER) && walk->zone == IN_TEXT)
        elide_contacts_above(walk, i);

    for (guint k = i; k < end; k++)
        walk_set(walk, k, false, why);
    return end;
}
