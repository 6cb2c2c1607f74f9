/* How lines read; see prose.h. */
#include "reply/prose.h"
#include "reply/walk.h"

#include <string.h>

enum {
    FEWEST_WORDS = 4, /* of a sentence told by its small words, of which it has */
    SMALL_WORDS = 2,
};

#define CODE_INDENT "    " /* Markdown's */

/* Letters without case are small: where a script has none, any word is like any other. */
static bool
is_small(const char *word)
{
    gunichar c = g_utf8_get_char(word);

    return g_unichar_isalpha(c) && !g_unichar_isupper(c) && !g_unichar_istitle(c);
}

static bool
ends_like_sentence(const char *core, bool *foreign)
{
    static const char *const ends[] = {"。", "！", "？", "।", "؟", "۔", NULL};
    gsize length = strlen(core);
    const char *last = length > 0 ? core + length - 1 : core;

    while (last > core && strchr(")\"'", *last) != NULL)
        last--;
    for (const char *const *end = ends; *end != NULL; end++) {
        *foreign = g_str_has_suffix(core, *end);
        if (*foreign)
            return true;
    }
    return length > 0 && strchr(".!?", *last) != NULL;
}

bool
prose_is_sentence(const char *core)
{
    guint words = 0, small = 0;
    bool last_small = false, foreign;

    if (!ends_like_sentence(core, &foreign))
        return false;
    for (const char *word = core; *word != '\0'; words++) {
        last_small = is_small(word);
        small += last_small;
        word += strcspn(word, " ");
        word += strspn(word, " ");
    }
    if (foreign)
        return true;
    bool full_stop = strrchr(core, '.') == core + strlen(core) - 1;
    return words > 1 &&
           (!full_stop || last_small || (words >= FEWEST_WORDS && small >= SMALL_WORDS));
}

bool
prose_runs_on(const GArray *lines, guint i, guint end)
{
    guint words = 0, small = 0;
    bool foreign;

    if (i + 1 >= end || ends_like_sentence(LINE(lines, i)->core, &foreign) ||
        !g_unichar_islower(g_utf8_get_char(LINE(lines, i + 1)->core)) ||
        !ends_like_sentence(LINE(lines, end - 1)->core, &foreign))
        return false;
    for (const char *word = LINE(lines, i)->core; *word != '\0'; words++) {
        small += is_small(word);
        word += strcspn(word, " ");
        word += strspn(word, " ");
    }
    return words > FEWEST_WORDS && small > SMALL_WORDS;
}

bool
prose_leads_on(const char *core)
{
    guint words = 0, small = 0;

    if (!line_ends_in_colon(core))
        return false;
    for (const char *word = core; *word != '\0'; words++) {
        small += is_small(word);
        word += strcspn(word, " ");
        word += strspn(word, " ");
    }
    return words > FEWEST_WORDS && small > SMALL_WORDS;
}

bool
prose_is_postscript(const char *core)
{
    static const char *const marks[] = {
        "PS:", "PS ", "P.S", "Ps:", "PPS", "P.P.S", "P. S",          "P.D",
        "PD:", "NB:", "N.B", "ПС:", "П.С", "З.Ы",   "Post scriptum", NULL};

    if (strchr("PN\xd0", core[0]) == NULL) /* first bytes */
        return false;
    for (const char *const *mark = marks; *mark != NULL; mark++) {
        if (g_str_has_prefix(core, *mark))
            return true;
    }
    return false;
}

bool
prose_is_item(const char *core)
{
    static const char *const bullets[] = {"• ", "· ", "‣ ", "◦ ", "▪ ",
                                          "– ", "→ ", "☐ ", "☑ ", NULL};
    gsize digits = strspn(core, "0123456789");

    for (const char *const *bullet = bullets; (guchar)*core >= 0xc2 && *bullet != NULL; bullet++) {
        if (g_str_has_prefix(core, *bullet))
            return true;
    }

    if (digits > 0 && digits <= 2)
        return (core[digits] == '.' || core[digits] == ')') && core[digits + 1] == ' ';
    return (core[0] == '-' || core[0] == '*') && core[1] == ' ' && core[2] != '\0';
}

