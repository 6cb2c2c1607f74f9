/* Commands by mail: which lines are meant as one; see commands.h. */
#include "policy/commands.h"

#include <string.h>

#include "base/escape.h"
#include "base/names.h"

/* clang-format off */
static const MpMailCommand commands[] = {
    {"/close",       MP_MAIL_CLOSE,     MP_RIGHT_OF_AUTHOR,  NULL},
    {"/reopen",      MP_MAIL_REOPEN,    MP_RIGHT_OF_AUTHOR,  NULL},
    {"/title",       MP_MAIL_TITLE,     MP_RIGHT_OF_AUTHOR,  "TEXT"},
    {"/label",       MP_MAIL_LABEL,     MP_RIGHT_OF_MEMBERS, "LABEL …"},
    {"/unlabel",     MP_MAIL_UNLABEL,   MP_RIGHT_OF_MEMBERS, "[LABEL …]"},
    {"/assign",      MP_MAIL_ASSIGN,    MP_RIGHT_OF_MEMBERS, "@LOGIN …"},
    {"/unassign",    MP_MAIL_UNASSIGN,  MP_RIGHT_OF_MEMBERS, "[@LOGIN …]"},
    {"/lock",        MP_MAIL_LOCK,      MP_RIGHT_OF_MEMBERS, NULL},
    {"/unlock",      MP_MAIL_UNLOCK,    MP_RIGHT_OF_MEMBERS, NULL},
    {"/mute",        MP_MAIL_MUTE,      MP_RIGHT_OF_GUESTS,  NULL},
    {"/unsubscribe", MP_MAIL_MUTE,      MP_RIGHT_OF_GUESTS,  NULL},
    {"/subscribe",   MP_MAIL_SUBSCRIBE, MP_RIGHT_OF_ALL,     NULL},
    {"/help",        MP_MAIL_HELP,      MP_RIGHT_OF_ALL,     NULL},
};
/* clang-format on */

static const char *const right_names[] = {"guests", "all", "author", "members"};

MP_DEFINE_NAMES(mp_mail_right, MpMailRight, right_names)

#define LONGEST_WORD 16  /* characters of one that may be meant: longer than any and one more */
#define LONGEST_LINE 200 /* characters by which a line is known again */

const MpMailCommand *
mp_mail_commands(gsize *n)
{
    *n = G_N_ELEMENTS(commands);
    return commands;
}

char *
mp_mail_commands_list(bool with_guarded)
{
    GString *list = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (with_guarded || commands[i].right <= MP_RIGHT_OF_ALL)
            g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", commands[i].word);
    return g_string_free(list, FALSE);
}

MpMailRight
mp_mail_right_of(const MpUser *account, const MpThread *thread, const MpRepository *repository)
{
    if (account->is_guest)
        return MP_RIGHT_OF_GUESTS;
    if (mp_has_id(repository->members, account->id))
        return MP_RIGHT_OF_MEMBERS;
    return thread->author == account->id ? MP_RIGHT_OF_AUTHOR : MP_RIGHT_OF_ALL;
}

/* --- One word ------------------------------------------------------------------------------------
 */

/* True if one letter more, less, or other, or two that changed places, make `word` of `written`. */
static bool
is_within_one_edit(const gunichar *written, gsize a, const char *word)
{
    gsize same = 0, b = strlen(word), tail = 0;

    while (same < a && same < b && written[same] == (guchar)word[same])
        same++;
    while (tail < MIN(a, b) - same && written[a - 1 - tail] == (guchar)word[b - 1 - tail])
        tail++;
    gsize more = a - same - tail, less = b - same - tail;
    return (more <= 1 && less <= 1) ||
           (more == 2 && less == 2 && written[same] == (guchar)word[same + 1] &&
            written[same + 1] == (guchar)word[same]);
}

/* The command whose word these characters are, or else one that is an edit away; NULL for text: a
 * path, a host, code. */
static const MpMailCommand *
nearest_to(const gunichar *word, gsize length, bool *is_it)
{
    const MpMailCommand *nearest = NULL;

    for (gsize i = 1; i < length; i++)
        if (word[i] == '/' || word[i] == '.' || word[i] == '`')
            return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(commands) && length > 1; i++) {
        if (!is_within_one_edit(word, length, commands[i].word))
            continue;
        gsize same = 0;
        while (same < length && word[same] == (guchar)commands[i].word[same])
            same++;
        *is_it = same == length && commands[i].word[same] == '\0';
        if (*is_it)
            return &commands[i];
        nearest = nearest == NULL ? &commands[i] : nearest;
    }
    return nearest;
}

/* The characters of a line's first word in lower case, up to LONGEST_WORD; *end is behind it. */
static gsize
read_word(const char *line, gunichar word[LONGEST_WORD + 1], const char **end)
{
    gsize n = 0;
    const char *p = line;

    for (; *p != '\0' && !g_unichar_isspace(g_utf8_get_char(p)); p = g_utf8_next_char(p))
        if (n <= LONGEST_WORD)
            word[n++] = g_unichar_tolower(g_utf8_get_char(p));
    *end = p;
    return n;
}

/* --- One line ------------------------------------------------------------------------------------
 */

static void
given_free(gpointer data)
{
    MpGivenCommand *given = data;

    g_free(given->line);
    g_free(given->argument);
    g_free(given->about);
    g_clear_pointer(&given->labels, g_ptr_array_unref);
    g_clear_pointer(&given->assignees, g_ptr_array_unref);
    g_free(given);
}

/* One line without controls, cut so that people know it again. */
static char *
shown_line(const char *line)
{
    g_autofree char *shown = mp_one_line(line);

    if (g_utf8_strlen(shown, -1) <= LONGEST_LINE)
        return g_steal_pointer(&shown);
    g_autofree char *cut = g_utf8_substring(shown, 0, LONGEST_LINE - 1);
    return g_strconcat(cut, "…", NULL);
}

