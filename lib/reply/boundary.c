/*
 * Attributions: "On … wrote:", wrapped over up to five lines; header blocks are in headers.c.
 *
 * An attribution is looked for from its end: the line that ends in a colon, or the one above a
 * quote. Windows of one to five lines that end there are matched, and the shortest that holds a
 * date or an address wins, unless a slightly longer one begins with the language's opening word.
 */
#include "reply/boundary.h"
#include "reply/attribution.h"

#include <string.h>

enum {
    LOG_TIME = 19, /* bytes */
    WINDOW = 5,    /* lines an attribution may be wrapped over */
    WINDOW_BYTES = 600,
    SHORTEST_ATTRIBUTION = 8, /* bytes */
    YEAR_MARK = 4,            /* bytes of the word year, abbreviated */
    DAY_WORDS = 2,            /* behind the day in such a line */
    SHORT_LINE = 40,          /* bytes of a first line that holds but the weekday and the day */
    LETTERS_OF_LAST = 3,      /* the same where no digit is, */
    LAST_WORDS = 3,           /* and it has so many bytes */
    LETTERS_OF_PROSE = 6, /* before a full stop: no month's or weekday's abbreviation is longer */
    ATTEMPTS = 3000,      /* windows tried in vain: what bounds a mail of nothing but colons */
};

/* ---- attributions ---- */

