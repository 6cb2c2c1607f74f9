/* Attributions that begin on the answer's own line; see split.h. */
#include "reply/split.h"
#include "reply/attribution.h"
#include "reply/short_answer.h"

#include <string.h>

enum {
    SHORT_ANSWER = 40, /* bytes */
    YEAR_MARK = 5,     /* letters of it, with the spaces around */
    WINDOW = 3,        /* lines the attribution may be wrapped over */
    WINDOW_BYTES = 600,
    WEEKDAY = 24,            /* bytes of its name */
    ABBREVIATION = 5,        /* letters of its short name, */
    SHORT_WEEKDAY = 3,       /* letters of the shortest ones with a full stop, one less without */
    PREPOSITION = 3,         /* letters */
    MONTH = 40,              /* bytes between a day and its year */
    FIRST_WORDLESS = 0x1100, /* from there on scripts whose weekdays stand in brackets */
    ATTEMPTS = 60,           /* beginnings tried in all: what bounds a mail made of nothing else */
    SPLITS = 8,
};

/* "… wrote:", "---- On … Ada wrote ----" */
static bool
closes(const char *core)
{
    return line_ends_in_colon(core) || g_str_has_suffix(core, "---");
}

/* The line after the one that closes an attribution, from `core` on, which is a part of line `i`;
 * *closed tells whether there is such a line. */
static guint
window_end(const GArray *lines, guint i, const char *core, bool *closed)
{
    gsize length = strlen(core);
    guint end = i + 1;

    *closed = closes(core);
    for (; !*closed && end < i + WINDOW && length < WINDOW_BYTES && end < lines->len &&
           LINE(lines, end)->kind == LINE_TEXT;
         end++) {
        length += 1 + strlen(LINE(lines, end)->core);
        *closed = closes(LINE(lines, end)->core);
    }
    return end;
}

