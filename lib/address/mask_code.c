/* Finds the code in Markdown; see mask.h. It knows no more of CommonMark than that takes. */
#include "address/mask.h"

#include <string.h>

typedef struct {
    const char *text;
    GArray *ranges;
    const char *paragraph,
        *paragraph_end; /* NULL, or lines whose inline code is still to be seen */
    guint depth;        /* of the quote that the last line was in */
    bool in_list, is_after_blank, is_indented;
    char fence; /* '`', '~', or NUL outside of one */
    gsize fence_length, fence_indent, list_indent;
    guint fence_depth;
} Blocks;

/* A line without its quote marks and indentation. */
typedef struct {
    const char *begin, *content, *end; /* the newline is none of it */
    guint depth;
    gsize indent; /* columns */
} Line;

static void
add_range(const Blocks *blocks, const char *begin, const char *end)
{
    const MpRange range = {(gsize)(begin - blocks->text), (gsize)(end - blocks->text)};

    g_array_append_val(blocks->ranges, range);
}

/* --- Spans ------------------------------------------------------------------------------------ */

typedef struct {
    const char *at;
    gsize length;
    gssize next; /* the next run of the same length, or -1 */
} Backticks;

static bool
is_escaped(const char *begin, const char *p)
{
    const char *q = p;

    while (q > begin && q[-1] == '\\')
        q--;
    return (p - q) % 2 == 1;
}

static GArray *
find_backticks(const char *begin, const char *end)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(Backticks));
    g_autoptr(GHashTable) last = g_hash_table_new(NULL, NULL); /* length: index + 1 */

    for (const char *p = begin; (p = memchr(p, '`', (gsize)(end - p))) != NULL;) {
        gsize length = strspn(p, "`");
        const Backticks run = {p, length, -1};
        gsize before = GPOINTER_TO_SIZE(g_hash_table_lookup(last, GSIZE_TO_POINTER(length)));

        if (before > 0)
            g_array_index(runs, Backticks, before - 1).next = (gssize)runs->len;
        g_array_append_val(runs, run);
        g_hash_table_insert(last, GSIZE_TO_POINTER(length), GSIZE_TO_POINTER(runs->len));
        p += length;
    }
    return runs;
}

static void
end_paragraph(Blocks *blocks)
{
    const char *begin = blocks->paragraph, *end = blocks->paragraph_end;

    blocks->paragraph = NULL;
    if (begin == NULL || memchr(begin, '`', (gsize)(end - begin)) == NULL)
        return;
    g_autoptr(GArray) runs = find_backticks(begin, end);
    for (gsize i = 0; i < runs->len; i++) {
        const Backticks *open = &g_array_index(runs, Backticks, i);

        if (open->next < 0 || is_escaped(begin, open->at))
            continue;
        const Backticks *close = &g_array_index(runs, Backticks, (gsize)open->next);
        add_range(blocks, open->at, close->at + close->length);
        i = (gsize)open->next;
    }
}

/* --- Blocks ----------------------------------------------------------------------------------- */

static const char *
skip_indent(const char *p, gsize *columns)
{
    for (; *p == ' ' || *p == '\t'; p++)
        *columns += *p == '\t' ? 4 - *columns % 4 : 1;
    return p;
}

/* At most `most` quote marks, each with the blank behind it. */
static Line
line_at(const char *begin, guint most)
{
    Line line = {.begin = begin, .end = strchrnul(begin, '\n')};

    line.content = skip_indent(begin, &line.indent);
    while (line.depth < most && *line.content == '>' && line.indent < 4) {
        line.depth++;
        line.indent = 0;
        line.content += 1 + (line.content[1] == ' ');
        line.content = skip_indent(line.content, &line.indent);
    }
    return line;
}

static bool
is_blank(const char *p, const char *end)
{
    return p + strspn(p, " \t\r") >= end;
}

/* Length of the list item's mark with the blanks behind it; 0 if there is none. */
static gsize
item_mark(const char *p)
{
    gsize digits = strspn(p, "0123456789");
    gsize length = digits > 0 && digits < 10 ? digits + (p[digits] == '.' || p[digits] == ')')
                                             : (*p != '\0' && strchr("-+*", *p) != NULL);

    if (length == digits)
        return 0;
    gsize blanks = strspn(p + length, " \t");
    return blanks > 0 || p[length] == '\n' || p[length] == '\0' ? length + blanks : 0;
}

