/*
 * Deciding: one walk down the mail in which each line is kept or elided, then one look back at the
 * quotes, which can be judged only when it is known what the person wrote below them.
 *
 * The walk knows where it is: in the person's text, in a signature, below a signature a device
 * wrote, or in the message answered, quoted without marks. A boundary changes that only if text
 * stands above it; with nothing above, what follows may be all there is, and is kept in doubt.
 */
#include "reply/decide.h"

#include <string.h>

enum {
    SIGNATURE_LINES = 25,      /* a longer one below "--" is a part of the text */
    SHORT_SIGNATURE_LINES = 5, /* below "---", which is a rule in Markdown too */
    SHORT_SIGNATURE_BYTES = 60,
    CLOSING_LINES = 3,         /* "Regards, Bob" is no answer to the quote above it */
    WRAPPED_AT = 60,           /* a quote line this long may have been wrapped by a relay */
    PARAGRAPH_LINES = 20,      /* looked at around a line */
    COMPARABLE_WORDS = 4,      /* fewer say nothing about where they come from */
    CONTACT_BYTES = 80,        /* a line of a business card is no longer */
    PASTED_WORDS = 8,          /* repeated words outside any quote that are taken for one */
};

typedef enum { IN_TEXT, IN_SIGNATURE, IN_AFTERMATH, IN_QUOTED } Zone;

/* A run of > lines among the person's text, judged in the look back. */
typedef struct {
    guint start, end;
    bool attributed, forwarded; /* an attribution or a forward mark stands above it */
    bool text_above;
} Quote;

typedef struct {
    GArray *lines;
    GArray *quotes; /* of Quote */
    bool sent_known;
    Zone zone;
    const char *why;        /* the rule that began the zone */
    bool text_above;        /* the person wrote something above this line */
    bool boundary_above;    /* some boundary was seen, though it may have had nothing above it */
    bool segment_is_ours;   /* in IN_QUOTED: this message repeats what we sent */
    const char *quote_rule; /* of the attribution just above, while nothing else came */
    bool quote_forwarded;
} Walk;

/* ---- small questions about lines ---- */

static void
set(Walk *walk, guint i, bool kept, const char *why)
{
    LINE(walk->lines, i)->kept = kept;
    LINE(walk->lines, i)->why = why;
}

static bool
is_rule(const Line *line, MpRuleKind kind)
{
    return line->kind == LINE_RULE && line->rule->kind == kind;
}

static bool
is_boundary(const Line *line)
{
    return line->kind == LINE_ATTRIBUTION || line->kind == LINE_HEADERS || is_rule(line, MP_RULE_SEPARATOR) ||
           is_rule(line, MP_RULE_FORWARD) || is_rule(line, MP_RULE_MARKER);
}

/* Mostly what we sent. */
static bool
is_repeat(const Line *line)
{
    return line->words > 0 && line->words_sent * 4 >= line->words * 3;
}

static guint
paragraph_end(const GArray *lines, guint i)
{
    while (i < lines->len && LINE(lines, i)->kind != LINE_BLANK && LINE(lines, i)->kind != LINE_QUOTE &&
           !is_boundary(LINE(lines, i)))
        i++;
    return i;
}

static bool
begins_paragraph(const GArray *lines, guint i)
{
    return i == 0 || LINE(lines, i - 1)->kind != LINE_TEXT;
}

/* ---- quotes ---- */

/* A line a relay broke out of a quote: it stands between quote lines, or below a long one it ends. */
static bool
is_broken_quote(const GArray *lines, guint i)
{
    const Line *line = LINE(lines, i);
    const char *above = line_unquoted(LINE(lines, i - 1)->core);
    bool between = i + 1 < lines->len && LINE(lines, i + 1)->kind == LINE_QUOTE;
    gsize length = strlen(above);

    if (line->kind != LINE_TEXT && line->kind != LINE_DELIMITER)
        return false;
    if (between && strpbrk(line->core, " ") == NULL && strpbrk(line->core, "/=<>)") != NULL)
        return true; /* one long word: a URL */
    if (between && g_str_has_prefix(line->core, "(http"))
        return true;
    return between && length >= WRAPPED_AT && strchr(".?!:;", above[length - 1]) == NULL &&
           g_unichar_islower(g_utf8_get_char(line->core));
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
        if (line->kind == LINE_QUOTE || (next == end && is_broken_quote(walk->lines, next)) ||
            (walk->sent_known && next == end && is_repeat(line)))
            end = next + 1;
        else
            break;
    }
    return end;
}

