/* Header blocks: "From: … Sent: … To: … Subject: …" above a message quoted without marks. */
#include "reply/boundary.h"

#include <string.h>

enum {
    WRAPPED = 50,     /* bytes of a subject that may go on in the next line */
    BLOCK_LINES = 16, /* a header block is no longer, its wrapped recipients included */
    FIELD_GAP = 2,    /* lines between two fields: a wrapped value, or a blank line */
    DRAWN = 5,        /* bytes of a line of dashes that is meant as one */
    BARE_FIELDS = 8,
    TITLE = 60, /* bytes of one */
};

#define DASHES "---"

typedef struct {
    guint end; /* the line after the last field */
    HeaderField first;
    const MpRule *rule;   /* of the date field, which tells the language best, or of the first */
    guint kinds;          /* bit set of HeaderField */
    guint fields, strong; /* how many fields; how many have a value that only a client writes */
    bool from_address;
    bool prose;     /* a value ends like a sentence */
    bool at, timed; /* some value has an address; the date says the time as well */
} Block;

static bool
has_strong_value(const Line *line, MpMatcher *matcher)
{
    if (line->field == FIELD_FROM || line->field == FIELD_TO)
        return line->has_at;
    return line->field == FIELD_DATE && line->has_digit && mp_matcher_has_date(matcher, line->core);
}

/* "Bidalita: 2025(e)ko azaroaren 17(a), 9:13": a date's field whose name no row knows, between
 * those that are known. */
static bool
is_unknown_date(const Line *line, MpMatcher *matcher)
{
    const char *colon = strstr(line->core, ": ");

    return line->field == FIELD_NONE && line->has_digit && colon != NULL &&
           strcspn(line->core, "0123456789") > (gsize)(colon - line->core) &&
           mp_matcher_has_day(matcher, colon) && mp_matcher_has_time(matcher, colon);
}

/* "To: be honest, I do not know." */
static bool
ends_like_prose(const char *core)
{
    gsize length = strlen(core);

    return length > 0 && strchr(".,!?", core[length - 1]) != NULL;
}

/* Every client begins the names of fields with a capital, configuration files and YAML seldom do.
 */
static bool
begins_small(const char *core)
{
    while (*core != '\0' && !g_unichar_isalpha(g_utf8_get_char(core)))
        core = g_utf8_next_char(core);
    return g_unichar_islower(g_utf8_get_char(core));
}

/* "envoyé : …", "de : …", "à : …", "objet : …": one client does, with a blank before the colon,
 * which no file has. */
static bool
is_small_block(const Line *line, const Block *block)
{
    return strcmp(block->rule->name, "header-en") != 0 && block->from_address &&
           block->strong >= 2 && __builtin_popcount(block->kinds) >= 4 &&
           strstr(line->core, " :") != NULL;
}

/* A line drawn across, which ends what stands above it; "**" is left of bold. */
static bool
is_drawn(const Line *line)
{
    return line->kind == LINE_RULE || line->kind == LINE_SIGNATURE ||
           (line->kind == LINE_DELIMITER && strlen(line->core) >= DRAWN);
}

static bool
ends_sentence(const char *core)
{
    gsize length = strlen(core);

    return length > 0 && strchr(".!?", core[length - 1]) != NULL;
}

/* "Cc: @grace", a blank line, and a block that begins with "From:" of its own, or a second "From:"
 * below something else, or any field below a paragraph: what stands above is the person's. */
static bool
begins_another(const GArray *lines, guint i, const Block *block)
{
    const Line *line = LINE(lines, i);

    if (line->field == FIELD_NONE || block->fields == 0 || LINE(lines, i - 1)->field != FIELD_NONE)
        return false;
    bool blank = LINE(lines, block->end)->kind == LINE_BLANK;
    if (ends_sentence(LINE(lines, i - 1)->core) && i + 1 < lines->len &&
        LINE(lines, i + 1)->field != FIELD_NONE)
        return true;
    if (line->field != FIELD_FROM || (block->kinds & 1u << FIELD_FROM) != 0)
        return line->field == FIELD_FROM || (blank && LINE(lines, i - 1)->kind != LINE_BLANK);
    return blank && i + 1 < lines->len && LINE(lines, i + 1)->field != FIELD_NONE;
}