static bool
opens_fence(Blocks *blocks, const Line *line)
{
    char c = *line->content;
    const char *p = line->content;

    if (c != '`' && c != '~')
        return false;
    while (*p == c)
        p++;
    if (p - line->content < 3 || (c == '`' && memchr(p, '`', (gsize)(line->end - p)) != NULL) ||
        line->indent >= (blocks->in_list ? blocks->list_indent : 0) + 4)
        return false;
    blocks->fence = c;
    blocks->fence_length = (gsize)(p - line->content);
    blocks->fence_indent = blocks->in_list ? MIN(line->indent, blocks->list_indent) : 0;
    blocks->fence_depth = line->depth;
    return true;
}

/* False once the line is outside of the block, which has no end of its own then. */
static bool
is_fenced(Blocks *blocks, const Line *line)
{
    bool is_left = line->depth < blocks->fence_depth ||
                   (line->indent < blocks->fence_indent && !is_blank(line->content, line->end));
    const char *p = line->content;

    if (is_left) {
        blocks->fence = '\0';
        return false;
    }
    while (*p == blocks->fence)
        p++;
    if ((gsize)(p - line->content) >= blocks->fence_length && is_blank(p, line->end) &&
        line->indent < blocks->fence_indent + 4)
        blocks->fence = '\0';
    return true;
}

static bool
is_heading(const Line *line)
{
    gsize marks = strspn(line->content, "#");

    return marks > 0 && marks < 7 && strchr(" \t\n", line->content[marks]) != NULL;
}

static void
take_text(Blocks *blocks, const Line *line)
{
    bool is_alone = is_heading(line);

    if (is_alone || blocks->depth != line->depth)
        end_paragraph(blocks);
    if (blocks->paragraph == NULL)
        blocks->paragraph = line->content;
    blocks->paragraph_end = line->end;
    blocks->is_indented = false;
    if (is_alone)
        end_paragraph(blocks);
}

/* Items within items on one line, too: "- 1. text". */
static void
take_items(Blocks *blocks, Line *line)
{
    gsize mark;

    while ((blocks->in_list || line->indent < 4) && (mark = item_mark(line->content)) > 0) {
        end_paragraph(blocks);
        blocks->in_list = true;
        line->content += mark;
        line->indent += mark;
        blocks->list_indent = line->indent;
        if (line->content >= line->end)
            break;
    }
}

static void
take_line(Blocks *blocks, Line line)
{
    if (is_blank(line.content, line.end)) {
        end_paragraph(blocks);
        blocks->is_after_blank = true;
        return;
    }
    bool may_be_code = blocks->paragraph == NULL && !blocks->in_list && line.indent >= 4;

    if (blocks->is_after_blank && line.indent < 2 && item_mark(line.content) == 0)
        blocks->in_list = may_be_code = false;
    take_items(blocks, &line);
    if (line.content < line.end && opens_fence(blocks, &line)) {
        end_paragraph(blocks);
        add_range(blocks, line.begin, line.end);
    } else if (may_be_code && !blocks->in_list) {
        add_range(blocks, line.begin, line.end);
    } else {
        take_text(blocks, &line);
    }
    blocks->is_after_blank = false;
    blocks->depth = line.depth;
}

GArray *
mp_mask_code(const char *text)
{
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(MpRange));
    Blocks blocks = {.text = text, .ranges = ranges, .is_after_blank = true};

    for (const char *p = text; *p != '\0';) {
        Line line = line_at(p, blocks.fence != '\0' ? blocks.fence_depth : G_MAXUINT);

        if (blocks.fence != '\0' && is_fenced(&blocks, &line))
            add_range(&blocks, line.begin, line.end);
        else if (blocks.fence == '\0')
            take_line(&blocks, line_at(p, G_MAXUINT));
        p = line.end + (*line.end == '\n');
    }
    end_paragraph(&blocks);
    return ranges;
}
