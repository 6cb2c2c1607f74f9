/* The texts of a mail's parts put together, plain and HTML side by side. */
#include "message/internal.h"

#include <string.h>

void
mp_part_text_clear(MpPartText *text)
{
    if (text->plain != NULL)
        g_string_free(text->plain, TRUE);
    if (text->html != NULL)
        g_string_free(text->html, TRUE);
    *text = (MpPartText){NULL};
}
bool
mp_text_says_something(const GString *text, bool is_html)
{
    return text != NULL && mp_has_words(text->str, is_html);
}

void
mp_text_join(GString **to, const char *text)
{
    if (*to == NULL)
        *to = g_string_new(NULL);
    else if ((*to)->len > 0 && (*to)->str[(*to)->len - 1] != '\n')
        g_string_append_c(*to, '\n');
    g_string_append(*to, text);
}

static void
join_as_html(GString **to, const GString *plain)
{
    g_autofree char *escaped = g_markup_escape_text(plain->str, (gssize)plain->len);
    /* the class says that this is a mail's text and no code: markup/html.h */
    g_autofree char *block = g_strdup_printf("<pre class=\"text-plain\">%s</pre>\n", escaped);

    mp_text_join(to, block);
}

/* The next letter or digit of a text, without the tags and entities of HTML; 0 at its end. */
static gunichar
next_letter(const char **p, bool is_html)
{
    while (**p != '\0') {
        gunichar c = g_utf8_get_char_validated(*p, -1);

        if (is_html && (**p == '<' || **p == '&')) {
            gsize length = strcspn(*p, **p == '<' ? ">" : "; <");
            *p += length + ((*p)[length] != '\0');
            continue;
        }
        *p = c >= (gunichar)-2 ? *p + 1 : g_utf8_next_char(*p);
        if (c < (gunichar)-2 && g_unichar_isalnum(c))
            return c;
    }
    return 0;
}

/* Whether an HTML part says once more what the plain part before it said: all of it, perhaps with
 * the quote that the plain one lacks, or a good beginning. */
static bool
repeats(const MpPartText *text, const MpPartText *more)
{
    enum { ENOUGH = 60, FEWEST = 12 };

    if (text->plain == NULL || text->html != NULL || more->plain != NULL || more->html == NULL)
        return false;
    const char *plain = text->plain->str, *html = strcasestr(more->html->str, "<body");
    html = html != NULL ? html : more->html->str;
    for (guint n = 0; n < ENOUGH; n++) {
        const char *rest = html;
        gunichar c = next_letter(&plain, false), other = next_letter(&html, true);

        if (c == 0 && other != 0)
            return n >= FEWEST && strcasestr(rest, "<blockquote") != NULL;
        if (c != other)
            return false;
        if (c == 0)
            return n > 0;
    }
    return true;
}

void
mp_part_text_append(MpPartText *text, const MpPartText *more)
{
    bool has_html = mp_text_says_something(more->html, true), has_plain = more->plain != NULL;

    if (has_html && repeats(text, more)) { /* alternatives, though called mixed */
        mp_text_join(&text->html, more->html->str);
        return;
    }
    if (has_html && text->html == NULL && text->plain != NULL)
        join_as_html(&text->html, text->plain);
    if (has_html)
        mp_text_join(&text->html, more->html->str);
    else if (has_plain && text->html != NULL)
        join_as_html(&text->html, more->plain);
    if (has_plain) {
        bool is_first = text->plain == NULL;
        mp_text_join(&text->plain, more->plain->str);
        text->flowed = is_first ? more->flowed : text->flowed; /* a list's footer changes nothing */
        text->delsp = is_first ? more->delsp : text->delsp;
    }
    text->half = text->half || (more->half && has_html);
}
