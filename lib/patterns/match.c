/*
 * Running the table: the rows of a kind are compiled into one pattern, whose MARK tells the row. It
 * is tried where the text holds words that a match would (needs.h).
 *
 * The interpreter for a few mails; JIT for many, if mp_matcher_prepare() was called while memory
 * might still be made executable. A match limit always, since what is matched comes from strangers.
 */
#include "patterns/internal.h"
#include "patterns/needs.h"

#include <pcre2.h>
#include <string.h>

enum {
    LINE_LIMIT = 1000,   /* bytes of a line that are looked at; no client's own line is longer */
    MATCH_LIMIT = 30000, /* steps; the longest honest match of the table takes a tenth */
    GROUPS = 8,
    SHORT_LINE = 8, /* bytes; of the single-line rows only closings match less */
    KEY_HITS = 6,   /* verbs looked at in one text */
    MOST_ROWS = 256,
    FAILURES = 64,        /* remembered, a power of two, */
    FAILURE_LENGTH = 112, /* of texts that are no longer */
};

static const uint32_t WHOLE = PCRE2_ANCHORED | PCRE2_ENDANCHORED;

/* Of these patterns the words are looked for that a match would hold. */
static const guint32 LOOKED_FOR = 1u << MP_RULE_FORWARD | 1u << MP_RULE_CLOSING |
                                  1u << MP_RULE_REACTION | 1u << PATTERN_LINE |
                                  1u << PATTERN_LINE_BELOW | 1u << PATTERN_KEY;

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

static gsize pattern_codes[PATTERNS]; /* 0: not compiled yet */

/* Most texts ask for few of them, so each is compiled when it is first asked for. */
static pcre2_code *
pattern_code(guint pattern)
{
    bool is_searched = pattern == PATTERN_KEY || pattern >= PATTERN_DAY;

    if (g_once_init_enter(&pattern_codes[pattern])) {
        g_autofree char *text = mp_pattern_text(pattern);
        g_once_init_leave(&pattern_codes[pattern], (gsize)compile(text, is_searched ? 0 : WHOLE));
    }
    return (pcre2_code *)pattern_codes[pattern];
}

/* Perhaps by another thread. */
static bool
is_compiled(guint pattern)
{
    return g_atomic_pointer_get(&pattern_codes[pattern]) != 0;
}

/* Of a row by itself. */
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

static void
add_needs(MpNeeds *needs, guint pattern)
{
    bool is_key = pattern == PATTERN_KEY;

    for (gsize i = 0; i < mp_n_rules; i++) {
        const MpRule *rule = &mp_rules[i];

        if (mp_row_belongs(rule, pattern))
            mp_needs_add(needs, (guint)i, is_key ? rule->key : rule->pattern, !is_key,
                         1u << pattern);
    }
}

static const MpNeeds *
words_needed(void)
{
    static gsize needed;

    if (g_once_init_enter(&needed)) {
        MpNeeds *needs = mp_needs_new();

        for (guint pattern = 0; pattern < PATTERNS; pattern++)
            if ((LOOKED_FOR & 1u << pattern) != 0)
                add_needs(needs, pattern);
        g_once_init_leave(&needed, (gsize)needs);
    }
    return (const MpNeeds *)needed;
}

MpMatcher *
mp_matcher_new(void)
{
    MpMatcher *matcher = g_new(MpMatcher, 1);

    for (guint i = 0; i < FAILURES; i++)
        matcher->failures[i].code = NULL;
    g_assert(mp_n_rules <= MOST_ROWS);
    matcher->data = pcre2_match_data_create(GROUPS, NULL);
    matcher->context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(matcher->context, MATCH_LIMIT);
    return matcher;
}

