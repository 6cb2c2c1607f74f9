/* The atoms of a pattern; see needs_atoms.h. */
#include "patterns/needs_atoms.h"
#include "patterns/needs.h"

#include <string.h>

const Exact exact_everything = {.any = true};
const Exact exact_nothing = {.n = 1, .words = {0}};

Part
part_of(const Exact *exact)
{
    return (Part){.exact = *exact, .needed = {.any = true}};
}

void
exact_add(Exact *exact, guint64 word)
{
    for (guint i = 0; i < exact->n; i++)
        if (exact->words[i] == word)
            return;
    if (exact->n == EXACT)
        *exact = exact_everything;
    else if (!exact->any)
        exact->words[exact->n++] = word;
}

Part
read_character(Reader *reader)
{
    guint8 seen = mp_needs_seen(reader->at);
    Part part = {.exact = {.n = seen != 0, .words = {seen}}, .needed = {.any = true}};

    reader->at = g_utf8_next_char(reader->at);
    return part;
}

Part
read_escape(Reader *reader)
{
    char c = *reader->at;

    if (c == '\0') {
        reader->is_unknown = true;
        return part_of(&exact_everything);
    }
    if (g_ascii_ispunct(c))
        return read_character(reader);
    if (strchr("bB", c) == NULL && strchr("dDsSwWpP", c) == NULL)
        reader->is_unknown = true;
    reader->at++;
    if (strchr("pP", c) == NULL)
        return part_of(strchr("bB", c) != NULL ? &exact_nothing : &exact_everything);
    if (*reader->at == '{')
        reader->at += strcspn(reader->at, "}");
    reader->at += *reader->at != '\0';
    return part_of(&exact_everything);
}

Part
read_class(Reader *reader)
{
    Part part = {.needed = {.any = true}};
    const char *first = reader->at;

    if (*reader->at == '^')
        part.exact = exact_everything;
    reader->at += *reader->at == '^';
    reader->is_unknown |= *reader->at == ']'; /* which stands for itself there */
    while (*reader->at != '\0' && *reader->at != ']') {
        const char *c = reader->at;
        bool is_escape = *c == '\\';

        /* [:alpha:], or a bracket that stands for itself; a backspace; a bracket behind [^ */
        reader->is_unknown |= *c == '[' || (is_escape && c[1] != '\0' && strchr("bB", c[1]) != NULL);
        if (*c == '-' && c > first && c[1] != ']') /* a range */
            part.exact = exact_everything;
        reader->at += is_escape;
        Part one = is_escape ? read_escape(reader) : read_character(reader);
        if (one.exact.any)
            part.exact = exact_everything;
        for (guint i = 0; i < one.exact.n; i++)
            exact_add(&part.exact, one.exact.words[i]);
    }
    reader->is_unknown |= *reader->at == '\0' || reader->at == first;
    reader->at += *reader->at != '\0';
    return part;
}

bool
read_count(Reader *reader, guint *least, guint *most)
{
    const char *p = reader->at;
    char *end;

    *least = *most = 1;
    if (*p == '?' || *p == '*' || *p == '+') {
        *least = *p == '+';
        *most = *p == '?' ? 1 : G_MAXUINT;
        p++;
    } else if (*p == '{') {
        *least = *most = (guint)g_ascii_strtoull(p + 1, &end, 10);
        if (*end == ',' && *++end == '}')
            *most = G_MAXUINT;
        else if (end[-1] == ',')
            *most = (guint)g_ascii_strtoull(end, &end, 10);
        if (!g_ascii_isdigit(p[1]) || *end != '}') { /* itself, or a count of a later PCRE2 */
            reader->is_unknown = true;
            return false;
        }
        p = end + 1;
    } else {
        return false;
    }
    reader->at = p + (*p == '+' || *p == '?');
    return true;
}
