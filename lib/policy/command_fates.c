/* Commands by mail: which of those that were given are done; see commands.h. */
#include <string.h>

#include "base/escape.h"
#include "base/names.h"
#include "policy/commands.h"

static const char *const fate_names[MP_N_FATES] = {
    [MP_FATE_DONE] = "done",       [MP_FATE_UNKNOWN] = "unknown", [MP_FATE_OFF] = "off",
    [MP_FATE_AUTHOR] = "author",   [MP_FATE_MEMBERS] = "members", [MP_FATE_NOTHING] = "nothing",
    [MP_FATE_ARGUMENT] = "needed", [MP_FATE_TITLE] = "title",     [MP_FATE_MANY] = "many",
};

MP_DEFINE_NAMES(mp_mail_fate, MpMailFate, fate_names)

static MpMailFate
fate_of(const MpGivenCommand *given, const MpConfig *config, MpMailRight right)
{
    const MpMailCommand *command = given->command;

    if (command == NULL)
        return MP_FATE_UNKNOWN;
    if (command->right != MP_RIGHT_OF_ALL && !config->commands)
        return MP_FATE_OFF;
    if (command->right > right)
        return command->right == MP_RIGHT_OF_AUTHOR ? MP_FATE_AUTHOR : MP_FATE_MEMBERS;
    if (command->argument == NULL)
        return given->argument == NULL ? MP_FATE_DONE : MP_FATE_NOTHING;
    if (given->argument == NULL)
        return MP_FATE_ARGUMENT;
    if (command->act == MP_MAIL_TITLE && !mp_is_title(given->argument))
        return MP_FATE_TITLE;
    return MP_FATE_DONE;
}

void
mp_mail_commands_judge(const GPtrArray *given, const MpConfig *config, MpMailRight right)
{
    for (guint i = 0; i < given->len; i++) {
        MpGivenCommand *one = g_ptr_array_index(given, i);

        one->fate = i < MP_COMMANDS_MAX ? fate_of(one, config, right) : MP_FATE_MANY;
    }
}

bool
mp_mail_commands_any(const GPtrArray *given, bool is_done)
{
    for (guint i = 0; given != NULL && i < given->len; i++) {
        const MpGivenCommand *one = g_ptr_array_index(given, i);

        if ((one->fate == MP_FATE_DONE) == is_done)
            return true;
    }
    return false;
}

bool
mp_mail_commands_has(const GPtrArray *given, MpMailAct act)
{
    for (guint i = 0; given != NULL && i < given->len; i++) {
        const MpGivenCommand *one = g_ptr_array_index(given, i);

        if (one->fate == MP_FATE_DONE && one->command->act == act)
            return true;
    }
    return false;
}

const MpGivenCommand *
mp_mail_commands_undone(const GPtrArray *given)
{
    for (guint i = 0; given != NULL && i < given->len; i++) {
        const MpGivenCommand *one = g_ptr_array_index(given, i);

        if (one->fate != MP_FATE_DONE)
            return one;
    }
    return NULL;
}

char *
mp_mail_commands_text(const GPtrArray *given)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; given != NULL && i < given->len; i++) {
        const MpGivenCommand *one = g_ptr_array_index(given, i);

        if (one->fate != MP_FATE_DONE)
            continue;
        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", one->command->word);
        if (one->argument != NULL)
            g_string_append_printf(text, " %s", one->argument);
    }
    return text->len > 0 ? g_strdup(text->str) : NULL;
}
