/* Attributions that a client glued to the end of the answer; see split.h. */
#include "reply/attribution.h"
#include "reply/split.h"

#include <string.h>

enum {
    WINDOW_BYTES = 600,
    WINDOW_LINES = 3,
    ADDRESSES = 10, /* looked at in one mail, */
    TRIES = 4,      /* and sentences glued to the next above each */
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

/* Where an attribution is glued to a sentence, at most two lines above its address or in the same;
 * NULL if nowhere. */
static const char *
glue_above(const char *text, const char *address, MpMatcher *matcher)
{
    guint lines = 0, tries = 0;

    for (const char *p = address; p > text && lines < WINDOW_LINES && tries < TRIES; p--) {
        lines += *p == '\n';
        if ((p[-1] != '.' && p[-1] != '!' && p[-1] != '?') ||
            !g_unichar_isupper(g_utf8_get_char_validated(p, -1)))
            continue;
        tries++;
        if (is_attribution(p, matcher))
            return p;
    }
    return NULL;
}

char *
split_glued(char *text, MpMatcher *matcher)
{
    const char *address = strchr(text, '@');

    for (guint n = 0; n < ADDRESSES && address != NULL; n++, address = strchr(address + 1, '@')) {
        const char *glue = glue_above(text, address, matcher);

        if (glue == NULL)
            continue;
        char *parted = g_strdup_printf("%.*s\n%s", (int)(glue - text), text, glue);
        g_free(text);
        return parted;
    }
    return text;
}
