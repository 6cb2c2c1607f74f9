/* Boundaries that announce nothing of ours; see foreign.h. */
#include "reply/foreign.h"
#include "reply/walk.h"

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
        block.ours = names_us(lines, block.start, block.end, sent) ||
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

void
foreign_unmark(GArray *lines, const Sent *sent)
{
    if (!sent_has_sender(sent))
        return;
    g_autoptr(GArray) blocks = find_blocks(lines, sent);
    bool ours_below = false; /* down to the next boundary of ours, which announces it */
    guint limit = lines->len;

    for (guint b = blocks->len; b-- > 0;) {
        const Block *block = &g_array_index(blocks, Block, b);

        ours_below |= holds_ours(lines, block->end, limit);
        limit = block->start;
        for (guint k = block->start; k < block->end && !ours_below && !block->ours; k++) {
            if (!line_is_boundary(LINE(lines, k)))
                continue;
            LINE(lines, k)->kind = LINE_TEXT;
            LINE(lines, k)->rule = NULL;
        }
        ours_below &= !block->ours;
    }
}
