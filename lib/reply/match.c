/*
 * Running the table: the rows of a kind are compiled into one pattern, whose MARK tells the row.
 *
 * JIT where memory may be written and executed, else the interpreter; a match limit always, since
 * what is matched comes from strangers.
 */
#include "reply/rule.h"

#include <pcre2.h>
#include <string.h>

enum {
    LINE_LIMIT = 1000,   /* bytes of a line that are looked at; no client's own line is longer */
    MATCH_LIMIT = 30000, /* steps; the longest honest match of the table takes a tenth */
    GROUPS = 8,
    PATTERN_LINE = MP_RULE_KINDS, /* all single-line kinds in one */
    PATTERN_KEY,     /* of attributions: the verbs, searched for */
    PATTERN_KEYLESS, /* the attributions that have none */
    PATTERN_DAY,
    PATTERN_TIME,
    PATTERNS,
};

struct MpMatcher {
    pcre2_code *const *codes;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static const char day_pattern[] =
    "\\d{1,4}[./-]\\d{1,2}[./-]\\d{1,4}"            /* 2014/03/20, 04/19/2011 */
    "|(?<!\\d)\\d{1,2}(?!\\d)[^\\d].{0,24}\\d{4}"    /* 25 Sep 2013, Nov 26, 2013 */
    "|\\d{4}[^\\d].{0,16}\\d{1,2}(?!\\d)"            /* 2017. április 3. */
    "|\\d{1,2}[-.]\\p{L}{3,9}\\.?-\\d{2,4}"          /* 11-Apr-2011 */
    "|\\d\\s?[年月日년월일]";
static const char time_pattern[] = "\\d{1,2}[:.h]\\d{2}(?!\\d)"; /* 9:12, 13.09, 10h30 */

static bool
row_belongs(const MpRule *rule, guint pattern)
{
    switch (pattern) {
    case PATTERN_LINE: return rule->kind >= MP_RULE_SEPARATOR;
    case PATTERN_KEYLESS: return rule->kind == MP_RULE_ATTRIBUTION && rule->key == NULL;
    case PATTERN_KEY: return rule->key != NULL;
    default: return rule->kind == pattern;
    }
}

static char *
combined(guint pattern)
{
    if (pattern >= PATTERN_DAY)
        return g_strdup(pattern == PATTERN_DAY ? day_pattern : time_pattern);

    GString *all = g_string_new(pattern == PATTERN_KEY ? MP_RULE_KEY_BEGINS "(?|" : "(?|");
    const gsize begin = all->len;

    for (gsize i = 0; i < mp_n_rules; i++) {
        if (row_belongs(&mp_rules[i], pattern))
            g_string_append_printf(all, "%s(?:%s)(*MARK:%" G_GSIZE_FORMAT ")", all->len > begin ? "|" : "",
                                   pattern == PATTERN_KEY ? mp_rules[i].key : mp_rules[i].pattern, i);
    }
    g_string_append(all, ")");
    return g_string_free(all, FALSE);
}

static pcre2_code *
compile(guint pattern)
{
    g_autofree char *text = combined(pattern);
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_NO_UTF_CHECK;
    int code;
    PCRE2_SIZE at;

    if (pattern != PATTERN_KEY && pattern < PATTERN_DAY)
        options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options, &code, &at, NULL);
    if (compiled == NULL) /* the table is part of the program */
        g_error("reply rules: error %d near: %.60s", code, text + at);
    pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE); /* if it fails, the interpreter does it */
    return compiled;
}

static pcre2_code *const *
compiled_patterns(void)
{
    static pcre2_code *codes[PATTERNS];
    static gsize once = 0;

    if (g_once_init_enter(&once)) {
        for (guint i = 0; i < PATTERNS; i++)
            codes[i] = compile(i);
        g_once_init_leave(&once, 1);
    }
    return codes;
}

MpMatcher *
mp_matcher_new(void)
{
    MpMatcher *matcher = g_new0(MpMatcher, 1);

    matcher->codes = compiled_patterns();
    matcher->data = pcre2_match_data_create(GROUPS, NULL);
    matcher->context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(matcher->context, MATCH_LIMIT);
    return matcher;
}

void
mp_matcher_free(MpMatcher *matcher)
{
    if (matcher == NULL)
        return;
    pcre2_match_data_free(matcher->data);
    pcre2_match_context_free(matcher->context);
    g_free(matcher);
}

static bool
matches(MpMatcher *matcher, guint pattern, const char *text)
{
    gsize length = strlen(text);

    return length <= LINE_LIMIT &&
           pcre2_match(matcher->codes[pattern], (PCRE2_SPTR)text, length, 0, PCRE2_NO_UTF_CHECK,
                       matcher->data, matcher->context) >= 0;
}

static const MpRule *
matched_row(MpMatcher *matcher, guint pattern, const char *text)
{
    if (!matches(matcher, pattern, text))
        return NULL;
    const char *mark = (const char *)pcre2_get_mark(matcher->data);
    return &mp_rules[g_ascii_strtoull(mark, NULL, 10)];
}

const MpRule *
mp_matcher_rule(MpMatcher *matcher, MpRuleKind kind, const char *text)
{
    if (kind == MP_RULE_ATTRIBUTION && !matches(matcher, PATTERN_KEY, text))
        return matched_row(matcher, PATTERN_KEYLESS, text);
    return matched_row(matcher, kind, text);
}

const MpRule *
mp_matcher_line(MpMatcher *matcher, const char *text)
{
    return matched_row(matcher, PATTERN_LINE, text);
}

bool
mp_matcher_group(const MpMatcher *matcher, guint group)
{
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(matcher->data);

    return group < GROUPS && offsets[2 * group] != PCRE2_UNSET &&
           offsets[2 * group] < offsets[2 * group + 1];
}

bool
mp_matcher_has_day(MpMatcher *matcher, const char *text)
{
    return matches(matcher, PATTERN_DAY, text);
}

bool
mp_matcher_has_date(MpMatcher *matcher, const char *text)
{
    return matches(matcher, PATTERN_TIME, text) || matches(matcher, PATTERN_DAY, text);
}
