/* Which lines are an attribution; see attribution.h. */
#include "reply/attribution.h"
#include "reply/boundary.h"

#include <string.h>

enum {
    BRACKET_LINES = 3,
    WEEKDAY = 30,        /* bytes of its name */
    LETTERS_OF_WORD = 5, /* before a full stop and a capital, within a line */
    RUN_IN_TRIES = 4,    /* words in a window with which another attribution might begin */
    PARTICLE = 3,        /* bytes of a small word in a name: "van", "de la" */
};

/* "… Ada <", "… Ada <ada@example.org", "ada@example.org" in the lines above line `i`: what its >
 * closes. */
static bool
opens_bracket(const GArray *lines, guint i)
{
    gint open = 0;
    bool address = false;

    for (guint n = 0; n < BRACKET_LINES && i > 0; i--) {
        const Line *above = LINE(lines, i - 1);

        if (above->kind == LINE_BLANK)
            continue;
        if (above->kind != LINE_TEXT)
            break;
        for (const char *p = above->core; *p != '\0'; p++)
            open += (*p == '<') - (*p == '>');
        address |= n++ == 0 && above->has_at && strchr(above->core, '>') == NULL;
    }
    return open > 0 || address;
}

bool
attribution_is_broken_end(const GArray *lines, guint i)
{
    const Line *line = LINE(lines, i);
    const char *rest = line_unquoted(line->core);
    gsize length = strlen(rest);

    if (line->kind != LINE_QUOTE || (i > 0 && LINE(lines, i - 1)->kind == LINE_QUOTE) ||
        length > 40 || strchr(line->core + 1, '>') != NULL)
        return false;
    return length > 0 && rest[length - 1] == ':' && strspn(rest, "<>@0123456789") == 0 &&
           opens_bracket(lines, i);
}

bool
attribution_is_above_quote(const GArray *lines, guint end)
{
    guint next = lines_skip_blank(lines, end + 1);

    return next < lines->len && LINE(lines, next)->kind == LINE_QUOTE &&
           !attribution_is_broken_end(lines, next);
}

/* "… broke. Here is what Ada wrote:" is prose; a date's abbreviations are shorter. Returns where
 * the next sentence begins, or NULL. */
static const char *
sentence_end(const char *text)
{
    guint letters = 0;

    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        if (letters >= LETTERS_OF_WORD && strchr(".!?", *p) != NULL && p[1] == ' ' &&
            g_unichar_isupper(g_utf8_get_char(p + 2)))
            return p + 2;
        letters = g_unichar_isalpha(g_utf8_get_char(p)) ? letters + 1 : 0;
    }
    return NULL;
}

/* "It works. On … wrote:", "It works On … wrote:": a client ran the answer and the attribution
 * together. Before the word that opens the latter there is no date, and a sentence or at least a
 * word that is no name. */
static bool
answer_runs_in(const char *text, bool opened, MpMatcher *matcher)
{
    bool word = false;
    guint tries = 0;

    for (const char *p = text; *p != '\0' && *p != '@' && tries < RUN_IN_TRIES; p++) {
        if (g_ascii_isdigit(*p))
            return false;
        if (p == text || p[-1] != ' ' || !g_unichar_isalpha(g_utf8_get_char_validated(p, -1)))
            continue;
        bool sentence = p > text + 1 && strchr(".!?", p[-2]) != NULL;
        bool capital = !g_unichar_islower(g_utf8_get_char(p));
        word |= !capital;
        if (!capital || !(sentence || (word && !opened)))
            continue;
        tries++;
        if (mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, p) != NULL &&
            mp_matcher_group(matcher, 1) && mp_matcher_has_day(matcher, p))
            return true;
    }
    return false;
}

bool
attribution_holds_address(const char *text)
{
    for (const char *p = strchr(text, '@'); p != NULL; p = strchr(p + 1, '@')) {
        if (p > text && !g_ascii_isspace(p[-1]) && strchr("\"'<(", p[-1]) == NULL &&
            g_ascii_isalnum(p[1]))
            return true;
    }
    return false;
}

