/*
 * Deciding: one walk down the mail in which each line is kept or elided, then one look back at the
 * quotes, which can be judged only when it is known what the person wrote below them.
 *
 * The walk knows where it is: in the person's text, in a signature, below a signature a device
 * wrote, or in the message answered, quoted without marks. A boundary changes that only if text
 * stands above it; with nothing above, what follows may be all there is, and is kept in doubt.
 */
#include "reply/elide.h"
#include "reply/prose.h"
#include "reply/sent_quotes.h"
#include "reply/walk.h"

#include <string.h>

enum {
    GATEWAY_LINES = 4,    /* the first of ours included */
    PARAGRAPH_LINES = 20, /* looked at around a line */
    PASTED_WORDS = 8,     /* repeated words outside any quote that are taken for one */
    NAME_WORDS = 3,       /* of who signs */
    LONG_ANSWER = 4,      /* words that no program leaves of a line */
    CODE_LINES = 60,
};

void
walk_set(Walk *walk, guint i, bool kept, const char *why)
{
    LINE(walk->lines, i)->kept = kept;
    LINE(walk->lines, i)->why = why;
}

/* ---- boundaries ---- */

static guint
boundary_end(const GArray *lines, guint i)
{
    const Line *line = LINE(lines, i);

    return line->kind == LINE_ATTRIBUTION || line->kind == LINE_HEADERS ? line->block : i + 1;
}

/* Finds the lines of ours in the unmarked message that begins at `i`. */
static void
find_ours(Walk *walk, guint i)
{
    const GArray *lines = walk->lines;

    walk->first_ours = G_MAXUINT;
    walk->last_ours = 0;
    for (; walk->sent != NULL && i < lines->len && !line_is_boundary(LINE(lines, i)); i++) {
        const Line *line = LINE(lines, i);

        if (line->words == 0 || !(line->repeat || line->answered))
            continue;
        walk->first_ours = MIN(walk->first_ours, i);
        walk->last_ours = i;
    }
}

/* Our text begins right below the boundary, or below a line or two that a gateway put there. */
static bool
ours_begins(const GArray *lines, guint i)
{
    for (guint n = 0; n < GATEWAY_LINES && i < lines->len;
         n++, i = lines_skip_blank(lines, i + 1)) {
        if (line_is_boundary(LINE(lines, i)))
            return false;
        if (LINE(lines, i)->repeat || LINE(lines, i)->answered)
            return true;
    }
    return false;
}

/* "On 17 November I wrote:", with nothing above, and no quote, nothing of ours and no footer of a
 * notification below: as likely the person's own words, and what stands below is kept anyway. */
static bool
is_doubtful(const Walk *walk, guint i, guint end, guint next)
{
    const Line *below = next < walk->lines->len ? LINE(walk->lines, next) : NULL;

    if (walk->text_above || walk->zone == IN_QUOTED || LINE(walk->lines, i)->kind == LINE_RULE ||
        (below != NULL && line_is_boundary(below)) || ours_begins(walk->lines, next) ||
        walk_ends_notification(walk, end) < walk->lines->len)
        return false;
    for (; i < end; i++) {
        if (LINE(walk->lines, i)->has_at)
            return false;
    }
    return true;
}

static guint
take_boundary(Walk *walk, guint i)
{
    guint end = boundary_end(walk->lines, i);
    const Line *line = LINE(walk->lines, i);
    guint next = lines_skip_blank(walk->lines, end);
    bool quoted = next < walk->lines->len && LINE(walk->lines, next)->kind == LINE_QUOTE;

    if (!quoted && is_doubtful(walk, i, end, next)) {
        for (guint k = i; k < end; k++)
            walk_set(walk, k, true, "kept-in-doubt");
        return end;
    }
    for (guint k = i; k < end; k++)
        walk_set(walk, k, false, line->rule->name);
    if (!walk->boundary_above)
        walk->first_boundary = i;
    walk->boundary_above = true;
    if (quoted && walk->zone != IN_QUOTED) {
        walk->quote_rule = line->rule->name;
        walk->quote_forwarded |=
            line_is_rule(line, MP_RULE_FORWARD) || line_is_rule(line, MP_RULE_SEPARATOR);
        walk->zone = IN_TEXT;
        return end;
    }
    if (line_is_rule(line, MP_RULE_FORWARD))
        walk->quote_forwarded = true;
    bool notification = !walk->text_above && walk->zone != IN_QUOTED &&
                        walk_ends_notification(walk, end) < walk->lines->len;
    if (walk->zone == IN_QUOTED || walk->text_above || notification) {
        walk->zone = IN_QUOTED;
        walk->quoted_end = notification ? walk_ends_notification(walk, end) : G_MAXUINT;
        walk->why = line->rule->name;
        find_ours(walk, end);
    } else {
        walk->zone = IN_TEXT;
    }
    return end;
}

/* ---- text ---- */

/* "Thanks, Sasha", the name in a paragraph of its own or not: who signs in the message answered is
 * not answering it. */
