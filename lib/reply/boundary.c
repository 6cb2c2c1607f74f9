/*
 * Attributions: "On … wrote:", wrapped over up to five lines; header blocks are in headers.c.
 *
 * An attribution is looked for from its end: the line that ends in a colon, or the one above a
 * quote. Windows of one to five lines that end there are matched, and the shortest that holds a
 * date or an address wins, unless a slightly longer one begins with the language's opening word.
 */
#include "reply/boundary.h"

#include <string.h>

enum {
    WINDOW = 5, /* lines an attribution may be wrapped over */
    WINDOW_BYTES = 600,
    SHORTEST_ATTRIBUTION = 8, /* bytes */
    WEEKDAY = 30,             /* bytes of its name */
    SHORT_LINE = 40,          /* bytes of a first line that holds but the weekday and the day */
    LETTERS_OF_WORD = 5,      /* before a full stop and a capital, within a line */
    LETTERS_OF_PROSE = 6, /* before a full stop: no month's or weekday's abbreviation is longer */
    RUN_IN_TRIES = 4,     /* words in a window with which another attribution might begin */
    ATTEMPTS = 3000,      /* windows tried in vain: what bounds a mail of nothing but colons */
};

/* ---- attributions ---- */

/* "> wrote:" and ">:" are the end of an attribution whose address was wrapped before the bracket;
 * below a quote line they are a part of the quote. */
static bool
is_broken_end(const GArray *lines, guint i)
{
    const Line *line = LINE(lines, i);
    const char *rest = line_unquoted(line->core);
    gsize length = strlen(rest);

    if (line->kind != LINE_QUOTE || (i > 0 && LINE(lines, i - 1)->kind == LINE_QUOTE) ||
        length > 40 || strchr(line->core + 1, '>') != NULL)
        return false;
    return length > 0 && rest[length - 1] == ':' && strspn(rest, "<>@0123456789") == 0;
}

static bool
ends_with_any(const char *core, const char *const *endings)
{
    for (; *endings != NULL; endings++) {
        if (g_str_has_suffix(core, *endings))
            return true;
    }
    return false;
}

static bool
may_end_attribution(const GArray *lines, guint i)
{
    static const char *const endings[] = {":",     "：",        "﹕",         ": *", ":*", ":_",
                                          "wrote", "wrote ---", "wrote ----", "---", NULL};
    const Line *line = LINE(lines, i);

    if (line->fenced || line->kind == LINE_BLANK || line->kind == LINE_DELIMITER)
        return false;
    if (line->kind == LINE_QUOTE)
        return is_broken_end(lines, i);
    gsize length = strlen(line->core);
    if (length > 0 && strchr(":\x9a\x95*_e-", line->core[length - 1]) != NULL && /* last bytes */
        ends_with_any(line->core, endings))
        return true;
    guint next = lines_skip_blank(lines, i + 1);
    return next < lines->len && LINE(lines, next)->kind == LINE_QUOTE;
}

static bool
quote_follows(const GArray *lines, guint end)
{
    guint next = lines_skip_blank(lines, end + 1);

    return next < lines->len && LINE(lines, next)->kind == LINE_QUOTE &&
           !is_broken_end(lines, next);
}

bool
boundary_ends_mail(const GArray *lines, guint i)
{
    i++;
    while (i < lines->len &&
           (LINE(lines, i)->kind == LINE_BLANK || LINE(lines, i)->kind == LINE_QUOTE))
        i++;
    return i == lines->len;
}

/* The line above `i` in the same attribution; blank lines are crossed only beside a lone bracket.
 */
static gint
line_above(const GArray *lines, guint i)
{
    gint above = (gint)i - 1;

    if (above >= 0 && LINE(lines, above)->kind == LINE_BLANK) {
        if (LINE(lines, i)->core[0] != '<')
            return -1;
        while (above >= 0 && LINE(lines, above)->kind == LINE_BLANK)
            above--;
    }
    if (above < 0 || LINE(lines, above)->fenced || LINE(lines, above)->kind != LINE_TEXT)
        return -1;
    return above;
}