/* The text from `core` on, a part of line `i`, to the line that ends in a colon. */
static char *
window(const GArray *lines, guint i, const char *core)
{
    GString *text = g_string_new(core);
    bool closed;
    guint end = window_end(lines, i, core, &closed);

    for (guint k = i + 1; k < end; k++) {
        g_string_append_c(text, ' ');
        g_string_append(text, LINE(lines, k)->core);
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

static bool
is_letter(gunichar c)
{
    return g_unichar_isalpha(c) || g_unichar_ismark(c);
}

/* "Sat, 28", "lør. 28", "ne 22": a weekday, or what may be one, before a number. */
static bool
is_weekday(const char *word)
{
    const char *p = word;

    while (is_letter(g_utf8_get_char(p)) && g_utf8_get_char(p) < FIRST_WORDLESS)
        p = g_utf8_next_char(p);
    if (p == word || p - word > WEEKDAY)
        return false;
    p += strspn(p, ".,");
    return g_ascii_isdigit(p[*p == ' ']);
}

/* "2026-11-28", "28.11.2026", "2026年11月28日" */
static bool
is_date(const char *word)
{
    gsize digits = strspn(word, "0123456789");
    gunichar next = g_utf8_get_char(word + digits);

    return digits > 0 && digits <= 4 &&
           ((word[digits] != '\0' && strchr("./-", word[digits]) != NULL) || next == 0x5e74 ||
            next == 0xb144 || digits <= 2);
}

static const char *
last_word(const char *core, const char *word)
{
    const char *p = word - 1;

    while (p > core && p[-1] != ' ')
        p--;
    return p;
}

/* "28.11.2026", "28. 11. 2026", "2026-11-28", and not "28. nov. 2026". */
static bool
is_numeric_date(const char *word)
{
    gsize digits[3], marks = 0;

    for (guint k = 0; k < G_N_ELEMENTS(digits); k++) {
        word += marks;
        digits[k] = strspn(word, "0123456789");
        word += digits[k];
        marks = strspn(word, "./-");
        marks += marks > 0 && word[marks] == ' ';
        if (digits[k] == 0 || digits[k] > 4 || (k < 2 && marks == 0))
            return false;
    }
    return digits[0] == 4 || digits[2] == 4 || digits[2] == 2;
}

/* "2026年11月28日" */
static bool
is_cjk_date(const char *word)
{
    gsize digits = strspn(word, "0123456789");
    gunichar next = g_utf8_get_char(word + digits);

    return digits == 4 && (next == 0x5e74 || next == 0xb144);
}

/* "чт, 26 нояб.", "Четверг, 26 ноября": no name of a person is written so. */
static bool
is_marked_weekday(const char *word)
{
    const char *end = word + strcspn(word, "., "), *next = end + strspn(end, ".,");
    glong letters = g_utf8_strlen(word, end - word);
    bool small = g_unichar_islower(g_utf8_get_char(word));

    return is_weekday(word) && *next == ' ' && !is_numeric_date(next + 1) && next[-1] == ',' &&
           (small || letters > 2);
}

/* "to 26.11.", "čt 26. 11.": in Finnish, Czech, Slovak and German two letters without a mark, which
 * would else be words. */
static bool
is_bare_weekday(const char *word)
{
    static const char *const names[] = {"ma", "ti", "ke", "to", "pe", "la", "su", "po", "út",
                                        "st", "čt", "pá", "so", "ne", "ut", "št", "pi", "Mo",
                                        "Di", "Mi", "Do", "Fr", "Sa", "So", NULL};
    g_autofree char *name = g_strndup(word, strcspn(word, " "));
    const char *next = word + strlen(name);

    return *next == ' ' && is_numeric_date(next + 1) && g_strv_contains(names, name);
}

/* "in data de 5 noiembrie": the short word that leads on to a date. */
static bool
is_preposition(const char *core, const char *last, const char *word)
{
    return last > core && g_unichar_islower(g_utf8_get_char(last)) &&
           g_utf8_strlen(last, word - 1 - last) <= PREPOSITION;
}

/* "Sat." before a day, but not "checked." nor "It works": an abbreviation is short, stands first,
 * and before the month's name. */
static bool
is_weekday_before(const char *core, const char *word)
{
    static const char comma[] = "، "; /* in Urdu and Arabic */
    const char *last = last_word(core, word);

    if (word - core >= (ptrdiff_t)strlen(comma) && g_str_has_prefix(word - strlen(comma), comma))
        return true;
    if (!is_weekday(last))
        return false;
    if (word[-2] == '.')
        return last == core && g_utf8_strlen(last, word - 2 - last) <= ABBREVIATION &&
               !is_numeric_date(word);
    return word[-2] == ',' || (last == core && !is_numeric_date(word)) || is_bare_weekday(last) ||
           is_preposition(core, last, word);
}

/* The last word before `word` ends a sentence, in any script. */
static bool
ends_before(const char *core, const char *word)
{
    static const char *const ends[] = {".", "!", "?", "。", "！", "？", "।", ")", NULL};

    while (word > core && g_ascii_isspace(word[-1]))
        word--;
    if (word > core && g_ascii_isalnum(word[-1]))
        return false; /* as nearly always */
    for (const char *const *end = ends; *end != NULL; end++) {
        gsize length = strlen(*end);

        if ((gsize)(word - core) >= length && memcmp(word - length, *end, length) == 0)
            return true;
    }
    return false;
}

/* "16." before a month: an ordinal number. */
static bool
is_ordinal(const char *core, const char *word)
{
    const char *last = last_word(core, word);
    gsize n = strspn(last, "0123456789");

    return n > 0 && n <= 2 && last[n] == '.' && last[n + 1] == ' ';
}

/* "28.11.2026, 09:12, "Ada Example" <ada@example.org>:", as Yandex writes it; no word opens it, and
 * behind a weekday stands a comma or a full stop. */
static bool
is_bare_attribution(const char *core, const char *word)
{
    const char *next = word + strcspn(word, " ");

    return is_numeric_date(word) && next[-1] == ',' && g_ascii_isdigit(next[*next == ' ']) &&
           strstr(next, ", \"") != NULL &&
           !(last_word(core, word) == core && strchr(".,", word[-2]));
}

/* "26.11.2026", "26. 11. 2026", "26 нояб. 2026", "2026年11月26日": a day and its year. */
static bool
is_full_day(const char *word)
{
    static const char digits[] = "0123456789";
    gsize n = strspn(word, digits), mark = strspn(word + n, ". /-");
    const char *next = word + n + mark;
    gunichar unit = g_utf8_get_char(word + n);
    gsize month = strcspn(next, digits), second = strspn(next, digits);

    if (n == 4)
        return unit == 0x5e74 || unit == 0xb144 || (mark > 0 && unit != ' ' && second > 0);
    if (n == 0 || n > 2)
        return false;
    if (month > 0)
        return g_unichar_isalpha(g_utf8_get_char(next)) && month < MONTH &&
               strspn(next + month, digits) == 4;
    return mark > 0 && second <= 2 && strncmp(next + second, word + n, mark) == 0 &&
           strspn(next + second + mark, digits) >= 2;
}

/* "to", "čt", "tor.": a day of the week in a few letters, which a name and most words have not. */
static bool
is_short_weekday(const char *word)
{
    gsize letters = strcspn(word, ". "), dot = word[letters] == '.';

    return g_unichar_islower(g_utf8_get_char(word)) && word[letters + dot] == ' ' &&
           g_utf8_strlen(word, (gssize)letters) <= (glong)(SHORT_WEEKDAY - !dot);
}

/* "works here 26 Nov 2026 …", "works here to 26.11.2026": behind words of an answer that ends
 * without a full stop stands a day, or the day of the week; a name, or a word of Japanese, which
 * may go with one, is no such word. */
static bool
is_day_behind_words(const char *core, const char *word)
{
    const char *last = last_word(core, word);
    gunichar first = g_utf8_get_char(last);

    if (last == core || !g_unichar_isalpha(first) || g_unichar_isupper(first) ||
        (first >= 0x3040 && first <= 0x9fff) || strchr(",;:", word[-2]) != NULL)
        return false;
    if (is_short_weekday(word) && !g_str_has_prefix(word, "de ") &&
        !g_str_has_prefix(word, "on ") && is_full_day(strchr(word, ' ') + 1))
        return true;
    return is_full_day(word) && !is_short_weekday(last);
}

/* "Yes 28 Nov 2026, …", "Evet Ada Example <ada@example.org>, …": what stands before the day or the
 * name is an answer, and no day of the week. */
static bool
is_behind_short_answer(const char *core, const char *word)
{
    const char *day = word + strcspn(word, " ");
    bool dated = is_date(word) || (is_weekday(word) && *day == ' ' && !is_numeric_date(day + 1) &&
                                   is_full_day(day + 1));

    return (dated || word[strcspn(word, "<0123456789")] == '<') && word - core <= SHORT_ANSWER &&
           short_answer_is(core, (gsize)(word - core)) && !is_bare_weekday(core);
}

/* How an attribution may begin. */
typedef enum { NOT_HERE, WITH_OPENING, WITH_DAY, WITH_NAME } Beginning;

/* Whether an attribution begins at `word`, which is in the core of line `i`: with the word that
 * opens it in its language, with the sender's name, or, behind a sentence, with the day of the week
 * or a capital. */
static Beginning
beginning_at(const GArray *lines, guint i, const char *word, const Sent *sent, MpMatcher *matcher,
             guint *attempts)
{
    bool named = sent != NULL && sent_begins_with_name(sent, word);
    const char *core = LINE(lines, i)->core;
    bool ended = ends_before(core, word) && !is_ordinal(core, word);
    bool dated = is_date(word) || is_marked_weekday(word) || is_bare_weekday(word) ||
                 (is_weekday(word) &&
                  (ended || is_day_behind_words(core, word) || is_behind_short_answer(core, word)));
    gunichar first = g_utf8_get_char(word); /* a letter without case is as good as a capital */
    bool capital = g_unichar_isalpha(first) && !g_unichar_islower(first);

    if ((!named && !dated && !capital) || (*attempts)++ >= ATTEMPTS)
        return NOT_HERE;
    g_autofree char *text = window(lines, i, word);
    bool addressed = says_address(text) || (sent != NULL && sent_is_named(sent, text));
    bool quoted = quote_below(lines, i); /* asked first, since the rows take longer */
    if (!(addressed || quoted) ||
        !(mp_matcher_has_day(matcher, text) || (quoted && mp_matcher_has_time(matcher, text))))
        return NOT_HERE;
    const MpRule *rule = mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, text);
    if (rule == NULL || strcmp(rule->name, "attribution-name-dated") == 0)
        return NOT_HERE;
    bool neutral = attribution_is_neutral(rule);
    bool opened = mp_matcher_group(matcher, 1) && !neutral;
    ended |= is_day_behind_words(core, word) || is_marked_weekday(word) ||
             is_bare_attribution(core, word) || (addressed && is_cjk_date(word)) ||
             (addressed && !neutral && (is_bare_weekday(word) || is_full_day(word)));
    if ((neutral && !dated) || !(opened || named || ended || is_behind_short_answer(core, word)))
        return NOT_HERE;
    return opened ? WITH_OPENING : dated ? WITH_DAY : WITH_NAME;
}

/* "lør. 28.", "30.", "2026.": no more than the beginning of a date. */
static bool
begins_day(const char *before)
{
    const char *digits = is_weekday(before) ? strpbrk(before, "0123456789") : before;
    gsize n = strspn(digits, "0123456789");

    if (is_cjk_date(before))
        return true;
    if (n == 4 && digits[n] == ' ') /* "2026 ж.", "2026 m.", "2026 р.": the word year */
        return g_utf8_strlen(digits + n, -1) <= YEAR_MARK;
    return n > 0 && (n <= 2 || (n == 4 && digits[n] == '.')) &&
           digits[n + strspn(digits + n, "., ")] == '\0';
}

/* "*", as mutt is told to begin attributions with, says nothing. */
static bool
says_something(const char *before)
{
    for (const char *p = before; *p != '\0'; p = g_utf8_next_char(p)) {
        if (g_unichar_isalnum(g_utf8_get_char(p)))
            return true;
    }
    return line_is_symbol(before) || strpbrk(before, "?!") != NULL;
}

/* Line `i` is an attribution that begins with the word that opens one in its language. */
static bool
is_opened(const GArray *lines, guint i, MpMatcher *matcher)
{
    g_autofree char *text = window(lines, i, LINE(lines, i)->core);
    const MpRule *rule = mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, text);

    return rule != NULL && mp_matcher_group(matcher, 1) && !attribution_is_neutral(rule);
}