bool
attribution_begins_with_person(const char *core)
{
    const char *bracket = strchr(core, '<');

    return bracket != NULL && g_unichar_isupper(g_utf8_get_char(core)) &&
           strcspn(core, "0123456789,") > (gsize)(bracket - core) && strchr(bracket, '@') != NULL;
}

bool
attribution_is_neutral(const MpRule *rule)
{
    return g_str_has_suffix(rule->name, "-neutral");
}

/* "…, Ada Example <ada@example.org>:": two words that begin like names. */
static bool
names_person(const char *text)
{
    const char *p = strrchr(text, '<');
    guint words = 0;

    while (p != NULL && p > text && words < 2) {
        while (p > text && strchr(" \"", p[-1]) != NULL)
            p--;
        while (p > text && p[-1] != ' ')
            p--;
        p += *p == '"';
        if (!g_unichar_isupper(g_utf8_get_char(p)))
            break;
        words++;
    }
    return words == 2;
}

static bool
ends_paragraph(const GArray *lines, guint i)
{
    return i + 1 == lines->len || LINE(lines, i + 1)->kind == LINE_BLANK;
}

/* Behind the verb stand but a name, a day, or small words such as lead on to one: "schrieb Ada
 * Example", and not "schrieb ich einen Test". */
static bool
ends_in_names(const char *text, MpMatcher *matcher)
{
    const char *verb = mp_matcher_verb(matcher, text);
    const char *word = verb != NULL ? strchr(verb, ' ') : NULL;

    if (word == NULL)
        return false;
    for (word++; *word != '\0'; word += strspn(word, " ")) {
        gsize length = strcspn(word, " ");

        if (g_unichar_islower(g_utf8_get_char(word)) && length > PARTICLE)
            return false;
        word += length;
    }
    return true;
}

/* "Am 17.11.2025 um 09:12 schrieb Ada Example" right above a quote: some programs leave the colon
 * out, but neither the day nor the time. */
static const MpRule *
rule_without_colon(const GArray *lines, guint start, guint end, const char *text,
                   MpMatcher *matcher)
{
    if (start != end || end + 1 == lines->len || LINE(lines, end + 1)->kind != LINE_QUOTE ||
        !mp_matcher_has_day(matcher, text) || !mp_matcher_has_time(matcher, text))
        return NULL;
    if (start > 0 && LINE(lines, start - 1)->kind == LINE_TEXT && !ends_in_names(text, matcher))
        return NULL;
    g_autofree char *closed = g_strconcat(text, ":", NULL);
    return mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, closed);
}

/* "Wed, 25 Nov 2026", "25.11.2026": what begins with the day needs no empty line above it. */
static bool
begins_with_day(const char *text, MpMatcher *matcher)
{
    const char *digits = text + strcspn(text, "0123456789");
    const char *space = strchr(text, ' ');

    return digits - text <= WEEKDAY && (space == NULL || space >= digits - 1) &&
           mp_matcher_has_day(matcher, text);
}

/* "1974", and, as is asked first, no day with it. */
static bool
says_year(const char *text)
{
    for (const char *word = text; *word != '\0'; word += strspn(word, " ")) {
        gsize digits = strspn(word, "0123456789");

        if (digits == 4 && strchr(" ,:", word[digits]) != NULL)
            return true;
        word += strcspn(word, " ");
    }
    return false;
}

bool
attribution_names_writer(const char *text, MpMatcher *matcher)
{
    static const char *const leads[] = {
        "As",  "In",  "Like",  "So",  "And", "But", "The", "Wie",  "Schon", "Und",   "Der", "Die",
        "Das", "Le",  "La",    "Les", "Et",  "El",  "Los", "Como", "Come",  "Comme", "Il",  "Lo",
        "De",  "Het", "Zoals", "Som", "Jak", "Как", "Як",  "Так",  "And",   NULL};
    const char *verb = mp_matcher_verb(matcher, text);
    g_autofree char *first = g_strndup(text, strcspn(text, " "));

    if (verb == NULL)
        return false;
    if (g_strv_contains(leads, first))
        return false;
    bool name = false;
    for (const char *word = text; word < verb; word += strspn(word, " ")) {
        bool small = g_unichar_islower(g_utf8_get_char(word));

        if (small && strcspn(word, " ") > PARTICLE)
            return false;
        name |= !small;
        word += strcspn(word, " ");
    }
    return name;
}

