/* Inside of lib/patterns: the patterns that rows are put together in. */
#pragma once

#include "patterns/rule.h"

enum {
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

static inline bool
rule_has_key(const MpRule *rule)
{
    return rule->key != NULL && *rule->key != '\0';
}

/* Those that a single line is tried for, all at once. */
static inline bool
rule_is_line(const MpRule *rule)
{
    return rule->kind >= MP_RULE_SEPARATOR && rule->kind <= MP_RULE_CLOSING;
}

/* Whether the row is one of those in the pattern. */
bool mp_row_belongs(const MpRule *rule, guint pattern);

/* The rows of a pattern as alternatives of one, whose MARK tells the row. The caller's. */
char *mp_pattern_text(guint pattern);