void
mp_matcher_prepare(void)
{
    words_needed();
    for (guint i = 0; i < PATTERNS; i++)
        if (!is_never_asked(i))
            translate(pattern_code(i));
    for (guint i = 0; i < mp_n_rules; i++)
        if (rule_has_key(&mp_rules[i]))
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

static bool
is_short(const char *text)
{
    return strnlen(text, LINE_LIMIT + 1) <= LINE_LIMIT;
}

/* Of what is too long to be looked at there are none. */
static MpCandidates
candidates(const char *text, guint32 patterns)
{
    if (!is_short(text))
        return (MpCandidates){.flags = 0};
    return mp_needs_look(words_needed(), text, patterns);
}

static const MpRule *
match_pattern(MpMatcher *matcher, guint pattern, const char *text)
{
    if (!run(matcher, pattern_code(pattern), text, 0))
        return NULL;
    return &mp_rules[matched_row(matcher)];
}

/* The same, but of the candidates. Some rows are compiled sooner than all of them; each may then
 * take as many steps as all together. */
static const MpRule *
match_candidates(MpMatcher *matcher, guint pattern, const char *text, const MpCandidates *found)
{
    if ((found->flags & 1u << pattern) == 0)
        return NULL;
    if (found->n_rows > MP_CANDIDATES_MOST || is_compiled(pattern))
        return match_pattern(matcher, pattern, text);
    for (guint i = 0; i < found->n_rows; i++) {
        const MpRule *rule = &mp_rules[found->rows[i]];

        if (mp_row_belongs(rule, pattern) && run(matcher, row_code(found->rows[i]), text, 0))
            return rule;
    }
    return NULL;
}

static const MpRule *
match_kind(MpMatcher *matcher, MpRuleKind kind, const char *text)
{
    if ((LOOKED_FOR & 1u << kind) == 0)
        return match_pattern(matcher, kind, text);
    MpCandidates found = candidates(text, 1u << kind);
    return match_candidates(matcher, kind, text, &found);
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
    bool has_verb = candidates(text, 1u << PATTERN_KEY).flags != 0;
    gsize offset = 0;

    for (guint hits = 0; has_verb && hits < KEY_HITS; hits++) {
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
        return match_kind(matcher, kind, text);
    const MpRule *rule = mp_matcher_line(matcher, text);
    return rule != NULL && rule->kind == kind ? rule : NULL;
}

const MpRule *
mp_matcher_line(MpMatcher *matcher, const char *text)
{
    if (strlen(text) < SHORT_LINE)
        return match_kind(matcher, MP_RULE_CLOSING, text);
    const MpRule *rule = match_script(matcher, PATTERN_SCRIPT_LINE, text);
    if (rule != NULL)
        return rule;
    MpCandidates found = candidates(text, 1u << PATTERN_LINE | 1u << PATTERN_LINE_BELOW);
    rule = match_candidates(matcher, PATTERN_LINE, text, &found);
    return rule != NULL ? rule : match_candidates(matcher, PATTERN_LINE_BELOW, text, &found);
}

const MpRule *
mp_matcher_link(MpMatcher *matcher, const char *text)
{
    bool links = strstr(text, MP_RULE_LINK) != NULL;

    for (gsize i = 0; links && i < mp_n_rules; i++) {
        if (rule_is_line(&mp_rules[i]) && rule_has_key(&mp_rules[i]) &&
            run(matcher, row_code((guint)i), text, 0))
            return &mp_rules[i];
    }
    return NULL;
}

const char *
mp_matcher_verb(MpMatcher *matcher, const char *text)
{
    return candidates(text, 1u << PATTERN_KEY).flags != 0 &&
                   run(matcher, pattern_code(PATTERN_KEY), text, 0)
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

/* A digit of ASCII, or some letter that may be one of another script. */
static bool
may_have_digits(const char *text)
{
    const char *p = text;

    while (*p != '\0' && !g_ascii_isdigit(*p) && (guchar)*p < 0xc0 && p - text <= LINE_LIMIT)
        p++;
    return *p != '\0';
}

bool
mp_matcher_has_day(MpMatcher *matcher, const char *text)
{
    return may_have_digits(text) && run(matcher, pattern_code(PATTERN_DAY), text, 0);
}

bool
mp_matcher_has_time(MpMatcher *matcher, const char *text)
{
    return may_have_digits(text) && run(matcher, pattern_code(PATTERN_TIME), text, 0);
}

bool
mp_matcher_has_date(MpMatcher *matcher, const char *text)
{
    return mp_matcher_has_time(matcher, text) || mp_matcher_has_day(matcher, text);
}