/* It begins with the word that opens one, and says the day: whatever stands before is an answer. A
 * line that shows attributions names whose they are, and no quote stands below it. */
static bool
is_certain(const GArray *lines, guint i, const char *word, bool opened, MpMatcher *matcher)
{
    const char *core = LINE(lines, i)->core;
    g_autofree char *text = window(lines, i, word);
    g_autofree char *before = g_strndup(core, (gsize)(word - core));

    return mp_matcher_has_day(matcher, text) && !says_address(before) &&
           (ends_before(core, word) || !opened);
}

/* What stands before it is an answer: no address, no day unless a sentence ends behind it, and not
 * the opening word of an attribution that begins the line. */
static bool
is_answer(const GArray *lines, guint i, const char *word, Beginning beginning, bool opened,
          MpMatcher *matcher)
{
    const char *core = LINE(lines, i)->core;
    g_autofree char *before = g_strndup(core, (gsize)(word - core));
    bool ended = ends_before(core, word);

    if (!says_something(before) || (word[-2] == ':' && !quote_below(lines, i)))
        return false;
    if (is_behind_short_answer(core, word) ||
        (beginning == WITH_OPENING && is_certain(lines, i, word, opened, matcher)))
        return true;
    if (strchr(before, '@') != NULL)
        return false;
    if (!is_bare_attribution(core, word) && !is_day_behind_words(core, word) &&
        (begins_day(before) || (beginning == WITH_DAY && is_weekday_before(core, word))))
        return false;
    if (mp_matcher_has_day(matcher, before) && !(ended && !is_date(word)))
        return false;
    return !opened || (beginning != WITH_DAY && (ended || strchr(",;", word[-2]) != NULL));
}

