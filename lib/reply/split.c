/* Attributions that begin on the answer's own line; see split.h. */
#include "reply/split.h"
#include "reply/attribution.h"
#include "reply/days.h"
#include "reply/short_answer.h"

#include <string.h>

enum {
    SHORT_ANSWER = 40, /* bytes */
    YEAR_MARK = 5,     /* letters of it, with the spaces around */
    WINDOW = 3,        /* lines the attribution may be wrapped over */
    WINDOW_BYTES = 600,
    ATTEMPTS = 60, /* beginnings tried in all: what bounds a mail made of nothing else */
    SPLITS = 8,
};

/* "… wrote:", "---- On … Ada wrote ----" */
static bool
closes(const char *core, gsize length)
{
    if (length == 0 || g_ascii_isalnum(core[length - 1]))
        return false; /* as nearly always */
    return line_ends_in_colon(core) || g_str_has_suffix(core, "---");
}

/* The line after the one that closes an attribution, from `core` on, which is a part of line `i`;
 * *closed tells whether there is such a line. */
static guint
window_end(const GArray *lines, guint i, const char *core, bool *closed)
{
    gsize length = strlen(core);
    guint end = i + 1;

    *closed = closes(core, length);
    for (; !*closed && end < i + WINDOW && length < WINDOW_BYTES && end < lines->len &&
           LINE(lines, end)->kind == LINE_TEXT;
         end++) {
        const char *below = LINE(lines, end)->core;
        gsize n = strlen(below);

        length += 1 + n;
        *closed = closes(below, n);
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
    const char *last = day_last_word(core, word);
    gsize n = strspn(last, "0123456789");

    return n > 0 && n <= 2 && last[n] == '.' && last[n + 1] == ' ';
}

/* "28.11.2026, 09:12, "Ada Example" <ada@example.org>:", as Yandex writes it; no word opens it, and
 * behind a weekday stands a comma or a full stop. */
static bool
is_bare_attribution(const char *core, const char *word)
{
    const char *next = word + strcspn(word, " ");

    return day_is_numeric_date(word) && next[-1] == ',' && g_ascii_isdigit(next[*next == ' ']) &&
           strstr(next, ", \"") != NULL &&
           !(day_last_word(core, word) == core && strchr(".,", word[-2]));
}

/* "am 26.11.2026", "de 26 noviembre": a small word of an attribution, and no day of the week. */
static bool
leads_on(const char *word)
{
    static const char *const words[] = {"am ", "de ", "on ", "om ", "op ",  "em ", "le ",
                                        "el ", "il ", "al ", "på ", "kl ",  "la ", "na ",
                                        "во ", "на ", "от ", "vo ", "dne ", NULL};

    for (const char *const *begin = words; *begin != NULL; begin++) {
        if (g_str_has_prefix(word, *begin))
            return true;
    }
    return false;
}

/* "works here 26 Nov 2026 …", "works here to 26.11.2026": behind words of an answer that ends
 * without a full stop stands a day, or the day of the week; a name, or a word of Japanese, which
 * may go with one, is no such word. */
static bool
is_day_behind_words(const char *core, const char *word)
{
    const char *last = day_last_word(core, word);
    gunichar first = g_utf8_get_char(last);

    if (last == core || !g_unichar_isalpha(first) || g_unichar_isupper(first) ||
        (first >= 0x3040 && first <= 0x9fff) || strchr(",;:", word[-2]) != NULL)
        return false;
    if (day_is_short_weekday(word) && !leads_on(word) && day_is_full_day(strchr(word, ' ') + 1))
        return true;
    return day_is_full_day(word) && !day_is_short_weekday(last);
}

/* "Yes 28 Nov 2026, …", "Evet Ada Example <ada@example.org>, …": what stands before the day or the
 * name is an answer, and no day of the week. */
static bool
is_behind_short_answer(const char *core, const char *word)
{
    const char *day = word + strcspn(word, " ");
    bool dated = day_is_date(word) || (day_is_weekday(word) && *day == ' ' &&
                                       !day_is_numeric_date(day + 1) && day_is_full_day(day + 1));

    return (dated || word[strcspn(word, "<0123456789")] == '<') && word - core <= SHORT_ANSWER &&
           short_answer_is(core, (gsize)(word - core)) && !day_is_bare_weekday(core);
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
    bool dated = day_is_date(word) || day_is_marked_weekday(word) || day_is_bare_weekday(word) ||
                 (day_is_weekday(word) &&
                  (ended || is_day_behind_words(core, word) || is_behind_short_answer(core, word)));
    gunichar first = g_utf8_get_char(word); /* a letter without case is as good as a capital */
    bool capital = g_unichar_isalpha(first) && !g_unichar_islower(first);

    if ((!named && !dated && !capital) || (*attempts)++ >= ATTEMPTS)
        return NOT_HERE;
    g_autofree char *text = window(lines, i, word);
    bool addressed = says_address(text) || (sent != NULL && sent_is_named(sent, text));
    bool quoted = quote_below(lines, i); /* asked first, since the rows take longer */
    bool person = capital && quoted && word[strcspn(word, "<0123456789")] == '<';
    if (!(addressed || quoted) || !(mp_matcher_has_day(matcher, text) ||
                                    (quoted && (person || mp_matcher_has_time(matcher, text)))))
        return NOT_HERE;
    const MpRule *rule = mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, text);
    if (rule == NULL || strcmp(rule->name, "attribution-name-dated") == 0)
        return NOT_HERE;
    bool neutral = attribution_is_neutral(rule);
    bool opened = mp_matcher_group(matcher, 1) && !neutral;
    ended |= is_day_behind_words(core, word) || day_is_marked_weekday(word) ||
             is_bare_attribution(core, word) || (addressed && day_is_cjk_date(word)) ||
             (addressed && !neutral && (day_is_bare_weekday(word) || day_is_full_day(word)));
    if ((neutral && !dated) || !(opened || named || ended || is_behind_short_answer(core, word)))
        return NOT_HERE;
    return opened ? WITH_OPENING : dated ? WITH_DAY : WITH_NAME;
}

