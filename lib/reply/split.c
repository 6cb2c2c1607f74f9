/* Attributions that begin on the answer's own line; see split.h. */
#include "reply/split.h"

#include <string.h>

enum {
    WINDOW = 3, /* lines the attribution may be wrapped over */
    WINDOW_BYTES = 600,
    WEEKDAY = 24,  /* bytes of its abbreviation, and of a comma */
    ATTEMPTS = 60, /* beginnings tried in all: what bounds a mail made of nothing else */
    SPLITS = 8,
};

/* The text from `core` on, a part of line `i`, to the line that ends in a colon. */
static char *
window(const GArray *lines, guint i, const char *core)
{
    GString *text = g_string_new(core);

    for (guint n = 1; n < WINDOW && text->len < WINDOW_BYTES; n++) {
        if (g_str_has_suffix(text->str, ":") || g_str_has_suffix(text->str, "：") ||
            i + n >= lines->len || LINE(lines, i + n)->kind != LINE_TEXT)
            break;
        g_string_append_printf(text, " %s", LINE(lines, i + n)->core);
    }
    return g_string_free(text, FALSE);
}

static bool
says_address(const char *text)
{
    const char *at = strchr(text, '@');

    return at != NULL && at > text && g_ascii_isalnum(at[1]) && !g_ascii_isspace(at[-1]);
}

static bool
quote_below(const GArray *lines, guint i)
{
    for (guint n = 1; n <= WINDOW && i + n < lines->len; n++) {
        if (LINE(lines, i + n)->kind == LINE_QUOTE)
            return true;
    }
    return false;
}

/* "Sat," or "пн," before a number: with the day of the week attributions begin, too. */
static bool
is_weekday(const char *word)
{
    gsize length = strcspn(word, " ");

    return length <= WEEKDAY && length > 2 && word[length - 1] == ',' &&
           g_ascii_isdigit(word[length + (word[length] == ' ')]) &&
           g_unichar_isalpha(g_utf8_get_char(word));
}

/* Whether an attribution begins at `word`, which is in the core of line `i`. */
static bool
begins_here(const GArray *lines, guint i, const char *word, const Sent *sent, MpMatcher *matcher)
{
    bool named = sent != NULL && sent_begins_with_name(sent, word);
    bool weekday = is_weekday(word) && !is_weekday(LINE(lines, i)->core);

    if (!named && !weekday && !g_unichar_isupper(g_utf8_get_char(word)))
        return false;
    g_autofree char *text = window(lines, i, word);
    const MpRule *rule = mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, text);
    return rule != NULL && (named || weekday || mp_matcher_group(matcher, 1)) &&
           !g_str_has_suffix(rule->name, "-neutral") && mp_matcher_has_day(matcher, text) &&
           (says_address(text) || quote_below(lines, i) ||
            (sent != NULL && sent_is_named(sent, text)));
}

/* What stands before it is an answer: it says no day and no address, and is no opening word of an
 * attribution that begins the line. */
static bool
is_answer(const char *core, const char *word, bool opened, MpMatcher *matcher)
{
    g_autofree char *before = g_strndup(core, (gsize)(word - core));
    const char *last = word - 2;

    if (strchr(before, '@') != NULL || mp_matcher_has_day(matcher, before))
        return false;
    return !opened || (last > core && strchr(".!?,;", *last) != NULL);
}

/* Where in the core of line `i` an attribution begins behind an answer; NULL if nowhere. */
static const char *
attribution_in(const GArray *lines, guint i, const Sent *sent, MpMatcher *matcher, guint *attempts)
{
    const Line *line = LINE(lines, i);
    const char *space = strchr(line->core, ' ');

    if (line->kind != LINE_TEXT || line->fenced || !line->has_digit || space == NULL)
        return NULL;
    g_autofree char *whole = window(lines, i, line->core);
    if (!(g_str_has_suffix(whole, ":") || g_str_has_suffix(whole, "：") || quote_below(lines, i)) ||
        (*attempts)++ >= ATTEMPTS)
        return NULL;
    const MpRule *rule = mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, whole);
    bool opened =
        rule != NULL && mp_matcher_group(matcher, 1) && !g_str_has_suffix(rule->name, "-neutral");
    for (; rule != NULL && space != NULL && *attempts < ATTEMPTS; space = strchr(space + 1, ' ')) {
        (*attempts)++;
        if (begins_here(lines, i, space + 1, sent, matcher))
            return is_answer(line->core, space + 1, opened, matcher) ? space + 1 : NULL;
    }
    return NULL;
}

/* The word of the text that is the word of the core at `word`; NULL if they differ. */
static char *
word_of_text(const Line *line, const char *word)
{
    char *p = (char *)line->text;

    p += strspn(p, " \t");
    for (const char *core = line->core; core < word; core = strchr(core, ' ') + 1) {
        p += strcspn(p, " \t");
        p += strspn(p, " \t");
    }
    return strncmp(p, word, strcspn(word, " ")) == 0 ? p : NULL;
}

void
split_attributions(GArray *lines, const Sent *sent, MpMatcher *matcher)
{
    guint attempts = 0, splits = 0;

    for (guint i = 0; i < lines->len && splits < SPLITS && attempts < ATTEMPTS; i++) {
        const char *word = attribution_in(lines, i, sent, matcher, &attempts);
        char *text = word != NULL ? word_of_text(LINE(lines, i), word) : NULL;

        if (text == NULL)
            continue;
        Line below = *LINE(lines, i);
        ((char *)text)[-1] = '\0';
        ((char *)word)[-1] = '\0';
        below.text = text;
        below.core = word;
        g_array_insert_val(lines, i + 1, below);
        lines_classify(LINE(lines, i), matcher);
        lines_classify(LINE(lines, i + 1), matcher);
        splits++;
    }
    for (guint i = 0; splits > 0 && i < lines->len; i++)
        LINE(lines, i)->index = i;
}
