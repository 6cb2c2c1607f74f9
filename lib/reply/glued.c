/* Attributions that a client glued to the end of the answer; see split.h. */
#include "reply/attribution.h"
#include "reply/split.h"

#include <string.h>

enum {
    WINDOW_BYTES = 600,
    WINDOW_LINES = 3,
    TRIES = 20, /* sentences glued to the next in one mail */
};

/* The text from `p` to the line that ends in a colon, in one line; NULL if none does. */
static char *
window(const char *p)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint n = 0; n < WINDOW_LINES && text->len < WINDOW_BYTES; n++) {
        gsize length = strcspn(p, "\n");

        g_string_append_len(text, p, (gssize)MIN(length, WINDOW_BYTES));
        g_strchomp(text->str);
        text->len = strlen(text->str);
        if (line_ends_in_colon(text->str))
            return g_string_free(g_steal_pointer(&text), FALSE);
        if (p[length] == '\0')
            return NULL;
        g_string_append_c(text, ' ');
        p += length + 1;
    }
    return NULL;
}

/* An attribution that begins with the word that opens one in its language, and says the day and the
 * address. */
static bool
is_attribution(const char *p, MpMatcher *matcher)
{
    g_autofree char *text = window(p);

    return text != NULL && attribution_holds_address(text) &&
           mp_matcher_rule(matcher, MP_RULE_ATTRIBUTION, text) != NULL &&
           mp_matcher_group(matcher, 1) && mp_matcher_has_day(matcher, text);
}

char *
split_glued(char *text, MpMatcher *matcher)
{
    guint tries = 0;

    for (const char *p = strpbrk(text, ".!?"); p != NULL && tries < TRIES;
         p = strpbrk(p + 1, ".!?")) {
        if (!g_unichar_isupper(g_utf8_get_char(p + 1)))
            continue;
        tries++;
        if (!is_attribution(p + 1, matcher))
            continue;
        char *parted = g_strdup_printf("%.*s\n%s", (int)(p + 1 - text), text, p + 1);
        g_free(text);
        return parted;
    }
    return text;
}