static Block
read_block(const GArray *lines, guint start, MpMatcher *matcher)
{
    Block block = {
        .end = start, .first = LINE(lines, start)->field, .rule = LINE(lines, start)->rule};
    guint limit = MIN(lines->len, start + BLOCK_LINES);

    for (guint i = start; i < limit && i <= block.end + FIELD_GAP; i++) {
        const Line *line = LINE(lines, i);

        if (line->kind == LINE_QUOTE || line->fenced || is_drawn(line) ||
            begins_another(lines, i, &block))
            break;
        if (block.fields > 0 && is_unknown_date(line, matcher)) {
            block.kinds |= 1u << FIELD_DATE;
            block.strong++;
            block.timed = true;
        }
        if (line->field == FIELD_NONE)
            continue;
        if (line->field == FIELD_DATE && (block.kinds & 1u << FIELD_DATE) == 0)
            block.rule = line->rule;
        block.kinds |= 1u << line->field;
        block.fields++;
        block.prose |= ends_like_prose(line->core);
        block.strong += has_strong_value(line, matcher);
        block.at |= line->has_at;
        block.timed |= line->field == FIELD_DATE && mp_matcher_has_time(matcher, line->core);
        block.from_address |= line->field == FIELD_FROM && line->has_at;
        block.end = i + 1;
    }
    return block;
}

/* "From: … Sent: … To: … Subject: …", all in one line. */
static bool
is_block_in_a_line(const Line *line, MpMatcher *matcher)
{
    guint colons = 0;

    if (line->field != FIELD_FROM || !line->has_at || !line->has_digit)
        return false;
    for (const char *p = strstr(line->core, ": "); p != NULL; p = strstr(p + 1, ": "))
        colons++;
    return colons >= 4 && mp_matcher_has_day(matcher, line->core);
}

/* "---- Naipasang mensahe ----" above a header block, in a language no row knows. */
static bool
is_dashed_title(const Line *line)
{
    return line->kind == LINE_TEXT && !line->fenced && g_str_has_prefix(line->core, DASHES) &&
           g_str_has_suffix(line->core, DASHES);
}

/* "Original message:" where other clients draw dashes around the words; of "Ada wrote:"
 * attributions know more. */
static const MpRule *
bare_separator(const Line *line, MpMatcher *matcher)
{
    if (line->kind != LINE_TEXT || line->fenced || strlen(line->core) > TITLE ||
        !g_str_has_suffix(line->core, ":"))
        return NULL;
    g_autofree char *dashed = g_strconcat(DASHES, line->core, DASHES, NULL);
    const MpRule *rule = mp_matcher_rule(matcher, MP_RULE_SEPARATOR, dashed);
    return rule != NULL && strcmp(rule->name, "separator-wrote") != 0 ? rule : NULL;
}

/* "差出人：山田", "宛先：田中", "件名：…": some programs of East Asia leave out all but that. Where
 * a sentence stands above, a form is shown. */
static bool
is_short_block(const GArray *lines, guint start, gint above)
{
    static const char *const ends[] = {"。", "：", ":", ".", NULL};

    if (strstr(LINE(lines, start)->core, "：") == NULL || above < 0 ||
        LINE(lines, start - 1)->kind == LINE_TEXT)
        return false;
    for (const char *const *end = ends; *end != NULL; end++) {
        if (g_str_has_suffix(LINE(lines, above)->core, *end))
            return false;
    }
    return true;
}

static bool
is_header_block(const GArray *lines, guint start, const Block *block)
{
    guint kinds = (guint)__builtin_popcount(block->kinds);
    gint above = lines_skip_blank_above(lines, (gint)start - 1);
    LineKind kind = above >= 0 ? LINE(lines, above)->kind : LINE_BLANK;
    bool ruled = kind == LINE_DELIMITER || kind == LINE_SIGNATURE || kind == LINE_RULE;

    /* no client leaves the date out, but who heads a patch or fills in a form does */
    bool dated = (block->kinds & 1u << FIELD_DATE) != 0 || ruled;
    /* who fills in a form or plans a journey writes no addresses, and the day, or no subject */
    bool whole = block->timed && (block->kinds & 1u << FIELD_SUBJECT) != 0;
    if (!block->at && !whole && !ruled)
        return kinds >= 3 && block->first == FIELD_FROM && is_short_block(lines, start, above);
    if (block->first == FIELD_FROM)
        return (kinds >= 2 && block->strong > 0 && dated) ||
               (kinds >= 3 && ruled && !block->prose) || (ruled && block->from_address);
    return (kinds >= 2 && block->strong >= 2) ||
           (kinds >= 3 && block->strong >= 1 && block->from_address);
}

