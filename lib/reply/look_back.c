/*
 * The look back, when each line has been decided on: what led to something elided goes with it, and
 * where nothing would be left, what there is stays.
 */
#include "reply/walk.h"

#include <string.h>

enum {
    BETWEEN_LINES = 3,  /* a gateway puts there */
    DEEPER_ANSWERS = 2, /* where no question stands above one */
    INTRODUCTION_BYTES = 120,
    FRAME_LINES = 40,
    CARD_LINES = 8,  /* a lone signature is no longer, */
    CARD_BYTES = 60, /* nor are its lines */
};

/* The same row of dashes stands above, with text between: the two frame it. */
static bool
closes_frame(const GArray *lines, guint i)
{
    const char *core = LINE(lines, i)->core;
    guint texts = 0;

    for (guint k = i; k-- > 0 && i - k <= FRAME_LINES && LINE(lines, k)->kept;) {
        if (strcmp(LINE(lines, k)->core, core) == 0)
            return texts > 0;
        texts += LINE(lines, k)->kind == LINE_TEXT;
    }
    return false;
}

/* Rows of dashes that led to something elided, or to nothing, go with it; so do blank lines
 * between. */
void
walk_trim_edges(Walk *walk)
{
    bool elided_below = true, last = true;

    for (guint i = walk->lines->len; i-- > 0;) {
        const Line *line = LINE(walk->lines, i);

        if (line->kind == LINE_BLANK)
            continue;
        bool drawn = line->kind == LINE_DELIMITER || line->kind == LINE_SIGNATURE;
        if (line->kept && elided_below && !line->fenced && drawn &&
            !(last && closes_frame(walk->lines, i)))
            walk_set(walk, i, false, "delimiter");
        else
            elided_below = !line->kept;
        last = false;
    }
    for (guint i = 1; i < walk->lines->len; i++) {
        if (LINE(walk->lines, i)->kind == LINE_BLANK && !LINE(walk->lines, i - 1)->kept)
            walk_set(walk, i, false, LINE(walk->lines, i - 1)->why);
    }
}

/* "Grace, tiistaina:" in a paragraph of its own, a line with our name and a number in it. */
static bool
is_introduction(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);

    if (line->kind != LINE_TEXT || line->fenced || strlen(line->core) > INTRODUCTION_BYTES)
        return false;
    if (line->has_digit && sent_is_named(walk->sent, line->core))
        return true;
    return i > 0 && LINE(walk->lines, i - 1)->kind == LINE_BLANK && line_ends_in_colon(line->core);
}

/* The line above the first one of ours: an attribution in a form or language that no row knows,
 * where the person wrote something above it, or nothing but that. */
void
walk_elide_introduction(Walk *walk)
{
    const GArray *lines = walk->lines;
    guint below = 0, last;

    while (walk->sent != NULL && below < lines->len && !LINE(lines, below)->repeat)
        below++;
    if (walk->sent == NULL || below == lines->len || LINE(lines, below)->kept)
        return;
    for (last = below; last > 0 && LINE(lines, last - 1)->kind == LINE_BLANK;)
        last--;
    if (last == 0 || !LINE(lines, last - 1)->kept || !is_introduction(walk, last - 1))
        return;
    for (guint i = 0; i < lines->len; i++) {
        if (i + 1 != last && LINE(lines, i)->kept && LINE(lines, i)->kind != LINE_BLANK) {
            walk_set(walk, last - 1, false, "sent-introduction");
            return;
        }
    }
}

/* A line or two right above the first one of ours and below the boundary that announces it, where
 * something else is kept: what a gateway put there. Nobody answers above the first line. */
void
walk_elide_between(Walk *walk)
{
    const GArray *lines = walk->lines;
    guint below = 0, start, others = 0, between = 0;

    if (walk->sent == NULL || !walk->boundary_above)
        return;
    while (below < lines->len && !LINE(lines, below)->repeat && !LINE(lines, below)->answered)
        below++;
    for (start = below; start > 0 && !line_is_boundary(LINE(lines, start - 1)); start--)
        between += LINE(lines, start - 1)->kind != LINE_BLANK;
    if (below == lines->len || start == 0 || between == 0 || between > BETWEEN_LINES ||
        LINE(lines, below)->kept)
        return;
    for (guint i = below; i < lines->len; i++)
        others += LINE(lines, i)->kept && LINE(lines, i)->kind != LINE_BLANK;
    for (guint i = start; others > 0 && i < below; i++)
        walk_set(walk, i, false, "sent-introduction");
}

