/* Rows put together in patterns; see internal.h. */
#include "patterns/internal.h"

#include <string.h>

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
needs_script(const MpRule *rule)
{
    return rule->key != NULL && *rule->key == '\0';
}

bool
mp_row_belongs(const MpRule *rule, guint pattern)
{
    switch (pattern) {
    case PATTERN_LINE:
    case PATTERN_LINE_BELOW:
        return rule_is_line(rule) && rule->key == NULL &&
               (rule->kind >= MP_RULE_MOBILE) == (pattern == PATTERN_LINE_BELOW);
    case PATTERN_SCRIPT_LINE:
        return rule_is_line(rule) && needs_script(rule);
    case PATTERN_KEYLESS:
        return rule->kind == MP_RULE_ATTRIBUTION && rule->key == NULL;
    case PATTERN_SCRIPT:
        return rule->kind == MP_RULE_ATTRIBUTION && needs_script(rule);
    case PATTERN_KEY:
        return rule->kind == MP_RULE_ATTRIBUTION && rule_has_key(rule);
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
        const char *key = mp_row_belongs(&mp_rules[i], PATTERN_KEY) ? mp_rules[i].key : "";

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

        if (mp_row_belongs(&mp_rules[i], pattern))
            append_alternative(all, text, strlen(text), i);
    }
    return g_strdup_printf("(?|%s)", all->str);
}

char *
mp_pattern_text(guint pattern)
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
