/* Boundaries that announce nothing of ours; see foreign.h. */
#include "reply/foreign.h"
#include "reply/prose.h"
#include "reply/walk.h"

#include <string.h>

/* The line after the boundaries that stand one below the other from `i` on: a separator and its
 * header block are one. */
static guint
boundaries_end(const GArray *lines, guint i)
{
    guint end = i;

    for (; i < lines->len && line_is_boundary(LINE(lines, i)); i = lines_skip_blank(lines, end)) {
        const Line *line = LINE(lines, i);

        end = line->kind == LINE_ATTRIBUTION || line->kind == LINE_HEADERS ? line->block : i + 1;
    }
    return end;
}

static bool
names_us(const GArray *lines, guint start, guint end, const Sent *sent)
{
    for (guint i = start; i < end; i++) {
        if (sent_is_named(sent, LINE(lines, i)->core))
            return true;
    }
    return false;
}

/* A marker is ours, or another service's; nobody types one. */
static bool
holds_marker(const GArray *lines, guint start, guint end)
{
    for (guint i = start; i < end; i++) {
        if (line_is_rule(LINE(lines, i), MP_RULE_MARKER))
            return true;
    }
    return false;
}

typedef struct {
    guint start, end;
    bool ours; /* names us, or cannot be the person's */
} Block;

static GArray *
find_blocks(const GArray *lines, const Sent *sent)
{
    GArray *blocks = g_array_new(FALSE, FALSE, sizeof(Block));

    for (guint i = 0; i < lines->len;) {
        Block block = {.start = i, .end = boundaries_end(lines, i)};

        i = MAX(block.end, i + 1);
        if (block.end == block.start)
            continue;
        block.ours = (sent != NULL && names_us(lines, block.start, block.end, sent)) ||
                     holds_marker(lines, block.start, block.end);
        g_array_append_val(blocks, block);
    }
    return blocks;
}

static bool
holds_ours(const GArray *lines, guint start, guint end)
{
    for (guint i = start; i < end; i++) {
        if (LINE(lines, i)->repeat || LINE(lines, i)->answered)
            return true;
    }
    return false;
}

static void
unmark(GArray *lines, guint start, guint end)
{
    for (guint i = start; i < end; i++) {
        if (!line_is_boundary(LINE(lines, i)))
            continue;
        LINE(lines, i)->kind = LINE_TEXT;
        LINE(lines, i)->rule = NULL;
    }
}

/* ---- where it is not known what we sent ---- */

/* A notification of ours, or of another forge, is quoted with its footer. */
static bool
holds_footer(const GArray *lines, guint start, guint end)
{
    for (guint i = start; i < end; i++) {
        if (line_is_rule(LINE(lines, i), MP_RULE_FOOTER))
            return true;
    }
    return false;
}

/* "See my comments below:": what stands there is the message answered. */
static bool
points_below(const char *core)
{
    /* clang-format off */
    static const char *const words[] = {
        "below", "inline", "unten", "unterhalb", "dessous", "plus bas", "abajo", "más adelante",
        "abaixo", "sotto", "di seguito", "hieronder", "nedan", "nedenfor", "nedenunder",
        " alla:", "poniżej", "niżej", "níže", "nižšie", "nižie", "alább", "lentebb", "mai jos",
        "ниже", "нижче", "по-долу", "испод", "ispod", "spodaj", "dolje", "παρακάτω", "aşağıda",
        "zemāk", "žemiau", "allpool", "a sota", "下方", "아래", "למטה", "להלן",
        "أدناه", "bên dưới", "di bawah", "नीचे", NULL};
    /* clang-format on */

    for (const char *const *word = words; *word != NULL; word++) {
        if (strcasestr(core, *word) != NULL)
            return true;
    }
    return false;
}

/* "The form says:" above it; "Ada reacted to your message:" is a program's. */
static bool
is_introduced(const GArray *lines, guint start, MpMatcher *matcher)
{
    while (start > 0 && LINE(lines, start - 1)->kind == LINE_BLANK)
        start--;
    if (start == 0 || LINE(lines, start - 1)->kind != LINE_TEXT || LINE(lines, start - 1)->fenced)
        return false;
    const char *core = LINE(lines, start - 1)->core;
    return line_ends_in_colon(core) && !points_below(core) &&
           mp_matcher_rule(matcher, MP_RULE_REACTION, core) == NULL;
}

/* A separator without fields below it, in the middle of a sentence or at its beginning. */
static bool
is_in_sentence(const GArray *lines, const Block *block, guint below)
{
    if (block->end != block->start + 1 || LINE(lines, block->start)->kind != LINE_RULE)
        return false;
    return prose_shows(lines, block->start, block->end) ||
           (lines_is_first(lines, block->start) && LINE(lines, below)->kind == LINE_TEXT &&
            g_unichar_islower(g_utf8_get_char(LINE(lines, below)->core)));
}

/* A block that begins the mail and names no receiver, as every client does. */
static bool
is_incomplete_head(const GArray *lines, const Block *block)
{
    if (!lines_is_first(lines, block->start) || LINE(lines, block->start)->kind != LINE_HEADERS)
        return false;
    for (guint i = block->start; i < block->end; i++) {
        if (LINE(lines, i)->field == FIELD_TO || LINE(lines, i)->kind == LINE_RULE)
            return false;
    }
    return true;
}

/* What a person shows of other mails: a form, a log. No program announces a quote with words of the
 * person's, and what we sent has a footer. What was shown once goes on below. */
static void
unmark_shown(GArray *lines, const GArray *blocks, MpMatcher *matcher)
{
    bool shown = false;

    for (guint b = 0; b < blocks->len; b++) {
        const Block *block = &g_array_index(blocks, Block, b);
        guint below = lines_skip_blank(lines, block->end);
        guint end = b + 1 < blocks->len ? g_array_index(blocks, Block, b + 1).start : lines->len;

        if (below == lines->len || LINE(lines, below)->kind == LINE_QUOTE ||
            holds_footer(lines, below, end))
            continue;
        shown |= is_in_sentence(lines, block, below) || is_incomplete_head(lines, block) ||
                 (!holds_marker(lines, block->start, block->end) &&
                  is_introduced(lines, block->start, matcher));
        if (shown)
            unmark(lines, block->start, block->end);
    }
}

/* ---- where it is ---- */

static void
unmark_foreign(GArray *lines, const GArray *blocks)
{
    bool ours_below = false; /* down to the next boundary of ours, which announces it */
    guint limit = lines->len;

    for (guint b = blocks->len; b-- > 0;) {
        const Block *block = &g_array_index(blocks, Block, b);

        ours_below |= holds_ours(lines, block->end, limit);
        limit = block->start;
        if (!ours_below && !block->ours)
            unmark(lines, block->start, block->end);
        ours_below &= !block->ours;
    }
}

void
foreign_unmark(GArray *lines, const Sent *sent, MpMatcher *matcher)
{
    g_autoptr(GArray) blocks = find_blocks(lines, sent);

    if (sent_has_sender(sent))
        unmark_foreign(lines, blocks);
    else if (sent == NULL)
        unmark_shown(lines, blocks, matcher);
}
