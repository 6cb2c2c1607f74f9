/* What no row tells of a gateway, a company or its server, since it was wrapped or said in another
 * way; see walk.h. */
#include "reply/legal.h"
#include "reply/prose.h"
#include "reply/walk.h"

#include <string.h>

enum {
    BANNER_LINES = 4,
    NOTICE_BYTES = 800,   /* of a notice that are looked at */
    SHORTEST_LINE = 40,   /* bytes of one that was wrapped */
    FIRST_BYTES = 40,     /* in which it says what it is about */
    SHORTEST_NOTICE = 50, /* letters; a person says it in fewer */
    CAPITALS = 4,         /* letters of "ACHTUNG" that are enough */
};

/* The paragraph in one line. The result is the caller's. */
static char *
joined(const GArray *lines, guint start, guint end)
{
    GString *text = g_string_new(NULL);

    for (guint i = start; i < end && text->len < NOTICE_BYTES; i++) {
        g_string_append(text, text->len > 0 ? " " : "");
        g_string_append(text, LINE(lines, i)->core);
    }
    return g_string_free(text, FALSE);
}

/* Speaks of the mail first of all, and that it is a secret. */
static bool
is_secret_mail(const char *text)
{
    g_autofree char *first = g_strndup(text, FIRST_BYTES);

    return g_utf8_strlen(text, -1) >= SHORTEST_NOTICE && legal_speaks_of_mail(first) &&
           legal_is_secret(text);
}

bool
walk_is_server_notice(const Walk *walk, guint start, guint end)
{
    LineKind kind = LINE(walk->lines, start)->kind;
    bool drawn = kind == LINE_SIGNATURE || kind == LINE_DELIMITER;
    g_autofree char *text = joined(walk->lines, start + drawn, end);
    const MpRule *rule = mp_matcher_line(walk->matcher, text);

    return (rule != NULL && (rule->kind == MP_RULE_DISCLAIMER || rule->kind == MP_RULE_FOOTER)) ||
           strstr(text, "unsubscribe") != NULL ||
           (drawn ? legal_is_notice(text) : is_secret_mail(text)) || legal_spares_paper(text);
}

/* "[EXTERN]", "⚠", "ACHTUNG:": what a gateway begins with, and people seldom do. */
static bool
begins_like_banner(const char *core)
{
    guint capitals = 0;

    if ((guchar)*core < 0x80 && strchr("[*(", *core) != NULL)
        return true;
    for (const char *p = core; capitals < CAPITALS; p = g_utf8_next_char(p), capitals++) {
        gunichar c = g_utf8_get_char(p);

        if (capitals == 0 && c >= 0x2600 && !g_unichar_isalpha(c))
            return true;
        if (!g_unichar_isupper(c) && c != ' ')
            return false;
    }
    return true;
}

/* The lines from `start` to before `end` warn of a mail from outside, and end there. */
static bool
warns(const GArray *lines, guint start, guint end)
{
    const char *last = LINE(lines, end - 1)->core;

    if (end < lines->len && LINE(lines, end)->kind == LINE_TEXT &&
        strchr(".!?:)]>*", last[strlen(last) - 1]) == NULL)
        return false;
    g_autofree char *text = joined(lines, start, end);
    return legal_warns(text);
}

/* The line after a gateway's banner that begins the mail, perhaps right above the person's text;
 * `i` if there is none. */
static guint
banner_end(const Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    guint end = i + 1;

    if (walk->text_above || walk->zone != IN_TEXT || walk->boundary_above ||
        walk->quotes->len > 0 || !begins_like_banner(LINE(lines, i)->core))
        return i;
    while (!warns(lines, i, end)) {
        if (end == lines->len || end == i + BANNER_LINES || LINE(lines, end)->kind != LINE_TEXT)
            return i;
        end++;
    }
    guint below = lines_skip_blank(lines, end);
    return below < lines->len && LINE(lines, below)->kind == LINE_TEXT ? end : i;
}

/* Begins as paragraphs of law do. */
static bool
begins_like_law(const char *core)
{
    /* clang-format off */
    static const char *const words[] = {
        "This e", "This E", "This m", "This c", "This t", "The i", "The c", "Any u", "Any d", "Any r",
        "If you a", "If you h", "Conf", "CONF", "NOTI", "Noti", "IMPO", "Disc", "DISC",
        "Dies", "Der ", "Die ", "Ce m", "Ce c", "Cet ", "Les ", "Este", "Esta", "La i", "Ques",
        "Le i", "Il p", "Dit ", "Deze", "De i", "Dett", "Denn", "Tämä", "Ta w", "Nini", "Tato", "Tent",
        "Это", "Наст", "Данн", "Цей", "Це п", "Bu e", "Bu m", "Ez a", "Acest", "Το π", "Αυτό", "本",
        "この", "此", "본", NULL};
    /* clang-format on */

    for (const char *const *word = words; *word != NULL; word++) {
        if (**word == *core && g_str_has_prefix(core, *word))
            return true;
    }
    return false;
}

/* The line after a paragraph of law with which the mail or its answer ends, wrapped so that no line
 * of it tells; `i` if there is none. */
static guint
law_end(const Walk *walk, guint i)
{
    const GArray *lines = walk->lines;

    if (!walk->text_above || walk->zone != IN_TEXT || i == 0 ||
        LINE(lines, i - 1)->kind != LINE_BLANK || i + 1 == lines->len ||
        LINE(lines, i + 1)->kind != LINE_TEXT || strlen(LINE(lines, i)->core) < SHORTEST_LINE)
        return i;
    guint end = prose_paragraph_end(lines, i, lines->len), below = lines_skip_blank(lines, end);
    if (below < lines->len && LINE(lines, below)->kind != LINE_QUOTE &&
        !line_is_boundary(LINE(lines, below)))
        return i;
    if (!begins_like_law(LINE(lines, i)->core))
        return i;
    g_autofree char *text = joined(lines, i, end);
    const MpRule *rule = mp_matcher_line(walk->matcher, text);
    return (rule != NULL && rule->kind == MP_RULE_DISCLAIMER) || is_secret_mail(text) ? end : i;
}

guint
walk_notice_end(const Walk *walk, guint i)
{
    guint end = banner_end(walk, i);

    return end > i ? end : law_end(walk, i);
}