/* What is typed above our quoted message is the answer, be it in our own words: where it is all
 * there is, it stays. */
void
walk_keep_pasted_reply(Walk *walk)
{
    guint boundary = walk->first_boundary, repeats = 0;

    for (guint i = 0; i < walk->lines->len; i++) {
        const Line *line = LINE(walk->lines, i);

        if (line->kept && line->kind != LINE_BLANK)
            return;
        repeats += i >= boundary && line->repeat;
    }
    for (guint i = 0; repeats > 0 && i < boundary; i++) {
        if (!g_str_equal(LINE(walk->lines, i)->why, "sent-text"))
            continue;
        LINE(walk->lines, i)->pasted = true;
        walk_set(walk, i, true, "kept-all-there-is");
    }
}

/* "--", "Ada Example", "Engineer, Acme": a few short lines, none of which reads like a sentence.
 * Paragraphs of law below it went by their own rules. */
static bool
is_card(const Walk *walk)
{
    guint n = 0;

    for (guint i = 0; i < walk->lines->len; i++) {
        const char *core = LINE(walk->lines, i)->core;
        gsize length = strlen(core);

        if (length == 0 || LINE(walk->lines, i)->why != walk->why)
            continue;
        n++;
        if (length > CARD_BYTES || strchr("!?:", core[length - 1]) != NULL)
            return false;
    }
    return n <= CARD_LINES;
}

/* The paragraph of law or the footer above the quote, where nothing else was kept. */
static void
keep_paragraph(Walk *walk, guint i)
{
    const char *why = LINE(walk->lines, i)->why;

    for (; i < walk->lines->len && LINE(walk->lines, i)->why == why; i++)
        walk_set(walk, i, true, "kept-all-there-is");
}

/* "> Is it open?", ">> yes": what stands one mark deeper right below a question was typed there,
 * and so was what stands so below one line after the other. */
static bool
holds_deeper_answer(const GArray *lines, const Quote *quote)
{
    guint deeper = 0;

    for (guint i = quote->start + 1; i < quote->end; i++) {
        const char *above = LINE(lines, i - 1)->core, *core = LINE(lines, i)->core;

        if (line_quote_depth(above) == 0 || line_quote_depth(core) != line_quote_depth(above) + 1 ||
            *line_unquoted(core) == '\0' || *line_unquoted(above) == '\0' ||
            line_ends_in_colon(above))
            continue;
        deeper += above[strlen(above) - 1] == '?' ? DEEPER_ANSWERS : 1;
    }
    return deeper >= DEEPER_ANSWERS;
}

/* Where nothing but a quote is there, and it is not known what we sent, answers typed into it with
 * a mark of their own are the person's, and the questions go with them. */
static void
keep_deeper_answers(Walk *walk)
{
    for (guint q = 0; walk->sent == NULL && q < walk->quotes->len; q++) {
        const Quote *quote = &g_array_index(walk->quotes, Quote, q);

        if (!holds_deeper_answer(walk->lines, quote))
            continue;
        for (guint i = quote->start; i < quote->end; i++)
            walk_set(walk, i, true, "kept-inline-quote");
    }
}

/* A mail that is one signature, paragraph of law or footer, with nothing quoted, may be all the
 * person had to say, unless it looks like nothing but a name and a device. */
void
walk_keep_all_there_is(Walk *walk)
{
    guint first = lines_skip_blank(walk->lines, 0);

    if (first == walk->lines->len)
        return;
    for (guint i = first; i < walk->lines->len; i++) {
        if (LINE(walk->lines, i)->kept && LINE(walk->lines, i)->kind != LINE_BLANK)
            return;
    }
    bool paragraph = line_is_rule(LINE(walk->lines, first), MP_RULE_DISCLAIMER) ||
                     line_is_rule(LINE(walk->lines, first), MP_RULE_FOOTER);
    if (paragraph)
        keep_paragraph(walk, first);
    keep_deeper_answers(walk);
    if (paragraph || walk->boundary_above || walk->quotes->len > 0 || walk->zone != IN_SIGNATURE ||
        is_card(walk))
        return;
    for (guint i = 0; i < walk->lines->len; i++)
        walk_set(walk, i, true, "kept-all-there-is");
}
