/* Reactions, and where a notification that is quoted without marks ends; see walk.h. */
#include "reply/walk.h"
#include "reply/prose.h"

#include <string.h>

enum {
    SHORTEST_REACTION = 12, /* bytes: a name and the shortest verb */
    REACTION_TEXTS = 2,     /* lines of text above a reaction, at most */
};

/* The row of the reaction that line `i` tells of, near the top of the mail. */
static const MpRule *
reaction_at(const Walk *walk, guint i)
{
    const Line *line = LINE(walk->lines, i);

    if (line->kind != LINE_TEXT || line->fenced || walk->zone != IN_TEXT ||
        walk->texts > REACTION_TEXTS || strlen(line->core) < SHORTEST_REACTION)
        return NULL;
    const MpRule *rule = mp_matcher_rule(walk->matcher, MP_RULE_REACTION, line->core);
    if (rule != NULL || !(line_may_hold_links(line->core) || strchr(line->core, ']') != NULL))
        return rule;
    g_autofree char *plain = line_without_links(line->core);
    return mp_matcher_rule(walk->matcher, MP_RULE_REACTION, plain);
}

/* Kept until it is known that there is nothing else. */
guint
walk_take_reaction(Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    bool link = i + 1 < lines->len && LINE(lines, i + 1)->core[0] == '<';
    bool ends = i + 1 == lines->len || LINE(lines, i + 1)->kind != LINE_TEXT || link;
    const MpRule *rule = ends ? reaction_at(walk, i) : NULL;

    if (rule == NULL)
        return i;
    walk->reaction = rule->name;
    walk->text_above = true; /* a click is an answer, though without words */
    for (guint end = i + 1 + link; i < end; i++)
        walk_set(walk, i, true, walk->reaction);
    return i;
}

static bool
has_words(const char *core)
{
    for (; *core != '\0'; core = g_utf8_next_char(core)) {
        if (g_unichar_isalnum(g_utf8_get_char(core)))
            return true;
    }
    return false;
}

/* "[https://…/like.png]", "![heart](cid:1)": the picture of a reaction. */
static bool
is_picture(const char *core)
{
    return strchr(core, ' ') == NULL &&
           (g_str_has_prefix(core, "[http") || g_str_has_prefix(core, "<http") ||
            g_str_has_prefix(core, "![") || g_str_has_prefix(core, "[cid:"));
}

void
walk_judge_reaction(Walk *walk)
{
    bool other = false;

    for (guint i = 0; walk->reaction != NULL && i < walk->lines->len; i++) {
        const Line *line = LINE(walk->lines, i);

        other |= line->kept && line->why != walk->reaction && has_words(line->core) &&
                 !is_picture(line->core);
    }
    for (guint i = 0; walk->reaction != NULL && i < walk->lines->len; i++) {
        if (LINE(walk->lines, i)->kept)
            walk_set(walk, i, other, other ? "kept" : walk->reaction);
    }
}

guint
walk_ends_notification(const Walk *walk, guint i)
{
    const GArray *lines = walk->lines;
    guint end = lines->len, known = 0; /* the paragraph that was last looked down ends there */

    if (walk->sent != NULL)
        return lines->len;
    for (;
         i < lines->len && !line_is_boundary(LINE(lines, i)) && LINE(lines, i)->kind != LINE_QUOTE;
         i++) {
        bool footer = line_is_rule(LINE(lines, i), MP_RULE_FOOTER) &&
                      strcmp(LINE(lines, i)->rule->name, "footer-notification") == 0;
        if (footer && i >= known)
            end = known = prose_paragraph_end(lines, i, lines->len);
    }
    return lines_skip_blank(lines, end) < lines->len ? end : lines->len;
}
