/*
 * Runs of > lines: where they end, and whether they stay.
 *
 * A quote stays for what the person wrote below it: an inline answer without its question is hard
 * to read. What was quoted only because the client does so goes.
 */
#include "reply/code.h"
#include "reply/prose.h"
#include "reply/walk.h"

#include <string.h>

enum {

    WRAPPED_AT = 40, /* a quote line this long may have been wrapped by a relay */
    GREETING_WORDS = 4,
    ADDRESS_LINES = 8,
    CITED_LINES = 6,
    CITING_WORDS = 4,
    WORDLESS_LINES = 4,
    HUNK_LINES = 200, /* above each of the answers within a quote */
    CHANCE_WORDS = 6,
    COMPARABLE_WORDS = 4, /* fewer say nothing about where they come from */
};

/* A line a relay broke out of a quote: it stands between quote lines, or below a long one it ends.
 */
static bool
is_broken_quote(const GArray *lines, guint i)
{
    const Line *line = LINE(lines, i);
    const char *above = line_unquoted(LINE(lines, i - 1)->core);
    bool between = i + 1 < lines->len && LINE(lines, i + 1)->kind == LINE_QUOTE;
    gsize length = strlen(above);

    if (line->kind != LINE_TEXT && line->kind != LINE_DELIMITER)
        return false;
    bool ended = length > 0 && strchr(".?!", above[length - 1]) != NULL;
    if (between && !ended && strpbrk(line->core, " ") == NULL &&
        strpbrk(line->core, "/=<>)") != NULL)
        return true; /* one long word: a URL */
    if (between && g_str_has_prefix(line->core, "(http"))
        return true;
    return between && length >= WRAPPED_AT && strchr(".?!:;", above[length - 1]) == NULL &&
           g_unichar_islower(g_utf8_get_char(line->core));
}

/* "Non-text part: image/png", apart from the quote: no part of what we send, which has two texts.
 */
static bool
is_own_note(const char *core)
{
    const char *type = core[0] == 'N' ? strstr(core, ": ") : NULL;

    return type != NULL && !g_str_has_prefix(type + 2, "text/") &&
           !g_str_has_prefix(type + 2, "multipart/");
}

/* The end of the quote that begins at `start`: blank lines within, broken lines, repeated lines. */
static guint
quote_end(const Walk *walk, guint start)
{
    guint end = start + 1;

    while (end < walk->lines->len) {
        guint next = lines_skip_blank(walk->lines, end);

        if (next == walk->lines->len)
            break;
        const Line *line = LINE(walk->lines, next);
        bool note = next > end && is_own_note(line->core);
        if ((line->kind == LINE_QUOTE && !note) ||
            (next == end && is_broken_quote(walk->lines, next)) ||
            (walk->sent != NULL && next == end && line->repeat && !line_is_boundary(line)))
            end = next + 1;
        else
            break;
    }
    return end;
}

/* "The manual says:" above it, or text that runs into it while the mail's first quote stands apart:
 * the person brought this quote in, it is no question that they answer. */
static bool
is_introduced(const Walk *walk, guint start)
{
    guint above = start;

    while (above > 0 && LINE(walk->lines, above - 1)->kind == LINE_BLANK)
        above--;
    if (walk->quotes->len == 0 || above == 0 || walk->quote_rule != NULL)
        return false;
    const Line *line = LINE(walk->lines, above - 1);
    guint first_end = g_array_index(walk->quotes, Quote, 0).end;
    if (line->kind != LINE_TEXT || !line->kept)
        return false;
    return line_ends_in_colon(line->core) ||
           (above == start && LINE(walk->lines, first_end)->kind == LINE_BLANK);
}

static guint
count_spaces(const char *core)
{
    guint n = 0;

    for (; *core != '\0'; core++)
        n += *core == ' ';
    return n;
}

/* "Hi Grace," and nothing else: what answers the quote stands below it all the same. */
static bool
is_greeting_above(const Walk *walk)
{
    const char *core = walk->texts == 1 ? LINE(walk->lines, walk->first_text)->core : "";

    return g_str_has_suffix(core, ",") && count_spaces(core) < GREETING_WORDS;
}