static bool
is_in_closing(const GArray *lines, guint i)
{
    guint above = i;

    for (guint n = 0; n < CLOSING_LINES; n++) {
        const MpRule *rule = LINE(lines, above)->rule;

        if (rule != NULL && rule->kind == MP_RULE_CLOSING)
            return true;
        bool is_name = above == i && LINE(lines, i)->words <= NAME_WORDS;
        guint next = above;
        while (is_name && next > 0 && LINE(lines, next - 1)->kind == LINE_BLANK)
            next--;
        if (next == 0 || LINE(lines, next - 1)->kind != LINE_TEXT)
            return false;
        above = next - 1;
    }
    return false;
}

/* The paragraph that line `i` stands in has a sentence in it, or is a postscript. */
static bool
is_in_sentence(const GArray *lines, guint i)
{
    guint start = i;

    while (start > 0 && i - start < PARAGRAPH_LINES && LINE(lines, start - 1)->kind == LINE_TEXT)
        start--;
    return prose_is_text(lines, start, prose_paragraph_end(lines, i, i + PARAGRAPH_LINES));
}

/* What a program left of a line of ours is no answer; where a line of ours has come to its end,
 * there is nothing left of it. */
static bool
is_remainder(const GArray *lines, guint i)
{
    const Line *above = i > 0 ? LINE(lines, i - 1) : NULL;
    const Line *below = i + 1 < lines->len ? LINE(lines, i + 1) : NULL;

    return (above != NULL && above->repeat && above->words > 0 && !above->ends_ours) ||
           (below != NULL && below->repeat && below->words > 0 && !below->begins_ours);
}

/* No word, and an answer all the same: the fences of code that is one, a brace within, a thumb, a
 * link. */
static bool
is_wordless_answer(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);

    if (line->repeat)
        return false;
    if (!line->fenced)
        return (line_is_symbol(line->core) || line_is_link(line->core)) &&
               (i < walk->last_ours ? !is_remainder(walk->lines, i)
                                    : sent_is_end(walk->sent, line->sent_above));
    const Line *above = i > 0 ? LINE(walk->lines, i - 1) : line;
    const Line *below = i + 1 < walk->lines->len ? LINE(walk->lines, i + 1) : line;
    return (above->fenced && above->kept) ||
           (!above->fenced && below->fenced && below->words > 0 && below->words_sent == 0);
}

/* An answer typed into a message of ours that was quoted without marks: it stands between lines of
 * ours, or below the last one if that is not where our message ended. */
static bool
is_answer(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);

    if (line->answered)
        return true;
    if (line->words == 0 && i > walk->first_ours)
        return is_wordless_answer(walk, i);
    if (i < walk->first_ours || line->words == 0 || line->words_sent * 2 > line->words)
        return false;
    if (i > walk->last_ours && sent_is_end(walk->sent, line->sent_above))
        return is_in_sentence(walk->lines, i);
    if (is_in_closing(walk->lines, i))
        return false;
    return (i < walk->last_ours && line->sent_above + 1 == line->sent_below) ||
           (!is_remainder(walk->lines, i) || (line->words_sent == 0 && line->words >= LONG_ANSWER));
}

static bool
paragraph_repeats(const GArray *lines, guint i)
{
    guint first = i, end = MIN(lines->len, i + PARAGRAPH_LINES);

    while (first > 0 && i - first < PARAGRAPH_LINES && LINE(lines, first - 1)->kind == LINE_TEXT)
        first--;
    for (; first < end && LINE(lines, first)->kind == LINE_TEXT; first++) {
        if (!LINE(lines, first)->repeat)
            return false;
    }
    return true;
}

/* All of the code around line `i` is ours. */
static bool
code_repeats(const GArray *lines, guint i)
{
    guint first = i;

    while (first > 0 && i - first < CODE_LINES && LINE(lines, first - 1)->fenced)
        first--;
    for (; first < lines->len && first < i + CODE_LINES && LINE(lines, first)->fenced; first++) {
        if (LINE(lines, first)->words > 0 && !LINE(lines, first)->repeat)
            return false;
    }
    return true;
}

/* The nearest line with words in the code that the line, one without, belongs to, or the line. */
static guint
code_word(const GArray *lines, guint i)
{
    for (guint k = i + 1; k < lines->len && k < i + CODE_LINES && LINE(lines, k)->fenced; k++) {
        if (LINE(lines, k)->words > 0)
            return k;
    }
    for (guint k = i; k > 0 && i - k < CODE_LINES && LINE(lines, k - 1)->fenced; k--) {
        if (LINE(lines, k - 1)->words > 0)
            return k - 1;
    }
    return i;
}

static bool
is_below_elided(const GArray *lines, guint i)
{
    while (i > 0 && LINE(lines, i - 1)->kind == LINE_BLANK)
        i--;
    return i > 0 && !LINE(lines, i - 1)->kept;
}

/* Lines that repeat us outside any quote: below a boundary that had nothing above it, or pasted.
 * A few words in common are chance, and a paragraph that goes on otherwise is the person's: it
 * takes a paragraph that is all ours, or below a boundary a long run or a whole line. */
