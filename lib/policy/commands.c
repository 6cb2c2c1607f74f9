/* Commands by mail; see commands.h. */
#include "policy/commands.h"

#include <string.h>

static const MpMailCommand commands[] = {
    {"/close", MP_MAIL_CLOSE, true},          {"/reopen", MP_MAIL_REOPEN, true},
    {"/mute", MP_MAIL_MUTE, false},           {"/unsubscribe", MP_MAIL_MUTE, false},
    {"/subscribe", MP_MAIL_SUBSCRIBE, false},
};

char *
mp_mail_commands_list(bool with_guarded)
{
    GString *list = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (with_guarded || !commands[i].is_guarded)
            g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", commands[i].word);
    return g_string_free(list, FALSE);
}

bool
mp_mail_may_command(const MpUser *account, const MpThread *thread, const MpRepository *repository)
{
    return thread->author == account->id || mp_has_id(repository->members, account->id);
}

#define LONGEST_WORD 16 /* of a line that may be meant: longer than any command and one letter */

static const MpMailCommand *
find(const char *line, gsize length, bool with_guarded)
{
    while (length > 0 && g_ascii_isspace(line[length - 1]))
        length--;
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strlen(commands[i].word) == length && (with_guarded || !commands[i].is_guarded) &&
            g_ascii_strncasecmp(commands[i].word, line, length) == 0)
            return &commands[i];
    return NULL;
}

/* True if one letter more, less, or other, or two that changed places, make `word` of `written`. */
static bool
is_within_one_edit(const char *written, const char *word)
{
    gsize same = 0, a = strlen(written), b = strlen(word), tail = 0;

    while (written[same] != '\0' && written[same] == word[same])
        same++;
    while (tail < MIN(a, b) - same && written[a - 1 - tail] == word[b - 1 - tail])
        tail++;
    gsize more = a - same - tail, less = b - same - tail;
    return (more <= 1 && less <= 1) || (more == 2 && less == 2 && written[same] == word[same + 1] &&
                                        written[same + 1] == word[same]);
}

/* The first word of a line that is meant as a command, or NULL: a path or a host is none. */
static char *
meant_word(const char *line, gsize length)
{
    gsize size = 0;

    while (size < length && !g_ascii_isspace(line[size]))
        size++;
    if (size < 2 || size > LONGEST_WORD || line[0] != '/')
        return NULL;
    for (gsize i = 1; i < size; i++)
        if (!g_ascii_isalpha(line[i]))
            return NULL;
    g_autofree char *word = g_ascii_strdown(line, (gssize)size);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (is_within_one_edit(word, commands[i].word))
            return g_steal_pointer(&word);
    return NULL;
}

GPtrArray *
mp_mail_commands(const char *reply, bool with_guarded, const char **rest, char **unknown)
{
    GPtrArray *found = g_ptr_array_new();

    *unknown = NULL;
    for (const char *line = reply, *end; *line != '\0'; line = end + (*end != '\0')) {
        end = strchrnul(line, '\n');
        const MpMailCommand *command = find(line, (gsize)(end - line), with_guarded);
        bool is_blank = strspn(line, " \t\r") == (gsize)(end - line);

        if (command == NULL && !is_blank) {
            *rest = line;
            *unknown = meant_word(line, (gsize)(end - line));
            return found;
        }
        if (command != NULL && !g_ptr_array_find(found, command, NULL))
            g_ptr_array_add(found, (gpointer)command);
    }
    *rest = reply + strlen(reply);
    return found;
}

char *
mp_mail_commands_text(const GPtrArray *found)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; found != NULL && i < found->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
                               ((const MpMailCommand *)g_ptr_array_index(found, i))->word);
    return text->len > 0 ? g_strdup(text->str) : NULL;
}

const char *
mp_mail_commands_guarded(const GPtrArray *found)
{
    for (guint i = 0; found != NULL && i < found->len; i++) {
        const MpMailCommand *command = g_ptr_array_index(found, i);

        if (command->is_guarded)
            return command->word;
    }
    return NULL;
}