/* Where the dashes before the attribution begin, if some stand there: "---- On … wrote ----". */
static const char *
without_dashes(const char *core, const char *word)
{
    const char *last = last_word(core, word);

    return last > core && last[strspn(last, "-")] == ' ' ? last : word;
}

/* Where in the core of line `i` an attribution begins behind an answer; NULL if nowhere. */
static const char *
attribution_in(const GArray *lines, guint i, const Sent *sent, MpMatcher *matcher, guint *attempts)
{
    const Line *line = LINE(lines, i);
    const char *space = strchr(line->core, ' ');

    if (line->kind != LINE_TEXT || line->fenced || !line->has_digit || space == NULL ||
        space == line->core)
        return NULL;
    bool closed;
    window_end(lines, i, line->core, &closed);
    if (!(closed || quote_below(lines, i)) || (*attempts)++ >= ATTEMPTS)
        return NULL;
    if (sent != NULL && sent_begins_with_name(sent, line->core))
        return NULL;
    const char *found = NULL, *last = NULL; /* "On Monday I … On Mon, Nov 17 … wrote:" */
    Beginning how = NOT_HERE;
    bool opened = is_opened(lines, i, matcher);
    for (; space != NULL && *attempts < ATTEMPTS; space = strchr(space + 1, ' ')) {
        if (opened && !ends_before(line->core, space) && strchr(",;", space[-1]) == NULL)
            continue; /* goes on with the attribution that the line is */
        Beginning beginning = beginning_at(lines, i, space + 1, sent, matcher, attempts);

        if (beginning == WITH_OPENING && is_answer(lines, i, space + 1, beginning, opened, matcher))
            last = space + 1;
        if (beginning == NOT_HERE || found != NULL)
            continue;
        found = space + 1;
        how = beginning;
    }
    if (last != NULL)
        return without_dashes(line->core, last);
    return found != NULL && is_answer(lines, i, found, how, opened, matcher) ? found : NULL;
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
        lines_classify(LINE(lines, ++i), matcher);
        splits++;
    }
    for (guint i = 0; splits > 0 && i < lines->len; i++)
        LINE(lines, i)->index = i;
}
