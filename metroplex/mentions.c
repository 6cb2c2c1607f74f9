/*
 * Who is mentioned in a comment. Code is left out as GitHub leaves it out: fenced blocks and spans
 * between backticks, since @ means other things there.
 */
#include "mentions.h"

#include <string.h>

#define MENTIONS_MAX 50
#define LOGIN_MAX    39

static bool
is_fence(const char *line)
{
    line += strspn(line, " ");
    return strncmp(line, "```", 3) == 0 || strncmp(line, "~~~", 3) == 0;
}

/* Behind a code span that begins at `p`; without its end, the backticks are only text. */
static const char *
skip_span(const char *p)
{
    gsize ticks = strspn(p, "`");
    const char *at = p + ticks;

    while (*at != '\0') {
        at += strcspn(at, "`");
        gsize run = strspn(at, "`");
        if (run == ticks)
            return at + run;
        at += run;
    }
    return p + ticks;
}

static bool
add_mention(MpAccounts *accounts, GArray *ids, const char *name, gsize length, GError **error)
{
    g_autofree char *login = g_strndup(name, length);
    g_autoptr(GError) why = NULL;
    g_autoptr(MpUser) user = mp_accounts_user_by_login(accounts, login, &why);

    if (why != NULL) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    for (guint i = 0; user != NULL && i < ids->len; i++)
        if (g_array_index(ids, guint64, i) == user->id)
            return true;
    if (user != NULL)
        g_array_append_val(ids, user->id);
    return true;
}

static gsize
login_length(const char *p)
{
    gsize length = 0;

    while (length <= LOGIN_MAX && (g_ascii_isalnum(p[length]) || p[length] == '-'))
        length++;
    while (length > 0 && p[length - 1] == '-')
        length--;
    return length;
}

static bool
mentions_of_line(MpAccounts *accounts, GArray *ids, const char *line, GError **error)
{
    char before = ' ';

    for (const char *p = line; *p != '\0' && ids->len < MENTIONS_MAX;) {
        if (*p == '`') {
            p = skip_span(p);
            before = ' ';
            continue;
        }
        gsize length = *p == '@' && !g_ascii_isalnum(before) && strchr("._-+/", before) == NULL
                           ? login_length(p + 1)
                           : 0;
        if (length > 0 && !add_mention(accounts, ids, p + 1, length, error))
            return false;
        before = p[length];
        p += length + 1;
    }
    return true;
}

GArray *
mp_mentions(MpAccounts *accounts, const char *body, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_auto(GStrv) lines = g_strsplit(body, "\n", -1);
    bool in_code = false;

    for (char **line = lines; *line != NULL; line++) {
        if (is_fence(*line)) {
            in_code = !in_code;
            continue;
        }
        /* A line that somebody else wrote mentions nobody anew. */
        if (!in_code && **line != '>' && !mentions_of_line(accounts, ids, *line, error))
            return NULL;
    }
    return g_steal_pointer(&ids);
}
