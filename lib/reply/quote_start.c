/*
 * Quotes that begin with what belongs above them: Apple Mail quotes the attribution with the rest,
 * Hotmail and Orange a header block, older programs the separator.
 */
#include "reply/boundary.h"

#include <string.h>

enum {
    SHORTEST = 8, /* bytes of an attribution */
    WRAPPED = 4,  /* lines it may be wrapped over here */
    HEADER_LINES = 12,
    LONGEST = 400,   /* bytes of it all */
    FIELD_NAME = 60, /* bytes before the colon of a header field */
};

/* The text of line `i` if it goes on with the quote and is not blank there, or NULL. */
static const char *
rest_of(const GArray *lines, guint i)
{
    if (i >= lines->len || LINE(lines, i)->kind != LINE_QUOTE || LINE(lines, i)->fenced)
        return NULL;
    const char *rest = line_unquoted(LINE(lines, i)->core);
    return *rest != '\0' ? rest : NULL;
}

static const MpRule *
dashed(const char *rest, MpMatcher *matcher)
{
    if (strchr("-#_=*", rest[0]) == NULL)
        return NULL;
    const MpRule *rule = mp_matcher_line(matcher, rest);
    return rule != NULL && (rule->kind == MP_RULE_SEPARATOR || rule->kind == MP_RULE_MARKER) ? rule
                                                                                             : NULL;
}

/* The attribution in the first line, or in the first lines, of which the last ends in a colon. */
static const MpRule *
attribution(const GArray *lines, guint i, MpMatcher *matcher, guint *end)
{
    const char *rest = rest_of(lines, i);
    bool evidence = false;
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint k = i; k < i + WRAPPED && rest != NULL && text->len < LONGEST;
         k++, rest = rest_of(lines, k)) {
        evidence |= LINE(lines, k)->has_digit || LINE(lines, k)->has_at;
        if (text->len > 0)
            g_string_append_c(text, ' ');
        g_string_append(text, rest);
        bool closed = line_ends_in_colon(rest);
        if (!evidence || text->len <= SHORTEST || (k > i && !closed))
            continue;
        const MpRule *rule = mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, text->str);
        *end = k + 1;
        if (rule != NULL || closed)
            return rule;
    }
    return NULL;
}

static bool
is_field(const char *rest, MpMatcher *matcher)
{
    const char *colon = rest != NULL ? strchr(rest, ':') : NULL;

    return colon != NULL && colon - rest <= FIELD_NAME &&
           mp_matcher_rule(matcher, MP_RULE_HEADER, rest) != NULL;
}

/* Two fields one below the other, of which one says an address and one a date. */
static const MpRule *
header_block(const GArray *lines, guint i, MpMatcher *matcher, guint *end)
{
    const char *rest = rest_of(lines, i);
    bool at = false, digit = false;

    if (!is_field(rest, matcher) || !is_field(rest_of(lines, i + 1), matcher))
        return NULL;
    for (*end = i; *end < i + HEADER_LINES && rest_of(lines, *end) != NULL; (*end)++) {
        at |= LINE(lines, *end)->has_at;
        digit |= LINE(lines, *end)->has_digit;
    }
    return at && digit ? mp_matcher_rule(matcher, MP_RULE_HEADER, rest) : NULL;
}

const MpRule *
quote_start_rule(const GArray *lines, guint i, MpMatcher *matcher, guint *end)
{
    const char *rest = rest_of(lines, i);
    const MpRule *rule;

    if (rest == NULL)
        return NULL;
    *end = i + 1;
    rule = mp_matcher_rule(matcher, MP_RULE_FORWARD, rest);
    if (rule == NULL)
        rule = dashed(rest, matcher);
    if (rule == NULL)
        rule = attribution(lines, i, matcher, end);
    if (rule == NULL)
        rule = header_block(lines, i, matcher, end);
    return rule;
}