/* "lør. 28.", "30.", "2026.": no more than the beginning of a date. */
static bool
begins_day(const char *before)
{
    const char *digits = day_is_weekday(before) ? strpbrk(before, "0123456789") : before;
    gsize n = strspn(digits, "0123456789");

    if (day_is_cjk_date(before))
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
        (begins_day(before) || (beginning == WITH_DAY && day_is_weekday_before(core, word))))
        return false;
    if (mp_matcher_has_day(matcher, before) && !(ended && !day_is_date(word)))
        return false;
    return !opened || (beginning != WITH_DAY && (ended || strchr(",;", word[-2]) != NULL));
}

/* Where the dashes before the attribution begin, if some stand there: "---- On … wrote ----". */
static const char *
without_dashes(const char *core, const char *word)
{
    const char *last = day_last_word(core, word);

    return last > core && last[strspn(last, "-")] == ' ' ? last : word;
}

/* An attribution that says its day stands in the lines below, and begins with the word that opens
 * one in its language, with a person, or, below a line with a day of its own, with the day of the
 * week: the answer in line `i`, be it a day, is no part of it. */
static bool
begins_below(const GArray *lines, guint i, guint end, MpMatcher *matcher)
{
    bool dated = end > i + 1 && mp_matcher_has_day(matcher, LINE(lines, i)->core);

    for (guint start = i + 1; start < end; start++) {
        g_autofree char *text = window(lines, start, LINE(lines, start)->core);
        bool begins = attribution_begins_with_person(text) || (dated && day_is_weekday(text));

        if (mp_matcher_has_day(matcher, text) &&
            (is_opened(lines, start, matcher) ||
             (begins && mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, text) != NULL)))
            return true;
    }
    return false;
}

/* Where in the core of line `i` an attribution begins behind an answer; NULL if nowhere. */
static const char *
attribution_in(const GArray *lines, guint i, const Sent *sent, MpMatcher *matcher, guint *attempts)
{
    const Line *line = LINE(lines, i);

    if (line->kind != LINE_TEXT || line->fenced || !(line->has_digit || line->has_at))
        return NULL;
    const char *space = strchr(line->core, ' ');
    if (space == NULL || space == line->core)
        return NULL;
    bool closed;
    guint end = window_end(lines, i, line->core, &closed);
    if (!(closed || quote_below(lines, i)) || (*attempts)++ >= ATTEMPTS ||
        begins_below(lines, i, end, matcher))
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
