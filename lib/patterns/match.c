/*
 * Running the table: the rows of a kind are compiled into one pattern, whose MARK tells the row.
 *
 * The interpreter for a few mails; JIT for many, if mp_matcher_prepare() was called while memory
 * might still be made executable. A match limit always, since what is matched comes from strangers.
 */
#include "patterns/rule.h"

#include <pcre2.h>
#include <string.h>

enum {
    LINE_LIMIT = 1000,   /* bytes of a line that are looked at; no client's own line is longer */
    MATCH_LIMIT = 30000, /* steps; the longest honest match of the table takes a tenth */
    GROUPS = 8,
    SHORT_LINE = 8, /* bytes; of the single-line rows only closings match less */
    KEY_HITS = 6,   /* verbs looked at in one text */
    MOST_ROWS = 256,
    FAILURES = 64,                /* remembered, a power of two, */
    FAILURE_LENGTH = 112,         /* of texts that are no longer */
    PATTERN_LINE = MP_RULE_KINDS, /* the single-line kinds, in two: PCRE2 compiles 64 KiB at most */
    PATTERN_LINE_BELOW,           /* those that stand below an answer: devices, law, footers */
    PATTERN_KEY,         /* the verbs of attributions, searched for; each hit names a row to try */
    PATTERN_KEYLESS,     /* the attributions that have none */
    PATTERN_SCRIPT,      /* those for scripts other than Latin */
    PATTERN_SCRIPT_LINE, /* and the single-line rows for them */
    PATTERN_DAY,
    PATTERN_TIME,
    PATTERNS,
};

static const uint32_t WHOLE = PCRE2_ANCHORED | PCRE2_ENDANCHORED;

/* A text in which a pattern does not stand, from an offset on. */
typedef struct {
    const pcre2_code *code; /* NULL: none */
    guint16 length, offset;
    char text[FAILURE_LENGTH];
} Failure;

struct MpMatcher {
    pcre2_match_data *data;
    pcre2_match_context *context;
    Failure failures[FAILURES];
};

static const char day_pattern[] =
    "\\d{4}[./-]\\d{1,2}[./-]\\d{1,2}"                           /* 2014/03/20 */
    "|\\d{1,2}[./-]\\d{1,2}[./-](?:\\d{4}|\\d{2})(?!\\d|\\.\\d)" /* 04/19/2011, not 4.2.0 */
    "|(?<!\\d)\\d{1,2}(?!\\d)[^\\d].{0,24}\\d{4}"                /* 25 Sep 2013, Nov 26, 2013 */
    "|\\d{4}[^\\d].{0,16}\\d{1,2}(?!\\d)"                        /* 2017. április 3. */
    "|\\d{1,2}[-.]\\p{L}{3,9}\\.?-\\d{2,4}"                      /* 11-Apr-2011 */
    "|\\d\\s?[年月日년월일]";
static const char time_pattern[] =
    "(?<![\\d./-])\\d{1,2}[:.h]\\d{2}(?!\\d|[./-]\\d)"; /* 9:12, 13.09, 10h30, and no date */

static bool
has_key(const MpRule *rule)
{
    return rule->key != NULL && *rule->key != '\0';
}

static bool
needs_script(const MpRule *rule)
{
    return rule->key != NULL && *rule->key == '\0';
}

/* Those that a single line is tried for, all at once. */
static bool
is_line_kind(MpRuleKind kind)
{
    return kind >= MP_RULE_SEPARATOR && kind <= MP_RULE_CLOSING;
}