static guint
take_quote(Walk *walk, guint i)
{
    const MpRule *inside = LINE(walk->lines, i)->rule; /* the boundary may be quoted with the rest */
    Quote quote = {
        .start = i,
        .end = quote_end(walk, i),
        .attributed = walk->quote_rule != NULL || inside != NULL,
        .forwarded = walk->quote_forwarded || (inside != NULL && inside->kind == MP_RULE_FORWARD),
        .text_above = walk->text_above,
    };

    for (guint k = i; k < quote.end; k++)
        set(walk, k, false, "quote");
    if (walk->zone != IN_QUOTED) {
        g_array_append_val(walk->quotes, quote);
        walk->zone = IN_TEXT;
    }
    walk->quote_rule = NULL;
    walk->quote_forwarded = false;
    return quote.end;
}

/* ---- boundaries ---- */

static guint
boundary_end(const GArray *lines, guint i)
{
    const Line *line = LINE(lines, i);

    return line->kind == LINE_ATTRIBUTION || line->kind == LINE_HEADERS ? line->block : i + 1;
}

/* Whether the unmarked message that begins at `i` repeats, somewhere, what we sent. */
static bool
segment_repeats(const GArray *lines, guint i)
{
    for (; i < lines->len && !is_boundary(LINE(lines, i)); i++) {
        if (LINE(lines, i)->kind == LINE_TEXT && LINE(lines, i)->words >= 3 && is_repeat(LINE(lines, i)))
            return true;
    }
    return false;
}

static guint
take_boundary(Walk *walk, guint i)
{
    guint end = boundary_end(walk->lines, i);
    const Line *line = LINE(walk->lines, i);
    guint next = lines_skip_blank(walk->lines, end);
    bool quoted = next < walk->lines->len && LINE(walk->lines, next)->kind == LINE_QUOTE;

    for (guint k = i; k < end; k++)
        set(walk, k, false, line->rule->name);
    walk->boundary_above = true;
    if (quoted && walk->zone != IN_QUOTED) {
        walk->quote_rule = line->rule->name;
        walk->quote_forwarded |= is_rule(line, MP_RULE_FORWARD) || is_rule(line, MP_RULE_SEPARATOR);
        walk->zone = IN_TEXT;
        return end;
    }
    if (is_rule(line, MP_RULE_FORWARD))
        walk->quote_forwarded = true;
    if (walk->zone == IN_QUOTED || walk->text_above) {
        walk->zone = IN_QUOTED;
        walk->why = line->rule->name;
        walk->segment_is_ours = walk->sent_known && segment_repeats(walk->lines, end);
    } else {
        walk->zone = IN_TEXT;
    }
    return end;
}

/* ---- signatures and footers ---- */

/* How long the signature is that would begin below `i`; G_MAXUINT if one of its lines is too long. */
static guint
signature_lines(const GArray *lines, guint i, gsize bytes)
{
    guint n = 0;

    for (i++; i < lines->len && LINE(lines, i)->kind != LINE_QUOTE && !is_boundary(LINE(lines, i)); i++) {
        if (LINE(lines, i)->kind != LINE_BLANK && n++ > SIGNATURE_LINES)
            break;
        if (strlen(LINE(lines, i)->core) > bytes)
            return G_MAXUINT;
    }
    return n;
}

static bool
begins_signature(const GArray *lines, guint i)
{
    const Line *line = LINE(lines, i);

    if (line->kind != LINE_SIGNATURE || line->fenced)
        return false;
    if (strcmp(line->text, "-- ") == 0)
        return true;
    if (strcmp(line->core, "---") == 0)
        return signature_lines(lines, i, SHORT_SIGNATURE_BYTES) <= SHORT_SIGNATURE_LINES;
    return signature_lines(lines, i, G_MAXSIZE) <= SIGNATURE_LINES;
}

/* "Sent from my phone" is a paragraph of its own, or ends one. */
static bool
is_mobile_signature(const GArray *lines, guint i)
{
    const Line *line = LINE(lines, i);
    guint next = i + 1;

    if (!is_rule(line, MP_RULE_MOBILE) || line->fenced)
        return false;
    return next == lines->len || LINE(lines, next)->kind != LINE_TEXT || begins_paragraph(lines, i);
}

