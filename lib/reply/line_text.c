/* The text of a line: cleaned, as it is matched, and without links; see lines.h. */
#include "reply/lines.h"
#include "base/escape.h"

#include <string.h>

enum { CORE_LIMIT = 1000 }; /* bytes of a line that are matched */

/* What lines_clean() writes for a character that reorders, and how many bytes of it there are. */
#define REORDERS       "\\u{%04X}"
#define REORDERS_BEGIN "\\u{20"
#define REORDERS_BYTES 8

/* Characters that reorder what is shown are written out, those that show nothing are dropped. */
static void
append_clean(GString *out, gunichar c)
{
    if (mp_reorders(c))
        g_string_append_printf(out, REORDERS, c);
    else if (c == 0x2028 || c == 0x2029)
        g_string_append_c(out, ' ');
    else if (!mp_is_deceptive(c))
        g_string_append_unichar(out, c);
}

char *
lines_clean(const char *text)
{
    GString *out = g_string_sized_new(strlen(text) + 1);

    for (const char *p = text; *p != '\0';) {
        gsize plain = 0;

        while ((p[plain] >= 0x20 && p[plain] < 0x7f) || p[plain] == '\n')
            plain++;
        g_string_append_len(out, p, (gssize)plain);
        p += plain;
        if (*p == '\0')
            break;
        append_clean(out, g_utf8_get_char(p));
        p = g_utf8_next_char(p);
    }
    return g_string_free(out, FALSE);
}

/* The entities that careless converters leave in plain text. */
static const char *
entity(const char *p, gsize *length)
{
    static const struct {
        const char *name, *value;
    } entities[] = {{"&lt;", "<"},  {"&gt;", ">"},   {"&quot;", "\""},
                    {"&amp;", "&"}, {"&nbsp;", " "}, {"&#39;", "'"}};

    for (gsize i = 0; i < G_N_ELEMENTS(entities); i++) {
        *length = strlen(entities[i].name);
        if (strncmp(p, entities[i].name, *length) == 0)
            return entities[i].value;
    }
    return NULL;
}

/* What the core takes over in one piece, and how many bytes of the text it stands for. */
typedef struct {
    const char *value;
    gsize length, taken;
    bool space;
} Piece;

/* Stands in the core as it does in the text: ASCII, but no space, & or \. */
static inline bool
is_plain(char c)
{
    static const bool plain[256] = {
        ['!' ... '%'] = true, ['\'' ... '['] = true, [']' ... '~'] = true};

    return plain[(guchar)c];
}

/* Words and the single spaces between them, which are most of any text. `most` bounds where the
 * last word may end, not counting the space before it. */
static gsize
plain_length(const char *p, gsize most)
{
    gsize n = 0, end = most;

    for (;;) {
        while (n < end && is_plain(p[n]))
            n++;
        if (n == 0 || n >= most || p[n] != ' ' || !is_plain(p[n + 1]))
            return n;
        n++;
        end = most + 1;
    }
}

static Piece
next_piece(const char *p, gsize most)
{
    gsize plain = plain_length(p, most);

    if (plain > 0)
        return (Piece){p, plain, plain, false};
    Piece piece = {.value = p};
    if (*p == '\\' && g_str_has_prefix(p, REORDERS_BEGIN) &&
        memchr(p, '\0', REORDERS_BYTES) == NULL && p[REORDERS_BYTES - 1] == '}')
        return (Piece){p, 0, REORDERS_BYTES, false}; /* Gmail puts them around names in Hebrew */
    if (*p == '&' && (piece.value = entity(p, &piece.taken)) != NULL)
        return (Piece){piece.value, 1, piece.taken, *piece.value == ' '};

    gunichar c = g_utf8_get_char(p);
    gsize length = (gsize)(g_utf8_next_char(p) - p);
    return (Piece){p, length, length, c == ' ' || c == '\t' || (c >= 0x80 && g_unichar_isspace(c))};
}

char *
line_write_core(char *out, const char *text)
{
    char *start = out, *limit = out + CORE_LIMIT - 8;
    bool space = false;

    while (*text != '\0' && out < limit) {
        Piece piece = next_piece(text, (gsize)(limit - out));

        text += piece.taken;
        if (piece.space) {
            space = out > start;
            continue;
        }
        if (space)
            *out++ = ' ';
        space = false;
        memcpy(out, piece.value, piece.length);
        out += piece.length;
    }
    *out++ = '\0';
    return out;
}

const char *
line_unquoted(const char *core)
{
    return core + strspn(core, "> \t");
}

guint
line_quote_depth(const char *core)
{
    guint n = 0;

    for (; *core == '>' || *core == ' '; core++)
        n += *core == '>';
    return n;
}

bool
line_is_symbol(const char *core)
{
    for (; *core != '\0'; core = g_utf8_next_char(core)) {
        if (g_unichar_type(g_utf8_get_char(core)) == G_UNICODE_OTHER_SYMBOL)
            return true;
    }
    return false;
}

bool
line_ends_in_colon(const char *core)
{
    static const char wide[] = "：";
    gsize length = strlen(core), wide_length = strlen(wide);

    if (length == 0)
        return false;
    return core[length - 1] == ':' ||
           (length >= wide_length && core[length - 1] == wide[wide_length - 1] &&
            strcmp(core + length - wide_length, wide) == 0);
}

bool
line_is_link(const char *core)
{
    return g_str_has_prefix(core, "http") && strstr(core, "://") != NULL && !strchr(core, ' ');
}

/* Length of the address in the link `p` begins with, 0 if it begins with none. */
static gsize
link_length(const char *p)
{
    if (*p == '<' && (g_str_has_prefix(p + 1, "http") || g_str_has_prefix(p + 1, "mailto:"))) {
        gsize n = strcspn(p, ">");
        return p[n] == '>' ? n + 1 : 0;
    }
    if (g_str_has_prefix(p, "](http") || g_str_has_prefix(p, "](cid:") ||
        g_str_has_prefix(p, "(http")) {
        gsize n = strcspn(p, ")");
        return p[n] == ')' ? n + 1 : 0;
    }
    if (g_str_has_prefix(p, "https://") || g_str_has_prefix(p, "http://"))
        return strcspn(p, " >)");
    return 0;
}

bool
line_may_hold_links(const char *core)
{
    return strchr(core, '[') != NULL || strstr(core, "http") != NULL ||
           strstr(core, "mailto:") != NULL;
}

char *
line_without_links(const char *core)
{
    GString *out = g_string_sized_new(strlen(core) + 1);

    for (const char *p = core; *p != '\0';) {
        gsize n = *p == '<' || *p == ']' || *p == '(' || *p == 'h' ? link_length(p) : 0;

        if (n > 0)
            p += n;
        else if (*p == '[' || *p == ']')
            p++;
        else
            g_string_append_c(out, *p++);
    }
    while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}