/* Blanks of any script are taken off: a mail program may have put them there. */
static char *
trimmed(const char *text)
{
    const char *end = text + strlen(text);

    while (*text != '\0' && g_unichar_isspace(g_utf8_get_char(text)))
        text = g_utf8_next_char(text);
    while (end > text) {
        const char *before = g_utf8_prev_char(end);

        if (!g_unichar_isspace(g_utf8_get_char(before)))
            break;
        end = before;
    }
    return g_strndup(text, (gsize)(end - text));
}

/* NULL for a line of text. */
static MpGivenCommand *
given_new(const char *begin, const char *end)
{
    gunichar word[LONGEST_WORD + 1];
    const char *rest;
    bool is_it = false;

    if (begin == end || *begin != '/')
        return NULL;
    g_autofree char *line = g_strndup(begin, (gsize)(end - begin));
    gsize length = read_word(line, word, &rest);
    const MpMailCommand *nearest = length <= LONGEST_WORD ? nearest_to(word, length, &is_it) : NULL;
    if (nearest == NULL)
        return NULL;
    MpGivenCommand *given = g_new0(MpGivenCommand, 1);
    g_autofree char *argument = trimmed(rest);
    given->nearest = nearest;
    given->command = is_it ? nearest : NULL;
    given->line = shown_line(line);
    given->argument = *argument != '\0' ? g_steal_pointer(&argument) : NULL;
    given->fate = is_it ? MP_FATE_DONE : MP_FATE_UNKNOWN;
    return given;
}

/* --- The text ------------------------------------------------------------------------------------
 */

typedef enum { LINE_TEXT, LINE_BLANK, LINE_COMMAND } LineKind;

typedef struct {
    const char *begin, *end; /* without its newline */
    LineKind kind;
    MpGivenCommand *given; /* LINE_COMMAND */
} Line;

static void
line_clear(gpointer data)
{
    Line *line = data;

    if (line->given != NULL)
        given_free(line->given);
}

/* A fenced block of code that is open: of which character, and how many of them close it. */
typedef struct {
    char character; /* '\0': none is */
    gsize length;
} Fence;

/* Opens or closes a fence; false for a line that is none. */
static bool
take_fence(Fence *fence, const char *begin, const char *end)
{
    const char *p = begin;

    while (p < end && *p == ' ' && p - begin < 4)
        p++;
    char c = p < end ? *p : '\0';
    gsize length = 0;
    while ((c == '`' || c == '~') && p + length < end && p[length] == c)
        length++;
    if (length < 3 || p - begin > 3)
        return false;
    const char *rest = p + length;
    if (fence->character == '\0' && (c == '~' || memchr(rest, '`', (gsize)(end - rest)) == NULL)) {
        *fence = (Fence){c, length};
        return true;
    }
    while (rest < end && g_ascii_isspace(*rest))
        rest++;
    if (fence->character != c || length < fence->length || rest != end)
        return false;
    *fence = (Fence){'\0', 0};
    return true;
}

static bool
is_blank(const char *begin, const char *end)
{
    while (begin < end && g_ascii_isspace(*begin))
        begin++;
    return begin == end;
}

static GArray *
lines_of(const char *reply)
{
    GArray *lines = g_array_new(FALSE, FALSE, sizeof(Line));
    Fence fence = {'\0', 0};

    g_array_set_clear_func(lines, line_clear);
    for (const char *p = reply; *p != '\0';) {
        Line line = {p, strchrnul(p, '\n'), LINE_TEXT, NULL};

        if (!take_fence(&fence, line.begin, line.end) && fence.character == '\0') {
            line.given = given_new(line.begin, line.end);
            line.kind = line.given != NULL               ? LINE_COMMAND
                        : is_blank(line.begin, line.end) ? LINE_BLANK
                                                         : LINE_TEXT;
        }
        g_array_append_val(lines, line);
        p = line.end + (*line.end != '\0');
    }
    return lines;
}

static bool
is_given(const GPtrArray *given, const MpGivenCommand *another)
{
    for (guint i = 0; i < given->len; i++) {
        const MpGivenCommand *one = g_ptr_array_index(given, i);

        if (one->command == another->command && one->nearest == another->nearest &&
            strcmp(one->line, another->line) == 0)
            return true;
    }
    return false;
}

static void
take(GPtrArray *given, Line *line)
{
    if (line->given == NULL)
        return;
    /* what is beyond the most is not compared with all before it */
    if (given->len <= MP_COMMANDS_MAX && is_given(given, line->given))
        return;
    g_ptr_array_add(given, g_steal_pointer(&line->given));
}

GPtrArray *
mp_mail_commands_take(const char *reply, char **text)
{
    GPtrArray *given = g_ptr_array_new_with_free_func(given_free);
    g_autoptr(GArray) lines = lines_of(reply);
    guint first = 0, end = lines->len;

    while (first < end && g_array_index(lines, Line, first).kind != LINE_TEXT)
        first++;
    while (end > first && g_array_index(lines, Line, end - 1).kind != LINE_TEXT)
        end--;
    for (guint i = 0; i < lines->len; i++)
        if (i < first || i >= end)
            take(given, &g_array_index(lines, Line, i));
    if (given->len == 0) {
        *text = g_strdup(reply);
    } else if (first == end) {
        *text = g_strdup("");
    } else {
        const char *from = g_array_index(lines, Line, first).begin;
        const char *to = g_array_index(lines, Line, end - 1).end;
        *text = g_strndup(from, (gsize)(to + (*to != '\0') - from));
    }
    return given;
}
