/* Commands by mail; see mail_commands.h. */
#include "mail_commands.h"

#include <string.h>

static const MpMailCommand commands[] = {
    {"/close", MP_MAIL_CLOSE, true},       {"/reopen", MP_MAIL_REOPEN, true},
    {"/mute", MP_MAIL_MUTE, false},        {"/subscribe", MP_MAIL_SUBSCRIBE, false},
    {"/unsubscribe", MP_MAIL_MUTE, false},
};

bool
mp_mail_may_command(const MpUser *account, const MpThread *thread, const MpRepository *repository)
{
    if (thread->author == account->id)
        return true;
    for (guint i = 0; i < repository->members->len; i++)
        if (g_array_index(repository->members, guint64, i) == account->id)
            return true;
    return false;
}

static const MpMailCommand *
find(const char *line, gsize length)
{
    while (length > 0 && g_ascii_isspace(line[length - 1]))
        length--;
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strlen(commands[i].word) == length &&
            g_ascii_strncasecmp(commands[i].word, line, length) == 0)
            return &commands[i];
    return NULL;
}

GPtrArray *
mp_mail_commands(const char *reply, const char **rest)
{
    GPtrArray *found = g_ptr_array_new();

    for (const char *line = reply, *end; *line != '\0'; line = end + (*end != '\0')) {
        end = strchrnul(line, '\n');
        const MpMailCommand *command = find(line, (gsize)(end - line));
        bool is_blank = strspn(line, " \t\r") == (gsize)(end - line);

        if (command == NULL && !is_blank) {
            *rest = line;
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

bool
mp_mail_commands_are_guarded(const GPtrArray *found)
{
    for (guint i = 0; found != NULL && i < found->len; i++)
        if (((const MpMailCommand *)g_ptr_array_index(found, i))->is_guarded)
            return true;
    return false;
}