/* A quote with the footer of a notification in it: the program quoted all there was. */
static bool
holds_footer(const GArray *lines, guint start, guint end)
{
    static const char *const footers[] = {
        "Reply to this email directly",       "You are receiving this because",    "Message ID: <",
        "Répondez directement à ce courriel", "Vous recevez ce message parce que", NULL};

    for (guint i = start; i < end; i++) {
        const char *rest = line_unquoted(LINE(lines, i)->core);

        for (const char *const *footer = footers; *footer != NULL; footer++) {
            if (*rest == **footer && g_str_has_prefix(rest, *footer))
                return true;
        }
    }
    return false;
}

/* The next line with words in it, if there is one, is a line of ours from its beginning. */
static bool
begins_line_of_ours(const GArray *lines, guint i)
{
    for (guint n = 0; n < WORDLESS_LINES && i < lines->len; n++, i++) {
        if (LINE(lines, i)->words > 0)
            return LINE(lines, i)->repeat && LINE(lines, i)->begins_ours;
    }
    return i == lines->len;
}

/* Blank, or the end of code. */
static bool
is_no_question(const char *rest)
{
    return *rest == '\0' || code_is_bare_fence(rest);
}

/* An answer typed into the quote itself: on the line of the question, or below that line with its
 * mark, where a line of ours begins again below it. */
static bool
is_answer_within(const Walk *walk, guint i, guint start)
{
    const Line *line = LINE(walk->lines, i);

    if (walk->sent == NULL || line->answered)
        return walk->sent != NULL;
    if (line->kind == LINE_QUOTE && line->core[0] != '>') /* "Tim> ", which says whose it is */
        return false;
    if (g_str_has_prefix(line_unquoted(line->core), "Non-text part: "))
        return false;
    bool said = line->words > 0 || line_is_symbol(line->core) || line_is_link(line->core);
    if (!said || line->words_sent > 0 || line->repeat || strchr(line->core, '[') != NULL)
        return false;
    guint k = i;
    while (k > start + 1 && is_no_question(line_unquoted(LINE(walk->lines, k - 1)->core)))
        k--;
    const Line *above = k > start ? LINE(walk->lines, k - 1) : line;
    bool next = line->sent_above > 0 && line->sent_above + 1 == line->sent_below;
    if (next && k < i) /* in a paragraph of its own */
        return (above->repeat && above->ends_ours) || above->kept;
    return above->repeat && above->ends_ours &&
           (line->sent_below == 0 || next || begins_line_of_ours(walk->lines, i + 1));
}

/* A line of code is a question that also one answer alone needs; false if it is none. */
static bool
keep_answered_code(Walk *walk, guint start, guint end, bool whole)
{
    guint first = code_answered(walk->lines, start, end, whole);

    if (first == end)
        return false;
    guint fence = code_opening_fence(walk->lines, start, first, end);
    if (fence < end)
        walk_set(walk, fence, true, "kept-inline-quote");
    for (guint i = first; i < end; i++) {
        if (!LINE(walk->lines, i)->kept)
            walk_set(walk, i, true, "kept-inline-quote");
    }
    return true;
}

static void
keep_answer(Walk *walk, guint i, guint start)
{
    guint above = i;

    walk_set(walk, i, true, "kept-answer");
    walk->text_above = true;
    if (keep_answered_code(walk, MAX(start, i - MIN(i, HUNK_LINES)), i, true))
        return;
    while (above > start && LINE(walk->lines, above - 1)->kind == LINE_BLANK)
        above--;
    bool deeper = above > start && line_quote_depth(LINE(walk->lines, i)->core) >
                                       line_quote_depth(LINE(walk->lines, above - 1)->core);
    if (above > start && (above == i || deeper) && LINE(walk->lines, above - 1)->repeat)
        walk_set(walk, above - 1, true, "kept-inline-quote");
}

