/* Header blocks: "From: … Sent: … To: … Subject: …" above a message quoted without marks. */
#include "reply/boundary.h"

enum {
    BLOCK_LINES = 16, /* a header block is no longer, its wrapped recipients included */
    FIELD_GAP = 2,    /* lines between two fields: a wrapped value, or a blank line */
};

typedef struct {
    guint end; /* the line after the last field */
    HeaderField first;
    const MpRule *rule;   /* of the date field, which tells the language best, or of the first */
    guint kinds;          /* bit set of HeaderField */
    guint fields, strong; /* how many fields; how many have a value that only a client writes */
    bool from_address;
} Block;

static bool
has_strong_value(const Line *line, MpMatcher *matcher)
{
    if (line->field == FIELD_FROM || line->field == FIELD_TO)
        return line->has_at;
    return line->field == FIELD_DATE && line->has_digit && mp_matcher_has_date(matcher, line->core);
}

static Block
read_block(const GArray *lines, guint start, MpMatcher *matcher)
{
    Block block = {
        .end = start, .first = LINE(lines, start)->field, .rule = LINE(lines, start)->rule};
    guint limit = MIN(lines->len, start + BLOCK_LINES);

    for (guint i = start; i < limit && i <= block.end + FIELD_GAP; i++) {
        const Line *line = LINE(lines, i);

        if (line->kind == LINE_QUOTE || line->fenced)
            break;
        if (line->field == FIELD_NONE)
            continue;
        if (line->field == FIELD_DATE && (block.kinds & 1u << FIELD_DATE) == 0)
            block.rule = line->rule;
        block.kinds |= 1u << line->field;
        block.fields++;
        block.strong += has_strong_value(line, matcher);
        block.from_address |= line->field == FIELD_FROM && line->has_at;
        block.end = i + 1;
    }
    return block;
}

static bool
is_header_block(const GArray *lines, guint start, const Block *block)
{
    guint kinds = (guint)__builtin_popcount(block->kinds);
    gint above = (gint)start - 1;

    while (above >= 0 && LINE(lines, above)->kind == LINE_BLANK)
        above--;
    LineKind kind = above >= 0 ? LINE(lines, above)->kind : LINE_BLANK;
    bool ruled = kind == LINE_DELIMITER || kind == LINE_SIGNATURE || kind == LINE_RULE;

    /* "From: …" and "Subject: …" alone head a patch, not a quote */
    bool addressed = (block->kinds & (1u << FIELD_DATE | 1u << FIELD_TO)) != 0 || ruled;
    if (block->first == FIELD_FROM)
        return (kinds >= 2 && block->strong > 0 && addressed) ||
               (kinds >= 3 && (block->strong > 0 || (block->kinds & 1u << FIELD_SUBJECT) != 0)) ||
               (ruled && block->from_address);
    return (kinds >= 2 && block->strong >= 2) ||
           (kinds >= 3 && block->strong >= 1 && block->from_address);
}

/* Lines between two fields that are neither text nor blank belong to nobody else: bold marks,
 * commas. */
void
headers_mark(GArray *lines, MpMatcher *matcher)
{
    for (guint i = 0; i < lines->len; i++) {
        const Line *line = LINE(lines, i);

        if (line->field == FIELD_NONE || line->fenced || line->kind != LINE_TEXT)
            continue;
        Block block = read_block(lines, i, matcher);
        if (!is_header_block(lines, i, &block))
            continue;
        boundary_mark_block(lines, i, block.end, LINE_HEADERS, block.rule);
        i = block.end - 1;
    }
}