/* The line above ends a sentence. */
static bool
ends_above(const GArray *lines, guint start)
{
    const char *above = LINE(lines, start - 1)->core;

    return strchr(".!?", above[strlen(above) - 1]) != NULL;
}

/* A row that fits what is no attribution, too: it takes a quote below that begins or ends the mail.
 */
static bool
is_alone(const GArray *lines, guint start, guint end)
{
    return start == end && (lines_is_first(lines, start) || boundary_ends_mail(lines, end));
}

static bool
is_closed(const char *text)
{
    return line_ends_in_colon(text) || g_str_has_suffix(text, "﹕") ||
           strpbrk(text + strlen(text) - 1, "-*_") != NULL;
}

/* What rows without a verb take besides: "… error: cannot open <a@b.c>:" is a log's. */
static bool
is_plausible_neutral(const GArray *lines, guint start, guint end, const char *text,
                     MpMatcher *matcher)
{
    bool first = start == 0 || LINE(lines, start - 1)->kind != LINE_TEXT;
    bool person = names_person(text);

    return attribution_is_above_quote(lines, end) ||
           (is_closed(text) && (first || (person && begins_with_day(text, matcher))) &&
            LINE(lines, start)->has_digit && strstr(text, ": ") == NULL &&
            (ends_paragraph(lines, end) || person));
}

/* Whether there is the evidence that the row asks for. */
static bool
is_plausible(const GArray *lines, guint start, guint end, const char *text,
             const Attribution *found, MpMatcher *matcher)
{
    const char *row = found->rule->name;
    bool address = attribution_holds_address(text), date = mp_matcher_has_date(matcher, text);
    bool quoted = attribution_is_above_quote(lines, end), closed = is_closed(text);
    bool first = start == 0 || LINE(lines, start - 1)->kind != LINE_TEXT;

    if (strcmp(row, "attribution-name-dated") == 0)
        return quoted && (first || ends_above(lines, start)) && mp_matcher_has_day(matcher, text) &&
               is_alone(lines, start, end);
    if (strcmp(row, "attribution-above-quote") == 0)
        return date && address && quoted;
    if (strcmp(row, "attribution-name") == 0)
        return quoted && first && is_alone(lines, start, end);
    if (attribution_is_neutral(found->rule))
        return date && address && is_plausible_neutral(lines, start, end, text, matcher);
    if ((!quoted && ((!closed && !address) || sentence_end(text) != NULL)) ||
        answer_runs_in(text, found->opened, matcher))
        return false;
    if (found->opened)
        return date || address || quoted;
    /* what says the day and the address needs no empty line above it */
    return quoted || (address && closed && mp_matcher_has_day(matcher, text)) ||
           ((first || g_str_has_prefix(text, "---")) &&
            ((address && closed) || (date && g_unichar_isdigit(g_utf8_get_char(text)))));
}

/* Without a day and an address it names nobody but the writer before its verb, and no year. */
static bool
is_citation(const char *text, MpMatcher *matcher)
{
    return says_year(text) ||
           (mp_matcher_verb(matcher, text) != NULL && !attribution_names_writer(text, matcher));
}

Attribution
attribution_judge(const GArray *lines, guint start, guint end, const char *text, MpMatcher *matcher)
{
    Attribution found = {.rule = mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, text)};

    if (found.rule == NULL)
        found.rule = rule_without_colon(lines, start, end, text, matcher);
    if (found.rule == NULL)
        return found;
    found.opened = mp_matcher_group(matcher, 1);
    bool address = attribution_holds_address(text), date = mp_matcher_has_date(matcher, text);
    bool quoted = attribution_is_above_quote(lines, end);
    bool plausible = is_plausible(lines, start, end, text, &found, matcher);
    bool day = date && mp_matcher_has_day(matcher, text);

    found.complete = day && (found.opened || address || g_ascii_isdigit(text[0]));
    if (!found.complete && plausible && quoted && day)
        found.complete = attribution_names_writer(text, matcher) || begins_with_day(text, matcher);
    if (!plausible || (found.opened && end > start && !date && !(address && quoted)) ||
        (!date && !address && is_citation(text, matcher)))
        found.rule = NULL;
    return found;
}
