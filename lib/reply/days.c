/* Days and dates as attributions write them; see days.h. */
#include "reply/days.h"

#include <string.h>

enum {
    WEEKDAY = 24,            /* bytes of its name */
    ABBREVIATION = 5,        /* letters of its short name, */
    SHORT_WEEKDAY = 3,       /* letters of the shortest ones with a full stop, one less without */
    PREPOSITION = 3,         /* letters */
    MONTH = 40,              /* bytes between a day and its year */
    FIRST_WORDLESS = 0x1100, /* from there on scripts whose weekdays stand in brackets */
};

static bool
is_letter(gunichar c)
{
    return g_unichar_isalpha(c) || g_unichar_ismark(c);
}

bool
day_is_weekday(const char *word)
{
    const char *p = word;

    while (is_letter(g_utf8_get_char(p)) && g_utf8_get_char(p) < FIRST_WORDLESS)
        p = g_utf8_next_char(p);
    if (p == word || p - word > WEEKDAY)
        return false;
    p += strspn(p, ".,");
    return g_ascii_isdigit(p[*p == ' ']);
}

/* "11月24日", "11월 24일" */
static bool
is_day_mark(gunichar c)
{
    return c == 0x6708 || c == 0x65e5 || c == 0xc6d4 || c == 0xc77c;
}

bool
day_is_date(const char *word)
{
    gsize digits = strspn(word, "0123456789");
    gunichar next = g_utf8_get_char(word + digits);

    return digits > 0 && digits <= 4 &&
           ((word[digits] != '\0' && strchr("./-", word[digits]) != NULL) || next == 0x5e74 ||
            next == 0xb144 || (digits <= 2 && (next < 0x80 || is_day_mark(next))));
}

const char *
day_last_word(const char *core, const char *word)
{
    const char *p = word - 1;

    while (p > core && p[-1] != ' ')
        p--;
    return p;
}

bool
day_is_numeric_date(const char *word)
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

bool
day_is_cjk_date(const char *word)
{
    gsize digits = strspn(word, "0123456789");
    gunichar next = g_utf8_get_char(word + digits);

    return digits == 4 && (next == 0x5e74 || next == 0xb144);
}

bool
day_is_marked_weekday(const char *word)
{
    const char *end = word + strcspn(word, "., "), *next = end + strspn(end, ".,");
    glong letters = g_utf8_strlen(word, end - word);
    bool small = g_unichar_islower(g_utf8_get_char(word));

    return day_is_weekday(word) && *next == ' ' && !day_is_numeric_date(next + 1) &&
           next[-1] == ',' && (small || letters > 2);
}

bool
day_is_bare_weekday(const char *word)
{
    static const char *const names[] = {"ma", "ti", "ke", "to", "pe", "la", "su", "po", "út",
                                        "st", "čt", "pá", "so", "ne", "ut", "št", "pi", "Mo",
                                        "Di", "Mi", "Do", "Fr", "Sa", "So", NULL};
    g_autofree char *name = g_strndup(word, strcspn(word, " "));
    const char *next = word + strlen(name);

    return *next == ' ' && day_is_numeric_date(next + 1) && g_strv_contains(names, name);
}

/* "in data de 5 noiembrie": the short word that leads on to a date. */
static bool
is_preposition(const char *core, const char *last, const char *word)
{
    return last > core && g_unichar_islower(g_utf8_get_char(last)) &&
           g_utf8_strlen(last, word - 1 - last) <= PREPOSITION;
}

bool
day_is_weekday_before(const char *core, const char *word)
{
    static const char comma[] = "، "; /* in Urdu and Arabic */
    const char *last = day_last_word(core, word);

    if (word - core >= (ptrdiff_t)strlen(comma) && g_str_has_prefix(word - strlen(comma), comma))
        return true;
    if (!day_is_weekday(last))
        return false;
    if (word[-2] == '.')
        return last == core && g_utf8_strlen(last, word - 2 - last) <= ABBREVIATION &&
               !day_is_numeric_date(word);
    return word[-2] == ',' || (last == core && !day_is_numeric_date(word)) ||
           day_is_bare_weekday(last) || is_preposition(core, last, word);
}

bool
day_is_full_day(const char *word)
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

bool
day_is_short_weekday(const char *word)
{
    gsize letters = strcspn(word, ". "), dot = word[letters] == '.';

    return g_unichar_islower(g_utf8_get_char(word)) && word[letters + dot] == ' ' &&
           !(dot && day_is_numeric_date(word + letters + 2)) &&
           g_utf8_strlen(word, (gssize)letters) <= (glong)(SHORT_WEEKDAY - !dot);
}