/* A line that ends like prose; a date's abbreviations are shorter. */
static bool
ends_sentence(const char *core)
{
    gsize length = strlen(core);
    guint letters = 0;

    if (length == 0 || strchr(".!?", core[length - 1]) == NULL)
        return false;
    for (const char *p = core + length - 1; p > core && letters < LETTERS_OF_PROSE; letters++) {
        p = g_utf8_prev_char(p);
        if (!g_unichar_isalpha(g_utf8_get_char(p)))
            return false;
    }
    return letters >= LETTERS_OF_PROSE;
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

static bool
holds_address(const char *text)
{
    for (const char *p = strchr(text, '@'); p != NULL; p = strchr(p + 1, '@')) {
        if (p > text && !g_ascii_isspace(p[-1]) && strchr("\"'<(", p[-1]) == NULL &&
            g_ascii_isalnum(p[1]))
            return true;
    }
    return false;
}

static bool
is_neutral(const MpRule *rule)
{
    return g_str_has_suffix(rule->name, "-neutral");
}

typedef struct {
    const MpRule *rule;
    bool opened;   /* begins with the opening word of its language */
    bool complete; /* says the day, and is opened, begins with it or says the address: there is
                      nothing to look for above */
} Attribution;

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

/* "Am 17.11.2025 um 09:12 schrieb Ada Example" right above a quote: some programs leave the colon
 * out, but neither the day nor the time. */
static const MpRule *
rule_without_colon(const GArray *lines, guint start, guint end, const char *text,
                   MpMatcher *matcher)
{
    if (start != end || end + 1 == lines->len || LINE(lines, end + 1)->kind != LINE_QUOTE ||
        (start > 0 && LINE(lines, start - 1)->kind == LINE_TEXT) ||
        !mp_matcher_has_day(matcher, text) || !mp_matcher_has_time(matcher, text))
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

/* Whether the window's text is an attribution: a row must match, and there must be evidence. */
static Attribution
judge_window(const GArray *lines, guint start, guint end, const char *text, MpMatcher *matcher)
{
    Attribution found = {.rule = mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, text)};

    if (found.rule == NULL)
        found.rule = rule_without_colon(lines, start, end, text, matcher);

    if (found.rule == NULL)
        return found;
    found.opened = mp_matcher_group(matcher, 1);
    bool address = holds_address(text), date = mp_matcher_has_date(matcher, text);
    bool quoted = quote_follows(lines, end);
    gsize length = strlen(text);
    bool closed = text[length - 1] == ':' || g_str_has_suffix(text, "：") ||
                  g_str_has_suffix(text, "﹕") || strpbrk(text + length - 1, "-*_") != NULL;
    bool first = start == 0 || LINE(lines, start - 1)->kind != LINE_TEXT;
    bool plausible, person = names_person(text);

    if (strcmp(found.rule->name, "attribution-above-quote") == 0)
        plausible = date && address && quoted;
    else if (strcmp(found.rule->name, "attribution-name") == 0)
        plausible = quoted && first && start == end &&
                    (lines_skip_blank(lines, 0) == start || boundary_ends_mail(lines, end));
    else if (is_neutral(found.rule)) /* "… error: cannot open <a@b.c>:" is a log's */
        plausible = date && address &&
                    (quoted || (closed && (first || (person && begins_with_day(text, matcher))) &&
                                LINE(lines, start)->has_digit && strstr(text, ": ") == NULL &&
                                (ends_paragraph(lines, end) || person)));
    else if (!quoted && ((!closed && !address) || sentence_end(text) != NULL))
        plausible = false;
    else if (answer_runs_in(text, found.opened, matcher))
        plausible = false;
    else if (found.opened)
        plausible = date || address || quoted;
    else /* what says the day and the address needs no empty line above it */
        plausible = quoted || (address && closed && mp_matcher_has_day(matcher, text)) ||
                    (first && (address || (date && g_unichar_isdigit(g_utf8_get_char(text)))));
    found.complete = (found.opened || address || g_ascii_isdigit(text[0])) && date &&
                     mp_matcher_has_day(matcher, text);
    if (!plausible || (found.opened && end > start && !date && !address))
        found.rule = NULL;
    return found;
}

/* "пн, 17" alone at the head of a paragraph: an attribution that was wrapped early. */
static bool
is_day_line(const GArray *lines, guint i)
{
    const Line *line = LINE(lines, i);

    return line->has_digit && strlen(line->core) <= SHORT_LINE && strchr(line->core, ' ') != NULL &&
           g_unichar_isalpha(g_utf8_get_char(line->core)) &&
           (i == 0 || LINE(lines, i - 1)->kind == LINE_BLANK);
}

/* "пн, 17 нояб. 2025", "17.11.2025", "2025-11-17": a date from its beginning, so that none begins
 * in the line above. */
static bool
says_whole_date(const char *core)
{
    const char *digits = core + strcspn(core, "0123456789");
    gsize n = strspn(digits, "0123456789");
    gunichar next = g_utf8_get_char(digits + n);

    if (n == 4)
        return next == '.' || next == '-' || next == '/' || next == 0x5e74 || next == 0xb144;
    return n > 0 && n <= 2 && next != ':' && next != 'h' && !g_unichar_isalpha(next);
}

/* Whether the line at `start` goes on with what the line above it began: an address, a date, a
 * name. */
static bool
continues_above(const GArray *lines, guint start)
{
    static const char *const unfinished[] = {"<", ",", "(", "[", NULL};
    gint above = line_above(lines, start);

    if (above < 0)
        return false;
    const char *core = LINE(lines, start)->core, *before = LINE(lines, above)->core;
    bool address = !LINE(lines, start)->has_at && LINE(lines, above)->has_at;
    return core[0] == '<' || core[0] == '(' ||
           (is_day_line(lines, (guint)above) && !says_whole_date(core)) ||
           ends_with_any(before, unfinished) || (address && g_str_has_suffix(before, ">")) ||
           memchr(core, '@', strcspn(core, " ")) != NULL;
}

/* A longer window is better if what was found before it lacked something that this one has. */
static bool
is_better(const GArray *lines, const Attribution *found, const Attribution *best, gint best_start)
{
    if (found->rule == NULL || best->rule == NULL)
        return found->rule != NULL;
    if (found->complete && !best->complete)
        return true;
    if (best->opened)
        return found->opened && continues_above(lines, (guint)best_start);
    return (found->opened && found->complete) || continues_above(lines, (guint)best_start);
}

/* Finds the attribution that ends in line `end`; returns its first line or -1. */
static gint
attribution_start(const GArray *lines, guint end, MpMatcher *matcher, const MpRule **rule,
                  guint *attempts)
{
    g_autoptr(GString) text = g_string_new(LINE(lines, end)->core);
    gint start = (gint)end, best_start = -1;
    Attribution best = {NULL, false, false};
    const guint before = *attempts;
    bool evidence =
        LINE(lines, end)->has_digit || LINE(lines, end)->has_at || quote_follows(lines, end);

    for (guint n = 0; n < WINDOW && text->len <= WINDOW_BYTES; n++) {
        if (evidence && text->len >= SHORTEST_ATTRIBUTION && (*attempts)++ < ATTEMPTS) {
            Attribution found = judge_window(lines, (guint)start, end, text->str, matcher);

            if (is_better(lines, &found, &best, best_start)) {
                best = found;
                best_start = start;
            }
            if (best.complete && best.opened && !continues_above(lines, (guint)start))
                break;
        }
        start = line_above(lines, (guint)start);
        if (start < 0 || (best.rule != NULL && ends_sentence(LINE(lines, start)->core)))
            break;
        evidence |= LINE(lines, start)->has_digit || LINE(lines, start)->has_at;
        g_string_prepend_c(text, ' ');
        g_string_prepend(text, LINE(lines, start)->core);
    }
    if (best.rule != NULL)
        *attempts = before;
    *rule = best.rule;
    return best_start;
}

void
boundary_mark_block(GArray *lines, guint start, guint end, LineKind kind, const MpRule *rule)
{
    for (guint i = start; i < end; i++) {
        LINE(lines, i)->kind = kind;
        LINE(lines, i)->rule = rule;
        LINE(lines, i)->block = end;
    }
}

/* "On … Ada <ada@example.org> wrote: Is it?": some clients put the quote into the same line. Nobody
 * else writes all of that; but what begins the mail may be all there is. */
static const MpRule *
leading_attribution(const GArray *lines, guint i, MpMatcher *matcher, guint *attempts)
{
    const Line *line = LINE(lines, i);
    const char *at = strchr(line->core, '@');
    const char *colon = at != NULL && line->has_digit ? strstr(at, ": ") : NULL;

    if (colon == NULL || colon - line->core > WINDOW_BYTES || line->kind != LINE_TEXT ||
        line->fenced || lines_skip_blank(lines, 0) == i || (*attempts)++ >= ATTEMPTS)
        return NULL;
    g_autofree char *text = g_strndup(line->core, (gsize)(colon - line->core) + 1);
    const MpRule *rule = mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, text);
    bool opened = rule != NULL && mp_matcher_group(matcher, 1) && !is_neutral(rule);
    return opened && holds_address(text) && mp_matcher_has_day(matcher, text) ? rule : NULL;
}