guint
walk_take_quote(Walk *walk, guint i)
{
    /* the boundary may be quoted with the rest */
    const MpRule *inside = LINE(walk->lines, i)->rule;
    Quote quote = {
        .start = i,
        .end = quote_end(walk, i),
        .attributed = walk->quote_rule != NULL || inside != NULL,
        .forwarded = walk->quote_forwarded || (inside != NULL && inside->kind == MP_RULE_FORWARD),
        .text_above = walk->text_above && !is_greeting_above(walk),
        .introduced = is_introduced(walk, i),
    };

    quote.whole = (walk->sent != NULL && sent_is_whole(walk->sent, walk->lines, i, quote.end)) ||
                  holds_footer(walk->lines, i, quote.end);

    for (guint k = i; k < quote.end; k++) {
        walk_set(walk, k, false, "quote");
        if (is_answer_within(walk, k, i))
            keep_answer(walk, k, i);
    }
    if (walk->zone != IN_QUOTED) {
        g_array_append_val(walk->quotes, quote);
        walk->zone = IN_TEXT;
    }
    walk->quote_rule = NULL;
    walk->quote_forwarded = false;
    return quote.end;
}

/* Kept lines from `i` to `end` that are more than "Regards, Bob". */
static bool
has_answer(const GArray *lines, guint i, guint end)
{
    guint n = 0;
    bool closing = false;

    for (; i < end; i++) {
        const Line *line = LINE(lines, i);

        if (!line->kept || (line->kind != LINE_TEXT && line->kind != LINE_RULE))
            continue;
        if (n++ == 0)
            closing = line->rule != NULL && line->rule->kind == MP_RULE_CLOSING;
    }
    return n > 0 && !(closing && n <= CLOSING_LINES);
}

/* Quoted from somewhere else than what we sent; a few words in common are chance. */
static bool
quote_is_foreign(const GArray *lines, const Quote *quote)
{
    guint words = 0, sent = 0;

    for (guint i = quote->start; i < quote->end; i++) {
        const Line *line = LINE(lines, i);

        words += line->words;
        sent += line->repeat || line->answered || line->run > CHANCE_WORDS ? line->words_sent : 0;
    }
    return words >= COMPARABLE_WORDS && sent * 5 < words;
}

/* "The manual says it plainly:" above a few lines, with which the mail ends. No program's words, so
 * no date, no address, and more than a name. */
static bool
is_cited(const Walk *walk, const Quote *quote)
{
    guint above = quote->start;

    while (above > 0 && LINE(walk->lines, above - 1)->kind == LINE_BLANK)
        above--;
    if (above == 0 || quote->end - quote->start > CITED_LINES || quote->attributed || quote->whole)
        return false;
    const Line *line = LINE(walk->lines, above - 1);
    return line->kind == LINE_TEXT && line->kept && !line->has_at &&
           count_spaces(line->core) >= CITING_WORDS - 1 && line_ends_in_colon(line->core) &&
           !(line->has_digit && mp_matcher_has_date(walk->matcher, line->core));
}

/* A quote in our message, which stands around it without marks. */
static bool
is_within_ours(const Walk *walk, const Quote *quote)
{
    const GArray *lines = walk->lines;
    guint i = quote->start, above = quote->start;

    while (above > 0 && LINE(lines, above - 1)->kind == LINE_BLANK)
        above--;
    while (i < quote->end && LINE(lines, i)->words == 0)
        i++;
    return walk->sent != NULL && above > 0 && i < quote->end && LINE(lines, i)->repeat &&
           LINE(lines, above - 1)->repeat && !LINE(lines, above - 1)->kept &&
           LINE(lines, i)->sent_first == LINE(lines, i)->sent_above + 1;
}

/* Whether the quote stays: what was answered below it, or what the person quoted from elsewhere. */
static const char *
reason_to_keep(const Walk *walk, const Quote *quote, bool answered, guint answered_quotes)
{
    if (quote->forwarded || quote->whole || is_within_ours(walk, quote))
        return NULL;
    if (answered)
        return quote->attributed && !quote->text_above && answered_quotes == 1
                   ? NULL
                   : "kept-inline-quote";
    if (walk->sent == NULL && is_cited(walk, quote))
        return "kept-foreign-quote";
    if (walk->sent != NULL && !quote->attributed && quote->text_above &&
        quote_is_foreign(walk->lines, quote))
        return "kept-foreign-quote";
    return NULL;
}

/* Some clients quote the attribution with the rest; an inline answer needs no more than the
 * question. */