/* What no name, title, address or motto holds. */
static bool
is_statement(const char *core)
{
    static const char *const begins[] = {"$ ",      "#include", "#!/",     "def ",
                                         "return ", "SELECT ",  "UPDATE ", "sudo ",
                                         "git ",    "diff --",  NULL};
    static const char *const holds[] = {"()",   "();",  " == ", " != ", " = ",
                                        " := ", " => ", " && ", "</",   NULL};
    gsize length = strlen(core);

    if (length > 0 && (strchr("{};", core[length - 1]) != NULL || core[0] == '|'))
        return true;
    for (const char *const *begin = begins; *begin != NULL; begin++) {
        if (**begin == *core && g_str_has_prefix(core, *begin))
            return true;
    }
    if (strpbrk(core, "(=&<") == NULL) /* one of which each of them has */
        return false;
    for (const char *const *part = holds; *part != NULL; part++) {
        if (strstr(core, *part) != NULL)
            return true;
    }
    return false;
}

/* "09:12:44 …", "2026-11-28 …": a log's. */
static bool
is_log_line(const char *core)
{
    gsize digits = strspn(core, "0123456789");

    return (digits == 2 && core[2] == ':' && g_ascii_isdigit(core[3]) && core[5] == ':') ||
           (digits == 4 && core[4] == '-' && g_ascii_isdigit(core[5]) && core[7] == '-');
}

static void
read_line(Line *line)
{
    line->is_sentence = prose_is_sentence(line->core) || prose_is_postscript(line->core);
    line->is_item = prose_is_item(line->core);
    line->is_statement = is_statement(line->core);
    line->is_indented = g_str_has_prefix(line->text, CODE_INDENT) && *line->core != '\0';
    line->read = true;
}

/* Read once: paragraphs are asked about from each of their lines, and from above. */
static inline const Line *
line_read(const GArray *lines, guint i)
{
    Line *line = LINE(lines, i);

    if (!line->read)
        read_line(line);
    return line;
}

bool
prose_holds_code(const GArray *lines, guint start, guint end)
{
    for (guint i = start; i < end; i++) {
        const Line *line = line_read(lines, i);

        if (line->fenced || line->is_statement || is_log_line(line->core))
            return true;
    }
    return false;
}

guint
prose_paragraph_end(const GArray *lines, guint i, guint limit)
{
    while (i < lines->len && i < limit && LINE(lines, i)->kind != LINE_BLANK &&
           LINE(lines, i)->kind != LINE_QUOTE && !line_is_boundary(LINE(lines, i)))
        i++;
    return i;
}

bool
prose_is_text(const GArray *lines, guint start, guint end)
{
    guint items = 0, code = 0;

    for (guint i = start; i < end; i++) {
        const Line *line = line_read(lines, i);

        if (line->is_sentence)
            return true;
        items += line->is_item;
        code += line->fenced || line->is_statement || line->is_indented;
    }
    return items > 1 || code > 0;
}

bool
prose_shows(const GArray *lines, guint start, guint end)
{
    bool foreign;

    while (start > 0 && LINE(lines, start - 1)->kind == LINE_BLANK)
        start--;
    end = lines_skip_blank(lines, end);
    if (start == 0 || LINE(lines, start - 1)->kind != LINE_TEXT || end == lines->len ||
        LINE(lines, end)->kind != LINE_TEXT || LINE(lines, end)->repeat)
        return false;
    const char *above = LINE(lines, start - 1)->core, *below = LINE(lines, end)->core;
    return line_ends_in_colon(above) ||
           (!ends_like_sentence(above, &foreign) && !g_str_has_suffix(above, ",") &&
            g_unichar_islower(g_utf8_get_char(below)));
}

bool
prose_holds_contact(const Line *line)
{
    guint digits = 0;

    for (const char *p = line->core; *p != '\0'; p++)
        digits += g_ascii_isdigit(*p);
    return line->has_at || digits >= 7 || strstr(line->core, "www.") != NULL ||
           strstr(line->core, "http") != NULL;
}