static bool
ends_with_any(const char *core, const char *const *endings)
{
    gsize length = strlen(core);

    for (; *endings != NULL; endings++) {
        gsize n = strlen(*endings);

        if (length >= n && memcmp(core + length - n, *endings, n) == 0)
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
        return attribution_is_broken_end(lines, i);
    gsize length = strlen(line->core);
    if (length > 0 && strchr(":\x9a\x95*_e-", line->core[length - 1]) != NULL && /* last bytes */
        ends_with_any(line->core, endings))
        return true;
    guint next = lines_skip_blank(lines, i + 1);
    return next < lines->len && LINE(lines, next)->kind == LINE_QUOTE;
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

/* "… wrote:" above a line that says the same once more: one of a list. */
static bool
ends_another(const char *core)
{
    return line_ends_in_colon(core) && !g_str_has_suffix(core, "mailto:");
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
    if (above < 0 || LINE(lines, above)->fenced || LINE(lines, above)->kind != LINE_TEXT ||
        ends_another(LINE(lines, above)->core))
        return -1;
    return above;
}

/* The last three words have no digits in them, as they have where an abbreviation ends a date. */
static bool
ends_in_words(const char *core)
{
    const char *p = core + strlen(core);

    for (guint words = 0; p > core; p--) {
        if (g_ascii_isdigit(p[-1]))
            return false;
        if (p[-1] == ' ' && ++words == LAST_WORDS)
            return true;
    }
    return false;
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
            return letters >= LETTERS_OF_LAST && ends_in_words(core);
    }
    return letters >= LETTERS_OF_PROSE;
}

/* "пн, 17" alone at the head of a paragraph: an attribution that was wrapped early. */
static bool
is_day_line(const GArray *lines, guint i)
{
    const Line *line = LINE(lines, i);

    const char *after = line->core + strcspn(line->core, "0123456789");
    guint words = 0;

    for (const char *p = after; line->has_digit && *p != '\0'; p++)
        words += *p == ' ';
    return line->has_digit && words <= DAY_WORDS && strlen(line->core) <= SHORT_LINE &&
           strpbrk(line->core, ":?!") == NULL && !g_str_has_suffix(line->core, "。") &&
           strchr(line->core, ' ') != NULL && g_unichar_isalpha(g_utf8_get_char(line->core)) &&
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

    if (n == 4 && next == ' ') { /* "2026 ж. 9 қар." */
        const char *mark = strstr(digits + n, ". ");
        gsize day =
            mark != NULL && mark <= digits + n + YEAR_MARK + 1 ? strspn(mark + 2, "0123456789") : 0;

        return day > 0 && mark[2 + day] == ' ';
    }
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
           (is_day_line(lines, (guint)above) && !says_whole_date(core) &&
            !attribution_begins_with_person(core)) ||
           ends_with_any(before, unfinished) || (address && g_str_has_suffix(before, ">")) ||
           memchr(core, '@', strcspn(core, " ")) != NULL;
}

/* "2026-11-28 10:01:02 done", which no client writes to the second. */
static bool
is_log_line(const char *core)
{
    return strlen(core) > LOG_TIME && strspn(core, "0123456789") == 4 && core[4] == '-' &&
           core[13] == ':' && core[16] == ':';
}

/* Some words without a number: none of them leads on to a day. */
static bool
is_prose(const char *core)
{
    guint words = 1;

    for (const char *p = core; *p != '\0'; p++) {
        words += *p == ' ';
        if (g_ascii_isdigit(*p))
            return false;
    }
    return words >= LAST_WORDS;
}

/* What was found begins itself with the name or with the whole date, and the line above ends like
 * a sentence, or says no date, or another day: nothing of it stands there. */
static bool
is_whole(const GArray *lines, const Attribution *best, gint start, gint above, MpMatcher *matcher)
{
    static const char *const ends[] = {".", "!", "?", "。", "！", "？", NULL};
    const char *core = LINE(lines, start)->core, *before = LINE(lines, above)->core;
    bool person = attribution_begins_with_person(core);

    if (continues_above(lines, (guint)start))
        return false;
    return ((person || (best->complete && says_whole_date(core))) && ends_with_any(before, ends)) ||
           (person && (is_log_line(before) || !mp_matcher_has_date(matcher, before))) ||
           (best->complete && says_whole_date(core) &&
            (is_prose(before) || mp_matcher_has_day(matcher, before)));
}

/* A longer window is better if what was found before it lacked something that this one has. */
static bool
is_better(const GArray *lines, const Attribution *found, const Attribution *best, gint best_start)
{
    if (found->rule == NULL || best->rule == NULL)
        return found->rule != NULL;
    bool completes = found->complete && !best->complete;
    if (best->opened)
        return found->opened && (completes || continues_above(lines, (guint)best_start));
    return completes || (found->opened && found->complete) ||
           continues_above(lines, (guint)best_start);
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
    bool evidence = LINE(lines, end)->has_digit || LINE(lines, end)->has_at ||
                    attribution_is_above_quote(lines, end);

    for (guint n = 0; n < WINDOW && text->len <= WINDOW_BYTES; n++) {
        if (evidence && text->len >= SHORTEST_ATTRIBUTION && (*attempts)++ < ATTEMPTS) {
            Attribution found = attribution_judge(lines, (guint)start, end, text->str, matcher);

            if (is_better(lines, &found, &best, best_start)) {
                best = found;
                best_start = start;
            }
            if (best.complete && best.opened && !continues_above(lines, (guint)start))
                break;
        }
        if (g_str_has_prefix(LINE(lines, start)->core, "---")) /* drawn before what begins */
            break;
        start = line_above(lines, (guint)start);
        if (start < 0 || ends_sentence(LINE(lines, start)->core) ||
            (best.rule != NULL && is_whole(lines, &best, best_start, start, matcher)))
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
    const char *at = line->has_at && line->has_digit ? strchr(line->core, '@') : NULL;
    const char *colon = at != NULL ? strstr(at, ": ") : NULL;

    if (colon == NULL || colon - line->core > WINDOW_BYTES || line->kind != LINE_TEXT ||
        line->fenced || lines_is_first(lines, i) || (*attempts)++ >= ATTEMPTS)
        return NULL;
    g_autofree char *text = g_strndup(line->core, (gsize)(colon - line->core) + 1);
    const MpRule *rule = mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, text);
    bool opened = rule != NULL && mp_matcher_group(matcher, 1) && !attribution_is_neutral(rule);
    return opened && attribution_holds_address(text) && mp_matcher_has_day(matcher, text) ? rule
                                                                                          : NULL;
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
    bool prefixed = prefixes_mark(lines);

    headers_mark(lines, matcher);
    mark_attributions(lines, matcher);
    if (prefixed)
        prefixes_judge(lines);
}