static guint
question_start(const GArray *lines, const Quote *quote)
{
    const MpRule *rule = LINE(lines, quote->start)->rule;
    guint i = quote->start;

    if (rule == NULL || (rule->kind != MP_RULE_ATTRIBUTION && rule->kind != MP_RULE_HEADER))
        return i;
    for (guint above = LINE(lines, i)->block;
         i < quote->end && (i < above || *line_unquoted(LINE(lines, i)->core) == '\0'); i++)
        LINE(lines, i)->why = rule->name;
    return i < quote->end ? i : quote->start;
}

/* "ACME Ltd. Registered in England No. 1234567." */
static bool
is_company_footer(const Walk *walk, guint start, guint end)
{
    const GArray *lines = walk->lines;
    bool contact = false, registered = false;

    for (guint i = start; i < end && i < start + ADDRESS_LINES; i++) {
        const char *core = LINE(lines, i)->core;
        const MpRule *rule = mp_matcher_rule(walk->matcher, MP_RULE_COMPANY, core);

        contact |= prose_holds_contact(LINE(lines, i)) || rule != NULL;
        registered |= rule != NULL && strcmp(rule->name, "company-registered") == 0;
    }
    return registered || (contact && !prose_is_text(lines, start, end));
}

/* Below a quote of the whole message, and with an answer above it, a company's address is no
 * answer, nor what its server or a list wrote; a sentence of other things is. */
static void
elide_footers_below(Walk *walk, guint i)
{
    for (guint end; i < walk->lines->len; i = MAX(end, i + 1)) {
        i = lines_skip_blank(walk->lines, i);
        end = prose_paragraph_end(walk->lines, i, walk->lines->len);
        bool footer = end > i && LINE(walk->lines, i)->kept &&
                      !prose_is_postscript(LINE(walk->lines, i)->core) &&
                      !prose_shows(walk->lines, i, end) &&
                      (is_company_footer(walk, i, end) || walk_is_server_notice(walk, i, end));
        for (guint k = i; footer && k < end; k++) {
            if (LINE(walk->lines, k)->kept)
                walk_set(walk, k, false, "footer-below-quote");
        }
    }
}

/* "/mute" and the like, wherever it was typed, is about no line. */
static bool
is_command(const char *core)
{
    return core[0] == '/' && g_ascii_isalpha(core[1]) && core[1 + strcspn(core + 1, " /")] != '/';
}

/* What was kept below the quote, up to the next, is more than commands. */
static bool
is_about_lines(const GArray *lines, guint i)
{
    for (; i < lines->len && LINE(lines, i)->kind != LINE_QUOTE; i++) {
        const Line *line = LINE(lines, i);

        if (line->kept && line->kind != LINE_BLANK && !is_command(line->core))
            return true;
    }
    return false;
}

/* Of code that a program quoted, one answer needs no more than the lines right above it. */
static void
judge_quote(Walk *walk, const Quote *quote, bool answered, guint answered_quotes)
{
    const char *why = reason_to_keep(walk, quote, answered, answered_quotes);
    bool lone = why == NULL || (quote->attributed && answered_quotes == 1);

    if (answered && lone && !quote->forwarded && !is_within_ours(walk, quote) &&
        is_about_lines(walk->lines, quote->end) &&
        keep_answered_code(walk, quote->start, quote->end, quote->whole))
        return;
    for (guint i = question_start(walk->lines, quote); why != NULL && i < quote->end; i++)
        walk_set(walk, i, true, why);
}

void
walk_judge_quotes(Walk *walk)
{
    guint n = walk->quotes->len, answered_quotes = 0;
    g_autofree bool *answered = g_new0(bool, n + 1);

    for (guint q = 0; q < n; q++) {
        const Quote *quote = &g_array_index(walk->quotes, Quote, q);
        guint end = q + 1 < n ? g_array_index(walk->quotes, Quote, q + 1).start : walk->lines->len;

        answered[q] = has_answer(walk->lines, quote->end, end);
        bool is_ours =
            quote->attributed || walk->sent == NULL || !quote_is_foreign(walk->lines, quote);
        answered_quotes += answered[q] && is_ours && !quote->introduced;
    }
    for (guint q = 0; q < n; q++) {
        const Quote *quote = &g_array_index(walk->quotes, Quote, q);

        judge_quote(walk, quote, answered[q], answered_quotes);
        if (n == 1 && quote->whole && quote->text_above)
            elide_footers_below(walk, quote->end);
    }
}