static bool
row_belongs(const MpRule *rule, guint pattern)
{
    switch (pattern) {
    case PATTERN_LINE:
    case PATTERN_LINE_BELOW:
        return is_line_kind(rule->kind) && rule->key == NULL &&
               (rule->kind >= MP_RULE_MOBILE) == (pattern == PATTERN_LINE_BELOW);
    case PATTERN_SCRIPT_LINE:
        return is_line_kind(rule->kind) && needs_script(rule);
    case PATTERN_KEYLESS:
        return rule->kind == MP_RULE_ATTRIBUTION && rule->key == NULL;
    case PATTERN_SCRIPT:
        return rule->kind == MP_RULE_ATTRIBUTION && needs_script(rule);
    case PATTERN_KEY:
        return rule->kind == MP_RULE_ATTRIBUTION && has_key(rule);
    default:
        return rule->kind == pattern;
    }
}

/* `length` octets of a pattern, as one more alternative. */
static void
append_alternative(GString *all, const char *text, gsize length, gsize row)
{
    if (all->len > 0)
        g_string_append_c(all, '|');
    g_string_append_printf(all, "(?:%.*s)(*MARK:%" G_GSIZE_FORMAT ")", (int)length, text, row);
}

/* The octets of the first alternative of a key. */
static gsize
alternative_length(const char *key)
{
    guint depth = 0;
    gsize n = 0;

    for (; key[n] != '\0' && (key[n] != '|' || depth > 0); n++)
        depth += (guint)(key[n] == '(' && (n == 0 || key[n - 1] != '\\')) -
                 (guint)(key[n] == ')' && key[n - 1] != '\\');
    return n;
}

/* What a key begins with: a letter from a to z, by its number; any other; either. */
enum { BEGINS_OTHERWISE = 26, BEGINS_EITHER, BEGINNINGS };

static guint
beginning_of(const char *key, gsize length)
{
    if (g_ascii_islower(*key))
        return (guint)(*key - 'a');
    for (gsize i = 0; *key == '(' && i < length; i++)
        if (g_ascii_islower(key[i]))
            return BEGINS_EITHER;
    return BEGINS_OTHERWISE;
}

static void
append_beginning(GString *all, guint beginning, const char *alternatives)
{
    if (*alternatives == '\0')
        return;
    g_string_append(all, g_str_has_suffix(all->str, "(?|") ? "" : "|");
    if (beginning == BEGINS_OTHERWISE)
        g_string_append(all, "(?![a-z])");
    else if (beginning < BEGINS_OTHERWISE)
        g_string_append_printf(all, "(?=%c)", (char)('a' + beginning));
    g_string_append_printf(all, "(?|%s)", alternatives);
}

/* All the keys, by what they begin with: at each word those few are tried that may stand there. */
static char *
combined_keys(void)
{
    GString *all = g_string_new(MP_RULE_KEY_BEGINS "(?|"), *groups[BEGINNINGS];

    for (guint i = 0; i < BEGINNINGS; i++)
        groups[i] = g_string_new(NULL);
    for (gsize i = 0; i < mp_n_rules; i++) {
        const char *key = row_belongs(&mp_rules[i], PATTERN_KEY) ? mp_rules[i].key : "";

        for (gsize n; *key != '\0'; key += n + (key[n] == '|')) {
            n = alternative_length(key);
            append_alternative(groups[beginning_of(key, n)], key, n, i);
        }
    }
    for (guint i = 0; i < BEGINNINGS; i++) {
        append_beginning(all, i, groups[i]->str);
        g_string_free(groups[i], TRUE);
    }
    g_string_append(all, ")" MP_RULE_KEY_ENDS);
    return g_string_free(all, FALSE);
}

static char *
combined(guint pattern)
{
    g_autoptr(GString) all = g_string_new(NULL);

    for (gsize i = 0; i < mp_n_rules; i++) {
        const char *text = mp_rules[i].pattern;

        if (row_belongs(&mp_rules[i], pattern))
            append_alternative(all, text, strlen(text), i);
    }
    return g_strdup_printf("(?|%s)", all->str);
}

static char *
pattern_text(guint pattern)
{
    switch (pattern) {
    case PATTERN_KEY:
        return combined_keys();
    case PATTERN_DAY:
        return g_strdup(day_pattern);
    case PATTERN_TIME:
        return g_strdup(time_pattern);
    default:
        return combined(pattern);
    }
}