static void
mark_attributions(GArray *lines, MpMatcher *matcher)
{
    guint attempts = 0;

    for (guint i = 0; i < lines->len; i++) {
        const MpRule *rule = NULL;

        if (!may_end_attribution(lines, i)) {
            rule = leading_attribution(lines, i, matcher, &attempts);
            if (rule != NULL)
                boundary_mark_block(lines, i, i + 1, LINE_ATTRIBUTION, rule);
            continue;
        }
        gint start = attribution_start(lines, i, matcher, &rule, &attempts);
        if (start >= 0)
            boundary_mark_block(lines, start, i + 1, LINE_ATTRIBUTION, rule);
    }
}

/* ---- quotes that begin with the boundary that belongs above them ---- */

static void
mark_quote_starts(GArray *lines, MpMatcher *matcher)
{
    for (guint i = 0; i < lines->len; i++) {
        Line *line = LINE(lines, i);

        if (line->kind != LINE_QUOTE || line->fenced ||
            (i > 0 && LINE(lines, i - 1)->kind == LINE_QUOTE))
            continue;
        line->rule = quote_start_rule(lines, i, matcher, &line->block);
    }
}

void
boundaries_mark(GArray *lines, MpMatcher *matcher)
{
    mark_quote_starts(lines, matcher);
    prefixes_mark(lines);
    headers_mark(lines, matcher);
    mark_attributions(lines, matcher);
    prefixes_judge(lines);
}