static guint
take_mobile(Walk *walk, guint i)
{
    set(walk, i, false, LINE(walk->lines, i)->rule->name);
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

/* A telephone number, an address, a site. */
static bool
holds_contact(const Line *line)
{
    guint digits = 0;

    for (const char *p = line->core; *p != '\0'; p++)
        digits += g_ascii_isdigit(*p);
    return line->has_at || digits >= 7 || strstr(line->core, "www.") != NULL || strstr(line->core, "http") != NULL;
}

/* A business card between the text and the disclaimer below it is a signature, if text is left above. */
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
        set(walk, i, false, "signature-contacts");
}

static guint
take_paragraph(Walk *walk, guint i)
{
    const char *why = LINE(walk->lines, i)->rule->name;
    guint end = MAX(i + 1, paragraph_end(walk->lines, i));

    if (is_rule(LINE(walk->lines, i), MP_RULE_DISCLAIMER) && walk->zone == IN_TEXT)
        elide_contacts_above(walk, i);

    for (guint k = i; k < end; k++)
        set(walk, k, false, why);
    return end;
}

/* ---- text ---- */

/* "Thanks, Sasha" in its own paragraph: who signs in the message answered is not answering it. */
static bool
is_in_closing(const GArray *lines, guint i)
{
    guint first = i;

    while (first > 0 && i - first < CLOSING_LINES - 1 && LINE(lines, first - 1)->kind == LINE_TEXT)
        first--;
    for (; first <= i; first++) {
        const MpRule *rule = LINE(lines, first)->rule;
        if (rule != NULL && rule->kind == MP_RULE_CLOSING)
            return true;
    }
    return false;
}

/* An answer typed into a message of ours that was quoted without marks. */
static bool
is_answer(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);
    bool beside_repeat = (i > 0 && is_repeat(LINE(walk->lines, i - 1))) ||
                         (i + 1 < walk->lines->len && is_repeat(LINE(walk->lines, i + 1)));

    if (line->words == 0 || line->words_sent * 2 > line->words || is_in_closing(walk->lines, i))
        return false;
    return !beside_repeat || (line->words_sent == 0 && line->words >= 4);
}

static bool
paragraph_repeats(const GArray *lines, guint i)
{
    guint first = i, end = MIN(lines->len, i + PARAGRAPH_LINES);

    while (first > 0 && i - first < PARAGRAPH_LINES && LINE(lines, first - 1)->kind == LINE_TEXT)
        first--;
    for (; first < end && LINE(lines, first)->kind == LINE_TEXT; first++) {
        if (!is_repeat(LINE(lines, first)))
            return false;
    }
    return true;
}

/* Lines that repeat us outside any quote: below a boundary that had nothing above it, or pasted.
 * A few words in common are chance; it takes a long run, or a paragraph that is all ours. */
static bool
is_stray_repeat(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);
    bool below = walk->boundary_above || walk->quotes->len > 0;

    if (!walk->sent_known || line->fenced || !is_repeat(line))
        return false;
    return line->run >= PASTED_WORDS || (below && paragraph_repeats(walk->lines, i));
}

static void
take_text(Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);

    switch (walk->zone) {
    case IN_TEXT:
        if (is_stray_repeat(walk, i)) {
            set(walk, i, false, "sent-text");
            return;
        }
        break;
    case IN_SIGNATURE:
        set(walk, i, false, walk->why);
        return;
    case IN_AFTERMATH:
        if (!walk->sent_known || is_repeat(line)) {
            set(walk, i, false, walk->why);
            return;
        }
        break;
    case IN_QUOTED:
        if (!walk->segment_is_ours || !is_answer(walk, i)) {
            set(walk, i, false, is_repeat(line) ? "sent-text" : walk->why);
            return;
        }
        set(walk, i, true, "kept-answer");
        return;
    }
    walk->quote_rule = NULL;
    walk->text_above |= line->kind == LINE_TEXT || line->kind == LINE_RULE;
    set(walk, i, true, line->fenced ? "kept-code" : "kept");
}