static pcre2_code *
compile(const char *text, uint32_t options)
{
    int code;
    PCRE2_SIZE at;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                                         PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_DOTALL |
                                             PCRE2_NO_UTF_CHECK | options,
                                         &code, &at, NULL);

    if (compiled == NULL) /* the table is part of the program */
        g_error("reply rules: error %d near: %.60s", code, text + at);
    return compiled;
}

/* Most texts ask for few of them, so each is compiled when it is first asked for. */
static pcre2_code *
pattern_code(guint pattern)
{
    static gsize codes[PATTERNS];
    bool is_searched = pattern == PATTERN_KEY || pattern >= PATTERN_DAY;

    if (g_once_init_enter(&codes[pattern])) {
        g_autofree char *text = pattern_text(pattern);
        g_once_init_leave(&codes[pattern], (gsize)compile(text, is_searched ? 0 : WHOLE));
    }
    return (pcre2_code *)codes[pattern];
}

/* Of a row with a key, by itself. */
static pcre2_code *
row_code(guint row)
{
    static gsize codes[MOST_ROWS];

    if (g_once_init_enter(&codes[row]))
        g_once_init_leave(&codes[row], (gsize)compile(mp_rules[row].pattern, WHOLE));
    return (pcre2_code *)codes[row];
}

/* Only ever asked for by key, or with all other single lines. */
static bool
is_never_asked(guint pattern)
{
    return pattern == MP_RULE_ATTRIBUTION ||
           (pattern >= MP_RULE_SEPARATOR && pattern < MP_RULE_CLOSING &&
            pattern != MP_RULE_FORWARD);
}

/* If it fails, the interpreter does it. */
static void
translate(pcre2_code *code)
{
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
}

MpMatcher *
mp_matcher_new(void)
{
    MpMatcher *matcher = g_new0(MpMatcher, 1);

    g_assert(mp_n_rules <= MOST_ROWS);
    matcher->data = pcre2_match_data_create(GROUPS, NULL);
    matcher->context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(matcher->context, MATCH_LIMIT);
    return matcher;
}