/* The field that `core` is if a colon is put behind its first word. */
static HeaderField
bare_field(const char *core, MpMatcher *matcher, const MpRule **rule)
{
    const char *space = strchr(core, ' ');

    if (space == NULL)
        return FIELD_NONE;
    g_autofree char *text = g_strdup_printf("%.*s:%s", (int)(space - core), core, space);
    return line_field(text, matcher, rule);
}

/* "From "Ada" <ada@example.org>", "To …", without colons, as eM Client writes them below its
 * separator, which is line `i`. */
static void
mark_bare_fields(GArray *lines, guint i, MpMatcher *matcher)
{
    const MpRule *rule = NULL, *next_rule;
    guint start = lines_skip_blank(lines, i + 1), end = start;

    if (start == lines->len || LINE(lines, start)->kind != LINE_TEXT ||
        !LINE(lines, start)->has_at || LINE(lines, start)->field != FIELD_NONE ||
        bare_field(LINE(lines, start)->core, matcher, &rule) != FIELD_FROM)
        return;
    while (end < lines->len && end < start + BARE_FIELDS && LINE(lines, end)->kind == LINE_TEXT &&
           bare_field(LINE(lines, end)->core, matcher, &next_rule) != FIELD_NONE)
        end++;
    if (end > start + 1)
        boundary_mark_block(lines, start, end, LINE_HEADERS, rule);
}

static void
mark_bare_separator(GArray *lines, guint i, MpMatcher *matcher)
{
    if (LINE(lines, i)->kind != LINE_TEXT || !boundary_ends_mail(lines, i))
        return;
    const MpRule *rule = bare_separator(LINE(lines, i), matcher);
    if (rule == NULL)
        return;
    LINE(lines, i)->kind = LINE_RULE;
    LINE(lines, i)->rule = rule;
}

/* The line after the block, and after the rest of its subject, if that was wrapped. */
static guint
wrapped_end(const GArray *lines, guint end)
{
    const Line *last = LINE(lines, end - 1), *next = end < lines->len ? LINE(lines, end) : NULL;

    if (next == NULL || last->field != FIELD_SUBJECT || next->kind != LINE_TEXT || next->fenced ||
        next->field != FIELD_NONE ||
        (end + 1 < lines->len && LINE(lines, end + 1)->kind != LINE_BLANK))
        return end;
    bool indented = next->text[0] == ' ' || next->text[0] == '\t';
    return indented || (strlen(last->core) >= WRAPPED && strlen(next->core) < strlen(last->core))
               ? end + 1
               : end;
}

/* Lines between two fields that are neither text nor blank belong to nobody else: bold marks,
 * commas. */
void
headers_mark(GArray *lines, MpMatcher *matcher)
{
    for (guint i = 0; i < lines->len; i++) {
        const Line *line = LINE(lines, i);

        if (line->kind == LINE_BLANK)
            continue;
        if (i + 1 < lines->len && LINE(lines, i + 1)->kind == LINE_QUOTE)
            mark_bare_separator(lines, i, matcher);
        if (line->kind == LINE_RULE && line->rule->kind == MP_RULE_SEPARATOR && !line->fenced) {
            if (headers_are_example(lines, i, i + 1))
                LINE(lines, i)->kind = LINE_TEXT;
            else
                mark_bare_fields(lines, i, matcher);
        }
        if (line->field == FIELD_NONE)
            headers_mark_unknown(lines, i, matcher);
        if (line->field == FIELD_NONE || line->fenced || line->kind != LINE_TEXT)
            continue;
        Block block = read_block(lines, i, matcher);
        if ((begins_small(line->core) && !is_small_block(line, &block)) ||
            !(is_header_block(lines, i, &block) || is_block_in_a_line(line, matcher)))
            continue;
        if (headers_are_shown(lines, i, block.end)) {
            i = block.end - 1;
            continue;
        }
        gint title = lines_skip_blank_above(lines, (gint)i - 1);
        bool titled = title >= 0 && (is_dashed_title(LINE(lines, title)) ||
                                     bare_separator(LINE(lines, title), matcher) != NULL);
        block.end = wrapped_end(lines, block.end);
        boundary_mark_block(lines, titled ? (guint)title : i, block.end, LINE_HEADERS, block.rule);
        i = block.end - 1;
    }
}