static guint
take_line(Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);

    if (line->kind == LINE_BLANK) {
        set(walk, i, walk->zone == IN_TEXT, walk->zone == IN_TEXT ? "kept" : walk->why);
        return i + 1;
    }
    if (line->fenced && walk->zone == IN_TEXT) {
        take_text(walk, i);
        return i + 1;
    }
    if (is_boundary(line))
        return take_boundary(walk, i);
    if (line->kind == LINE_QUOTE)
        return take_quote(walk, i);
    if (walk->zone != IN_QUOTED && begins_signature(walk->lines, i)) {
        walk->zone = IN_SIGNATURE;
        walk->why = "signature";
        set(walk, i, false, walk->why);
        return i + 1;
    }
    if (is_mobile_signature(walk->lines, i))
        return take_mobile(walk, i);
    if (is_rule(line, MP_RULE_DISCLAIMER) || is_rule(line, MP_RULE_FOOTER))
        return take_paragraph(walk, i);
    take_text(walk, i);
    return i + 1;
}

/* ---- the look back ---- */

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

/* Quoted from somewhere else than what we sent. */
static bool
quote_is_foreign(const GArray *lines, const Quote *quote)
{
    guint words = 0, sent = 0;

    for (guint i = quote->start; i < quote->end; i++) {
        words += LINE(lines, i)->words;
        sent += LINE(lines, i)->words_sent;
    }
    return words >= COMPARABLE_WORDS && sent * 5 < words;
}

/* Whether the quote stays: what was answered below it, or what the person quoted from elsewhere. */
static const char *
reason_to_keep(const Walk *walk, const Quote *quote, bool answered, guint answered_quotes)
{
    if (quote->forwarded)
        return NULL;
    if (answered)
        return quote->attributed && !quote->text_above && answered_quotes == 1 ? NULL : "kept-inline-quote";
    if (walk->sent_known && !quote->attributed && quote->text_above && quote_is_foreign(walk->lines, quote))
        return "kept-foreign-quote";
    return NULL;
}

static void
judge_quotes(Walk *walk)
{
    guint n = walk->quotes->len, answered_quotes = 0;
    g_autofree bool *answered = g_new0(bool, n + 1);

    for (guint q = 0; q < n; q++) {
        const Quote *quote = &g_array_index(walk->quotes, Quote, q);
        guint end = q + 1 < n ? g_array_index(walk->quotes, Quote, q + 1).start : walk->lines->len;

        answered[q] = has_answer(walk->lines, quote->end, end);
        answered_quotes += answered[q] && (quote->attributed || !walk->sent_known || !quote_is_foreign(walk->lines, quote));
    }
    for (guint q = 0; q < n; q++) {
        const Quote *quote = &g_array_index(walk->quotes, Quote, q);
        const char *why = reason_to_keep(walk, quote, answered[q], answered_quotes);

        for (guint i = quote->start; why != NULL && i < quote->end; i++)
            set(walk, i, true, why);
    }
}

/* Rows of dashes that led to something elided, or to nothing, go with it; so do blank lines between. */
static void
trim_edges(Walk *walk)
{
    bool elided_below = true;

    for (guint i = walk->lines->len; i-- > 0;) {
        const Line *line = LINE(walk->lines, i);

        if (line->kept && elided_below && !line->fenced &&
            (line->kind == LINE_DELIMITER || line->kind == LINE_SIGNATURE))
            set(walk, i, false, "delimiter");
        else if (line->kind != LINE_BLANK)
            elided_below = !line->kept;
    }
    for (guint i = 1; i < walk->lines->len; i++) {
        if (LINE(walk->lines, i)->kind == LINE_BLANK && !LINE(walk->lines, i - 1)->kept)
            set(walk, i, false, LINE(walk->lines, i - 1)->why);
    }
}

/* A mail that is one signature, with nothing quoted, may be all the person had to say. */
static void
keep_lone_signature(Walk *walk)
{
    if (walk->text_above || walk->boundary_above || walk->quotes->len > 0 || walk->zone != IN_SIGNATURE)
        return;
    for (guint i = 0; i < walk->lines->len; i++)
        set(walk, i, true, "kept-all-there-is");
}

void
lines_decide(GArray *lines, bool sent_known)
{
    Walk walk = {.lines = lines, .sent_known = sent_known};

    walk.quotes = g_array_new(FALSE, FALSE, sizeof(Quote));
    for (guint i = 0; i < lines->len;)
        i = take_line(&walk, i);
    judge_quotes(&walk);
    trim_edges(&walk);
    keep_lone_signature(&walk);
    g_array_unref(walk.quotes);
}