static bool
is_stray_repeat(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);
    bool below =
        walk->unmarked || walk->boundary_above || walk->repeat_above || walk->quotes->len > 0;

    if (walk->sent == NULL || line->pasted)
        return false;
    if (line->fenced && line->words == 0 && code_word(walk->lines, i) != i)
        return is_stray_repeat(walk, code_word(walk->lines, i));
    if (!line->repeat)
        return false;
    if (line->words == 0)
        return is_below_elided(walk->lines, i);
    if (walk->ended && !sent_is_footer(walk->sent, line->sent_first)) /* shown once more */
        return false;
    if (line->fenced)
        return below && code_repeats(walk->lines, i);
    if (!below && sent_is_footer(walk->sent, line->sent_first)) /* shown, as in a report on it */
        return false;
    if (below)
        return line->run >= PASTED_WORDS || (line->begins_ours && line->ends_ours) ||
               paragraph_repeats(walk->lines, i);
    return line->run >= PASTED_WORDS && paragraph_repeats(walk->lines, i);
}

static void
take_text(Walk *walk, guint i, bool stray)
{
    const Line *line = LINE(walk->lines, i);

    switch (walk->zone) {
    case IN_TEXT:
        if (stray) {
            walk_set(walk, i, false, "sent-text");
            walk->ended |= sent_is_footer(walk->sent, line->sent_first);
            walk->repeat_above = true;
            return;
        }
        break;
    case IN_SIGNATURE:
        walk_set(walk, i, false, walk->why);
        if (strcmp(line->core, "-----END PGP SIGNATURE-----") == 0)
            walk->zone = IN_TEXT;
        return;
    case IN_AFTERMATH:
        if (walk->sent == NULL || line->repeat) {
            walk_set(walk, i, false, walk->why);
            return;
        }
        break;
    case IN_QUOTED:
        if (!is_answer(walk, i)) {
            walk_set(walk, i, false, line->repeat ? "sent-text" : walk->why);
            return;
        }
        walk_set(walk, i, true, "kept-answer");
        return;
    }
    walk->quote_rule = NULL;
    if (line->kind == LINE_TEXT || line->kind == LINE_RULE) {
        walk->text_above = true;
        walk->first_text = walk->texts++ == 0 ? i : walk->first_text;
    }
    walk_set(walk, i, true, line->fenced ? "kept-code" : "kept");
}

static bool
begin_signature(Walk *walk, guint i)
{
    guint end = walk_signature_end(walk, i);

    if (end == i)
        return false;
    walk->zone = IN_SIGNATURE;
    walk->why = "signature";
    walk->signature_end = end;
    walk_set(walk, i, false, walk->why);
    return true;
}

static guint
take_line(Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);

    if ((walk->zone == IN_SIGNATURE && i >= walk->signature_end) ||
        (walk->zone == IN_QUOTED && i >= walk->quoted_end))
        walk->zone = IN_TEXT;

    if (line->kind == LINE_BLANK) {
        bool kept = walk->zone == IN_TEXT || /* below an answer */
                    (walk->zone != IN_SIGNATURE && i > 0 && LINE(walk->lines, i - 1)->kept);
        walk_set(walk, i, kept, kept ? "kept" : walk->why);
        return i + 1;
    }
    if (line->fenced && walk->zone == IN_TEXT) {
        take_text(walk, i, is_stray_repeat(walk, i));
        return i + 1;
    }
    if (line_is_boundary(line))
        return take_boundary(walk, i);
    if (line->kind == LINE_QUOTE)
        return walk_take_quote(walk, i);
    bool stray = walk->zone == IN_TEXT && is_stray_repeat(walk, i);
    if (!(stray && line->kind != LINE_RULE) && walk->zone != IN_QUOTED && begin_signature(walk, i))
        return i + 1;
    if (walk_is_mobile_signature(walk, i))
        return walk_take_mobile(walk, i);
    if (walk_begins_footer(walk, i))
        return walk_take_paragraph(walk, i);
    guint end = walk_take_reaction(walk, i);
    if (end > i)
        return end;
    take_text(walk, i, stray);
    return i + 1;
}

void
lines_decide(GArray *lines, const Sent *sent, MpMatcher *matcher)
{
    Walk walk = {.lines = lines, .sent = sent, .matcher = matcher, .first_ours = G_MAXUINT};

    walk.unmarked = sent_quotes_unmarked(lines, sent);

    walk.quotes = g_array_new(FALSE, FALSE, sizeof(Quote));
    for (guint i = 0; i < lines->len;)
        i = take_line(&walk, i);
    walk_judge_quotes(&walk);
    walk_judge_reaction(&walk);
    walk_elide_introduction(&walk);
    walk_elide_between(&walk);
    walk_trim_edges(&walk);
    walk_keep_pasted_reply(&walk);
    walk_keep_all_there_is(&walk);
    g_array_unref(walk.quotes);
}