void
mp_matcher_prepare(void)
{
    for (guint i = 0; i < PATTERNS; i++)
        if (!is_never_asked(i))
            translate(pattern_code(i));
    for (guint i = 0; i < mp_n_rules; i++)
        if (has_key(&mp_rules[i]))
            translate(row_code(i));
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

/* Where the failure would be remembered: by what is quickly looked at. */
static Failure *
failure_place(MpMatcher *matcher, const pcre2_code *code, const char *text, gsize length)
{
    guint64 first = 0, last = 0;

    memcpy(&first, text, MIN(length, sizeof first));
    memcpy(&last, text + length - MIN(length, sizeof last), MIN(length, sizeof last));
    guint64 mixed =
        (first ^ (last << 1) ^ (gsize)code ^ length) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    return &matcher->failures[mixed >> 32 & (FAILURES - 1)];
}

static bool
matches(MpMatcher *matcher, const pcre2_code *code, const char *text, gsize length, gsize offset)
{
    return pcre2_match(code, (PCRE2_SPTR)text, length, offset, PCRE2_NO_UTF_CHECK, matcher->data,
                       matcher->context) >= 0;
}

/* Mails repeat lines, and each is asked about in several places: most patterns stand in none, and
 * what failed a moment ago fails again. */
static bool
run(MpMatcher *matcher, const pcre2_code *code, const char *text, gsize offset)
{
    gsize length = strlen(text);

    if (length > FAILURE_LENGTH)
        return length <= LINE_LIMIT && matches(matcher, code, text, length, offset);
    Failure *failure = failure_place(matcher, code, text, length);
    if (failure->code == code && failure->length == length && failure->offset == offset &&
        memcmp(failure->text, text, length) == 0)
        return false;
    if (matches(matcher, code, text, length, offset))
        return true;
    failure->code = code;
    failure->length = (guint16)length;
    failure->offset = (guint16)offset;
    memcpy(failure->text, text, length);
    return false;
}

static guint
matched_row(const MpMatcher *matcher)
{
    return (guint)g_ascii_strtoull((const char *)pcre2_get_mark(matcher->data), NULL, 10);
}

static const MpRule *
match_pattern(MpMatcher *matcher, guint pattern, const char *text)
{
    if (!run(matcher, pattern_code(pattern), text, 0))
        return NULL;
    return &mp_rules[matched_row(matcher)];
}

/* The row of another script than Latin that the text has letters of and matches, or NULL. A byte
 * from 0xce on begins a character from U+0380 on. */
static const MpRule *
match_script(MpMatcher *matcher, guint pattern, const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((guchar)*p >= 0xce)
            return match_pattern(matcher, pattern, text);
    return NULL;
}

/* Only the rows whose verb, or whose script, stands in the text are worth the trouble. */
static const MpRule *
match_attribution(MpMatcher *matcher, const char *text)
{
    gsize offset = 0;

    for (guint hits = 0; hits < KEY_HITS; hits++) {
        if (!run(matcher, pattern_code(PATTERN_KEY), text, offset))
            break;
        guint row = matched_row(matcher);
        offset = pcre2_get_ovector_pointer(matcher->data)[1];
        if (run(matcher, row_code(row), text, 0))
            return &mp_rules[row];
    }
    const MpRule *rule = match_script(matcher, PATTERN_SCRIPT, text);
    return rule != NULL ? rule : match_pattern(matcher, PATTERN_KEYLESS, text);
}

const MpRule *
mp_matcher_rule(MpMatcher *matcher, MpRuleKind kind, const char *text)
{
    if (kind == MP_RULE_ATTRIBUTION)
        return match_attribution(matcher, text);
    if (kind == MP_RULE_HEADER || kind == MP_RULE_FORWARD || kind > MP_RULE_CLOSING)
        return match_pattern(matcher, kind, text);
    const MpRule *rule = mp_matcher_line(matcher, text);
    return rule != NULL && rule->kind == kind ? rule : NULL;
}

const MpRule *
mp_matcher_line(MpMatcher *matcher, const char *text)
{
    if (strlen(text) < SHORT_LINE)
        return match_pattern(matcher, MP_RULE_CLOSING, text);
    const MpRule *rule = match_script(matcher, PATTERN_SCRIPT_LINE, text);
    if (rule == NULL)
        rule = match_pattern(matcher, PATTERN_LINE, text);
    return rule != NULL ? rule : match_pattern(matcher, PATTERN_LINE_BELOW, text);
}

const MpRule *
mp_matcher_link(MpMatcher *matcher, const char *text)
{
    bool links = strstr(text, MP_RULE_LINK) != NULL;

    for (gsize i = 0; links && i < mp_n_rules; i++) {
        if (is_line_kind(mp_rules[i].kind) && has_key(&mp_rules[i]) &&
            run(matcher, row_code((guint)i), text, 0))
            return &mp_rules[i];
    }
    return NULL;
}

const char *
mp_matcher_verb(MpMatcher *matcher, const char *text)
{
    return run(matcher, pattern_code(PATTERN_KEY), text, 0)
               ? text + pcre2_get_ovector_pointer(matcher->data)[0]
               : NULL;
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
    return run(matcher, pattern_code(PATTERN_DAY), text, 0);
}

bool
mp_matcher_has_time(MpMatcher *matcher, const char *text)
{
    return run(matcher, pattern_code(PATTERN_TIME), text, 0);
}

bool
mp_matcher_has_date(MpMatcher *matcher, const char *text)
{
    return mp_matcher_has_time(matcher, text) || mp_matcher_has_day(matcher, text);
}
